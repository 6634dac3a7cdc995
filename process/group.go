package process

import (
	"errors"
	"syscall"
	"time"
)

// group is a process group, named by its leader's pid. All calls are safe
// when the group is gone.
type group int

// signal sends to every process of the group.
func (g group) signal(sig syscall.Signal) { _ = syscall.Kill(-int(g), sig) }

// alive says whether any process of the group is left. One that we may not
// signal is alive, too.
func (g group) alive() bool {
	return !errors.Is(syscall.Kill(-int(g), 0), syscall.ESRCH)
}

// sweep ends what the leader left behind: a request, then force.
func (g group) sweep(grace time.Duration) {
	if !g.alive() {
		return
	}
	g.signal(syscall.SIGTERM)
	for deadline := time.Now().Add(grace); g.alive() && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	g.signal(syscall.SIGKILL)
}
