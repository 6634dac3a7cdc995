//go:build e2e

package settings

import (
	"net/http"
	"strings"
	"testing"
)

// The edge ends TLS and tells those behind it nothing, not even its name. The
// hub's public_url alone says how browsers come.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.public)
	at := h.echo(t, "alice", "public")
	at.enter(t, "alice")

	v := h.visitor("alice")
	got := hear(t, v.get(t, at.url+"deep?a=b"))
	if got.URI != "/deep?a=b" {
		t.Errorf("the app was asked for %s", got.URI)
	}
	if proto := strings.Join(got.values("X-Forwarded-Proto"), ","); strings.Contains(proto, "https") {
		t.Fatalf("something told of TLS after all: %q", proto)
	}
	for _, cookie := range v.ours(t, at) {
		if !cookie.Secure || !cookie.HttpOnly || cookie.Path != at.prefix || cookie.SameSite != http.SameSiteNoneMode {
			t.Errorf("a cookie was set as %v", cookie)
		}
	}
	if login := v.cookie(at.cookieName()); login.MaxAge != 0 || !login.Expires.IsZero() {
		t.Errorf("expires_days is null, but the login cookie stays: %v", login)
	}

	// As browsers of before Sec-Fetch-Site do it, by the Origin alone.
	plainly := []string{"Sec-Fetch-Site", "", "Sec-Fetch-Mode", "", "Sec-Fetch-Dest", ""}
	t.Run("the public origin", func(t *testing.T) {
		headers := append([]string{"Origin", h.origin()}, plainly...)
		if got := v.fetch(t, http.MethodPost, at.url+"own", headers...).Status; got != http.StatusOK {
			t.Errorf("a form of the app's own was answered %d", got)
		}
		conn, _ := v.open(t, at.url+"ws", headers...)
		must(t, echoes(conn, []byte("over TLS")))
	})
	for _, origin := range []string{
		"https://evil.example.test",
		strings.Replace(h.origin(), "https:", "http:", 1), // whoever sits on the line
		strings.Replace(h.origin(), publicName, "x"+publicName, 1),
		"https://" + publicName, // another port
		"null",
	} {
		t.Run("not "+origin, func(t *testing.T) {
			headers := append([]string{"Origin", origin}, plainly...)
			if got := v.fetch(t, http.MethodPost, at.url+"forged", headers...).Status; got != http.StatusForbidden {
				t.Errorf("a form was answered %d", got)
			}
			if got := v.refused(t, at.url+"ws?forged", headers...); got != http.StatusForbidden {
				t.Errorf("a websocket was answered %d", got)
			}
		})
	}
	at.sawNothingOf(t, v, "forged")

	logout := v.once(t, http.MethodGet, at.url+"logout")
	location, err := logout.URL.Parse(logout.Header.Get("Location"))
	must(t, err)
	if location.String() != h.public+"/hub/logout" {
		t.Errorf("the logout leads to %s", location)
	}
	if cookie := v.cookie(at.cookieName()); cookie.MaxAge >= 0 || !cookie.Secure || cookie.Path != at.prefix {
		t.Errorf("the login cookie is cleared by %v", cookie)
	}
}

// ours are the cookies that a login set, and cleared again, in that order: of
// the login under way, and of the login itself.
func (v *visitor) ours(t *testing.T, at server) []*http.Cookie {
	t.Helper()
	var found []*http.Cookie
	states, logins := 0, 0
	for _, cookie := range v.cookies {
		name := strings.TrimPrefix(cookie.Name, "__Host-")
		switch {
		case strings.HasPrefix(name, at.cookieName()+"-oauth-state"):
			states++
		case name == at.cookieName():
			logins++
		default:
			continue
		}
		found = append(found, cookie)
	}
	if states < 2 || logins < 1 {
		t.Fatalf("the login set %d cookies for itself under way and %d for itself: %v", states, logins, v.cookies)
	}
	return found
}

// Without a public_url the scheme comes from what the edge adds, in either way
// of saying it.
func TestForwardedScheme(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.forwarded)
	at := h.echo(t, "alice", "scheme")
	at.enter(t, "alice")
	other := at
	other.url = strings.Replace(at.url, port(shared.edge.proto), port(shared.edge.forwarded), 1)
	for header, at := range map[string]server{"X-Forwarded-Proto": at, "Forwarded": other} {
		t.Run(header, func(t *testing.T) {
			v := h.visitor("alice")
			got := hear(t, v.get(t, at.url))
			if value := strings.Join(got.values(header), ","); !strings.Contains(value, "https") {
				t.Fatalf("the edge did not tell of TLS: %q", value)
			}
			for _, cookie := range v.ours(t, at) {
				if !cookie.Secure || !cookie.HttpOnly {
					t.Errorf("a cookie was set as %v", cookie)
				}
			}
			for origin, status := range map[string]int{
				at.origin():                 http.StatusOK,
				"https://evil.example.test": http.StatusForbidden,
				strings.Replace(at.origin(), "https:", "http:", 1): http.StatusForbidden,
			} {
				if got := v.fetch(t, http.MethodPost, at.url, "Origin", origin, "Sec-Fetch-Site", "").Status; got != status {
					t.Errorf("a form of %s was answered %d", origin, got)
				}
			}
			conn, _ := v.open(t, at.url+"ws")
			must(t, echoes(conn, []byte("over TLS")))
		})
	}
}

// Two servers of one user share the host and the path / of their cookies, and
// still neither takes the other's for its own nor shows it to its app.
func TestHostPrefix(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.forwarded)
	one, two := h.echo(t, "alice", "one"), h.echo(t, "alice", "two")
	v := one.enter(t, "alice")
	for _, answer := range []server{two, one, two} {
		eventually(t, patience, func() error {
			_, err := v.try(t.Context(), answer.url)
			return err
		})
	}
	for _, at := range []server{one, two} {
		cookie := v.cookie("__Host-" + at.cookieName())
		if cookie == nil || cookie.Path != "/" || cookie.Domain != "" || !cookie.Secure || !cookie.HttpOnly {
			t.Errorf("the login cookie is %v", cookie)
		}
		sent := v.sent(at.url)
		if sent["__Host-"+one.cookieName()] == "" || sent["__Host-"+two.cookieName()] == "" {
			t.Fatalf("the browser does not send both login cookies: %v", sent)
		}
		got := hear(t, v.fetch(t, http.MethodGet, at.url))
		if cookies := got.values("Cookie"); len(cookies) > 0 {
			t.Errorf("the app got cookies: %q", cookies)
		}
		if name := got.Environment["JUPYTERHUB_SERVER_NAME"]; name != at.name {
			t.Errorf("%s is answered by the server %q", at.url, name)
		}
	}

	t.Run("TestSecurityLoginOfAnotherServer", func(t *testing.T) {
		// The value of one under the name of the other.
		thief := h.visitor("")
		sent := v.sent(one.url)
		thief.client.Jar.SetCookies(mustParse(two.url), []*http.Cookie{
			{Name: "__Host-" + two.cookieName(), Value: sent["__Host-"+one.cookieName()], Path: "/", Secure: true},
			{Name: "jupyterhub-session-id", Value: sent["jupyterhub-session-id"], Path: "/", Secure: true},
		})
		if got := thief.fetch(t, http.MethodGet, two.url).Status; got != http.StatusUnauthorized {
			t.Errorf("the login of another server was answered %d", got)
		}
	})
	t.Run("logout", func(t *testing.T) {
		v.once(t, http.MethodGet, one.url+"logout")
		cookie := v.cookie("__Host-" + one.cookieName())
		if cookie.MaxAge >= 0 || cookie.Path != "/" || !cookie.Secure || cookie.Domain != "" {
			t.Errorf("the login cookie is cleared by %v, which no browser heeds", cookie)
		}
		if got := v.fetch(t, http.MethodGet, one.url).Status; got != http.StatusUnauthorized {
			t.Errorf("after the logout the browser was answered %d", got)
		}
		if got := v.fetch(t, http.MethodGet, two.url).Status; got != http.StatusOK {
			t.Errorf("after the logout of one server the other answered %d", got)
		}
	})
}
