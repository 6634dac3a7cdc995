//go:build hubs

package hubs

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// get opens a path and goes where the answers lead.
func get(t *testing.T, session *bed.Session, path string) *bed.Answer {
	t.Helper()
	answer, err := session.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// enter opens a path that the session's user must be let into, and returns the
// way there.
func enter(t *testing.T, h *hub, session *bed.Session, path string) *bed.Answer {
	t.Helper()
	answer := get(t, session, path)
	if got := answer.URL.String(); answer.Status != http.StatusOK || got != h.URL+path {
		t.Fatalf("%s asked for %s and was answered %d at %s: %s\n%s\n%s", session.User, path, answer.Status, got,
			text(answer), strings.Join(answer.Hops, "\n"), h.LogTail(30))
	}
	return answer
}

// fetch is what a script in a page, or with a token a program, does.
func fetch(t *testing.T, session *bed.Session, path, token string) *bed.Answer {
	t.Helper()
	request := session.NewRequest(t.Context(), http.MethodGet, path, "")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Sec-Fetch-Mode", "cors")
	request.Header.Set("Sec-Fetch-Dest", "empty")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if token != "" {
		request.Header.Set("Authorization", "token "+token)
	}
	answer, err := session.Once(spelled(request))
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// dial tries to open a websocket and returns the status of the answer.
func dial(t *testing.T, h *hub, session *bed.Session, path, token string) int {
	t.Helper()
	conn, status := open(t, h, session, path, token)
	if conn != nil {
		hangUp(t, conn)
	}
	return status
}

// open tries to open a websocket; without one the connection is nil.
func open(t *testing.T, h *hub, session *bed.Session, path, token string) (*websocket.Conn, int) {
	t.Helper()
	header := http.Header{"Origin": {h.URL}} // as a browser does
	if token != "" {
		header.Set("Authorization", "token "+token)
	}
	dialer := websocket.Dialer{Jar: spelledJar{session.Jar()}, HandshakeTimeout: patience}
	conn, response, err := dialer.DialContext(t.Context(), "ws://"+h.Host+path, header)
	if response == nil {
		t.Fatalf("%s was not answered: %v", path, err)
	}
	if err != nil {
		return nil, response.StatusCode
	}
	return conn, response.StatusCode
}

// hangUp hears the app's hello and parts in the way of websockets. To close
// with the hello unread resets the connection, over which the hub's proxy
// complains in a log that should be quiet.
func hangUp(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	defer conn.Close()
	hear(t, conn)
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("the websocket ended with %v", err)
	}
}

// hear waits for the app's hello.
func hear(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatalf("no hello: %v", err)
	}
}

// unseenMark stands in the addresses of what no app may see, as nothing else
// does: other programs of the machine knock at an app's port by mistake.
const unseenMark = "must-be-unseen-"

// unseen fails if an app of alice's saw a request with that mark.
func unseen(t *testing.T, h *hub, mark string) {
	t.Helper()
	token := newToken(t, h, "alice")
	unseenAt(t, h, h.home, mark, token)
	unseenAt(t, h, h.lab, mark, token)
}

// unseenAt is unseen for one app, which the token's owner may ask.
func unseenAt(t *testing.T, h *hub, prefix, mark, token string) {
	t.Helper()
	witness := h.NewSession("")
	want(t, h, fetch(t, witness, prefix+"witness", token), http.StatusOK)
	var lines []string
	answer := fetch(t, witness, prefix+"seen", token)
	if err := json.Unmarshal(answer.Body, &lines); err != nil || !slices.Contains(lines, "GET /witness") {
		t.Fatalf("the app's list proves nothing (%v): %d %s", err, answer.Status, text(answer))
	}
	for _, line := range lines {
		if strings.Contains(line, unseenMark+mark) {
			t.Errorf("the app saw %q", line)
		}
	}
}

// want complains about an answer with another status.
func want(t *testing.T, h *hub, answer *bed.Answer, status int) {
	t.Helper()
	if answer.Status != status {
		t.Errorf("%s was answered %d, not %d: %s\n%s", answer.URL, answer.Status, status, text(answer), h.LogTail(30))
	}
}

// text is the beginning of a body, for a person.
func text(answer *bed.Answer) string { return string(answer.Body[:min(len(answer.Body), 500)]) }
