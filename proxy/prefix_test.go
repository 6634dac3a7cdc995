package proxy

import (
	"net/http"
	"strings"
	"testing"
)

func TestPrefix(t *testing.T) {
	p := prefix("/user/a@b/c%20d/")
	for path, want := range map[string]string{
		"/user/a@b/c%20d/":               "/",
		"/user/a@b/c%20d/x%2Fy":          "/x%2Fy",
		"/user/a@b/c%20d//x":             "//x",
		"/user/a@b/c%20d/../../":         "/../../",
		"/user/a@b/c%20d/%2e%2e":         "/%2e%2e",
		"/user/a%40b/c%20d/":             "",
		"/user/a@b/c%20d":                "",
		"/user/a@b/c%20dx/":              "",
		"/USER/a@b/c%20d/":               "",
		"/":                              "",
		"/user/x/../a@b/c%20d/":          "",
		"/user/a@b/c%20d/user/a@b/c%20d": "/user/a@b/c%20d",
	} {
		got, ok := p.cut(path)
		if got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", path, got, ok, want)
		}
	}
	if got, ok := prefix("/").cut("/x"); !ok || got != "/x" {
		t.Errorf("the root prefix: got %q, %v", got, ok)
	}
}

func TestOtherSpellingsOfThePrefix(t *testing.T) {
	p := prefix("/user/a@b/%C3%A9/")
	for path, want := range map[string]string{
		"/user/a%40b/%C3%A9/x%2Fy": "/user/a@b/%C3%A9/x%2Fy",
		"/user/a@b/%c3%a9/":        "/user/a@b/%C3%A9/",
		"/user/a@b/%C3%A9":         "/user/a@b/%C3%A9/",
		"/user/a@b/é/x":            "/user/a@b/%C3%A9/x",
		"/user/a@b/%C3%A9/x":       "",
		"/user/a@b":                "",
		"/user/a%2540b/%C3%A9/":    "",
		"/user%2Fa@b/%C3%A9/x":     "",
		"/user/a@b/%zz/":           "",
		"//user/a@b/%C3%A9/":       "",
	} {
		got, ok := p.canonical(path)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("%s: got %q, %v, want %q", path, got, ok, want)
		}
	}
}

func TestSplitTarget(t *testing.T) {
	for target, want := range map[string]string{
		"/a?b=c":                 "/a|?b=c",
		"/a?":                    "/a|?",
		"/a?b?c":                 "/a|?b?c",
		"//a":                    "//a|",
		"http://hub.example.org": "/|",
		"http://h/a%2Fb?x":       "/a%2Fb|?x",
		"http://h?x":             "/|?x",
		"*":                      "refused",
		"h:443":                  "refused",
		"":                       "refused",
	} {
		path, query, ok := splitTarget(&http.Request{RequestURI: target})
		got := path + "|" + query
		if !ok {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", target, got, want)
		}
	}
}

// FuzzPrefix looks for a path that gets below the prefix without it, and for
// a redirect that leaves it.
func FuzzPrefix(f *testing.F) {
	for _, seed := range []string{"/user/a@b/", "/user/a%40b/x", "/user/a%40b", "//evil/user/a@b/", "/user/a%40b//evil"} {
		f.Add(seed)
	}
	p := prefix("/user/a@b/")
	f.Fuzz(func(t *testing.T, path string) {
		if rest, ok := p.cut(path); ok && string(p)+rest[1:] != path {
			t.Errorf("%q was cut to %q", path, rest)
		}
		if respelled, ok := p.canonical(path); ok {
			if !strings.HasPrefix(respelled, string(p)) {
				t.Errorf("%q is sent to %q", path, respelled)
			}
			if again, ok := p.canonical(respelled); ok {
				t.Errorf("%q is sent to %q, and on to %q", path, respelled, again)
			}
		}
	})
}
