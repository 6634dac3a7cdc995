//go:build e2e

package settings

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Every user has a domain: the login goes from there to the hub's and back, and
// what belongs to one user's domain stays there.
func TestSubdomains(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.subdomain)
	at := h.echo(t, "alice", "own")
	found, err := at.model(t.Context())
	must(t, err)
	if found.FullURL != at.url || h.origin() == at.origin() {
		t.Fatalf("the hub uses no subdomains: the server is at %s, the hub at %s", found.FullURL, h.origin())
	}
	at.enter(t, "alice")

	v := h.visitor("alice")
	deep := at.url + "deep?a=b"
	answer := v.get(t, deep)
	got := hear(t, answer)
	if answer.URL.String() != deep || got.URI != "/deep?a=b" || got.Host != mustParse(at.url).Host {
		t.Errorf("the login ended at %s; the app was asked for %s at %s", answer.URL, got.URI, got.Host)
	}
	for _, station := range []string{h.public + "/hub/api/oauth2/authorize", h.public + "/hub/login", at.url + "oauth_callback?"} {
		if !slices.ContainsFunc(answer.Hops, func(hop string) bool { return strings.HasPrefix(hop, station) }) {
			t.Errorf("the login did not lead over %s: %q", station, answer.Hops)
		}
	}

	t.Run("cookies", func(t *testing.T) {
		session, login := v.cookie("jupyterhub-session-id"), v.cookie(at.cookieName())
		if session == nil || session.Domain != subdomainName {
			t.Fatalf("the hub's session cookie is not for all domains: %v", session)
		}
		// These come from the hub's cookie_options.
		if login == nil || login.Domain != "" || login.Path != at.prefix || !login.HttpOnly || login.Secure ||
			login.SameSite != http.SameSiteLaxMode || login.MaxAge != 7*24*3600 {
			t.Errorf("the login cookie is %v", login)
		}
		if sent := v.sent(at.url); sent["jupyterhub-session-id"] == "" || sent[at.cookieName()] == "" {
			t.Errorf("the browser sends %v", sent)
		}
		for _, other := range []string{h.public + at.prefix, h.server("bob", "own").origin() + at.prefix} {
			if sent := v.sent(other); sent[at.cookieName()] != "" {
				t.Errorf("the login cookie is sent to %s", other)
			}
		}
		if got := got.values("Cookie"); len(got) > 0 {
			t.Errorf("the app got cookies: %q", got)
		}
	})
	t.Run("links lead to the hub's host", func(t *testing.T) {
		if refusal := strangerPage(t, at); !contains(refusal, `href="`+h.public+`/hub/home"`, `href="`+at.prefix+`logout"`) {
			t.Errorf("the refusal's links do not lead to %s: %s", h.public, refusal)
		}
	})
	t.Run("websocket", func(t *testing.T) {
		conn, hello := v.open(t, at.url+"ws")
		must(t, echoes(conn, []byte("over the user's domain")))
		if got := hello.values("Origin"); !slices.Equal(got, []string{at.origin()}) {
			t.Errorf("the app got Origin %q", got)
		}
	})
	t.Run("logout", func(t *testing.T) {
		v := at.enter(t, "alice")
		kept := v.sent(at.url)
		answer := v.once(t, http.MethodGet, at.url+"logout")
		if location := answer.Header.Get("Location"); location != h.public+"/hub/logout" {
			t.Errorf("the logout leads to %q", location)
		}
		if sent := v.sent(at.url); sent[at.cookieName()] != "" {
			t.Error("the login cookie is still sent")
		}
		v.user = ""
		v.get(t, h.public+"/hub/logout")
		if sent := v.sent(at.url); sent["jupyterhub-session-id"] != "" {
			t.Error("the hub's session is still known on the user's domain")
		}
		thief := h.visitor("")
		thief.client.Jar.SetCookies(mustParse(at.url), cookiesOf(kept))
		if got := thief.fetch(t, http.MethodGet, at.url).Status; got != http.StatusUnauthorized {
			t.Errorf("cookies kept from before were answered %d", got)
		}
	})
	t.Run("logout at the hub", func(t *testing.T) {
		v := at.enter(t, "alice")
		v.user = ""
		v.get(t, h.public+"/hub/logout")
		if got := v.fetch(t, http.MethodGet, at.url).Status; got != http.StatusUnauthorized {
			t.Errorf("right after the hub's logout the login cookie was answered %d", got)
		}
	})
}

func cookiesOf(values map[string]string) []*http.Cookie {
	var cookies []*http.Cookie
	for name, value := range values {
		cookies = append(cookies, &http.Cookie{Name: name, Value: value, Path: "/"})
	}
	return cookies
}

// A page of another user's domain is another origin of the same site: cookies
// come along, so the guard alone keeps it from acting as the visitor.
func TestSecuritySubdomainsAreNotOneOrigin(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.subdomain)
	at := h.echo(t, "alice", "guarded")
	v := at.enter(t, "alice")
	bob := h.server("bob", "any").origin()
	for name, headers := range map[string][]string{
		"a browser of today":  {"Origin", bob, "Sec-Fetch-Site", "same-site"},
		"a browser of before": {"Origin", bob, "Sec-Fetch-Site", "", "Sec-Fetch-Mode", "", "Sec-Fetch-Dest", ""},
		"the hub's own pages": {"Origin", h.origin(), "Sec-Fetch-Site", "same-site"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				if got := v.fetch(t, method, at.url+"forged", headers...).Status; got != http.StatusForbidden {
					t.Errorf("%s was answered %d", method, got)
				}
			}
			if got := v.refused(t, at.url+"ws?forged", headers...); got != http.StatusForbidden {
				t.Errorf("the websocket was answered %d", got)
			}
		})
	}
	if got := v.fetch(t, http.MethodPost, at.url+"own", "Origin", at.origin()).Status; got != http.StatusOK {
		t.Errorf("a page of the app's own was answered %d", got)
	}
	at.sawNothingOf(t, v, "forged")
}

// sawNothingOf looks into all that the echo app received.
func (s server) sawNothingOf(t *testing.T, owner *visitor, mark string) {
	t.Helper()
	if line, ok := s.saw(t, owner, mark); ok {
		t.Errorf("the app saw %q", line)
	}
}

func (s server) saw(t *testing.T, owner *visitor, mark string) (string, bool) {
	t.Helper()
	var lines []string
	must(t, owner.fetch(t, http.MethodGet, s.url+"seen").JSON(&lines))
	if len(lines) == 0 {
		t.Fatal("the echo app saw nothing, not even that it was asked whether it is ready: its list proves nothing")
	}
	for _, line := range lines {
		if strings.Contains(line, mark) {
			return line, true
		}
	}
	return "", false
}
