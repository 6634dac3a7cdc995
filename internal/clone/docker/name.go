package docker

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// names knows how DockerSpawner names containers (dockerspawner 14.0.0,
// dockerspawner.py: name_template, template_namespace, _escape).
type names struct {
	template, prefix string
	escape           func(string) string
}

// What DockerSpawner takes where the operator sets no template: the default
// server has no part for its name (_default_name_template).
const (
	defaultTemplate = "{prefix}-{username}"
	namedTemplate   = "{prefix}-{username}--{servername}"
)

func newNames(template, prefix string, legacy bool) (names, error) {
	n := names{template, prefix, escape}
	if legacy {
		n.escape = legacyEscape
	}
	if _, err := expand(template, n.values("ada", ""), plain); err != nil {
		return n, fmt.Errorf("the template %q for containers' names %w", template, err)
	}
	if template != "" && !strings.Contains(template, "username}") {
		return n, fmt.Errorf("the template %q for containers' names has neither {username} nor {raw_username}, so nobody's container could be told", template)
	}
	return n, nil
}

// pattern is a regular expression of the names that a server's container may
// have. It is one name but for the image's, which only the hub knows.
func (n names) pattern(user, server string) string {
	template := n.template
	if template == "" {
		template = defaultTemplate
		if server != "" {
			template = namedTemplate
		}
	}
	values := n.values(user, server)
	for name, value := range values {
		values[name] = regexp.QuoteMeta(value)
	}
	values["imagename"] = ".*"
	pattern, _ := expand(template, values, regexp.QuoteMeta) // was tried by newNames
	return "^/?" + pattern + "$"
}

// home fills in the operator's template for a user's home.
func (n names) home(template, user string) (string, error) {
	if template == "" {
		return "", nil
	}
	values := n.values(user, "")
	home, err := expand(template, map[string]string{"username": values["username"], "raw_username": user}, plain)
	if err != nil {
		return "", fmt.Errorf("the template %q for homes %w", template, err)
	}
	if home = path.Clean(home); !path.IsAbs(home) || home == "/" {
		return "", fmt.Errorf("the home %q is no absolute path of a folder in a container", template)
	}
	return home, nil
}

func (n names) values(user, server string) map[string]string {
	return map[string]string{
		"prefix":         n.prefix,
		"username":       n.escape(user),
		"safe_username":  n.escape(user),
		"raw_username":   user,
		"servername":     n.escape(lower(server)),
		"raw_servername": server,
		"imagename":      "",
	}
}

func plain(text string) string { return text }

// expand is Python's str.format for plain names. What is no template is used by
// DockerSpawner as it stands, which is nothing that an operator wants.
func expand(template string, values map[string]string, literal func(string) string) (string, error) {
	var made strings.Builder
	for rest := template; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			made.WriteString(literal(rest))
			break
		}
		made.WriteString(literal(rest[:at]))
		brace := rest[at : at+1]
		rest = rest[at+1:]
		if strings.HasPrefix(rest, brace) {
			made.WriteString(literal(brace))
			rest = rest[1:]
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		value, known := values[name]
		switch {
		case brace == "}" || !closed:
			return "", fmt.Errorf("has a single %q", brace)
		case !known:
			return "", fmt.Errorf("has a placeholder {%s}, which is none that can be filled in", name)
		}
		made.WriteString(value)
		rest = after
	}
	return made.String(), nil
}

// escape is DockerSpawner._escape, which is escapism.escape: all but small ASCII
// letters and digits become their bytes in hexadecimal, each behind a hyphen.
func escape(text string) string {
	return strings.ToLower(escapeBy(text, '-', func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }))
}

// legacyEscape is DockerSpawner._legacy_escape.
func legacyEscape(text string) string {
	return escapeBy(text, '_', func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
	})
}

func escapeBy(text string, mark byte, safe func(byte) bool) string {
	var made strings.Builder
	for i := range len(text) {
		if c := text[i]; safe(c) {
			made.WriteByte(c)
		} else {
			fmt.Fprintf(&made, "%c%X", mark, c)
		}
	}
	return made.String()
}

// lower is Python's str.lower, which knows more of Unicode than strings.ToLower.
func lower(text string) string { return cases.Lower(language.Und).String(text) }
