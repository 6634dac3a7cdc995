package builder

import (
	"context"
	"errors"
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// Hubs before JupyterHub 5 have no shares. Where their operator gave people a role
// by which they can access dashboards' servers (settings: access.by_role), the
// gate before each dashboard is told whom of them to let in, when it is started.

// byRole says whether that is how dashboards are shared here.
func (b *Builder) byRole(ctx context.Context) (bool, error) {
	if !b.Settings.Access.ByRole {
		return false, nil
	}
	version, err := b.Hub.RecentVersion(ctx)
	return hub.Major(version) < firstWithShares, err
}

// gateArguments are those by which a dashboard's gate lets in whom it is shared
// with only.
func (w *work) gateArguments(d dashboard.Dashboard) []string {
	// A hub whose version is not known is taken for an old one here: too few get in.
	if d.PerViewer || d.Access.Everyone || !w.Settings.Access.ByRole || w.hasShares(w.ctx) {
		return nil
	}
	arguments := []string{"--allow-user", d.Owner}
	for _, user := range d.Access.Users {
		arguments = append(arguments, "--allow-user", user)
	}
	for _, group := range d.Access.Groups {
		arguments = append(arguments, "--allow-group", group)
	}
	return arguments
}

// gateChanges says whether a dashboard's gate has to let others in or out.
func (b *Builder) gateChanges(ctx context.Context, before, after dashboard.Dashboard) (bool, error) {
	same := before.Access.Everyone == after.Access.Everyone &&
		slices.Equal(before.Access.Users, after.Access.Users) && slices.Equal(before.Access.Groups, after.Access.Groups)
	if same || before.PerViewer {
		return false, nil
	}
	return b.byRole(ctx)
}

// closeGate stops a dashboard whose gate is to change, if it runs. The hub is asked,
// as what is kept of it may be a minute old.
func (b *Builder) closeGate(ctx context.Context, v dashboard.Visitor, d dashboard.Dashboard) (stopped bool, err error) {
	account, err := b.Hub.Account(ctx, d.Owner)
	if err != nil && !hub.IsNotFound(err) {
		return false, notTold(err)
	}
	if server, there := account.Servers[d.Server]; d.State == dashboard.Stopped && (!there || server.Stopped) {
		return false, nil
	}
	return true, b.stopAndWait(ctx, v, d)
}

// errOpening is said where a dashboard is on its way with the gate of before.
func errOpening() error {
	return dashboard.Errorf(dashboard.Conflict, "The dashboard is being started right now, and lets in who could open it until now, so nothing was changed. Try again in a minute.")
}

// stopAndWait stops a dashboard. Should this process end then, it stays stopped:
// whoever opens it next finds the gate as it is to be.
func (b *Builder) stopAndWait(ctx context.Context, v dashboard.Visitor, d dashboard.Dashboard) error {
	job, err := b.begin(ctx, dashboard.Job{Dashboard: d.ID, Kind: dashboard.Stop, By: v.Name}, tokenFor(v, d))
	if err != nil {
		return err
	}
	r := b.jobs.get(job.ID)
	if r == nil {
		return notTold(errors.New("another process stops it"))
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if job, err = b.Store.Job(ctx, job.ID); err == nil && job.Failure != "" {
		return dashboard.Errorf(dashboard.Unavailable, "The dashboard could not be stopped, so nothing was changed: %s", job.Failure)
	}
	return err
}
