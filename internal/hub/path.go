package hub

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxSegment bounds a name in an address, in bytes: the hub's database takes 255
// characters (orm.py).
const maxSegment = 1024

// path builds the path of a call: fixed words, and names of others' making in
// the places of the "*".
func path(pattern string, names ...string) (string, error) {
	var made strings.Builder
	for {
		before, after, found := strings.Cut(pattern, "*")
		made.WriteString(before)
		if !found {
			return made.String(), nil
		}
		if err := checkSegment(names[0]); err != nil {
			return "", err
		}
		escape(&made, names[0])
		pattern, names = after, names[1:]
	}
}

// checkSegment refuses what has a meaning of its own in a path, escaped or not: an
// empty segment, and those with dots, which whatever stands before the hub may
// take out together with the segment before (RFC 3986 section 5.2.4).
func checkSegment(name string) error {
	switch {
	case name == "", name == ".", name == "..", len(name) > maxSegment, !utf8.ValidString(name):
		return fmt.Errorf("%w: %.40q", ErrName, name)
	}
	return nil
}

// escape escapes a name as the hub does in its own addresses: all but RFC 3986's
// unreserved characters and "@" (utils.py, url_escape_path). So a slash stays
// within its segment, which the hub decodes only after it has found the handler.
func escape(made *strings.Builder, name string) {
	const digits = "0123456789ABCDEF"
	for _, b := range []byte(name) {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', strings.IndexByte("-._~@", b) >= 0:
			made.WriteByte(b)
		default:
			made.WriteByte('%')
			made.WriteByte(digits[b>>4])
			made.WriteByte(digits[b&15])
		}
	}
}

// serverPath is where a user's server is started and stopped. The default server
// has no name, and a path of its own.
func serverPath(user, server string) (string, error) {
	if server == "" {
		return path("/users/*/server", user)
	}
	return path("/users/*/servers/*", user, server)
}
