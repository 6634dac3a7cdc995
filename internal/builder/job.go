package builder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// jobs are those that run in this process.
type jobs struct {
	mu      sync.Mutex
	running map[string]*running
	ended   bool
	all     sync.WaitGroup
}

// running is one job that runs here.
type running struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
	*changes
}

var (
	// errStopped is why a job is broken off when this process ends: the next one
	// takes it up.
	errStopped = errors.New("the service is being stopped")
	// errCalledOff is why a job is broken off when somebody asks for the contrary.
	errCalledOff = errors.New("it was called off")
)

func (j *jobs) add(id string, r *running) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ended {
		return false
	}
	j.running[id] = r
	j.all.Add(1)
	return true
}

func (j *jobs) remove(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, id)
	j.all.Done()
}

func (j *jobs) get(id string) *running {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.running[id]
}

func (j *jobs) has(id string) bool { return j.get(id) != nil }

// onStop has something else that runs in the background be ended and waited for
// as well. done says that it has ended.
func (j *jobs) onStop(cancel context.CancelFunc) (done func()) {
	id := rand.Text()
	if !j.add(id, &running{cancel: func(error) { cancel() }}) {
		cancel()
		return func() {}
	}
	return func() { j.remove(id) }
}

// stop breaks all of them off, and waits.
func (j *jobs) stop() {
	j.mu.Lock()
	j.ended = true
	for _, r := range j.running {
		r.cancel(errStopped)
	}
	j.mu.Unlock()
	j.all.Wait()
}

// work is one job while it is being done.
type work struct {
	*Builder
	ctx context.Context
	// token is the visitor's who asked for it, to act in their name; empty where
	// there is none any more.
	token string

	mu      sync.Mutex
	job     dashboard.Job
	lost    bool
	pending []string // lines of the log
	changed bool
	told    *changes
}

// begin keeps a job and starts it. If the same is under way already, that one is
// returned.
func (b *Builder) begin(ctx context.Context, job dashboard.Job, token string) (dashboard.Job, error) {
	b.prepare(&job)
	kept, err := b.Store.AddJob(ctx, job)
	if errors.Is(err, dashboard.ErrBusy) && kept.Kind == job.Kind && kept.Viewer == job.Viewer {
		return kept, nil
	}
	if err != nil {
		return kept, b.busy(kept, err)
	}
	b.run(kept, token)
	return kept, nil
}

// prepare fills in what is so of every new job.
func (b *Builder) prepare(job *dashboard.Job) {
	now := time.Now()
	job.ID, job.Worker, job.Seen, job.Created = dashboard.NewID(), b.worker, now, now
	job.Step, job.Percent, job.Title = dashboard.StepQueued, -1, "Waiting for its turn"
}

// busy puts an error of AddJob into words.
func (b *Builder) busy(other dashboard.Job, err error) error {
	switch {
	case errors.Is(err, dashboard.ErrNotFound):
		return notThere()
	case !errors.Is(err, dashboard.ErrBusy):
		return err
	}
	doing := map[dashboard.JobKind]string{
		dashboard.Build: "being built", dashboard.Start: "being started", dashboard.Stop: "being stopped", dashboard.Delete: "being deleted",
	}[other.Kind]
	return dashboard.Errorf(dashboard.Conflict, "The dashboard is %s right now, as %s asked for. Wait until that is done, and try again.", doing, other.By)
}

// run does a job in the background.
func (b *Builder) run(job dashboard.Job, token string) {
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &running{cancel: cancel, done: make(chan struct{}), changes: newChanges(job)}
	if !b.jobs.add(job.ID, r) {
		return // we are being stopped; the next process takes it up
	}
	go func() {
		defer b.jobs.remove(job.ID)
		defer close(r.done)
		defer cancel(nil)
		w := &work{Builder: b, ctx: ctx, token: token, job: job, told: r.changes}
		w.do(cancel)
	}()
}

// do does the job and says how it ended.
func (w *work) do(cancel context.CancelCauseFunc) {
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

	w.mu.Lock()
	lost := w.lost
	w.mu.Unlock()
	// Broken off by our own end, it stays as it is: not done.
	if lost || errors.Is(context.Cause(w.ctx), errStopped) {
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
			w.mu.Lock()
			w.lost = true
			w.mu.Unlock()
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

// callOff breaks off what is being done to a dashboard in this process, and waits
// for its end, for somebody asks for the contrary.
func (b *Builder) callOff(ctx context.Context, d dashboard.Dashboard, kinds ...dashboard.JobKind) error {
	open, err := b.Store.OpenJobs(ctx)
	if err != nil {
		return err
	}
	for _, job := range open {
		if job.Dashboard != d.ID || !contains(kinds, job.Kind) {
			continue
		}
		r := b.jobs.get(job.ID)
		if r == nil {
			continue // another process does it: AddJob will say so
		}
		r.cancel(errCalledOff)
		select {
		case <-r.done:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Second):
		}
	}
	return nil
}

func contains(kinds []dashboard.JobKind, kind dashboard.JobKind) bool {
	for _, each := range kinds {
		if each == kind {
			return true
		}
	}
	return false
}
