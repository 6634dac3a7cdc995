package doctor

import (
	"strings"
	"testing"
)

// FuzzReport looks for a report that is forged by what is in it: a line that
// another did not make, or a character that steers a terminal.
func FuzzReport(f *testing.F) {
	f.Add("token", "message\nok  x", "advice\x1b[2J")
	f.Add("", "\u202eabc", "\xff\xfe")
	f.Fuzz(func(t *testing.T, check, message, advice string) {
		var out strings.Builder
		if err := WriteText(&out, []Finding{{check, Failed, message, advice}}, false); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
		for i, line := range lines {
			if i > 0 && i < len(lines)-1 && line != "" && !strings.HasPrefix(line, "     ") {
				t.Errorf("%q made the line %q", message, line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == '\u202e' }) {
				t.Errorf("%q made %q", message, line)
			}
		}
	})
}

// FuzzCensor looks for a secret that gets through.
func FuzzCensor(f *testing.F) {
	f.Add("0123456789abcdef", "https://ada:", "@git.test/")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < shortestSecret || strings.Contains(hidden, secret) || strings.ContainsAny(secret, "\x00") {
			return
		}
		if got := newCensor([]string{"X_TOKEN=" + secret}).text(before + secret + after); strings.Contains(got, secret) {
			t.Errorf("%q became %q", before+secret+after, got)
		}
	})
}

// FuzzParseVersion looks for a panic, and for a version that is none.
func FuzzParseVersion(f *testing.F) {
	f.Add("6.1.1")
	f.Add("6.0.0b3")
	f.Fuzz(func(t *testing.T, text string) {
		if v, ok := parseVersion(text); ok && (v.major < 0 || v.minor < 0 || text == "" || text[0] < '0' || text[0] > '9') {
			t.Errorf("%q is %+v", text, v)
		}
	})
}
