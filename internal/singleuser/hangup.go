package singleuser

import (
	"os"
	"os/signal"
	"syscall"
)

// hangup tells what a SIGHUP means. Who sends one to a server wants it started
// anew; but when a terminal goes away, everything on it gets one, too, and has
// lost it then.
type hangup struct {
	attached bool // we were started on a terminal, and have not lost it yet
	immune   bool // by nohup(1): we are to outlive the terminal
}

// newHangup looks around. It has to be made before anybody asks for SIGHUP.
func newHangup() *hangup {
	return &hangup{attached: hasTerminal(), immune: signal.Ignored(syscall.SIGHUP)}
}

// meaning is SIGHUP for a new start, SIGTERM where the terminal is gone and we
// are to go with it, and 0 where we are not.
func (h *hangup) meaning() syscall.Signal {
	if !h.attached || hasTerminal() {
		return syscall.SIGHUP
	}
	h.attached = false
	if h.immune {
		return 0
	}
	return syscall.SIGTERM
}

// hasTerminal says whether this program can be reached from a terminal.
func hasTerminal() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	return terminal.Close() == nil
}
