//go:build e2e

package test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// The hub hears of it when a server is used, the default one and a named one,
// and hears nothing of one that is not.
func TestActivity(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "named"} {
		t.Run("server "+name, func(t *testing.T) {
			t.Parallel()
			at := startEcho(t, "dora", name, "--last-activity-interval=2", "--no-force-alive")
			session := visit(t, "dora", at)
			// What the login did is reported before the test proper begins.
			settled := settle(t, at)

			before := time.Now().UTC()
			if !settled.Before(before) {
				t.Fatalf("the hub says that the server was last active at %s, after now", settled)
			}
			hear(t, fetch(t, session, at.prefix+"used"))
			awaitActivity(t, at, before)

			settle(t, at)
			conn, _ := dial(t, dialer(session), at.prefix+"ws", nil)
			settle(t, at)
			before = time.Now().UTC()
			if err := conn.WriteMessage(websocket.TextMessage, []byte("used")); err != nil {
				t.Fatal(err)
			}
			awaitActivity(t, at, before)
		})
	}
}

// By default a server that runs counts as used, as the Python program had it.
func TestForceAlive(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "dora", "forced", "--last-activity-interval=1")
	awaitActivity(t, at, time.Now().UTC().Add(2*time.Second))
}

func lastActivity(t *testing.T, at server) time.Time {
	t.Helper()
	model, err := shared.hub.Server(t.Context(), at.user, at.name)
	if err != nil {
		t.Fatal(err)
	}
	return model.LastActivity
}

// settle waits until the hub has not heard of the server for two intervals.
func settle(t *testing.T, at server) time.Time {
	t.Helper()
	last, since := lastActivity(t, at), time.Now()
	eventually(t, patience, func() error {
		if now := lastActivity(t, at); now != last {
			last, since = now, time.Now()
		}
		if quiet := time.Since(since); quiet < 5*time.Second {
			return fmt.Errorf("the server is idle, but its last activity moved %s ago", quiet)
		}
		return nil
	})
	return last
}

func awaitActivity(t *testing.T, at server, after time.Time) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		// The hub keeps microseconds.
		if last := lastActivity(t, at); last.Before(after.Truncate(time.Millisecond)) {
			return fmt.Errorf("the hub says the last activity was at %s, before %s", last, after)
		}
		return nil
	})
}
