package builder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// work is one job while it is being done.
type work struct {
	*Builder
	ctx context.Context
	// token is the visitor's who asked for it, to act in their name; empty where
	// there is none any more.
	token string

	mu      sync.Mutex
	job     dashboard.Job
	pending []string // lines of the log
	changed bool
	told    *changes
}

// do does the job and says how it ended.
func (w *work) do(cancel context.CancelCauseFunc) {
	// One that was found left undone may have ended in the meantime.
	if err := w.save(); errors.Is(err, dashboard.ErrLost) || errors.Is(err, dashboard.ErrNotFound) {
		w.told.close()
		return
	}
	began := time.Now()
	saving := make(chan struct{})
	stopSaving := make(chan struct{})
	go func() {
		defer close(saving)
		w.keepSaving(stopSaving, cancel)
	}()
	err := w.perform()
	close(stopSaving)
	<-saving

	if w.isLeft(err) {
		w.told.close()
		return
	}
	w.finish(err)
	w.Observe(w.job.Kind, err != nil, time.Since(began))
}

// perform does what the kind of job wants.
func (w *work) perform() error {
	d, err := w.Store.Dashboard(w.ctx, w.job.Dashboard)
	if errors.Is(err, dashboard.ErrNotFound) && w.job.Kind == dashboard.Delete {
		return nil // it is done
	}
	if err != nil {
		return err
	}
	switch w.job.Kind {
	case dashboard.Build:
		return w.build(d)
	case dashboard.Start:
		return w.start(d)
	case dashboard.Stop:
		return w.stop(d)
	case dashboard.Delete:
		return w.delete(d)
	}
	return fmt.Errorf("there are no jobs of the kind %q", w.job.Kind)
}

// isLeft says that a job is left as it is, not done: the next process goes on with
// it, or another one has taken it over. What it has to do with is theirs.
func (w *work) isLeft(err error) bool {
	cause := context.Cause(w.ctx)
	return errors.Is(cause, errStopped) || errors.Is(cause, dashboard.ErrLost) || errors.Is(err, dashboard.ErrLost)
}

// finish notes the end of the job. It must not be lost, or the dashboard would
// look busy for ever; if the store is away, the job is taken up later and ends
// again.
func (w *work) finish(err error) {
	w.mu.Lock()
	w.job.Done, w.job.Finished, w.job.Failure = true, time.Now(), ""
	if err != nil {
		w.job.Failure = w.explain(err)
		w.pending = append(w.pending, w.job.Failure)
	}
	job := w.job
	w.mu.Unlock()
	if err != nil && !errors.Is(context.Cause(w.ctx), errCalledOff) {
		w.log.Warn("a job failed", "job", job.ID, "kind", job.Kind, "dashboard", job.Dashboard, "step", job.Step, "error", detail(err))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 30*time.Second)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		w.saveLog(ctx)
		failed := w.Store.SaveJob(ctx, job)
		if failed == nil || errors.Is(failed, dashboard.ErrLost) || errors.Is(failed, dashboard.ErrNotFound) {
			break
		}
		if ctx.Err() != nil {
			w.log.Error("the end of a job could not be noted", "job", job.ID, "error", failed)
			break
		}
		time.Sleep(pause)
	}
	w.told.send(job)
	w.told.close()
}

// explain puts an error into words for the dashboard's owner. What is none of
// theirs is in the log only.
func (w *work) explain(err error) string {
	var known *dashboard.Error
	switch {
	case errors.As(err, &known):
		return known.Message
	case errors.Is(context.Cause(w.ctx), errCalledOff):
		return "It was called off."
	case errors.Is(err, context.DeadlineExceeded):
		return "It took too long, and was given up. Try again; if it happens again, tell whoever runs this JupyterHub."
	}
	return "Something went wrong that is not yours to mend. Whoever runs this JupyterHub finds more in the log, by the number " + w.job.ID + "."
}

// detail is an error with its cause, for the log.
func detail(err error) string {
	var known *dashboard.Error
	if errors.As(err, &known) && known.Cause != nil {
		return known.Message + " (" + known.Cause.Error() + ")"
	}
	return err.Error()
}

// step begins a step of the job. That is kept before anything of it is done.
func (w *work) step(step dashboard.Step, title string) error {
	if err := w.ctx.Err(); err != nil {
		return context.Cause(w.ctx)
	}
	w.mu.Lock()
	w.job.Step, w.job.Title, w.job.Percent = step, title, -1
	w.pending = append(w.pending, title)
	w.mu.Unlock()
	return w.save()
}

// Progress and Log make work a dashboard.Reporter. They never wait.
func (w *work) Progress(title string, percent int) {
	w.mu.Lock()
	w.job.Title, w.job.Percent, w.changed = title, min(percent, 100), true
	job := w.job
	w.mu.Unlock()
	w.told.send(job)
}

// maxPendingLog is how many lines wait for the store; more are left out.
const maxPendingLog = 2000

// Log adds a line to the job's log.
func (w *work) Log(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending) < maxPendingLog {
		w.pending = append(w.pending, line)
	}
}

// keepSaving writes down how far the job is, so that nobody else takes it up, and
// breaks it off if somebody has.
func (w *work) keepSaving(stop <-chan struct{}, cancel context.CancelCauseFunc) {
	const often = 500 * time.Millisecond
	tick := time.NewTicker(often)
	defer tick.Stop()
	saved := time.Now()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		w.mu.Lock()
		due := w.changed || len(w.pending) > 0 || time.Since(saved) >= heartbeat
		w.changed = false
		w.mu.Unlock()
		if !due {
			continue
		}
		saved = time.Now()
		err := w.save()
		if errors.Is(err, dashboard.ErrLost) || errors.Is(err, dashboard.ErrNotFound) {
			cancel(dashboard.ErrLost)
			return
		}
		if err != nil {
			w.log.Debug("cannot save how far a job is", "job", w.job.ID, "error", err)
		}
	}
}

func (w *work) save() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), heartbeat)
	defer cancel()
	w.saveLog(ctx)
	w.mu.Lock()
	job := w.job
	w.mu.Unlock()
	w.told.send(job)
	return w.Store.SaveJob(ctx, job)
}

func (w *work) saveLog(ctx context.Context) {
	w.mu.Lock()
	lines := w.pending
	w.pending = nil
	w.mu.Unlock()
	if len(lines) == 0 {
		return
	}
	if err := w.Store.AddLog(ctx, w.job.ID, lines); err != nil {
		w.log.Debug("cannot keep a job's log", "job", w.job.ID, "error", err)
	}
}
