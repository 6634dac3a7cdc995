//go:build e2e

package settings

import (
	"net/http"
	"strings"
	"testing"
)

// A deployment below a path: the whole way of a login, its cookies, the logout
// and every link stay below it.
func TestBaseURL(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.echo(t, "alice", "base")
	if !strings.HasPrefix(at.prefix, "/jupyter/user/") {
		t.Fatalf("the hub is not below a path: %s", at.prefix)
	}
	at.enter(t, "alice")

	v := h.visitor("alice")
	deep := at.url + "deep/%2Fer?a=b%20c"
	answer := v.get(t, deep)
	if answer.URL.String() != deep || hear(t, answer).URI != "/deep/%2Fer?a=b%20c" {
		t.Errorf("the login led to %s", answer.URL)
	}
	for _, hop := range answer.Hops {
		if !strings.HasPrefix(hop, h.public+"/") {
			t.Errorf("the login led away from the hub's path, over %s", hop)
		}
	}
	for _, cookie := range v.cookies {
		switch {
		case strings.HasPrefix(cookie.Name, at.cookieName()) && cookie.Path != at.prefix:
			t.Errorf("%s has the path %s", cookie.Name, cookie.Path)
		case !strings.HasPrefix(cookie.Path, "/jupyter/"):
			t.Errorf("%s, of the hub, has the path %s", cookie.Name, cookie.Path)
		}
	}
	if _, hello := v.open(t, at.url+"ws"); hello.URI != "/ws" {
		t.Errorf("the websocket arrived at %s", hello.URI)
	}

	token, _ := h.newToken(t, "alice")
	if got := v.fetch(t, http.MethodGet, at.url, "Authorization", "token "+token).Status; got != http.StatusOK {
		t.Errorf("a token was answered %d", got)
	}
	refusal := strangerPage(t, at)
	if !contains(refusal, `href="/jupyter/hub/home"`, `href="`+at.prefix+`logout"`) {
		t.Errorf("the refusal's links do not lead below the hub's path: %s", refusal)
	}
	logout := v.once(t, http.MethodGet, at.url+"logout")
	if location := logout.Header.Get("Location"); location != "/jupyter/hub/logout" {
		t.Errorf("the logout leads to %q", location)
	}
	if cookie := v.cookie(at.cookieName()); cookie == nil || cookie.MaxAge >= 0 || cookie.Path != at.prefix {
		t.Errorf("the logout does not clear the login cookie: %v", cookie)
	}
	if got := v.get(t, strings.TrimSuffix(h.public, "/jupyter")+"/user/alice/base/").Status; got == http.StatusOK {
		t.Error("the server answers outside the hub's path as well")
	}
}

// strangerPage is our refusal of somebody the hub knows, as a page.
func strangerPage(t *testing.T, at server) string {
	t.Helper()
	at.hub.addUser(t, "stranger")
	token, _ := at.hub.newToken(t, "stranger")
	answer := at.hub.visitor("").once(t, http.MethodGet, at.url, "Authorization", "token "+token)
	if answer.Status != http.StatusForbidden {
		t.Fatalf("a stranger was answered %d: %s", answer.Status, answer.Body)
	}
	return string(answer.Body)
}
