//go:build e2e

package settings

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// with gives the server variables by Spawner.environment, as an operator does.
func with(what bed.Server, pairs ...string) bed.Server {
	what.Environment = map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		what.Environment[pairs[i]] = pairs[i+1]
	}
	return what
}

func (s *stage) wrapEcho(flags ...string) bed.Server { return s.wrap(flags, s.echo, "--port={port}") }

// A token in a URL is none since JupyterHub 5.
func TestSecurityNoTokenInURL(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.echo(t, "alice", "no-url-token")
	owner := at.enter(t, "alice")
	token, _ := h.newToken(t, "alice")

	v := h.visitor("")
	answer := v.get(t, at.url+"by-url?token="+token)
	if !strings.HasSuffix(answer.URL.Path, "/hub/login") {
		t.Errorf("a navigation ended at %s with %d", answer.URL, answer.Status)
	}
	for _, hop := range answer.Hops[1:] {
		if strings.Contains(hop, token) {
			t.Errorf("the token went on to %s", hop)
		}
	}
	if got := v.fetch(t, http.MethodGet, at.url+"by-url?token="+token).Status; got != http.StatusUnauthorized {
		t.Errorf("a fetch was answered %d", got)
	}
	if v.cookie(at.cookieName()) != nil {
		t.Error("a login cookie was set")
	}
	// A handshake that does not say what it is could be a link.
	if got := v.refused(t, at.url+"ws?by-url&token="+token); got != http.StatusForbidden {
		t.Errorf("a websocket was answered %d", got)
	}
	at.sawNothingOf(t, owner, "by-url")
	if strings.Contains(h.logged(), token) {
		t.Error("the token is in the log")
	}
	t.Run("but on a websocket that says it is one", func(t *testing.T) {
		conn, hello := v.open(t, at.url+"ws?a=1&token="+token+"&b=2", "Sec-Fetch-Mode", "websocket", "Sec-Fetch-Site", "same-origin")
		must(t, echoes(conn, []byte("with a token")))
		if hello.URI != "/ws?a=1&b=2" {
			t.Errorf("the app got %s", hello.URI)
		}
		if got := v.refused(t, at.url+"ws?token=0123456789abcdef", "Sec-Fetch-Mode", "websocket"); got != http.StatusForbidden {
			t.Errorf("a wrong token was answered %d", got)
		}
	})
}

// An operator can still allow it. The app does not get the token by any way.
func TestTokenInURL(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "url-token", with(shared.wrapEcho(), "JUPYTERHUB_ALLOW_TOKEN_IN_URL", "1"))
	owner := at.enter(t, "alice")
	token, _ := h.newToken(t, "alice")

	t.Run("navigation", func(t *testing.T) {
		v := h.visitor("")
		answer := v.get(t, at.url+"page?a=1&token="+token+"&b=2")
		// What the page loads next comes by the cookie, and with the address of
		// the page as its Referer.
		if strings.Contains(answer.URL.String(), token) {
			t.Errorf("the browser stays at %s", answer.URL)
		}
		got := hear(t, answer)
		if got.URI != "/page?a=1&b=2" {
			t.Errorf("the app got %s", got.URI)
		}
		cookie := v.cookie(at.cookieName())
		if cookie == nil || cookie.Path != at.prefix || !cookie.HttpOnly || strings.Contains(cookie.Value, token) {
			t.Errorf("the login cookie is %v", cookie)
		}
		if got := v.fetch(t, http.MethodGet, at.url+"next").Status; got != http.StatusOK {
			t.Errorf("the next request was answered %d", got)
		}
	})
	t.Run("TestSecurityRefererHasNoToken", func(t *testing.T) {
		v := h.visitor("")
		got := hear(t, v.fetch(t, http.MethodGet, at.url+"x?token="+token, "Referer", at.url+"page?token="+token))
		if referer := strings.Join(got.values("Referer"), " "); strings.Contains(referer, token) {
			t.Errorf("the app got Referer %q", referer)
		}
	})
	t.Run("fetch", func(t *testing.T) {
		v := h.visitor("")
		if got := hear(t, v.fetch(t, http.MethodGet, at.url+"data?token="+token)).URI; got != "/data" {
			t.Errorf("the app got %s", got)
		}
		if v.cookie(at.cookieName()) != nil {
			t.Error("a script's request made a login cookie")
		}
	})
	t.Run("websocket", func(t *testing.T) {
		conn, hello := h.visitor("").open(t, at.url+"ws?token="+token)
		must(t, echoes(conn, []byte("with a token")))
		if hello.URI != "/ws" {
			t.Errorf("the app got %s", hello.URI)
		}
	})
	t.Run("wrong token", func(t *testing.T) {
		v := h.visitor("")
		if answer := v.get(t, at.url+"wrong?token=0123456789abcdef"); !strings.HasSuffix(answer.URL.Path, "/hub/login") {
			t.Errorf("a navigation ended at %s with %d", answer.URL, answer.Status)
		}
		if got := v.fetch(t, http.MethodGet, at.url+"wrong?token=0123456789abcdef").Status; got != http.StatusUnauthorized {
			t.Errorf("a fetch was answered %d", got)
		}
		if got := v.refused(t, at.url+"ws?wrong&token=0123456789abcdef"); got != http.StatusForbidden {
			t.Errorf("a websocket was answered %d", got)
		}
		at.sawNothingOf(t, owner, "wrong")
	})
	if strings.Contains(h.logged(), token) {
		t.Error("the token is in the log")
	}
}

// Where the cookie is not enough for a websocket, a token is.
func TestSecurityNoCookieOnWebsockets(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "no-ws-cookie", with(shared.wrapEcho(), "JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH", "0"))
	v := at.enter(t, "alice")
	token, _ := h.newToken(t, "alice")
	for name, headers := range map[string][]string{
		"a browser of today":  {"Sec-Fetch-Mode", "websocket", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "websocket"},
		"a browser of before": nil,
	} {
		t.Run(name, func(t *testing.T) {
			if got := v.refused(t, at.url+"ws?by-cookie", headers...); got != http.StatusForbidden {
				t.Errorf("the cookie was answered %d", got)
			}
		})
	}
	at.sawNothingOf(t, v, "by-cookie")
	for name, way := range map[string][]string{
		"?token=" + token: {"Sec-Fetch-Mode", "websocket"},
		"":                {"Authorization", "token " + token},
	} {
		conn, hello := v.open(t, at.url+"ws"+name, way...)
		must(t, echoes(conn, []byte("with a token")))
		if hello.URI != "/ws" || len(hello.values("Authorization")) > 0 {
			t.Errorf("the app got %s and %q", hello.URI, hello.values("Authorization"))
		}
	}
	if got := v.fetch(t, http.MethodPost, at.url+"page").Status; got != http.StatusOK {
		t.Errorf("the cookie on a request that is no websocket was answered %d", got)
	}
}
