package terminal

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// escape is an escape sequence of a terminal (ECMA-48), such as the colours that
// programs write into their logs. It is taken out whole, so that nothing of it is
// left to read; what is no sequence is left to unseen.
var escape = regexp.MustCompile("(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\x1b[\\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\x07\x1b\u009c]*(?:\x07|\x1b\\\\|\u009c)?|\x1b[ -/]*[0-Z\\\\^-~]")

// Text makes a text fit to be shown in one line: nothing in it steers the
// terminal, turns the direction of what follows, or is another line.
func (s Screen) Text(text string) string {
	text = escape.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', unicode.Is(unicode.Z, r):
			return ' '
		case unseen(r):
			return '\uFFFD'
		}
		return r
	}, text)
	if !s.UTF8 {
		text = ascii(text)
	}
	return text
}

// unseen says whether a character is not for eyes: controls (C0, DEL and C1), and
// those of Unicode that set directions or mark what is no text. Joiners, which
// scripts and emoji need, stay.
func unseen(r rune) bool {
	const joiner, nonJoiner = '\u200d', '\u200c'
	if r == joiner || r == nonJoiner {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
}

// ascii is a text for terminals that show nothing else: letters without their
// accents, dots and quotes in their plain forms.
func ascii(text string) string {
	text = strings.NewReplacer("…", "...", "“", `"`, "”", `"`, "’", "'", "–", "-", "—", "-", "→", "->").Replace(text)
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case unicode.Is(unicode.Mn, r): // an accent
			return -1
		}
		return '?'
	}, norm.NFKD.String(text))
}

// Width is how many columns a clean text takes.
func Width(text string) int {
	columns := 0
	for _, r := range text {
		columns += runeWidth(r)
	}
	return columns
}

// runeWidth follows Unicode's annex 11: what is wide takes two columns.
func runeWidth(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut makes a clean text fit into so many columns, and shows where it was cut.
func (s Screen) Cut(text string, columns int) string {
	if Width(text) <= columns {
		return text
	}
	end := "…"
	if !s.UTF8 {
		end = "..."
	}
	room := columns - Width(end)
	if room < 0 {
		return strings.Repeat(".", max(columns, 0))
	}
	for i, r := range text {
		if room -= runeWidth(r); room < 0 {
			return strings.TrimRight(text[:i], " ") + end
		}
	}
	return text
}

// Fold breaks a clean text into lines of so many columns, where it has spaces; 0
// is one line.
func Fold(text string, columns int) []string {
	if columns <= 0 {
		return []string{text}
	}
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		size := Width(word)
		if used > 0 && used+1+size > columns {
			lines, line, used = append(lines, line), "", 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+size
	}
	return append(lines, line)
}

// JSON makes JSON fit to be shown: what is not for eyes, and on terminals that
// show nothing else all that is not ASCII, is written as an escape, so that it
// still means the same (RFC 8259 section 7).
func (s Screen) JSON(content string) string {
	var out strings.Builder
	for _, r := range content {
		switch {
		case r == '\n', r < utf8.RuneSelf && r != 0x7f, s.UTF8 && !unseen(r) && r != '\u2028' && r != '\u2029':
			out.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
	}
	return out.String()
}
