package process

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// Run starts the app and looks after it until Stop is called or, with the
// restart policy Never, until the app ends by itself. It returns how the app
// ended last; nothing of it is left then.
func (a *App) Run() Exit {
	// The kernel ends the child when the thread that started it ends, so
	// this thread has to last as long (prctl(2), PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	go a.queue.deliver()
	defer a.queue.close(sinksGrace)

	if !a.beforeFirst() {
		return a.end(Exit{}, Stopped)
	}
	if a.external() {
		return a.observe()
	}
	for failures := 0; ; {
		end := a.once()
		switch {
		case end.cause == byStop:
			return a.end(end.exit, Stopped)
		case end.cause == byRestart:
			failures = 0
			continue
		case end.cause == bySleep:
			failures = 0
			if !a.awaitVisitor() {
				return a.end(end.exit, Stopped)
			}
			continue
		case end.ready > a.config.Backoff.ResetAfter:
			failures = 0
		}
		failures++
		a.config.Log.Warn("the app "+end.exit.String(), "starts", a.Status().Starts, "ready_for", end.ready.Round(time.Millisecond))
		switch {
		case a.config.Restart == Never:
			return a.end(end.exit, Failed)
		case !a.config.Restart.wants(end.exit) || failures > a.config.Backoff.Limit:
			a.config.Log.Error("the app is not started again", "policy", a.config.Restart, "failures", failures)
			failures = 0
			a.end(end.exit, Failed)
			if !a.awaitRetry(nil) {
				return a.end(end.exit, Stopped)
			}
		default:
			if !a.pause(end.exit, a.config.Backoff.pause(failures)) {
				return a.end(end.exit, Stopped)
			}
		}
	}
}

// beforeFirst does and awaits all that the first start needs. It says false
// when Stop came before.
func (a *App) beforeFirst() bool {
	if a.config.Lazy && !a.external() && !a.awaitVisitor() {
		return false
	}
	if !a.prepare() {
		return false
	}
	for a.needsHost() && a.originHost() == "" {
		a.change(func(s *Status) { s.State = Waiting })
		if !a.awaitVisitor() {
			return false
		}
	}
	return true
}

// prepare does what has to be done before the first start, as often as it
// takes. It says false when Stop came.
func (a *App) prepare() bool {
	if a.config.Prepare == nil {
		return true
	}
	for {
		a.change(func(s *Status) { s.State, s.LastExit, s.Progress = Preparing, nil, nil })
		prepared, err := a.prepareOnce()
		if errors.Is(err, errStopped) {
			return false
		}
		a.change(func(s *Status) { s.Progress = nil })
		if err == nil {
			a.prepared = prepared
			return true
		}
		a.config.Log.Error("the app cannot be prepared", "error", err)
		a.end(Exit{Code: 1, Reason: "could not be prepared: " + err.Error()}, Failed)
		if !a.awaitRetry(nil) {
			return false
		}
	}
}

var errStopped = errors.New("stopped")

func (a *App) prepareOnce() (Prepared, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	type result struct {
		Prepared
		err error
	}
	done := make(chan result, 1)
	go func() {
		prepared, err := a.config.Prepare(ctx, func(p Progress) {
			if ctx.Err() == nil {
				a.change(func(s *Status) { s.Progress = &p })
			}
		})
		done <- result{prepared, err}
	}()
	select {
	case r := <-done:
		return r.Prepared, r.err
	case <-a.stop:
		a.change(func(s *Status) { s.State, s.Progress = Stopping, nil })
		cancel()
		select {
		case <-done:
		case <-time.After(a.config.Grace):
			a.config.Log.Warn("the preparation did not end in time and is left", "grace", a.config.Grace)
		}
		return Prepared{}, errStopped
	}
}

// awaitVisitor says whether one came, and false when Stop did before.
func (a *App) awaitVisitor() bool {
	select {
	case <-a.wake:
		return true
	case <-a.stop:
		return false
	}
}

// pause waits for the next start, and says false when Stop came before.
func (a *App) pause(exit Exit, pause time.Duration) bool {
	a.endUntil(exit, Backoff, time.Now().Add(pause))
	timer := time.NewTimer(pause)
	defer timer.Stop()
	return a.awaitRetry(timer.C)
}

// awaitRetry says whether to go on, which is at Retry, Restart or when the
// time has come, and false when Stop did before.
func (a *App) awaitRetry(now <-chan time.Time) bool {
	select {
	case <-a.retry:
	case <-a.restart:
	case <-now:
	case <-a.stop:
		return false
	}
	return true
}

// end records the end of the process. A Retry or Restart counts from here on.
func (a *App) end(exit Exit, state State) Exit { return a.endUntil(exit, state, time.Time{}) }

// endUntil is end where the next start is known already.
func (a *App) endUntil(exit Exit, state State, next time.Time) Exit {
	forget(a.retry)
	forget(a.restart)
	a.settle(place{})
	a.change(func(s *Status) {
		s.State, s.PID, s.Asleep, s.LastExit, s.Health, s.Hint, s.NextStart = state, 0, false, &exit, "", "", next
	})
	return exit
}
