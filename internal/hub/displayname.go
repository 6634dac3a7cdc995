package hub

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxDisplayName is the hub's bound, in characters (slugs.py, is_valid_display_name).
const maxDisplayName = 255

// displayName makes a name fit for the hub: letters, marks, numbers, punctuation
// and symbols, with single spaces in between (slugs.py, is_valid_display_name).
func displayName(name string) string {
	name = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case c != utf8.RuneError && unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S):
			return c
		}
		return -1
	}, norm.NFC.String(name))
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > maxDisplayName {
		name = strings.TrimSpace(string(runes[:maxDisplayName]))
	}
	return name
}

// dislikesDisplayName says that the hub refused a display name: its Python may
// not know yet a character that we do (handlers/base.py,
// _check_named_server_request).
func dislikesDisplayName(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	return ok && IsRefused(err) && strings.HasPrefix(answer.Message, "Invalid display_name")
}
