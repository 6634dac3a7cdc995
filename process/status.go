package process

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// State is where the app is in its life:
//
//	   ┌─────────────────────────────── out of use: asleep ──┐
//	   ↓                                                     │
//	waiting ─ Wake → preparing ───→ starting ─ answers ──→ ready
//	                   │   ↑         │  ↑  ↑                 │ │
//	                   │   │         │  │  └──── Restart ────┘ │
//	                   │   │         ↓  │                      │
//	            fails  │   │ Retry  backoff ←── ends, unwell ──┘
//	                   ↓   │         │
//	                  failed ←───────┘ too often, or not wanted (Retry: starting)
//
//	any of them ─ Stop → stopping → stopped
//
// An app that needs no visitor, or no preparation, leaves out those states; one
// that is asleep is not prepared again. With the restart policy Never, Run
// returns from failed. An app that somebody else runs knows starting, ready,
// backoff and stopped only.
type State string

// The states.
const (
	// Waiting is for a visitor: the first, whose request tells {origin_host}
	// or whom a lazy start awaits, or the next one after an idle stop.
	Waiting State = "waiting"
	// Preparing is what has to be done before the first start.
	Preparing State = "preparing"
	// Starting is from the start of the process to its first HTTP answer. After
	// a Restart, the process before may still be ending.
	Starting State = "starting"
	// Ready is when requests can be passed to it.
	Ready State = "ready"
	// Backoff is from when a process is of no more use to the next start.
	Backoff State = "backoff"
	// Failed is when it ended, or could not be prepared, and will not be
	// started again by itself.
	Failed State = "failed"
	// Stopping and Stopped are by our own doing, and for good.
	Stopping State = "stopping"
	Stopped  State = "stopped"
)

// States are all states, for those who count them.
func States() []State {
	return []State{Waiting, Preparing, Starting, Ready, Backoff, Failed, Stopping, Stopped}
}

// Status is a snapshot of the app's life.
type Status struct {
	State State
	Since time.Time
	// PID and Port are 0 while there is no process. An app that was not started
	// by us has no PID, and one behind a unix socket no Port.
	PID, Port int
	// Socket is the path of the unix socket that the app listens on.
	Socket string
	// Starts counts how often the process was started.
	Starts int
	// LastExit is how it ended last, and nil if it never did.
	LastExit *Exit
	// NextStart is when a backoff is over.
	NextStart time.Time
	// Progress is how far the preparation is, and nil where that is unknown.
	Progress *Progress
	// Asleep says that the app waits because it was out of use for long.
	Asleep bool
	// Health is what is wrong with an app that is still ready: the reason of
	// the last failed check. It is empty for a healthy one.
	Health string
	// Hint says what may be the matter with an app that takes long to start,
	// such as that it listens on another port.
	Hint string
}

// Exit is the end of a process.
type Exit struct {
	// Code is the exit code where there is one, and -1 if a signal ended it.
	Code   int
	Signal syscall.Signal
	// Reason is set where the process never ran, went to the background, or was
	// ended by us because it was not ready in time or not healthy.
	Reason string
}

// Success says whether the process ended well, by its own will.
func (e Exit) Success() bool { return e.Code == 0 && e.Reason == "" }

// ExitCode is the code for our own exit, by the shell's custom: 128 and the
// signal's number where a signal ended the process.
func (e Exit) ExitCode() int {
	switch {
	case e.Signal != 0:
		return 128 + int(e.Signal)
	case e.Code < 0:
		return 1
	}
	return e.Code
}

// String says how the process ended, as the end of a sentence.
func (e Exit) String() string {
	switch {
	case e.Reason != "":
		return e.Reason
	case e.Signal != 0:
		return fmt.Sprintf("was ended by signal %d (%s)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("ended with exit code %d", e.Code)
}

// exitOf reads how a finished command ended.
func exitOf(cmd *exec.Cmd) Exit {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return Exit{Code: -1, Signal: status.Signal()}
	}
	return Exit{Code: cmd.ProcessState.ExitCode()}
}
