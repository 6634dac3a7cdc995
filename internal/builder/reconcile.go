package builder

import (
	"context"
	"errors"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// reconcile brings what is kept in step with what the hub and the cloners have:
// servers that were stopped or deleted behind our back, users who are gone, access
// that has ended, snapshots that belong to nothing. What cannot be done now is
// done the next time.
func (b *Builder) reconcile(ctx context.Context) {
	if err := b.reconcileServers(ctx); err != nil {
		b.complain(ctx, "cannot compare with the hub", err)
		return
	}
	if err := b.reconcileSnapshots(ctx); err != nil {
		b.complain(ctx, "cannot look for snapshots that belong to nothing", err)
	}
	b.recover(ctx)
}

func (b *Builder) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		b.log.Warn(what, "error", detail(err))
	}
}

// allDashboards are read in pages.
func (b *Builder) allDashboards(ctx context.Context) ([]dashboard.Dashboard, error) {
	const page = 500
	var all []dashboard.Dashboard
	for {
		found, total, err := b.Store.List(ctx, dashboard.Query{Sort: dashboard.ByCreated, Offset: len(all), Limit: page})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if len(found) == 0 || len(all) >= total {
			return all, nil
		}
	}
}

func (b *Builder) reconcileServers(ctx context.Context) error {
	all, err := b.allDashboards(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	open, err := b.Store.OpenJobs(ctx)
	if err != nil {
		return err
	}
	busy := map[string]bool{}
	for _, job := range open {
		busy[job.Dashboard] = true
	}
	accounts := map[string]hub.Account{}
	if err := b.Hub.Accounts(ctx, hub.AccountQuery{}, func(a hub.Account) error {
		accounts[a.Name] = a
		return nil
	}); err != nil {
		return err
	}
	states, members := map[string]dashboard.ServerState{}, b.members()
	for _, d := range all {
		account, known := accounts[d.Owner]
		if !known && !busy[d.ID] {
			if b.followRename(ctx, d, accounts) {
				continue
			}
			b.note(ctx, d, "There is no user “"+d.Owner+"” on this JupyterHub any more. An administrator can delete the dashboard.")
		}
		if busy[d.ID] {
			continue // the job knows better
		}
		if d.PerViewer {
			b.reconcileViewers(ctx, d, accounts, members)
			continue
		}
		state := stateOf(account.Servers[d.Server])
		if state.State != d.State || state.LastUsed.After(d.LastUsed) {
			states[d.ID] = state
		}
		if err := b.reconcileAccess(ctx, d, account, members); err != nil {
			b.complain(ctx, "cannot compare who may open a dashboard", err)
		}
		b.stopIdle(ctx, d, state)
		b.deleteUnused(ctx, d, state)
	}
	if len(states) == 0 {
		return nil
	}
	return b.Store.SetStates(ctx, states)
}

// stateOf is a server's state by the hub's model; the zero Server is none.
func stateOf(s hub.Server) dashboard.ServerState {
	state := dashboard.ServerState{State: dashboard.Stopped, LastUsed: s.LastActivity}
	switch {
	case s.Pending == "spawn":
		state.State = dashboard.Starting
	case s.Pending == "stop":
		state.State = dashboard.Stopping
	case s.Ready:
		state.State = dashboard.Running
	}
	return state
}

// note writes down why a dashboard does not work, once.
func (b *Builder) note(ctx context.Context, d dashboard.Dashboard, failure string) {
	if d.Failure == failure {
		return
	}
	if _, err := b.Store.Update(ctx, d.ID, func(d *dashboard.Dashboard) error { d.Failure = failure; return nil }); err != nil {
		b.complain(ctx, "cannot note a failure", err)
	}
}

// reconcileAccess takes back the access of those who left a group, and gives it to
// those named whom the hub did not know before. Where the server is gone, the
// shares are gone with it: see forgetGrants.
func (b *Builder) reconcileAccess(ctx context.Context, d dashboard.Dashboard, account hub.Account, members members) error {
	if !b.hasShares(ctx) {
		return nil
	}
	granted, err := b.Store.Grants(ctx, d.ID)
	if err != nil {
		return err
	}
	if _, there := account.Servers[d.Server]; !there {
		return b.closeRenamed(ctx, d, account, granted)
	}
	return errors.Join(b.revoke(ctx, d, d.Access, members), b.admitNamed(ctx, d, granted))
}

// closeRenamed ends the shares of a server that was a dashboard's and that its
// owner has given another name (JupyterHub 6 lets them): it is one of their own
// now, and nobody else's.
func (b *Builder) closeRenamed(ctx context.Context, d dashboard.Dashboard, account hub.Account, granted []string) error {
	if len(granted) == 0 {
		return nil
	}
	for name, server := range account.Servers {
		if t, ok := b.ticketOf(server); !ok || t.Dashboard != d.ID {
			continue
		}
		b.log.Warn("a dashboard's server was renamed: nobody else may enter it any more", "dashboard", d.ID, "owner", d.Owner, "from", d.Server, "to", name)
		if err := b.Hub.UnshareAll(ctx, d.Owner, name); err != nil {
			return err
		}
		var failed error
		for _, user := range granted {
			failed = errors.Join(failed, b.Store.RemoveGrant(ctx, d.ID, user))
		}
		return failed
	}
	return nil
}

// reconcileViewers notes what the servers of a dashboard's viewers do, forgets those
// that are gone, and ends those of whom it is not shared with any more.
func (b *Builder) reconcileViewers(ctx context.Context, d dashboard.Dashboard, accounts map[string]hub.Account, members members) {
	viewers, err := b.Store.Viewers(ctx, d.ID)
	if err != nil {
		b.complain(ctx, "cannot compare viewers' servers", err)
		return
	}
	latest := d.LastUsed
	for viewer, known := range viewers {
		server, there := accounts[viewer].Servers[known.Server]
		if !there {
			err = errors.Join(err, b.Store.RemoveViewer(ctx, d.ID, viewer))
			continue
		}
		state := stateOf(server)
		if state.State != known.State || state.LastUsed.After(known.LastUsed) {
			known.State, known.LastUsed = state.State, state.LastUsed
			err = errors.Join(err, b.Store.SetViewer(ctx, d.ID, viewer, known))
		}
		if state.LastUsed.After(latest) {
			latest = state.LastUsed
		}
	}
	if latest.After(d.LastUsed) {
		err = errors.Join(err, b.Store.SetStates(ctx, map[string]dashboard.ServerState{d.ID: {State: d.State, LastUsed: latest}}))
	}
	if err != nil {
		b.complain(ctx, "cannot note viewers' servers", err)
	}
	// By the rules of now: somebody may just have been let in. Shares are of the time
	// when all had one server.
	if d, err = b.Store.Dashboard(ctx, d.ID); err == nil {
		err = errors.Join(b.revoke(ctx, d, d.Access, members), b.closeViewers(ctx, d, d.Access, members))
	}
	if err != nil {
		b.complain(ctx, "cannot compare who may have a server of a dashboard", err)
	}
}
