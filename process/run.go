package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

const (
	// sweepGrace is what each kind of leftover of an app gets to end by
	// itself.
	sweepGrace = time.Second
	// reapInterval is how long an orphan that has ended may stay a zombie: one
	// look at all children is enough for many that end together.
	reapInterval = time.Second
	// killGrace is how long we wait for a process that was killed: one that
	// hangs in a dead file system does not end even then.
	killGrace = 10 * time.Second
)

// cause is why a process ended.
type cause int

const (
	byItself  cause = iota // or because it was not ready, or not healthy
	byStop                 // Stop was called
	byRestart              // Restart was called
	bySleep                // it was out of use
)

// ending is how one run of the process ended, why, and how long it was ready.
type ending struct {
	exit  Exit
	cause cause
	ready time.Duration
}

// run is the process running one time.
type run struct {
	*App
	at      place
	leave   func() // gives the place back
	command command
	cmd     *exec.Cmd
	members group
	cgroup  *cgroup
	out     *output
	ended   chan struct{}

	started, ready, used time.Time
}

// once runs the process one time.
func (a *App) once() ending {
	select {
	case <-a.stop:
		return ending{cause: byStop}
	default:
	}
	forget(a.restart) // a start is all that it asks for
	r, failed := a.start()
	if r == nil {
		failed.Reason = "could not be started: " + failed.Reason
		return ending{exit: failed}
	}
	defer r.cleanUp()
	return r.watch()
}

// start starts the process, or says why it cannot be.
func (a *App) start() (*run, Exit) {
	at, leave, err := a.choose()
	if err != nil {
		return nil, Exit{Code: 1, Reason: err.Error()}
	}
	r := &run{App: a, at: at, leave: leave, ended: make(chan struct{})}
	if exit := r.launch(); exit.Reason != "" {
		r.leave()
		return nil, exit
	}
	go func() {
		_ = r.cmd.Wait() // how it ended is read from the process's state
		close(r.ended)
	}()
	a.settle(at)
	a.change(func(s *Status) {
		s.State, s.PID, s.Asleep, s.Health, s.Hint, s.NextStart = Starting, r.cmd.Process.Pid, false, "", "", time.Time{}
		s.Starts++
	})
	return r, Exit{}
}

func (r *run) launch() Exit {
	var err error
	if r.command, err = r.render(r.at, r.originHost()); err != nil {
		return Exit{Code: 1, Reason: err.Error()}
	}
	path, err := r.command.find()
	if err != nil {
		return lookupExit(err)
	}
	if r.out, err = newOutput(); err != nil {
		return Exit{Code: 1, Reason: plain(err).Error()}
	}
	r.config.Log.Info("starting the app", "command", r.command.shown(), "program", path, "at", r.at.String())
	r.cgroup = r.newCgroup()
	err = r.exec(path)
	if err != nil && r.cgroup != nil {
		// The kernel, a container's seccomp filter or the cgroup's owner can
		// refuse a start in a cgroup; without one, there are other ways.
		r.config.Log.Debug("the app gets no cgroup", "error", err)
		r.cgroup.remove()
		r.cgroup = nil
		err = r.exec(path)
	}
	r.out.closeWrite()
	if err != nil {
		r.cgroup.remove()
		r.out.closeRead()
		text, code := explainStart(path, err)
		return Exit{Code: code, Reason: text}
	}
	r.started, r.members = time.Now(), group(r.cmd.Process.Pid)
	r.out.drain(&r.ring, r.queue)
	return Exit{}
}

func (r *run) exec(path string) error {
	r.cmd = &exec.Cmd{ // #nosec G204 -- starting the operator's command is what this is for
		Path: path, Args: r.command.argv, Env: r.command.env, Dir: r.command.dir,
		Stdout: r.out.write[0], Stderr: r.out.write[1], SysProcAttr: attributes(r.cgroup),
	}
	return r.cmd.Start()
}

// watch looks after the process until it has ended, or has to.
func (r *run) watch() ending {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := r.awaitReady(ctx)
	sick := make(chan error, 1)
	hint := time.NewTicker(r.hintAfter)
	defer hint.Stop()
	var idle <-chan time.Time

	// A child that ends is either the app, which is waited for, or an orphan.
	died := make(chan os.Signal, 1)
	if r.config.Orphans {
		signal.Notify(died, syscall.SIGCHLD)
		defer signal.Stop(died)
	}
	var reap <-chan time.Time
	for {
		select {
		case <-died:
			if reap == nil {
				reap = time.After(reapInterval)
			}
		case <-reap:
			reap = nil
			reapOrphans(r.cmd.Process.Pid)
		case <-hint.C:
			r.hint()
		case answer := <-ready:
			if answer.err == nil {
				answer.err = r.checkOwner(answer.at)
			}
			if answer.err != nil {
				return r.giveUp(r.notReady(answer.err))
			}
			ready = nil
			hint.Stop()
			r.setReady(answer.at)
			go r.checkHealth(ctx, sick)
			if r.config.IdleStop > 0 {
				ticker := time.NewTicker(idlePoll(r.config.IdleStop))
				defer ticker.Stop()
				idle = ticker.C
			}
		case err := <-sick:
			return r.giveUp(Exit{Code: -1, Reason: err.Error()})
		case <-idle:
			if r.fallAsleep() {
				r.terminate(farewell{syscall.SIGTERM, r.config.Grace})
				return ending{cause: bySleep, exit: r.exit()}
			}
		case <-r.ended:
			return ending{exit: r.abandoned(r.exit()), ready: r.readyFor()}
		case <-r.restart:
			r.config.Log.Info("restarting the app")
			r.settle(place{})
			r.change(func(s *Status) { s.State, s.LastExit, s.Hint = Starting, nil, "" })
			r.terminate(farewell{syscall.SIGTERM, r.config.Grace})
			return ending{cause: byRestart, exit: r.exit()}
		case last := <-r.stop:
			r.change(func(s *Status) { s.State, s.Asleep, s.Hint = Stopping, false, "" })
			r.terminate(last)
			return ending{cause: byStop, exit: r.exit()}
		}
	}
}

func (r *run) setReady(at place) {
	r.ready = time.Now()
	r.settle(at)
	r.change(func(s *Status) { s.State, s.Hint = Ready, "" })
	r.config.Log.Info("the app is ready", "after", r.ready.Sub(r.started).Round(time.Millisecond))
}

func (r *run) readyFor() time.Duration {
	if r.ready.IsZero() {
		return 0
	}
	return time.Since(r.ready)
}

// giveUp ends a process that runs, but is of no use.
func (r *run) giveUp(exit Exit) ending {
	ready := r.readyFor()
	r.settle(place{})
	r.change(func(s *Status) {
		s.State, s.LastExit, s.Hint, s.Health, s.NextStart = Backoff, &exit, "", "", time.Time{}
	})
	r.terminate(farewell{syscall.SIGTERM, r.config.Grace})
	return ending{exit: exit, ready: ready}
}

// terminate ends a running group: the signal, SIGTERM, SIGKILL.
func (r *run) terminate(last farewell) {
	for _, step := range []syscall.Signal{last.signal, syscall.SIGTERM} {
		r.members.signal(step)
		r.members.signal(syscall.SIGCONT) // one that is suspended takes no other signal
		select {
		case <-r.ended:
			return
		case <-time.After(last.grace / 2):
		}
	}
	r.config.Log.Warn("the app did not end in time and is killed", "grace", last.grace)
	r.members.signal(syscall.SIGKILL)
	select {
	case <-r.ended:
	case <-time.After(killGrace):
		r.config.Log.Error("the app does not end though it was killed; it is left", "pid", r.cmd.Process.Pid)
	}
}

// exit says how the process ended.
func (r *run) exit() Exit {
	select {
	case <-r.ended:
		return exitOf(r.cmd)
	default:
		return Exit{Code: -1, Signal: syscall.SIGKILL, Reason: fmt.Sprintf("does not end though it was killed (process %d)", r.cmd.Process.Pid)}
	}
}

// cleanUp ends and removes all that the process leaves.
func (r *run) cleanUp() {
	r.sweep(sweepGrace)
	r.out.finish()
	r.settle(place{})
	r.change(func(s *Status) { s.PID = 0 })
	r.leave()
}

// lookupExit is for a program that was not found, by a shell's custom.
func lookupExit(err error) Exit {
	const notRunnable, notThere = 126, 127
	if errors.Is(err, fs.ErrNotExist) {
		return Exit{Code: notThere, Reason: err.Error()}
	}
	return Exit{Code: notRunnable, Reason: err.Error()}
}
