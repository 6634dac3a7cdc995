package builder

import (
	"context"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// changes tells whoever watches a job how it changes. Nobody is waited for: who is
// slow misses what is in between, but never the last.
type changes struct {
	mu       sync.Mutex
	last     dashboard.Job
	ended    bool
	watchers map[chan dashboard.Job]struct{}
}

func newChanges(first dashboard.Job) *changes {
	return &changes{last: first, watchers: map[chan dashboard.Job]struct{}{}}
}

func (c *changes) send(job dashboard.Job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = job
	for to := range c.watchers {
		replace(to, job)
	}
}

// replace puts a job into a channel with room for one, in the place of one that
// nobody took.
func replace(to chan dashboard.Job, job dashboard.Job) {
	select {
	case <-to:
	default:
	}
	to <- job
}

func (c *changes) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for to := range c.watchers {
		close(to)
	}
	c.watchers = nil
}

// watch is closed at the end of the job, or when ctx ends.
func (c *changes) watch(ctx context.Context) <-chan dashboard.Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	to := make(chan dashboard.Job, 1)
	to <- c.last
	if c.ended {
		close(to)
		return to
	}
	c.watchers[to] = struct{}{}
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, open := c.watchers[to]; open {
			delete(c.watchers, to)
			close(to)
		}
	})
	return to
}

// followEvery is how often the store is asked about a job of another process.
const followEvery = time.Second

// Watch sends a job as it is, and then whenever it changes.
func (b *Builder) Watch(ctx context.Context, v dashboard.Visitor, id string) (<-chan dashboard.Job, error) {
	job, err := b.Job(ctx, v, id)
	if err != nil {
		return nil, err
	}
	if r := b.jobs.get(id); r != nil {
		return b.censored(ctx, v, job, r.watch(ctx)), nil
	}
	to := make(chan dashboard.Job, 1)
	to <- job
	if job.Done {
		close(to)
		return to, nil
	}
	go func() {
		defer close(to)
		for !job.Done {
			select {
			case <-ctx.Done():
				return
			case <-time.After(followEvery):
			}
			now, err := b.Job(ctx, v, id)
			if err != nil {
				return // it is gone with its dashboard
			}
			if now != job {
				job = now
				replace(to, job)
			}
		}
	}()
	return to, nil
}

// censored keeps from those who may only open a dashboard what is its owner's.
func (b *Builder) censored(ctx context.Context, v dashboard.Visitor, job dashboard.Job, from <-chan dashboard.Job) <-chan dashboard.Job {
	d, err := b.Store.Dashboard(ctx, job.Dashboard)
	if err == nil && v.Owns(d) {
		return from
	}
	to := make(chan dashboard.Job, 1)
	go func() {
		defer close(to)
		for each := range from {
			replace(to, forViewer(each))
		}
	}()
	return to
}

// forViewer is a job without what is its owner's business.
func forViewer(job dashboard.Job) dashboard.Job {
	if job.Failure != "" {
		job.Failure = "The dashboard could not be started. Ask its owner to look at it."
	}
	return job
}
