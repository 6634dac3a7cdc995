//go:build e2e

package test

import (
	"net/http"
	"testing"
)

// Logging out of a server leads to the hub's logout, and a login cookie that
// somebody kept is worth nothing afterwards.
func TestLogout(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "logout")
	session := visit(t, "alice", at)
	client := hear(t, fetch(t, session, at.prefix)).Environment["JUPYTERHUB_CLIENT_ID"]
	kept := map[string]string{}
	for _, cookie := range session.Cookies(at.prefix) {
		kept[cookie.Name] = cookie.Value
	}
	if kept[client] == "" || kept["jupyterhub-session-id"] == "" {
		t.Fatalf("the browser lacks cookies of its login: it has %v", kept)
	}

	answer := once(t, session, http.MethodGet, at.prefix+"logout")
	if location := answer.Header.Get("Location"); answer.Status != http.StatusFound || location != "/hub/logout" {
		t.Errorf("was answered %d, Location %q", answer.Status, location)
	}
	for _, cookie := range session.Cookies(at.prefix) {
		if cookie.Name == client {
			t.Error("the login cookie is still there")
		}
	}
	session.User = "" // from here on, show the login form
	if answer := get(t, session, "/hub/logout"); answer.Status != http.StatusOK {
		t.Fatalf("the hub's logout was answered %d", answer.Status)
	}

	for _, names := range [][]string{{client}, {client, "jupyterhub-session-id"}} {
		thief := shared.hub.NewSession("")
		for _, name := range names {
			thief.SetCookie(name, kept[name])
		}
		if answer := fetch(t, thief, at.prefix+"thief"); answer.Status != http.StatusUnauthorized {
			t.Errorf("the kept cookies %q were answered %d", names, answer.Status)
		}
		if status := refused(t, thief, at.prefix+"ws?thief", nil); status != http.StatusForbidden {
			t.Errorf("the websocket of the kept cookies %q was answered %d", names, status)
		}
	}
	if answer := get(t, session, at.prefix); answer.URL.Path != "/hub/login" {
		t.Errorf("the browser is still let in, at %s", answer.URL)
	}
}

// The hub's own logout, of which nobody tells the server, works as well: the
// session is gone from the browser, and with it every verdict on it.
func TestLogoutAtTheHub(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "hub-logout")
	session := visit(t, "alice", at)
	session.User = ""
	get(t, session, "/hub/logout")
	if answer := fetch(t, session, at.prefix); answer.Status != http.StatusUnauthorized {
		t.Errorf("the old login cookie was answered %d", answer.Status)
	}
	if status := refused(t, session, at.prefix+"ws", nil); status != http.StatusForbidden {
		t.Errorf("the old login cookie's websocket was answered %d", status)
	}
}
