package containds

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// text makes what people wrote fit for us, with a note if that changed it.
func (f *Found) text(label, given string, limit int, lines bool) string {
	shown := strings.Map(func(c rune) rune {
		if c == '\n' && lines || c == '\t' && lines || c == '\r' {
			return c
		}
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029' || c == utf8.RuneError {
			return -1
		}
		return c
	}, strings.ToValidUTF8(given, ""))
	cleaned, err := dashboard.CleanText(label, label, cut(strings.TrimSpace(strings.ReplaceAll(shown, "\r", "")), limit), limit, lines)
	if err != nil {
		// Its form NFC is longer than what was cut.
		cleaned, err = dashboard.CleanText(label, label, cut(shown, limit/4), limit, lines)
	}
	if err != nil {
		f.note("Its %s cannot be shown and was left out.", label)
		return ""
	}
	if shown != given || utf8.RuneCountInString(shown) > limit {
		f.note("Its %s has characters that cannot be shown, or too many, and was shortened.", label)
	}
	return cleaned
}

// cut takes the first characters of a text.
func cut(text string, limit int) string {
	count := 0
	for at := range text {
		if count == limit {
			return text[:at]
		}
		count++
	}
	return text
}

// plain says whether a text can be a name: not empty, not too long, and all of it
// can be shown.
func plain(text string, limit int) bool {
	return text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= limit &&
		strings.TrimSpace(text) == text &&
		!strings.ContainsFunc(text, func(c rune) bool {
			return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == utf8.RuneError
		})
}

// quote shows what was found, whatever it is, in a note.
func quote(text string) string {
	const much = 100
	if cut(text, much) != text {
		text = cut(text, much) + "…"
	}
	return strconv.Quote(text)
}

// digits is a number that was read, or nothing.
func digits(text string) string {
	if strings.ContainsFunc(text, func(c rune) bool { return c < '0' || c > '9' }) || len(text) > 20 {
		return ""
	}
	return text
}
