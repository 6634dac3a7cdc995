package builder

import (
	"context"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Rebuild makes a new snapshot and starts the dashboard from it.
func (b *Builder) Rebuild(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	d, err := b.owned(ctx, v, id)
	if err != nil {
		return dashboard.Job{}, err
	}
	// The rules may have become narrower since.
	if err := b.checkMade(&d); err != nil {
		return dashboard.Job{}, err
	}
	return b.begin(ctx, dashboard.Job{Dashboard: id, Kind: dashboard.Build, By: v.Name}, tokenFor(v, d))
}

// Start starts what was stopped.
func (b *Builder) Start(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	d, err := b.visible(ctx, v, id)
	if err != nil {
		return dashboard.Job{}, err
	}
	return b.begin(ctx, dashboard.Job{Dashboard: id, Kind: dashboard.Start, By: v.Name, Revision: d.Revision, Viewer: viewerOf(v, d)}, v.Token)
}

// viewerOf is whose own server is meant.
func viewerOf(v dashboard.Visitor, d dashboard.Dashboard) string {
	if d.PerViewer {
		return v.Name
	}
	return ""
}

// tokenFor is the visitor's token where it may be of use: for what is their own.
func tokenFor(v dashboard.Visitor, d dashboard.Dashboard) string {
	if v.Name != d.Owner {
		return ""
	}
	return v.Token
}

// Stop stops a dashboard, and calls off a start or a build that is under way.
func (b *Builder) Stop(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	d, err := b.owned(ctx, v, id)
	if err != nil {
		return dashboard.Job{}, err
	}
	if err := b.callOff(ctx, d, dashboard.Build, dashboard.Start); err != nil {
		return dashboard.Job{}, err
	}
	return b.begin(ctx, dashboard.Job{Dashboard: id, Kind: dashboard.Stop, By: v.Name}, tokenFor(v, d))
}

// Delete takes a dashboard away with all that belongs to it.
func (b *Builder) Delete(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	d, err := b.owned(ctx, v, id)
	if err != nil {
		return dashboard.Job{}, err
	}
	if err := b.callOff(ctx, d, dashboard.Build, dashboard.Start, dashboard.Stop); err != nil {
		return dashboard.Job{}, err
	}
	return b.begin(ctx, dashboard.Job{Dashboard: id, Kind: dashboard.Delete, By: v.Name}, tokenFor(v, d))
}
