package proxy

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestLocation(t *testing.T) {
	l := newLocations(Config{Prefix: "/user/a%40b/", HubPrefix: "/hub/"})
	for _, test := range []struct{ location, want string }{
		{"/login", "/user/a%40b/login"},
		{"/", "/user/a%40b/"},
		{"/x?next=/y%20z&a=%2F#top?x", "/user/a%40b/x?next=/y%20z&a=%2F#top?x"},
		{"/?", "/user/a%40b/?"},
		{"/x#", "/user/a%40b/x#"},
		{"/userX/a%40b/", "/user/a%40b/userX/a%40b/"},
		{"/user/a%40bc/", "/user/a%40b/user/a%40bc/"},
		{"/hubble/", "/user/a%40b/hubble/"},
		{"/x?u=http://hub.example/", "/user/a%40b/x?u=http://hub.example/"},
		// Below the prefix already, in any spelling.
		{"/user/a%40b/x", ""}, {"/user/a@b/x?y", ""}, {"/user/a%40b", ""}, {"/user/a%40b?x", ""}, {"/user/a%40b#x", ""}, {"/user/a%40b/../c/", ""},
		// The hub's.
		{"/hub/login?next=/x", ""}, {"/hub", ""}, {"/hub?x", ""},
		// Relative.
		{"x", ""}, {"./x", ""}, {"../x", ""}, {"?x", ""}, {"#x", ""}, {"", ""}, {"x/y:z", ""},
		// Our own host.
		{"http://hub.example/login?x=%20#y", "/user/a%40b/login?x=%20#y"},
		{"HTTPS://Hub.Example/login", "/user/a%40b/login"},
		{"http://localhost:5000/login", "/user/a%40b/login"},
		{"http://hub.example", "/user/a%40b/"},
		{"http://hub.example?x", "/user/a%40b/?x"},
		{"http://hub.example//evil.example/", "/user/a%40b//evil.example/"},
		{"http://hub.example/user/a%40b/x", ""}, {"http://hub.example/hub/home", ""},
		// Others.
		{"//evil.example/", ""}, {"///evil.example/", ""}, {"http://evil.example/", ""}, {"https://hub.example.evil.example/x", ""},
		{"https://hub.example@evil.example/", ""}, {"https://hub.example:8000/", ""}, {`https://hub.example\@evil.example/x`, ""}, {"ftp://hub.example/x", ""},
		{"https:/hub.example/x", ""}, {`\\evil.example/`, ""}, {"javascript:alert(1)", ""}, {"mailto:a@b", ""}, {"data:text/html,x", ""},
		// Less dangerous than without.
		{`/\evil.example/`, `/user/a%40b/\evil.example/`}, {"/%2f/evil.example/", "/user/a%40b/%2f/evil.example/"}, {"/\t/evil.example/", "/user/a%40b/\t/evil.example/"},
	} {
		want := test.want
		if want == "" {
			want = test.location
		}
		if got := l.rewrite(test.location, "hub.example", "localhost:5000", ""); got != want {
			t.Errorf("%q: got %q, want %q", test.location, got, want)
		}
	}
}

func TestLocationIsLeftAloneWhereItIsRight(t *testing.T) {
	for _, config := range []Config{{Prefix: "/"}, {Prefix: testPrefix, KeepLocation: true}, {Prefix: testPrefix, Absolute: true}} {
		if newLocations(config).applies(http.StatusFound) {
			t.Errorf("%+v: it is changed", config)
		}
	}
	l := newLocations(Config{Prefix: testPrefix})
	for status, want := range map[int]bool{201: true, 301: true, 302: true, 303: true, 307: true, 308: true, 200: false, 404: false} {
		if l.applies(status) != want {
			t.Errorf("%d: got %v", status, !want)
		}
	}
	if got := l.rewrite("/hub/"); got != "/user/ada/hub/" {
		t.Errorf("without a hub: got %q", got)
	}
}

// browsersOrigin is where a browser at ours goes by a Location, as the URL
// standard has it: control characters fall out and backslashes are slashes. Empty
// is our own origin.
func browsersOrigin(location string) string {
	location = strings.TrimFunc(location, func(c rune) bool { return c <= ' ' })
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(location)
	rest := location
	if scheme, after, ok := strings.Cut(location, ":"); ok && !strings.ContainsAny(scheme, "/?#") {
		if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			return scheme + ":"
		}
		rest = "//" + strings.TrimLeft(after, "/")
	}
	if !strings.HasPrefix(rest, "//") {
		return ""
	}
	host, _, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	host, _, _ = strings.Cut(host, "?")
	host, _, _ = strings.Cut(host, "#")
	if strings.EqualFold(host, "hub.example") {
		return ""
	}
	return host
}

// FuzzSecurityLocation looks for a Location that is more dangerous when it is
// changed than it was, or of which more is changed than its beginning.
func FuzzSecurityLocation(f *testing.F) {
	for _, location := range []string{
		"/", "//evil", `/\evil`, "/%2f/evil", "/\t/evil", "///evil", `\/evil`, "http://hub.example//evil", "http://hub.example\\@evil/", "http:/evil", "http:evil",
		"/user/ada/x", "/user/%61da", "/hub/x", "/x?y#z", "https://evil", "\x00//evil", "/..//evil", "http://hub.example#/x",
	} {
		f.Add(location)
	}
	l := newLocations(Config{Prefix: testPrefix, HubPrefix: "/hub/"})
	f.Fuzz(func(t *testing.T, location string) {
		got := l.rewrite(location, "hub.example")
		if got == location {
			return
		}
		rest, ours := strings.CutPrefix(got, "/user/ada/")
		if !ours || !strings.HasSuffix(location, rest) {
			t.Errorf("%q gives %q", location, got)
		}
		if origin := browsersOrigin(got); origin != "" {
			t.Errorf("%q gives %q, which leads to %s", location, got, origin)
		}
		if parsed, err := url.Parse(got); err == nil && (parsed.Host != "" || parsed.Scheme != "") {
			t.Errorf("%q gives %q, whose host is %q", location, got, parsed.Host)
		}
		if again := l.rewrite(got, "hub.example"); again != got {
			t.Errorf("%q gives %q, and then %q", location, got, again)
		}
	})
}

func TestRedirectsReachTheVisitorWithThePrefix(t *testing.T) {
	app := withApp(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header()["Location"] = []string{r.URL.Query().Get("to")}
		if r.Header.Get("Upgrade") != "" {
			rw.WriteHeader(http.StatusSeeOther)
			return
		}
		rw.WriteHeader(http.StatusFound)
	})
	w := newWorld(t, app, func(c *Config) { c.HubPrefix = "/hub/" })
	for to, want := range map[string]string{
		"/login":                          "/user/ada/login",
		"http://" + w.address + "/login":  "/user/ada/login",
		"https://public.example/login":    "/user/ada/login",
		"https://elsewhere.example/login": "https://elsewhere.example/login",
		"/hub/logout":                     "/hub/logout",
	} {
		resp, _ := w.get(testPrefix+"?to="+url.QueryEscape(to), "X-Forwarded-Host: public.example, inner.example")
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("%s: got %s", to, got)
		}
	}
	_, reader := w.raw("GET /user/ada/?to=/x HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\n\n")
	if resp, err := http.ReadResponse(reader, nil); err != nil || resp.Header.Get("Location") != "/user/ada/x" {
		t.Errorf("a handshake that is refused: got %v, %v", resp, err)
	}
	kept := newWorld(t, app, func(c *Config) { c.KeepLocation = true })
	if resp, _ := kept.get(testPrefix + "?to=/login"); resp.Header.Get("Location") != "/login" {
		t.Errorf("with KeepLocation: got %s", resp.Header.Get("Location"))
	}
}
