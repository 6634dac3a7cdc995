package process

import (
	"errors"
	"syscall"
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
