package git

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// address is where a repository comes from, without its credentials.
type address struct {
	// plain is what git is given: the URL without user and password where they
	// are secrets.
	plain string
	// scheme is https, http, ssh, git or file.
	scheme string
	// host is with its port, in lower case; empty for file.
	host string
	// path begins with a slash.
	path string
	// user and password are what the URL had, decoded.
	user, password string
}

// sshPath is [user@]host:path, as scp has it. What has a slash before its first
// colon is a path.
var sshPath = regexp.MustCompile(`^(?:([^/:@\s]+)@)?(\[[0-9A-Fa-f:.]+\]|[^/:@\s]+):([^:].*)$`)

var errOddCharacters = errors.New("the address of the repository has control characters or is not UTF-8")

func hasOddCharacters(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}

// parseAddress takes an address apart. Its errors do not show it, because it
// may hold a password where none is looked for.
func parseAddress(text string) (address, error) {
	switch {
	case text == "":
		return address{}, errors.New("the address of the repository is empty")
	case hasOddCharacters(text):
		return address{}, errOddCharacters
	case strings.TrimSpace(text) != text:
		return address{}, errors.New("the address of the repository begins or ends with a space")
	case strings.HasPrefix(text, "-"):
		return address{}, errors.New("the address of the repository begins with a hyphen: it would be taken for an option of git")
	}
	if before, _, found := strings.Cut(text, "::"); found && !strings.ContainsAny(before, "/[") {
		return address{}, fmt.Errorf("the address of the repository begins with %s::, which lets git run a program: use https, http, ssh, git or file", Redact(before))
	}
	if strings.Contains(text, "://") {
		return parseURL(text)
	}
	if match := sshPath.FindStringSubmatch(text); match != nil {
		return parseSSH(text, match[1], match[2], match[3])
	}
	return parsePath(text)
}

func parseURL(text string) (address, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		// The parser's error shows the whole URL.
		return address{}, errors.New("the address of the repository is not a URL: are special characters of its user or password percent-encoded?")
	}
	if hasOddCharacters(parsed.Host + parsed.Path) { // that were percent-encoded
		return address{}, errOddCharacters
	}
	a := address{scheme: strings.ToLower(parsed.Scheme), host: strings.ToLower(parsed.Host), path: parsed.Path}
	switch a.scheme {
	case "https", "http", "git":
	case "ssh", "git+ssh", "ssh+git":
		a.scheme = "ssh"
	case "file":
		if parsed.User != nil || (parsed.Host != "" && parsed.Host != "localhost") || parsed.Path == "" {
			return address{}, errors.New("the address of the repository is not a file URL such as file:///srv/repository.git")
		}
		a.host, a.plain = "", text
		return a, nil
	default:
		return address{}, fmt.Errorf("the address of the repository begins with %q, but may be https, http, ssh, git or file", parsed.Scheme+"://")
	}
	if parsed.Hostname() == "" || strings.HasPrefix(parsed.Hostname(), "-") {
		return address{}, errors.New("the address of the repository has no host")
	}
	if parsed.Fragment != "" {
		return address{}, errors.New("the address of the repository has a #: give the branch apart from it")
	}
	if strings.Trim(parsed.Path, "/") == "" {
		return address{}, errors.New("the address of the repository has no path behind its host")
	}
	if parsed.User != nil {
		a.user = parsed.User.Username()
		a.password, _ = parsed.User.Password()
		if strings.ContainsFunc(a.user+a.password, unicode.IsControl) || strings.HasPrefix(a.user, "-") {
			return address{}, errors.New("the address of the repository has a user or password that cannot be one")
		}
	}
	bare := *parsed
	bare.User = nil
	if a.scheme == "ssh" && a.user != "" {
		bare.User = url.User(a.user) // no secret to ssh, and needed
	}
	a.plain = bare.String()
	return a, nil
}

func parseSSH(text, user, host, path string) (address, error) {
	if strings.HasPrefix(user, "-") || strings.HasPrefix(host, "-") {
		return address{}, errors.New("the address of the repository has a user or host that begins with a hyphen: it would be taken for an option of ssh")
	}
	return address{
		plain: text, scheme: "ssh", user: user,
		host: strings.ToLower(host), path: "/" + strings.TrimPrefix(path, "/"),
	}, nil
}

// parsePath makes a file URL of a path: git then fetches from it as from any
// remote, where a path would be linked and not be shallow.
func parsePath(text string) (address, error) {
	full, err := filepath.Abs(text)
	if err != nil {
		return address{}, fmt.Errorf("the address of the repository: %w", err)
	}
	local := url.URL{Scheme: "file", Path: full}
	return address{plain: local.String(), scheme: "file", path: full}, nil
}

// name is the last part of the path without its .git, for a folder.
func (a address) name() string {
	last := strings.TrimSuffix(path.Base(strings.TrimSuffix(strings.TrimRight(a.path, "/"), "/.git")), ".git")
	last = strings.TrimLeft(last, "-.")
	if last == "" || last == "/" {
		return "repository"
	}
	return last
}

// sameAs says whether another address is of the same repository. How one gets
// there may differ: the scheme, the user, a port, .git at its end.
func (a address) sameAs(other string) bool {
	b, err := parseAddress(other)
	if err != nil {
		return false
	}
	return a.place() == b.place()
}

func (a address) place() string {
	trimmed := strings.TrimSuffix(strings.Trim(path.Clean(a.path), "/"), ".git")
	if a.scheme == "file" {
		return "/" + trimmed
	}
	host := a.host
	if parsed := (&url.URL{Host: host}); parsed.Hostname() != "" {
		switch port := parsed.Port(); {
		case port == "443" && a.scheme == "https", port == "80" && a.scheme == "http",
			port == "22" && a.scheme == "ssh", port == "9418" && a.scheme == "git":
			host = strings.TrimSuffix(host, ":"+port)
		}
	}
	return host + "/" + strings.TrimPrefix(trimmed, "~/")
}

// site is the scheme and host for which credentials are meant.
func (a address) site() string { return a.scheme + "://" + a.host }
