//go:build hubs

package hubs

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// What the hub's own settings add to a server must not keep it from starting.
// Up to hub 1 they are flags behind the spawner's command, since hub 2 they are
// variables.
func startsWithSettings(t *testing.T, h *hub) {
	mustStart(t, h, "settings", map[string]any{
		"command": h.command().Command,
		"settings": map[string]any{
			"default_url": "/deep", "notebook_dir": "~",
			"debug": true, "disable_user_config": true,
		},
	})
}

// The app stands in the spawner's command, as the Python program's users have
// it, and what a hub 1 adds comes behind that.
func startsByCommandOnly(t *testing.T, h *hub) {
	command := h.command().Command
	echo := command[len(command)-2]
	mustStart(t, h, "command", map[string]any{
		"command":      []string{command[0], echo, "{--}port={port}"},
		"command_only": true,
	})
}

// The hub compares its version with that of its servers, and warns of those
// that do not tell.
func tellsVersion(t *testing.T, h *hub) {
	for _, line := range strings.Split(h.LogTail(1_000_000), "\n") {
		if strings.Contains(line, "no version header") {
			t.Fatalf("the hub complains: %s", line)
		}
	}
}

// The hub runs its servers on its own machine and expects them at 127.0.0.1, so
// nothing listens wider than that. Hub 1 names no address there, and its own
// single-user server then takes the loopback one (1.5.1, singleuser/mixins.py,
// _ip_default).
func listensNarrowly(t *testing.T, h *hub) {
	found := false
	for _, line := range strings.Split(h.LogTail(1_000_000), "\n") {
		if !strings.Contains(line, "msg=listening") {
			continue
		}
		found = true
		if !strings.Contains(line, "address=127.0.0.1:") {
			t.Fatalf("our program says: %s", line)
		}
	}
	if !found {
		t.Fatal("no server said where it listens")
	}
}

// mustStart starts a named server of erin's with all that the pre-spawn hook
// understands, and enters it.
func mustStart(t *testing.T, h *hub, name string, options map[string]any) {
	t.Helper()
	const user = "erin"
	if err := h.AddUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	path := "/users/" + user + "/servers/" + name
	answer, err := h.API(t.Context(), http.MethodPost, path, map[string]any{"user_options": options})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusCreated && answer.Status != http.StatusAccepted {
		t.Fatalf("the hub answered the start with %d: %s\n%s", answer.Status, text(answer), h.LogTail(40))
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		model, err := h.Server(t.Context(), user, name)
		if err == nil && model.Ready {
			break
		}
		if err != nil || model.Pending == "" || time.Now().After(deadline) {
			t.Fatalf("the server does not start: %v\n%s", err, h.LogTail(40))
		}
	}
	h.awaitApp(t, user, bed.Prefix(user, name))
	enter(t, h, h.NewSession(user), bed.Prefix(user, name))
}
