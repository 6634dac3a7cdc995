//go:build hubs

package hubs

import (
	"net/http"
	"strings"
	"testing"
)

// Boss may enter every server by the hub's own rule, on every version.

func allowUser(t *testing.T, h *hub) {
	prefix := h.startFor(t, "boss", "allow-user", nil, "--allow-user=boss", "--allow-user=bob")
	onlyBoss(t, h, prefix)
	// The flag takes away and gives nothing: bob is named, but the hub has no
	// right for him.
	mustStayOut(t, h, "bob", prefix, "boss")
	mustAnswer(t, h, prefix+unseenMark+"bob", newToken(t, h, "bob"), http.StatusForbidden, http.StatusForbidden)
}

func allowGroup(t *testing.T, h *hub) {
	h.join(t, "chiefs", "boss")
	h.join(t, "fans", "faye")
	prefix := h.startFor(t, "boss", "allow-group", nil, "--allow-group=chiefs", "--allow-group=fans")
	onlyBoss(t, h, prefix)
	mustStayOut(t, h, "faye", prefix, "boss")
	mustAnswer(t, h, prefix+unseenMark+"faye", newToken(t, h, "faye"), http.StatusForbidden, http.StatusForbidden)
}

// onlyBoss checks that boss is let in, and neither the owner, who is not named,
// nor a service.
func onlyBoss(t *testing.T, h *hub, prefix string) {
	t.Helper()
	mustBeLetIn(t, h, "boss", prefix)
	mustAnswer(t, h, prefix, newToken(t, h, "boss"), http.StatusOK, http.StatusSwitchingProtocols)
	if where := mustStayOut(t, h, "alice", prefix, "boss"); where != prefix+unseenMark+"alice" {
		t.Errorf("the owner was not refused by us, but at %s", where)
	}
	mustAnswer(t, h, prefix+unseenMark+"alice", newToken(t, h, "alice"), http.StatusForbidden, http.StatusForbidden)
	mustAnswer(t, h, prefix+unseenMark+"robot", h.robot, http.StatusForbidden, http.StatusForbidden)
	token := newToken(t, h, "boss")
	unseenAt(t, h, prefix, "alice", token)
	unseenAt(t, h, prefix, "robot", token)
}

// startFor starts a server of alice's with variables and flags of ours, waits
// until the visitor finds the app there, and returns its prefix.
func (h *hub) startFor(t *testing.T, visitor, name string, variables map[string]string, flags ...string) string {
	t.Helper()
	server := h.command(flags...)
	server.Environment = variables
	if err := h.StartServer(t.Context(), "alice", name, server); err != nil {
		t.Fatal(err)
	}
	prefix := strings.TrimSuffix(h.lab, "lab/") + name + "/"
	h.awaitApp(t, visitor, prefix)
	return prefix
}
