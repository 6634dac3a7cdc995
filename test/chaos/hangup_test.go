//go:build e2e

package chaos

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// hangups is how often our program is told to start the app anew.
const hangups = 20

// SIGHUP starts the app anew, under load, and nobody is turned away: the
// listener stays.
func TestHangUpRefusesNobody(t *testing.T) {
	// With the policy that restarts least: this is no failure.
	s := start(t, setup{flags: []string{"--restart=never", "--no-logs"}, app: []string{"--family"}})
	app, err := s.app(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := s.visit(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var knocking sync.WaitGroup
	var knocks, refused int
	var last error
	knocking.Go(func() {
		for ; ctx.Err() == nil; pause(ctx, time.Millisecond) {
			conn, err := net.DialTimeout("tcp", s.address, hung)
			knocks++
			if err != nil {
				refused++
				last = err
				continue
			}
			conn.Close()
		}
	})
	var took []time.Duration
	for range hangups {
		begun := time.Now()
		if err := s.command.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		app = s.awaitOther(t, app)
		took = append(took, time.Since(begun))
	}
	cancel()
	knocking.Wait()
	seen := l.end(t)
	t.Logf("%d restarts, the longest of %s; %d connections, %d refused; %d requests by wrk", hangups, share(took, 100).Round(time.Millisecond), knocks, refused, seen.requests)
	if refused > 0 || seen.refused > 0 {
		t.Errorf("%d and %d connections were refused: %v", refused, seen.refused, last)
	}
	if knocks < hangups {
		t.Errorf("only %d connections were tried", knocks)
	}
	if n := int64(seen.timeouts) + l.unanswered.Load() + l.stuck.Load(); n > 0 {
		t.Errorf("%d requests or websockets hung", n)
	}
	if half, most := share(took, 50), share(took, 90); half > usual || most > recovery {
		t.Errorf("half of the restarts took up to %s, and nine of ten up to %s", half, most)
	}
	select {
	case <-s.ended:
		t.Errorf("our program has ended: %v", s.command.ProcessState)
	default:
	}
}
