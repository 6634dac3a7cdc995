//go:build unix

package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// homes is where the files of owners are.
type homes struct {
	// before is the operator's folder that the homes are in, name what each is
	// called in it, with the placeholder, and rest what of it is wanted.
	before, name, rest string
}

func parseHomes(template string) (homes, error) {
	wrong := func(why string) (homes, error) {
		return homes{}, fmt.Errorf("the template %q of homes %s: it should be like /home/{username}", template, why)
	}
	placeholder := account.Placeholder(template)
	switch {
	case !path.IsAbs(template):
		return wrong("is not an absolute path")
	case placeholder == "":
		return wrong("should have one of {username} and {tljh} once")
	case strings.ContainsRune(template, 0):
		return wrong("has a zero byte")
	}
	template = path.Clean(template)
	at := strings.Index(template, placeholder)
	slash := strings.LastIndexByte(template[:at], '/')
	name, rest, _ := strings.Cut(template[slash+1:], "/")
	return homes{before: path.Clean(template[:slash+1]), name: name, rest: rest}, nil
}

// open opens the home of an owner, and says by which paths it may be known. The
// operator's folders may be links, and so may a home among them, as both are
// theirs; what is in a home is the owner's, and may not.
func (h homes) open(owner string) (*tree.Folder, []string, error) {
	name := account.Name(h.name, owner)
	if owner == "" || name == "." || name == ".." || strings.ContainsAny(owner, "/\x00") {
		return nil, nil, fmt.Errorf("the name %q of an owner cannot be that of a folder", owner)
	}
	at := path.Join(h.before, name)
	top, err := tree.Open(at)
	if err != nil {
		return nil, nil, noHome(err)
	}
	defer top.Close()
	home, err := selection.Open(top, h.rest)
	if err != nil {
		return nil, nil, noHome(err)
	}
	known := []string{path.Join(at, h.rest)}
	if real, err := filepath.EvalSymlinks(at); err == nil && real != at {
		known = append(known, path.Join(real, h.rest))
	}
	return home, known, nil
}

// noHome is for who has none yet: many are made at the first start of a server.
func noHome(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &dashboard.Error{Kind: dashboard.Invalid, Field: "source.server", Cause: err, Message: "You have no files here yet. Start your server once, and make what the dashboard is to show."}
	}
	return fmt.Errorf("the home cannot be opened: %w", err)
}
