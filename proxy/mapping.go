package proxy

import (
	"fmt"
	"net/url"
	"strings"
)

// mapping is which paths below the prefix are passed on as others.
type mapping map[string]mapped

// mapped is what a path stands for: a path for the app, and a query that goes
// before the visitor's, with its question mark.
type mapped struct{ path, query string }

// newMapping checks what --mappath says.
func newMapping(paths map[string]string) (mapping, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	m := make(mapping, len(paths))
	for from, to := range paths {
		switch {
		case !strings.HasPrefix(from, "/"):
			return nil, fmt.Errorf("--mappath has the path %q, which no request has: a path begins with / and is what follows the prefix", from)
		case strings.ContainsAny(from, "?#"):
			return nil, fmt.Errorf("--mappath has the path %q: it is compared with the path alone, so leave out what begins with ? or #", from)
		case strings.Contains(to, "#"):
			return nil, fmt.Errorf("--mappath maps %q to %q: what follows # stays in the browser, so leave it out", from, to)
		}
		if !strings.HasPrefix(to, "/") {
			to = "/" + to
		}
		path, query, found := strings.Cut(escapeTarget(to), "?")
		if found {
			query = "?" + query
		}
		m[from] = mapped{path, query}
	}
	return m, nil
}

// apply returns what is passed on for a path and a query. A path is known as it
// was sent, and else as what it means: /a%20b is both /a%20b and "/a b".
func (m mapping) apply(path, query string) (string, string) {
	to, ok := m[path]
	if !ok && strings.IndexByte(path, '%') >= 0 {
		if meant, err := url.PathUnescape(path); err == nil {
			to, ok = m[meant]
		}
	}
	if !ok {
		return path, query
	}
	switch {
	case to.query == "":
	case len(query) > 1:
		query = to.query + "&" + query[1:]
	default:
		query = to.query
	}
	return to.path, query
}

// escapeTarget escapes what cannot stand in a request's target (RFC 3986
// section 2), and leaves escapes as they are.
func escapeTarget(text string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case c == '%' && isEscape(text[i:]),
			c > ' ' && c < 0x7f && strings.IndexByte("\"%<>\\^`{|}", c) < 0:
			out.WriteByte(c)
		default:
			out.WriteByte('%')
			out.WriteByte(hex[c>>4])
			out.WriteByte(hex[c&15])
		}
	}
	return out.String()
}

// isEscape says whether a text begins with a percent sign and two hexadecimal
// digits.
func isEscape(text string) bool { return len(text) > 2 && isHex(text[1]) && isHex(text[2]) }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
