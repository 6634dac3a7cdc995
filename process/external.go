package process

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// lookInterval is how often an app that is not ours is looked for, and looked
// at where no health checks are wanted.
const lookInterval = 2 * time.Second

// observe watches an app that somebody else runs, until Stop. It is ready
// while it answers, and in backoff from when it does not.
func (a *App) observe() Exit {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.observeUntil(ctx)
	}()
	for stopped := false; !stopped; {
		select {
		case <-a.stop:
			stopped = true
		case <-a.restart:
			a.config.Log.Warn("the app is not restarted: it runs by itself")
		}
	}
	cancel()
	<-done
	return a.end(Exit{}, Stopped)
}

func (a *App) observeUntil(ctx context.Context) {
	at := place{port: a.config.Port, socket: a.config.Socket}
	a.config.Log.Info("watching an app that runs already", "at", at.String())
	a.change(func(s *Status) { s.State = Starting })
	deadline := time.Now().Add(a.config.ReadyTimeout)
	for ctx.Err() == nil {
		p := newProbe(at)
		err := p.awaitOnce(ctx, a.config.ReadyPath)
		if err == nil && a.config.Health.Path != "" {
			err = a.healthy(ctx, p.found())
		}
		if err == nil {
			a.settle(p.found())
			a.change(func(s *Status) { s.State, s.LastExit, s.NextStart = Ready, nil, time.Time{} })
			a.config.Log.Info("the app is ready", "at", at.String())
			err = a.untilSick(ctx)
			deadline = time.Time{}
		}
		if ctx.Err() != nil {
			return
		}
		if time.Now().After(deadline) {
			a.unanswered(at, err)
		}
		a.nap(ctx, a.lookInterval)
	}
}

// unanswered records why the app cannot be used.
func (a *App) unanswered(at place, err error) {
	exit := Exit{Code: -1, Reason: fmt.Sprintf("does not answer on %s: %s; it is run by somebody else, and asked again until it does", at, err)}
	before := a.Status().LastExit
	a.settle(place{})
	a.change(func(s *Status) {
		s.State, s.Health, s.LastExit, s.NextStart = Backoff, "", &exit, time.Now().Add(a.lookInterval)
	})
	if before == nil || before.Reason != exit.Reason {
		a.config.Log.Warn("the app " + exit.Reason)
	}
}

// untilSick returns when the app is not there any more or, where health checks
// are wanted, has failed too many.
func (a *App) untilSick(ctx context.Context) error {
	interval, tolerated := a.lookInterval, 1
	if a.config.Health.Path != "" {
		interval, tolerated = a.config.Health.Interval, a.config.Health.Failures
	}
	for failures := 0; ; {
		a.nap(ctx, interval)
		err := a.there(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			failures = 0
			a.setHealth("")
			continue
		}
		if failures++; failures >= tolerated {
			return err
		}
		a.setHealth(err.Error())
	}
}

// there says what is wrong with the app. Where no health checks are wanted, it
// only has to take a connection.
func (a *App) there(ctx context.Context) error {
	if a.config.Health.Path != "" {
		return a.healthy(ctx, a.place())
	}
	conn, err := a.Dial(ctx)
	if err != nil {
		return newProbe(a.place()).explainDial(err, dialTimeout)
	}
	return conn.Close()
}

// nap waits until the time is over, or Retry asks for a look.
func (a *App) nap(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-a.retry:
	}
}

// awaitOnce asks by HEAD, and by GET if that was of no use; see await.
func (p *probe) awaitOnce(ctx context.Context, path string) error {
	_, err := p.ask(ctx, http.MethodHead, path)
	if err != nil && p.reached != nil {
		_, err = p.ask(ctx, http.MethodGet, path)
	}
	return err
}
