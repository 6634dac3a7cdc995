package proxy

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMapping(t *testing.T) {
	m, err := newMapping(map[string]string{
		"/": "/index.html", "/a b": "/c d%20e", "/café": "/ü", "/bare": "other", "/q": "/page?embed=true", "/esc%2Faped": "/100%", "/%41": "/one",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, query, wantPath, wantQuery string }{
		{"/", "", "/index.html", ""},
		{"/", "?x=%20", "/index.html", "?x=%20"},
		{"/a%20b", "", "/c%20d%20e", ""},
		{"/caf%C3%A9", "", "/%C3%BC", ""},
		{"/bare", "", "/other", ""},
		{"/q", "", "/page", "?embed=true"},
		{"/q", "?", "/page", "?embed=true"},
		{"/q", "?x=1", "/page", "?embed=true&x=1"},
		{"/esc%2Faped", "", "/100%25", ""},
		{"/%41", "", "/one", ""},
		{"/A", "", "/A", ""},
		{"/other%2Fpath", "?y", "/other%2Fpath", "?y"},
		{"/bad%zzescape", "", "/bad%zzescape", ""},
		{"/bare/", "", "/bare/", ""},
	} {
		if path, query := m.apply(test.path, test.query); path != test.wantPath || query != test.wantQuery {
			t.Errorf("%s%s: got %s%s", test.path, test.query, path, query)
		}
	}
}

func TestBadMappingIsRefused(t *testing.T) {
	for from, to := range map[string]string{"a": "/b", "": "/b", "/a?b": "/c", "/a#b": "/c", "/a": "/b#c"} {
		_, err := newMapping(map[string]string{from: to})
		if err == nil || !strings.Contains(err.Error(), "--mappath") {
			t.Errorf("%q to %q: got %v", from, to, err)
		}
	}
}

// FuzzEscapeTarget looks for what could end a request's line or begin another
// part of the target.
func FuzzEscapeTarget(f *testing.F) {
	for _, text := range []string{"/a b", "/%41%4", "/\r\nX: y", "/é\x00", "/?q"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		escaped := escapeTarget(text)
		for i := range len(escaped) {
			if c := escaped[i]; c <= ' ' || c >= 0x7f || c == '%' && !isEscape(escaped[i:]) {
				t.Errorf("%q gives %q", text, escaped)
			}
		}
		if again := escapeTarget(escaped); again != escaped {
			t.Errorf("%q gives %q, and then %q", text, escaped, again)
		}
		if utf8.ValidString(text) && !strings.ContainsAny(text, "\"%<>\\^`{|}") && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c >= 0x7f }) && escaped != text {
			t.Errorf("%q gives %q", text, escaped)
		}
	})
}
