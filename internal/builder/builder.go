// Package builder does what is done with dashboards: it clones, launches, shares,
// rebuilds, stops and deletes them, and keeps what it has written down in step
// with what the hub has. It is dashboard.Service for the page and the API.
//
// What takes longer than an answer is a job (job.go). A job is kept in the store
// step by step, and each step can be done again from its beginning, so that a
// process that is killed at any point is followed by one that finishes.
package builder

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// Config is what a Builder needs.
type Config struct {
	Store dashboard.Store
	// Hub calls in the service's own name.
	Hub *hub.Client
	// HubURL is the browser's address of a path of the hub's proxy, such as
	// /user/ada/x/: it puts a host in front where there is one.
	HubURL func(path string) string
	// Cloners make the snapshots, by what they are made of. Those that are not
	// there cannot be chosen.
	Cloners map[dashboard.SourceKind]dashboard.Cloner
	// NeedsRunning says that a server has to run to be cloned.
	NeedsRunning bool
	Signer       ticket.Signer
	Settings     settings.Settings
	// Image is what dashboards run in that are not cloned from an image, where the
	// spawner makes containers; empty is the spawner's own.
	Image string
	// Camera, if set, takes pictures of dashboards, by way of ProxyURL, the hub's
	// proxy as we reach it.
	Camera   Camera
	ProxyURL *url.URL
	// Alone says that no other process works on this store, so that what one left
	// behind can be taken up at once.
	Alone  bool
	Logger *slog.Logger
	// Observe, if set, is told the end of each job, and how long it took.
	Observe func(kind dashboard.JobKind, failed bool, took time.Duration)
}

const (
	// heartbeat is how often a job that runs is said to be alive, and stale after
	// how long without it another process takes it up.
	heartbeat = 5 * time.Second
	stale     = 30 * time.Second
	// lease is how long the leader leads without saying so again.
	lease = 20 * time.Second
	// reconcileEvery is how often the hub is asked for the state of all servers.
	reconcileEvery = 15 * time.Second
)

// Builder is safe for concurrent use.
type Builder struct {
	Config
	log *slog.Logger
	// worker names this process among those that share the store.
	worker string
	jobs   jobs
	// builds bounds those that run at once.
	builds chan struct{}
}

// New makes a builder; Run has it work.
func New(config Config) *Builder {
	if config.Observe == nil {
		config.Observe = func(dashboard.JobKind, bool, time.Duration) {}
	}
	limit := config.Settings.Limits.Builds
	if limit == 0 {
		limit = 1000
	}
	return &Builder{
		Config: config,
		log:    config.Logger,
		worker: rand.Text(),
		jobs:   jobs{running: map[string]*running{}},
		builds: make(chan struct{}, limit),
	}
}

// Run takes up what was left undone, and looks after everything until ctx ends.
// Then it waits for the jobs that run to stop at the end of what they are at; they
// are taken up by the next process.
func (b *Builder) Run(ctx context.Context) {
	var background sync.WaitGroup
	background.Go(func() { b.lead(ctx) })
	<-ctx.Done()
	background.Wait()
	b.jobs.stop()
	// What is left shall not wait for our lease to end.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), heartbeat)
	defer cancel()
	if err := b.Store.Resign(last, b.worker); err != nil {
		b.log.Debug("could not resign", "error", err)
	}
}

// lead does what only one process may do at a time.
func (b *Builder) lead(ctx context.Context) {
	var reconciled time.Time
	leading := false
	for ctx.Err() == nil {
		leads, err := b.leads(ctx)
		switch {
		case err != nil && !errors.Is(err, context.Canceled):
			b.log.Warn("the store does not answer", "error", err)
		case leads != leading:
			b.log.Info("background work", "leading", leads)
		}
		begins := leads && err == nil && !leading
		leading = leads && err == nil
		if leading {
			b.takeUp(ctx)
			if begins {
				b.recover(ctx)
			}
			if time.Since(reconciled) >= reconcileEvery {
				b.reconcile(ctx)
				reconciled = time.Now()
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(heartbeat):
		}
	}
}

// leads asks whether it is this process. Where it works alone there is nobody else:
// one that was killed has left its lease, and all that it was at would wait for that.
func (b *Builder) leads(ctx context.Context) (bool, error) {
	if b.Alone {
		return true, nil
	}
	return b.Store.Lead(ctx, b.worker, lease)
}

// recoverer is a cloner that has to look, as soon as it can, after what one that
// was killed has left.
type recoverer interface {
	Recover(ctx context.Context, busy func(dashboard string, revision int) bool) error
}

// recover looks after what a process that was killed has left in the middle of a
// clone: a server may stand still for it. It does not wait for the hub.
func (b *Builder) recover(ctx context.Context) {
	open, err := b.Store.OpenJobs(ctx)
	if err != nil {
		b.complain(ctx, "cannot look after what was left undone", err)
		return
	}
	busy := map[string]bool{}
	for _, job := range open {
		busy[job.Dashboard] = true
	}
	for _, cloner := range b.Cloners {
		if one, ok := cloner.(recoverer); ok {
			if err := one.Recover(ctx, func(dashboard string, _ int) bool { return busy[dashboard] }); err != nil {
				b.complain(ctx, "cannot look after what was left undone", err)
			}
		}
	}
}

// takeUp goes on with jobs whose process is gone.
func (b *Builder) takeUp(ctx context.Context) {
	since := time.Now().Add(-stale)
	if b.Alone { // all of them, also one that was seen just now, by whatever clock
		since = time.Now().Add(stale)
	}
	found, err := b.Store.ClaimJobs(ctx, b.worker, since)
	if err != nil {
		if ctx.Err() == nil {
			b.log.Warn("cannot look for jobs that were left undone", "error", err)
		}
		return
	}
	for _, job := range found {
		if b.jobs.has(job.ID) {
			continue // ours, and slow to say so
		}
		b.log.Info("taking up a job that was left undone", "job", job.ID, "kind", job.Kind, "dashboard", job.Dashboard, "step", job.Step)
		b.run(job, "")
	}
}
