package account

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// What stands for an owner in templates of names: the owner's name on the hub, or
// what The Littlest JupyterHub calls the machine's user that it makes for them.
const (
	username = "{username}"
	littlest = "{tljh}"
)

// Placeholder is the one that a template has; empty if that is none, or several.
func Placeholder(template string) string {
	names, littlests := strings.Count(template, username), strings.Count(template, littlest)
	switch {
	case names == 1 && littlests == 0:
		return username
	case names == 0 && littlests == 1:
		return littlest
	}
	return ""
}

// Name puts an owner into a template.
func Name(template, owner string) string {
	return strings.NewReplacer(username, owner, littlest, littlestName(owner)).Replace(template)
}

// littlestName is as tljh/normalize.py has it (The Littlest JupyterHub 2.0), as names
// have at most 32 letters on Linux (useradd(8)). Nobody can call themselves by what
// another one's name is shortened to: that would be shortened as well.
func littlestName(owner string) string {
	const limit = 26
	name := "jupyter-" + owner
	letters := []rune(name)
	if len(letters) < limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return string(letters[:limit]) + "-" + hex.EncodeToString(sum[:])[:5]
}
