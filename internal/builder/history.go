package builder

import (
	"context"
	"errors"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Job returns a job to those who may know of it.
func (b *Builder) Job(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	job, d, err := b.job(ctx, v, id)
	if err == nil && !v.Owns(d) {
		job = forViewer(job)
	}
	return job, err
}

func (b *Builder) job(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, dashboard.Dashboard, error) {
	nothing := dashboard.Errorf(dashboard.NotFound, "There is no such job, or its dashboard is gone.")
	if !dashboard.IsID(id) {
		return dashboard.Job{}, dashboard.Dashboard{}, nothing
	}
	job, err := b.Store.Job(ctx, id)
	if errors.Is(err, dashboard.ErrNotFound) {
		return job, dashboard.Dashboard{}, nothing
	}
	if err != nil {
		return job, dashboard.Dashboard{}, err
	}
	d, err := b.visible(ctx, v, job.Dashboard)
	switch {
	case dashboard.KindOf(err) == dashboard.NotFound:
		return dashboard.Job{}, d, nothing
	case err != nil:
		return dashboard.Job{}, d, err
	case v.Owns(d), job.Kind == dashboard.Start && (job.Viewer == "" || job.Viewer == v.Name):
		return job, d, nil
	}
	return dashboard.Job{}, d, nothing
}

// Jobs are a dashboard's newest.
func (b *Builder) Jobs(ctx context.Context, v dashboard.Visitor, id string) ([]dashboard.Job, error) {
	const enough = 50
	if _, err := b.owned(ctx, v, id); err != nil {
		return nil, err
	}
	return b.Store.Jobs(ctx, id, enough)
}

// Log is what a job has written, for the dashboard's owner.
func (b *Builder) Log(ctx context.Context, v dashboard.Visitor, id string, after int) ([]dashboard.LogLine, error) {
	_, d, err := b.job(ctx, v, id)
	if err != nil || !v.Owns(d) {
		return nil, err
	}
	return b.Store.Log(ctx, id, max(after, 0))
}

// Revisions are a dashboard's snapshots.
func (b *Builder) Revisions(ctx context.Context, v dashboard.Visitor, id string) ([]dashboard.Revision, error) {
	if _, err := b.owned(ctx, v, id); err != nil {
		return nil, err
	}
	return b.Store.Revisions(ctx, id)
}
