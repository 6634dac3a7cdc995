//go:build hubs

package hubs

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// deep is a place in the app whose spelling must survive the login.
const deep = "deep/path%2Fx;y?q=a%20b&x=%E2%82%AC"

func ownerLogsIn(t *testing.T, h *hub) { mustLogIn(t, h, "alice", h.home) }

func ownerAtNamedServer(t *testing.T, h *hub) { mustLogIn(t, h, "alice", h.lab) }

// mustLogIn logs an owner in over the hub's own form and OAuth, and returns the
// session.
func mustLogIn(t *testing.T, h *hub, user, prefix string) *bed.Session {
	t.Helper()
	session := h.NewSession(user)
	answer := enter(t, h, session, prefix+deep)
	for _, station := range []string{"/hub/login", "/hub/api/oauth2/authorize", prefix + "oauth_callback"} {
		if !slices.ContainsFunc(answer.Hops, func(hop string) bool { return strings.HasPrefix(hop, h.URL+station) }) {
			t.Errorf("the way did not lead over %s: %q", station, answer.Hops)
		}
	}
	var heard struct{ URI string }
	if err := answer.JSON(&heard); err != nil {
		t.Error(err)
	}
	if heard.URI != "/"+deep {
		t.Errorf("the app was asked for %q", heard.URI)
	}
	want(t, h, fetch(t, session, prefix, ""), http.StatusOK)
	return session
}

func ownerWebsocket(t *testing.T, h *hub) {
	session := h.NewSession("alice")
	enter(t, h, session, h.home)
	if status := dial(t, h, session, h.home+"ws", ""); status != http.StatusSwitchingProtocols {
		t.Errorf("the handshake was answered %d", status)
	}
}

func ownerLogsOut(t *testing.T, h *hub) {
	session := h.NewSession("alice")
	client := clientID(t, enter(t, h, session, h.home))
	kept := map[string]string{}
	for _, cookie := range session.Cookies(h.home) {
		kept[cookie.Name] = cookie.Value
	}
	if kept[client] == "" || kept["jupyterhub-session-id"] == "" {
		t.Fatalf("the browser lacks cookies of its login: it has %v", kept)
	}
	session.User = "" // from here on, the login form is an end
	answer := get(t, session, h.home+"logout")
	want(t, h, answer, http.StatusOK)
	if hop := h.URL + "/hub/logout"; !slices.Contains(answer.Hops, hop) {
		t.Errorf("the way did not lead over %s: %q", hop, answer.Hops)
	}
	for _, names := range [][]string{{client}, {client, "jupyterhub-session-id"}} {
		thief := h.NewSession("")
		for _, name := range names {
			thief.SetCookie(name, kept[name])
		}
		want(t, h, fetch(t, thief, h.home+unseenMark+"thief", ""), http.StatusUnauthorized)
		if status := dial(t, h, thief, h.home+"ws?"+unseenMark+"thief", ""); status != http.StatusForbidden {
			t.Errorf("the websocket of the kept cookies %q was answered %d", names, status)
		}
	}
	if answer := get(t, session, h.home); answer.URL.Path != "/hub/login" {
		t.Errorf("the browser is still let in, at %s", answer.URL)
	}
	unseen(t, h, "thief")
}

// Nobody tells us of the hub's own logout, but the session's cookie is gone.
func ownerLogsOutAtTheHub(t *testing.T, h *hub) {
	session := h.NewSession("alice")
	enter(t, h, session, h.home)
	session.User = ""
	want(t, h, get(t, session, "/hub/logout"), http.StatusOK)
	want(t, h, fetch(t, session, h.home, ""), http.StatusUnauthorized)
	if status := dial(t, h, session, h.home+"ws", ""); status != http.StatusForbidden {
		t.Errorf("the websocket of the old login was answered %d", status)
	}
}

// clientID is the name of the login cookie, which the echo app knows.
func clientID(t *testing.T, answer *bed.Answer) string {
	t.Helper()
	var heard struct{ Environment map[string]string }
	if err := answer.JSON(&heard); err != nil {
		t.Fatal(err)
	}
	return heard.Environment["JUPYTERHUB_CLIENT_ID"]
}
