package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRemoveCookiesLeavesTheOthersAsTheyWere(t *testing.T) {
	h := http.Header{"Cookie": {`a=1; jupyterhub-session-id=s; b="x y"; =odd; c`, "jupyterhub-user-ada=t"}}
	removeCookies(h, func(name string) bool { return strings.HasPrefix(name, "jupyterhub-") })
	if got := strings.Join(h["Cookie"], "|"); got != `a=1; b="x y"; =odd; c` {
		t.Errorf("got %q", got)
	}
	h = http.Header{"Cookie": {"jupyterhub-user-ada=t"}}
	removeCookies(h, func(string) bool { return true })
	if _, ok := h["Cookie"]; ok {
		t.Errorf("an empty Cookie header is left")
	}
}

func TestBrowserScheme(t *testing.T) {
	for _, test := range []struct{ header, value, want string }{
		{"", "", "http"},
		{"X-Forwarded-Proto", "https,http", "https"},
		{"X-Scheme", "HTTPS", "https"},
		{"Forwarded", `for=1.2.3.4; proto="https", for=5.6.7.8;proto=http`, "https"},
		{"X-Forwarded-Proto", "http, https", "http"},
	} {
		r := httptest.NewRequest("GET", "http://x/", nil)
		if test.header != "" {
			r.Header.Set(test.header, test.value)
		}
		if got := browserScheme(r); got != test.want {
			t.Errorf("%s: %s: got %q, want %q", test.header, test.value, got, test.want)
		}
	}
}

func TestSecurityHostPrefixedCookie(t *testing.T) {
	vars := spawned()
	vars["JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED"] = "1"
	vars["JUPYTERHUB_COOKIE_OPTIONS"] = `{"domain": "example.org", "path": "/x", "secure": false}`
	env, err := ParseEnvironment(lookupIn(vars))
	if err != nil {
		t.Fatal(err)
	}
	c := newCookies(env)
	r := httptest.NewRequest("GET", "http://x/", nil)
	for _, cookie := range []*http.Cookie{c.setLogin(r, "v"), c.clearLogin(r)} {
		if cookie.Name != "__Host-jupyterhub-user-ada%40example.org-lab" || cookie.Path != "/" || cookie.Domain != "" || !cookie.Secure || !cookie.HttpOnly {
			t.Errorf("got %v", cookie)
		}
	}
}

// FuzzCookies looks for a Cookie header from which one of ours comes through,
// as any reader could understand it, or another is lost.
func FuzzCookies(f *testing.F) {
	f.Add("a=1; jupyterhub-session-id=s; b=2")
	f.Add(" jupyterhub-x =1;;;=;jupyterhub-user-ada")
	ours := func(name string) bool { return strings.HasPrefix(name, "jupyterhub-") }
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cookie": {line}}
		var before []string
		for name, value := range eachCookie(h) {
			if !ours(name) && name+value != "" {
				before = append(before, name+"="+value)
			}
		}
		removeCookies(h, ours)
		var after []string
		for name, value := range eachCookie(h) {
			if ours(name) {
				t.Errorf("%q came through in %q", name, h["Cookie"])
			}
			if name+value != "" {
				after = append(after, name+"="+value)
			}
		}
		if strings.Join(before, ";") != strings.Join(after, ";") {
			t.Errorf("%q became %q", before, after)
		}
		for _, cookie := range (&http.Request{Header: h}).Cookies() {
			if ours(cookie.Name) {
				t.Errorf("net/http reads %q from %q", cookie.Name, h["Cookie"])
			}
		}
	})
}

// What another server's page plants at a wider path comes with the real one.
func TestSecurityPlantedCookiesDoNotShutOut(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	asked := w.hub.asked
	planted := strings.Repeat(w.gate.cookies.login+"=planted; ", 180)
	if resp := w.do("GET", home, "Cookie: "+planted+cookie); resp.StatusCode != 200 || w.hub.asked != asked {
		t.Errorf("got %s after asking the hub %d times", resp.Status, w.hub.asked-asked)
	}
}
