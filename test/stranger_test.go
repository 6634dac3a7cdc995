//go:build e2e

package test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Bob, who may not, gets nowhere near alice's app: whatever he sends, by HTTP
// or by websocket, the app does not see it.
func TestStranger(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "private")
	hub := shared.hub

	// Bob logs in and tries the front door. The hub itself turns him away.
	bob, err := hub.Login(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	if answer := get(t, bob, at.prefix+"bob-navigates"); answer.Status != http.StatusForbidden {
		t.Errorf("bob's browser ended at %s with %d", answer.URL, answer.Status)
	}
	token := newToken(t, "bob")
	guest := formerGuest(t, at)

	visitors := []struct {
		name    string
		session *bed.Session
		headers []string
		status  int // of a request that is no navigation
	}{
		{"nobody", hub.NewSession(""), nil, http.StatusUnauthorized},
		{"bob with the hub's cookies", bob, nil, http.StatusUnauthorized},
		{"bob with his token", hub.NewSession(""), []string{"Authorization", "token " + token}, http.StatusForbidden},
		{"bob with all of it", bob, []string{"Authorization", "Bearer " + token}, http.StatusForbidden},
		{"a former guest with a login cookie", guest, nil, http.StatusForbidden},
	}
	for _, visitor := range visitors {
		t.Run(visitor.name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"} {
				for _, path := range []string{"?bob", "bob-was-here", "a/b%2Fbob?c=d", "api/bob", "logout/bob", "oauth_callback/bob", "ws?bob"} {
					headers := append([]string{"Sec-Fetch-Mode", "cors", "Accept", "*/*"}, visitor.headers...)
					if answer := once(t, visitor.session, method, at.prefix+path, headers...); answer.Status != visitor.status {
						t.Errorf("%s %s was answered %d, not %d: %.200s", method, path, answer.Status, visitor.status, answer.Body)
					}
				}
			}
			header := http.Header{}
			setHeaders(header, visitor.headers)
			if status := refused(t, visitor.session, at.prefix+"ws?bob", header); status != http.StatusForbidden {
				t.Errorf("the websocket handshake was answered %d", status)
			}
		})
	}

	t.Run("bob in his browser", func(t *testing.T) {
		result := browse(t, "stranger", scene{URL: hub.URL + at.prefix, User: "bob", Token: token})
		if result.Status != http.StatusForbidden {
			t.Errorf("after his login bob's browser got %d at %s", result.Status, result.URL)
		}
		if result.TokenStatus != http.StatusForbidden || !strings.Contains(result.Text, "bob") {
			t.Errorf("with a token bob's browser got %d: %s", result.TokenStatus, result.Text)
		}
		for _, picture := range []string{"stranger-1-hub", "stranger-2-ours"} {
			mustExist(t, filepath.Join(result.output, picture+".png"))
		}
	})

	for _, line := range seen(t, visit(t, "alice", at), at) {
		if strings.Contains(line, "bob") {
			t.Errorf("the app saw %q", line)
		}
	}
}

// formerGuest is carol, with whom alice shared her server and then did not any
// more. She still has the cookie of her login, and the hub's session under a
// new name, so that an old verdict on her is not found.
func formerGuest(t *testing.T, at server) *bed.Session {
	t.Helper()
	hub := shared.hub
	if err := hub.AddUser(t.Context(), "carol"); err != nil {
		t.Fatal(err)
	}
	share := fmt.Sprintf("/shares/%s/%s", at.user, at.name)
	if answer, err := hub.API(t.Context(), http.MethodPost, share, map[string]string{"user": "carol"}); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("sharing: %v %+v", err, answer)
	}
	// No word of the owner is needed for this visit, but carol's own: the hub
	// asks her whether this server may know who she is.
	carol := visit(t, "carol", at)
	if answer, err := hub.API(t.Context(), http.MethodDelete, share, nil); err != nil || answer.Status != http.StatusNoContent {
		t.Fatalf("ending the share: %v %+v", err, answer)
	}
	carol.SetCookie("jupyterhub-session-id", "another")
	return carol
}
