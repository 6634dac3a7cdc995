//go:build hubs

package hubs

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// The roles are in jupyterhub_config.py.

func groupForUser(t *testing.T, h *hub) {
	h.join(t, "team", "gwen")
	for _, prefix := range []string{h.home, h.lab} {
		mustBeLetIn(t, h, "gwen", prefix)
		mustAnswer(t, h, prefix, newToken(t, h, "gwen"), http.StatusOK, http.StatusSwitchingProtocols)
	}
}

func groupForServer(t *testing.T, h *hub) {
	h.join(t, "crew", "gina")
	mustBeLetIn(t, h, "gina", h.lab)
	mustAnswer(t, h, h.lab, newToken(t, h, "gina"), http.StatusOK, http.StatusSwitchingProtocols)
	mustStayOut(t, h, "gina", h.home, "alice")
}

// A scope for the servers of a group's members can only be resolved by the hub,
// which does so where a login is for a certain server.
func groupForGroup(t *testing.T, h *hub) {
	h.join(t, "staff", "gus")
	h.join(t, "owners", "alice")
	for _, prefix := range []string{h.home, h.lab} {
		mustBeLetIn(t, h, "gus", prefix)
	}
}

// A plain token is for no certain server, so its scope comes to us as it is,
// and who is in the group we cannot know.
func groupForGroupToken(t *testing.T, h *hub) {
	h.join(t, "staff", "gus")
	h.join(t, "owners", "alice")
	token := newToken(t, h, "gus")
	if held := scopesOf(t, h, token); !slices.Contains(held, "access:servers!group=owners") ||
		slices.ContainsFunc(held, func(scope string) bool { return strings.Contains(scope, "alice") }) {
		t.Fatalf("the hub resolves the scope by now: %q", held)
	}
	mustRefuse(t, h, token, http.StatusForbidden)
}

func groupLeft(t *testing.T, h *hub) {
	h.join(t, "team", "greg")
	session, token := mustBeLetIn(t, h, "greg", h.lab), newToken(t, h, "greg")
	call(t, h, http.MethodDelete, "/groups/team/users", users("greg"), http.StatusOK)
	mustStayOut(t, h, "greg", h.lab, "alice")
	mustAnswer(t, h, h.lab+unseenMark+"greg", token, http.StatusForbidden, http.StatusForbidden)
	// With the session under a new name, the verdict on him is asked for anew.
	session.SetCookie("jupyterhub-session-id", "another")
	want(t, h, fetch(t, session, h.lab+unseenMark+"greg", ""), http.StatusForbidden)
	unseen(t, h, "greg")
}

// The hub lets a group's share count on its own pages, but gives its tokens the
// shares of users only (scopes.py, get_scopes_for): its authorize page lets her
// pass, and the token we get then does not. If a hub's tokens have it, so must
// she.
func groupShare(t *testing.T, h *hub) {
	const share = "/shares/alice/lab"
	h.join(t, "fans", "faye")
	call(t, h, http.MethodPost, share, map[string]string{"group": "fans"}, http.StatusOK)
	defer call(t, h, http.MethodDelete, share, nil, http.StatusNoContent)
	token := newToken(t, h, "faye")
	if slices.Contains(scopesOf(t, h, token), "access:servers!server=alice/lab") {
		mustBeLetIn(t, h, "faye", h.lab)
		mustAnswer(t, h, h.lab, token, http.StatusOK, http.StatusSwitchingProtocols)
		return
	}
	answer := get(t, h.NewSession("faye"), h.lab+unseenMark+"faye")
	if answer.Status != http.StatusForbidden || answer.URL.Path != h.lab+unseenMark+"faye" || !overCallback(answer, h.lab) {
		t.Errorf("faye was answered %d at %s: %s\n%q", answer.Status, answer.URL, text(answer), answer.Hops)
	}
	mustAnswer(t, h, h.lab+unseenMark+"faye", token, http.StatusForbidden, http.StatusForbidden)
	unseen(t, h, "faye")
	h.lacks("the hub's tokens hold no shares of groups")
}

// join puts a user into a group.
func (h *hub) join(t *testing.T, group, user string) {
	t.Helper()
	if err := h.AddUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	call(t, h, http.MethodPost, "/groups/"+group+"/users", users(user), http.StatusOK)
}

func users(names ...string) map[string][]string { return map[string][]string{"users": names} }

// scopesOf is what the hub says that a token may.
func scopesOf(t *testing.T, h *hub, token string) []string {
	t.Helper()
	answer, err := h.APIAs(t.Context(), token, http.MethodGet, "/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	var user struct{ Scopes []string }
	if err := answer.JSON(&user); err != nil || len(user.Scopes) == 0 {
		t.Fatalf("the hub tells no scopes (%v): %s", err, text(answer))
	}
	return user.Scopes
}

// mustBeLetIn comes to a server with a browser: to a page and a websocket.
func mustBeLetIn(t *testing.T, h *hub, user, prefix string) *bed.Session {
	t.Helper()
	session := h.NewSession(user)
	enter(t, h, session, prefix+deep)
	if status := dial(t, h, session, prefix+"ws", ""); status != http.StatusSwitchingProtocols {
		t.Errorf("the websocket of %s at %s was answered %d", user, prefix, status)
	}
	return session
}

// mustStayOut comes with a browser to a server that is not for its user, and
// asks the app of that with the witness's token. It returns where the refusal
// was: at the hub's authorize page, or at ours.
func mustStayOut(t *testing.T, h *hub, user, prefix, witness string) string {
	t.Helper()
	session := h.NewSession(user)
	answer := get(t, session, prefix+unseenMark+user)
	if answer.Status != http.StatusForbidden {
		t.Errorf("%s was answered %d at %s: %s\n%q", user, answer.Status, answer.URL, text(answer), answer.Hops)
	}
	if status := dial(t, h, session, prefix+"ws?"+unseenMark+user, ""); status != http.StatusForbidden {
		t.Errorf("the websocket of %s at %s was answered %d", user, prefix, status)
	}
	unseenAt(t, h, prefix, user, newToken(t, h, witness))
	return answer.URL.Path
}

func overCallback(answer *bed.Answer, prefix string) bool {
	return slices.ContainsFunc(answer.Hops, func(hop string) bool { return strings.Contains(hop, prefix+"oauth_callback?") })
}
