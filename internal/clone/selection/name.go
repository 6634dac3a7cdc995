package selection

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Show makes a name fit for a log and a page: what cannot be shown is escaped.
func Show(name string) string {
	if utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) && name != "" {
		return name
	}
	return strconv.Quote(name)
}

// shorten leaves the beginning and the end of a long path.
func shorten(name string) string {
	const most = 60
	if len(name) <= 2*most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…" + strings.ToValidUTF8(name[len(name)-most:], "")
}
