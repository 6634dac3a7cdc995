//go:build hubs

package hubs

import (
	"net/http"
	"testing"
)

func ownersToken(t *testing.T, h *hub) {
	for _, prefix := range []string{h.home, h.lab} {
		mustAnswer(t, h, prefix, newToken(t, h, "alice"), http.StatusOK, http.StatusSwitchingProtocols)
	}
}

func strangersToken(t *testing.T, h *hub) {
	mustRefuse(t, h, newToken(t, h, "bob"), http.StatusForbidden)
}

func unknownToken(t *testing.T, h *hub) {
	mustRefuse(t, h, "0123456789abcdef0123456789abcdef", http.StatusUnauthorized)
}

// The token was not seen before its end, so that no verdict on it is kept.
func revokedToken(t *testing.T, h *hub) {
	answer, err := h.API(t.Context(), http.MethodPost, "/users/alice/tokens", map[string]string{"note": "to be revoked"})
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ ID, Token string }
	if err := answer.JSON(&made); err != nil || made.ID == "" || made.Token == "" {
		t.Fatalf("no token (%v): %d", err, answer.Status)
	}
	call(t, h, http.MethodDelete, "/users/alice/tokens/"+made.ID, nil, http.StatusNoContent)
	mustRefuse(t, h, made.Token, http.StatusUnauthorized)
}

// Alice's own, but not for entering servers.
func narrowToken(t *testing.T, h *hub) {
	token, err := h.NewToken(t.Context(), "alice", "read:users:name!user")
	if err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, h, token, http.StatusForbidden)
}

func robotsToken(t *testing.T, h *hub) {
	for _, prefix := range []string{h.home, h.lab} {
		mustAnswer(t, h, prefix, h.robot, http.StatusOK, http.StatusSwitchingProtocols)
	}
}

func powerlessService(t *testing.T, h *hub) {
	mustRefuse(t, h, h.powerless, http.StatusForbidden)
}

func mustRefuse(t *testing.T, h *hub, token string, status int) {
	t.Helper()
	for _, prefix := range []string{h.home, h.lab} {
		mustAnswer(t, h, prefix+unseenMark+"refused", token, status, http.StatusForbidden)
	}
	unseen(t, h, "refused")
}

// mustAnswer comes with a token to a page and to a websocket.
func mustAnswer(t *testing.T, h *hub, path, token string, status, websocket int) {
	t.Helper()
	program := h.NewSession("")
	want(t, h, fetch(t, program, path, token), status)
	if got := dial(t, h, program, path+"ws", token); got != websocket {
		t.Errorf("the websocket %sws was answered %d, not %d", path, got, websocket)
	}
}

func newToken(t *testing.T, h *hub, user string) string {
	t.Helper()
	token, err := h.NewToken(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
