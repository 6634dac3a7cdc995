package hub

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The hub's own escaping, as Python's quote(name, safe="@~") does it.
func TestNamesAreEscapedAsTheHubDoes(t *testing.T) {
	for name, want := range map[string]string{
		"ada":              "ada",
		"ann@host.org":     "ann@host.org",
		"~ann_lee-x.y":     "~ann_lee-x.y",
		"a b+c":            "a%20b%2Bc",
		"../admin":         "..%2Fadmin",
		"a/../../b":        "a%2F..%2F..%2Fb",
		"..%2Fadmin":       "..%252Fadmin",
		"a?b#c;d=e&f":      "a%3Fb%23c%3Bd%3De%26f",
		`a\b"c'`:           "a%5Cb%22c%27",
		"zoé 李明":           "zo%C3%A9%20%E6%9D%8E%E6%98%8E",
		"a\r\nHost: b\x00": "a%0D%0AHost%3A%20b%00",
	} {
		got, err := path("/users/*", name)
		if err != nil || got != "/users/"+want {
			t.Errorf("%q: got %q, %v, want %q", name, got, err, want)
		}
	}
}

// hostile are names that could mean another place.
var hostile = []string{"../admin", "..", ".", "", "a/b", "%2e%2e", "..%2f..%2fproxy", "a?x=1", "a#b", "a\x00b", "\xff", "a\r\nX: y", "/", "//host/", "http://host/", strings.Repeat("a", 5000)}

// Whatever a user or a server is called, a call reaches its own handler with that
// very name, or is not sent.
func TestSecurityNamesReachNoOtherEndpoint(t *testing.T) {
	var got []*url.URL
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hub/api" {
			got = append(got, r.URL)
		}
		w.Write([]byte(`{"version":"6.1.1","name":"x","_pagination":{}}`))
	})
	ctx := t.Context()
	for _, name := range hostile {
		for pattern, call := range map[string]func() error{
			"/users/*":                    func() error { _, err := client.Account(ctx, name); return err },
			"/users/*/servers/s":          func() error { _, err := client.StartServer(ctx, name, "s", Start{}); return err },
			"/users/*/server":             func() error { _, err := client.StopServer(ctx, name, "", false); return err },
			"/users/u/servers/*":          func() error { _, err := client.StopServer(ctx, "u", name, true); return err },
			"/users/*/servers/s/progress": func() error { return client.Progress(ctx, name, "s", func(ProgressEvent) {}) },
			"/users/u/servers/*/progress": func() error { return client.Progress(ctx, "u", name, func(ProgressEvent) {}) },
			"/shares/*/s":                 func() error { return client.Share(ctx, name, "s", "guest") },
			"/shares/u/*":                 func() error { return client.UnshareAll(ctx, "u", name) },
			"/groups/*":                   func() error { _, err := client.Group(ctx, name); return err },
		} {
			if name == "" && strings.Contains(pattern, "u/") {
				continue // the default server, which has a path of its own
			}
			got = nil
			err := call()
			if len(got) == 0 {
				if !errors.Is(err, ErrName) {
					t.Errorf("%s with %.20q was not sent, and ended with %v", pattern, name, err)
				}
				continue
			}
			segments := strings.Split(strings.TrimPrefix(got[0].EscapedPath(), "/hub/api"), "/")
			wanted := strings.Split(pattern, "/")
			if len(segments) != len(wanted) {
				t.Errorf("%s with %.20q went to %s", pattern, name, got[0])
				continue
			}
			for i, segment := range segments {
				decoded, err := url.PathUnescape(segment)
				if want := strings.Replace(wanted[i], "*", name, 1); err != nil || decoded != want {
					t.Errorf("%s with %.20q went to %s", pattern, name, got[0])
				}
			}
		}
	}
}

// FuzzPath looks for a name that gets out of its segment.
func FuzzPath(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		made, err := path("/users/*/servers/*", name, name)
		if err != nil {
			return
		}
		parsed, err := url.Parse("http://hub" + made + "?a=b")
		if err != nil {
			t.Fatal(err)
		}
		if parsed.EscapedPath() != made || parsed.RawQuery != "a=b" || parsed.Host != "hub" || strings.Count(made, "/") != 4 {
			t.Errorf("%q makes %q", name, made)
		}
		if want := "/users/" + name + "/servers/" + name; parsed.Path != want {
			t.Errorf("%q makes %q", name, parsed.Path)
		}
		if clean := parsed.JoinPath(); clean.EscapedPath() != made {
			t.Errorf("%q does not survive cleaning: %q", name, clean)
		}
	})
}
