package git

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestSecurityRedact(t *testing.T) {
	for text, want := range map[string]string{
		"https://ada:secret@example.org/x":                             "https://***@example.org/x",
		"https://secret@example.org/x":                                 "https://***@example.org/x",
		"fatal: unable to access 'https://a:b%40c@example.org/x/': no": "fatal: unable to access 'https://***@example.org/x/': no",
		"https%3A%2F%2Fada%3Asecret%40example.org%2Fx":                 "https%3A%2F%2F***%40example.org%2Fx",
		"?next=https%3a%2f%2fada:secret@example.org":                   "?next=https%3a%2f%2f***@example.org",
		"https://user:p/ss@example.org/x":                              "https://***@example.org/x",
		"https://user:p@ss@example.org/x":                              "https://***@example.org/x",
		"ssh://git@example.org/x":                                      "ssh://git@example.org/x",
		"ssh://git:secret@example.org/x":                               "ssh://***@example.org/x",
		"git@example.org:x":                                            "git@example.org:x",
		"https://example.org:8443/a@b":                                 "https://example.org:8443/a@b",
		"https://example.org/x?private_token=secret&a=b":               "https://example.org/x?private_token=***&a=b",
		"Authorization: Basic c2VjcmV0":                                "Authorization: ***",
		"proxy-authorization: Bearer secret":                           "proxy-authorization: ***",
		"token ghp_0123456789abcdefghijABCDEFGHIJ0123 here":            "token *** here",
		"glpat-0123456789abcdefghij":                                   "***",
		"nothing at all":                                               "nothing at all",
		"a https://u:p@h/x and http://v:q@i/y":                         "a https://***@h/x and http://***@i/y",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Whatever stands between a scheme and a host does not come through.
func FuzzRedact(f *testing.F) {
	for _, seed := range []string{"secret", "p@ss", "a:b", "%41", "ü", "x y", "a/b", "@", "1234"} {
		f.Add("user", seed)
	}
	f.Fuzz(func(t *testing.T, user, password string) {
		if user == "" || len(password) < 4 || strings.Contains("https://***@example.org/path %3A%2F", password) {
			return
		}
		at := url.URL{Scheme: "https", User: url.UserPassword(user, password), Host: "example.org", Path: "/path"}
		for _, text := range []string{at.String(), url.QueryEscape(at.String()), "fatal: '" + at.String() + "' is wrong"} {
			got := Redact(text)
			for _, secret := range []string{password, url.QueryEscape(password), at.User.String()} {
				if strings.Contains(got, secret) {
					t.Errorf("%q became %q", text, got)
				}
			}
		}
		if got := newRedactor(password).redact("it is " + password + "!"); strings.Contains(got, password) && !strings.Contains(mask, password) {
			t.Errorf("%q came through: %q", password, got)
		}
	})
}
