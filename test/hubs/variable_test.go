//go:build hubs

package hubs

import (
	"net/http"
	"strings"
	"testing"
)

// The variables of the Python program, as a spawner's environment gives them.
// They count beside the hub's own rule. Hubs since 2 keep those without a right
// of their own out of the login, so only their tokens come as far as us.

const authorizePage = "/hub/api/oauth2/authorize"

func groupVariable(t *testing.T, h *hub) {
	h.join(t, "fans", "faye")
	h.variable(t, "group", map[string]string{"JUPYTERHUB_GROUP": "fans"}, "faye", "bob")
}

func anyoneVariable(t *testing.T, h *hub) {
	h.variable(t, "anyone", map[string]string{"JUPYTERHUB_ANYONE": "1"}, "bob", "")
}

// The hub itself gives the variable the owner's name.
func userVariable(t *testing.T, h *hub) {
	h.variable(t, "user", map[string]string{"JUPYTERHUB_USER": "ursula"}, "ursula", "bob")
}

// variable starts a server with variables by which the friend may enter beside
// the owner, and the stranger, if there is one, may not.
func (h *hub) variable(t *testing.T, name string, variables map[string]string, friend, stranger string) {
	t.Helper()
	if err := h.AddUser(t.Context(), friend); err != nil {
		t.Fatal(err)
	}
	for variable := range variables {
		if h.warnsOf(variable) {
			t.Errorf("a server without %s warns of it", variable)
		}
	}
	prefix := h.startFor(t, friend, name, variables)
	for variable := range variables {
		if !h.warnsOf(variable) {
			t.Errorf("the log holds no warning of %s", variable)
		}
	}
	mustAnswer(t, h, prefix, newToken(t, h, friend), http.StatusOK, http.StatusSwitchingProtocols)
	mustBeLetIn(t, h, "alice", prefix)
	mustAnswer(t, h, prefix+unseenMark+"nobody", "0123456789abcdef0123456789abcdef", http.StatusUnauthorized, http.StatusForbidden)
	mustAnswer(t, h, prefix+unseenMark+"powerless", h.powerless, http.StatusForbidden, http.StatusForbidden)
	token := newToken(t, h, friend)
	unseenAt(t, h, prefix, "nobody", token)
	unseenAt(t, h, prefix, "powerless", token)
	if stranger != "" {
		mustStayOut(t, h, stranger, prefix, friend)
		mustAnswer(t, h, prefix+unseenMark+stranger, newToken(t, h, stranger), http.StatusForbidden, http.StatusForbidden)
		unseenAt(t, h, prefix, stranger, token)
	}
	if h.major < 2 {
		mustBeLetIn(t, h, friend, prefix)
		return
	}
	if where := mustStayOut(t, h, friend, prefix, friend); where != authorizePage {
		t.Errorf("%s was not refused by the hub's login, but at %s", friend, where)
	}
	h.note("ok by token; no login by the hub")
}

// warnsOf says whether a server warned of a variable so far.
func (h *hub) warnsOf(variable string) bool {
	for _, line := range strings.Split(h.LogTail(1_000_000), "\n") {
		if strings.Contains(line, "level=WARN") && strings.Contains(line, variable) {
			return true
		}
	}
	return false
}
