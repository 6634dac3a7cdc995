package builder

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
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
	if _, twice := j.running[id]; j.ended || twice {
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
		return // it runs; or we are being stopped, and the next process takes it up
	}
	go func() {
		defer b.jobs.remove(job.ID)
		defer close(r.done)
		defer cancel(nil)
		w := &work{Builder: b, ctx: ctx, token: token, job: job, told: r.changes}
		w.do(cancel)
	}()
}

// callOff breaks off what is being done to a dashboard in this process, and waits
// for its end, for somebody asks for the contrary.
func (b *Builder) callOff(ctx context.Context, d dashboard.Dashboard, kinds ...dashboard.JobKind) error {
	open, err := b.Store.OpenJobs(ctx)
	if err != nil {
		return err
	}
	for _, job := range open {
		if job.Dashboard != d.ID || !slices.Contains(kinds, job.Kind) {
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
