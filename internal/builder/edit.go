package builder

import (
	"context"
	"errors"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// Edit changes a dashboard. Access that ends, ends at the hub first: should that
// fail, nothing is changed. Access that begins is kept first: should the hub be
// away, whoever comes is let in then.
func (b *Builder) Edit(ctx context.Context, v dashboard.Visitor, id string, change func(*dashboard.Dashboard) error) (dashboard.Dashboard, error) {
	before, err := b.owned(ctx, v, id)
	if err != nil {
		return before, err
	}
	wanted := before
	if err := b.change(ctx, &wanted, change); err != nil {
		return before, err
	}
	gate, err := b.gateChanges(ctx, before, wanted)
	if err != nil {
		return before, notTold(err)
	}
	stopped := false
	if gate {
		if stopped, err = b.closeGate(ctx, v, before); err != nil {
			return before, err
		}
	}
	// There is nothing to take back where nothing was granted, as on old hubs.
	members := b.members()
	if err := errors.Join(b.revoke(ctx, before, wanted.Access, members), b.closeViewers(ctx, before, wanted.Access, members)); err != nil {
		return before, notTold(err)
	}
	after, err := b.Store.Update(ctx, id, func(d *dashboard.Dashboard) error {
		// A start says that it begins before it reads who may come: see launch. So
		// either it finds what is kept here, or it is found here.
		if gate && d.State != dashboard.Stopped {
			return errOpening()
		}
		// Once more, on what it is by now.
		return b.change(ctx, d, change)
	})
	switch {
	case errors.Is(err, dashboard.ErrNotFound):
		return before, notThere()
	case errors.Is(err, dashboard.ErrNameTaken):
		return before, nameTaken(wanted.Name)
	case err != nil:
		return before, err
	}
	if stopped {
		if _, err := b.begin(ctx, dashboard.Job{Dashboard: id, Kind: dashboard.Start, By: v.Name, Revision: after.Revision}, tokenFor(v, after)); err != nil {
			b.log.Info("a dashboard is started again later", "dashboard", id, "error", err)
		}
	}
	if !after.PerViewer && b.hasShares(ctx) {
		granted, err := b.Store.Grants(ctx, id)
		if err == nil {
			err = b.admitNamed(ctx, after, granted)
		}
		if err != nil && !hub.IsNotFound(err) {
			b.log.Info("users are let in later", "dashboard", id, "error", err)
		}
	}
	return after, nil
}

// change makes a change and checks what comes of it.
func (b *Builder) change(ctx context.Context, d *dashboard.Dashboard, change func(*dashboard.Dashboard) error) error {
	before := *d
	if err := change(d); err != nil {
		return err
	}
	// What is not for people to change stays as it is.
	d.ID, d.Owner, d.Server, d.Created = before.ID, before.Owner, before.Server, before.Created
	d.Revision, d.State, d.Failure, d.Thumbnail, d.LastUsed = before.Revision, before.State, before.Failure, before.Thumbnail, before.LastUsed
	d.Updated = now()
	return b.check(ctx, d, before.Access)
}

// notTold is said when the hub could not be told that access has ended.
func notTold(err error) error {
	return dashboard.Errorf(dashboard.Unavailable, "JupyterHub could not be told who may not open the dashboard any more, so nothing was changed. Try again in a minute.%.0w", err)
}
