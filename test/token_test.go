//go:build e2e

package test

import (
	"net/http"
	"testing"
)

// Programs come with a token of the hub instead of a browser's login.
func TestToken(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "tokens")
	token := newToken(t, "alice")
	narrow := newToken(t, "alice", "read:users:name!user")

	for name, test := range map[string]struct {
		authorization string
		status        int
	}{
		"token":                            {"token " + token, http.StatusOK},
		"Bearer":                           {"Bearer " + token, http.StatusOK},
		"bearer":                           {"bearer " + token, http.StatusOK},
		"unknown":                          {"token " + "0123456789abcdef0123456789abcdef", http.StatusUnauthorized},
		"empty":                            {"token ", http.StatusUnauthorized},
		"of the owner, but without access": {"token " + narrow, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := shared.hub.NewSession("")
			answer := fetch(t, program, at.prefix+"with-token", "Authorization", test.authorization)
			if answer.Status != test.status {
				t.Fatalf("was answered %d, not %d: %s", answer.Status, test.status, answer.Body)
			}
			if test.status != http.StatusOK {
				return
			}
			if got := hear(t, answer).values("Authorization"); len(got) > 0 {
				t.Errorf("the app got the token of the hub: %q", got)
			}
			header := http.Header{"Authorization": {test.authorization}}
			_, got := dial(t, dialer(program), at.prefix+"ws", header)
			if values := got.values("Authorization"); len(values) > 0 {
				t.Errorf("the app got the token of the hub over the websocket: %q", values)
			}
		})
	}
}

func newToken(t *testing.T, user string, scopes ...string) string {
	t.Helper()
	token, err := shared.hub.NewToken(t.Context(), user, scopes...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
