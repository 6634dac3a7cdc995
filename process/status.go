package process

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// State is where the app is in its life:
//
//	waiting → starting → ready → stopping → stopped
//	             ↑  ↓      ↓
//	             backoff ←─┘→ failed
type State string

// The states.
const (
	// Waiting is for a first visitor, whose request tells {origin_host}.
	Waiting State = "waiting"
	// Starting is from the start of the process to its first HTTP answer.
	Starting State = "starting"
	// Ready is when requests can be passed to it.
	Ready State = "ready"
	// Backoff is the pause before the next start.
	Backoff State = "backoff"
	// Failed is when it ended and will not be started again.
	Failed State = "failed"
	// Stopping and Stopped are by our own doing.
	Stopping State = "stopping"
	Stopped  State = "stopped"
)

// States are all states, for those who count them.
func States() []State {
	return []State{Waiting, Starting, Ready, Backoff, Failed, Stopping, Stopped}
}

// Status is a snapshot of the app's life.
type Status struct {
	State State
	Since time.Time
	// PID and Port are 0 while there is no process.
	PID, Port int
	// Starts counts how often the process was started.
	Starts int
	// LastExit is how it ended last, and nil if it never did.
	LastExit *Exit
	// NextStart is when a backoff is over.
	NextStart time.Time
}

// Exit is the end of a process.
type Exit struct {
	// Code is the exit code where there is one, and -1 if a signal ended it.
	Code   int
	Signal syscall.Signal
	// Reason is set where the process never ran, or was ended by us because
	// it was not ready in time.
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
