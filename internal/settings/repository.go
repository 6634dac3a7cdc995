package settings

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Repository is a host, or a path on it, below which repositories are allowed:
// github.com, github.com/team, https://git.example.org/team or file:///srv/git.
// Without a scheme it is for https and ssh.
type Repository string

func (a *Repository) decode(r reader, name string, node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return r.wrong(node, "%s wants one plain value", name)
	}
	at, err := Repository(node.Value).place()
	if err == nil && at.user != "" {
		err = errors.New("has a user in it")
	}
	if err != nil {
		return r.wrong(node, "%s is %q, but is a host with or without a path, such as github.com or github.com/our-team: it %v", name, node.Value, err)
	}
	*a = Repository(node.Value)
	return nil
}

// place is where a repository is, or what many have in common.
type place struct {
	scheme string // https, http, ssh, git or file
	host   string // with its port if that is not the usual one; empty for file
	parts  []string
	user   string
	secret bool // it has a password, or a user where that is one
}

func (a Repository) place() (place, error) {
	if !strings.Contains(string(a), "://") {
		return parsePlace("https://"+string(a), true)
	}
	return parsePlace(string(a), true)
}

// includes says whether a repository is below what is allowed. Paths are compared
// by whole parts, and letter by letter: not every host takes the letters' case for
// nothing.
func (a Repository) includes(at place) bool {
	allowed, err := a.place()
	if err != nil {
		return false
	}
	sameScheme := at.scheme == allowed.scheme
	if !strings.Contains(string(a), "://") {
		sameScheme = at.scheme == "https" || at.scheme == "ssh"
	}
	return sameScheme && at.host == allowed.host && len(at.parts) >= len(allowed.parts) &&
		slices.Equal(at.parts[:len(allowed.parts)], allowed.parts)
}

// copied is [user@]host:path, as scp has it.
var copied = regexp.MustCompile(`^(?:([^/:@\s]+)@)?([A-Za-z0-9][A-Za-z0-9.-]*):([^:/].*|/[^/].*)$`)

// usualPorts are those that need not be said.
var usualPorts = map[string]string{"https": "443", "http": "80", "ssh": "22", "git": "9418"}

// parsePlace takes an address of a repository apart. It refuses whatever two
// programs could understand in two ways, so that what is checked here is what git
// fetches. Its errors follow a subject, and show nothing of the address. Bare says
// that a host alone will do.
func parsePlace(text string, bare bool) (place, error) {
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' || c == 0xfffd }) {
		return place{}, errors.New("has characters that no address has")
	}
	if parts := copied.FindStringSubmatch(text); parts != nil && !strings.Contains(text, "://") {
		if strings.Contains(text, "%") {
			return place{}, errors.New("has a % in it, which means nothing in this form") // and something in a URL
		}
		text = "ssh://" + parts[2] + "/" + strings.TrimPrefix(parts[3], "/")
		if parts[1] != "" {
			text = "ssh://" + parts[1] + "@" + strings.TrimPrefix(text, "ssh://")
		}
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return place{}, errors.New("cannot be read as an address") // the parser's error shows all of it
	}
	at := place{scheme: strings.ToLower(parsed.Scheme), host: strings.ToLower(parsed.Host)}
	switch at.scheme {
	case "https", "http", "git", "ssh":
		if parsed.Hostname() == "" || strings.HasPrefix(parsed.Hostname(), "-") {
			return place{}, errors.New("has no host")
		}
		at.host = strings.TrimSuffix(strings.TrimSuffix(at.host, ":"+usualPorts[at.scheme]), ".")
	case "file":
		if parsed.Host != "" || parsed.User != nil || parsed.Path == "" {
			return place{}, errors.New("is not of the form file:///folder")
		}
	default:
		return place{}, errors.New("has no https://, ssh://, git://, http:// or host: at its beginning")
	}
	if parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "" || strings.HasSuffix(text, "#") {
		return place{}, errors.New("has a ? or # in it")
	}
	if parsed.User != nil {
		_, hasPassword := parsed.User.Password()
		at.user = parsed.User.Username()
		at.secret = hasPassword || at.scheme != "ssh"
		if strings.HasPrefix(at.user, "-") {
			return place{}, errors.New("has a user that would be taken for an option")
		}
	}
	if at.parts, err = pathParts(parsed); err != nil {
		return place{}, err
	}
	if len(at.parts) == 0 && !bare {
		return place{}, errors.New("has no path behind its host")
	}
	return at, nil
}

// pathParts are the parts of a path, decoded.
func pathParts(parsed *url.URL) ([]string, error) {
	escaped := strings.ToLower(parsed.EscapedPath())
	if strings.Contains(escaped, "%2f") || strings.Contains(escaped, "%5c") || strings.Contains(escaped, "%00") {
		return nil, errors.New("has an encoded slash in it")
	}
	var parts []string
	trimmed := strings.TrimSuffix(strings.TrimPrefix(parsed.Path, "/"), "/")
	if trimmed == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(trimmed, "/") {
		if part == "" || part == "." || part == ".." {
			return nil, errors.New("has an empty part, . or .. in its path")
		}
		parts = append(parts, part)
	}
	return parts, nil
}
