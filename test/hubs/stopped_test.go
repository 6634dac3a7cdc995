//go:build hubs

package hubs

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// A visitor sits before the app, with a websocket, when the server is stopped
// and later started again.
func serverStops(t *testing.T, h *hub) {
	const user = "stan"
	h.start(t, user, "", bed.Server{})
	prefix := bed.Prefix(user, "")
	session := mustLogIn(t, h, user, prefix)
	conn, status := open(t, h, session, prefix+"ws", "")
	if conn == nil {
		t.Fatalf("the websocket was answered %d", status)
	}
	defer conn.Close()
	hear(t, conn)
	h.stop(t, user)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the websocket ended with %v", err)
	}
	session.User = "" // from here on, the login form is an end
	mustBeTheHubs(t, h, session, prefix)

	h.start(t, user, "", bed.Server{})
	// It has a new token, with which it cannot open the cookie of before.
	want(t, h, fetch(t, session, prefix, ""), http.StatusUnauthorized)
	answer := enter(t, h, session, prefix+deep)
	if slices.ContainsFunc(answer.Hops, func(hop string) bool { return strings.HasPrefix(hop, h.URL+"/hub/login") }) {
		t.Errorf("the login was not silent: %q", answer.Hops)
	}
	want(t, h, fetch(t, session, prefix, ""), http.StatusOK)
	if status := dial(t, h, session, prefix+"ws", ""); status != http.StatusSwitchingProtocols {
		t.Errorf("the websocket was answered %d", status)
	}
}

func serverNotStarted(t *testing.T, h *hub) {
	const user = "una"
	if err := h.AddUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	session, err := h.Login(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	mustBeTheHubs(t, h, session, bed.Prefix(user, ""))
}

// stop stops a user's default server. Hubs before 3 do not list it from then on,
// which the bed's own way takes for a fault.
func (h *hub) stop(t *testing.T, user string) {
	t.Helper()
	answer, err := h.API(t.Context(), http.MethodDelete, "/users/"+user+"/server", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusNoContent && answer.Status != http.StatusAccepted {
		t.Fatalf("the hub answered the stop with %d: %s", answer.Status, text(answer))
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		answer := call(t, h, http.MethodGet, "/users/"+user, nil, http.StatusOK)
		var model struct{ Servers map[string]bed.Model }
		if err := answer.JSON(&model); err != nil {
			t.Fatal(err)
		}
		if server, ok := model.Servers[""]; !ok || (!server.Ready && server.Pending == "") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not stop\n%s", h.LogTail(40))
		}
	}
}

// mustBeTheHubs makes sure that the hub answers for a server that does not run,
// in its ways for pages and for scripts.
func mustBeTheHubs(t *testing.T, h *hub, session *bed.Session, prefix string) {
	t.Helper()
	status := http.StatusFailedDependency
	if h.major < 2 {
		status = http.StatusServiceUnavailable
	}
	answer := get(t, session, prefix)
	if answer.Status != status || answer.URL.Path != "/hub"+prefix {
		t.Errorf("a page was answered %d at %s: %s", answer.Status, answer.URL, text(answer))
	}
	answer = fetch(t, session, prefix+"x", "")
	if answer.Status != http.StatusFound || answer.Header.Get("Location") != "/hub"+prefix+"x" {
		t.Errorf("a script was answered %d, to %q: %s", answer.Status, answer.Header.Get("Location"), text(answer))
	}
	want(t, h, fetch(t, session, "/hub"+prefix+"x", ""), status)
	if status := dial(t, h, session, prefix+"ws", ""); status != http.StatusFound {
		t.Errorf("a websocket was answered %d", status)
	}
}
