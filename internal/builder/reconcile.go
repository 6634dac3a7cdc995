package builder

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
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
			b.reconcileViewers(ctx, d, accounts)
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
// shares are gone with it.
func (b *Builder) reconcileAccess(ctx context.Context, d dashboard.Dashboard, account hub.Account, members members) error {
	if _, there := account.Servers[d.Server]; !there {
		granted, err := b.Store.Grants(ctx, d.ID)
		for _, user := range granted {
			err = errors.Join(err, b.Store.RemoveGrant(ctx, d.ID, user))
		}
		return err
	}
	if !b.hasShares(ctx) {
		return nil
	}
	return errors.Join(b.revoke(ctx, d, d.Access, members), b.admitNamed(ctx, d))
}

// reconcileViewers notes what the servers of a dashboard's viewers do, and forgets
// those that are gone.
func (b *Builder) reconcileViewers(ctx context.Context, d dashboard.Dashboard, accounts map[string]hub.Account) {
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
}

// stopIdle stops a dashboard that nobody has used for as long as the operator
// says.
func (b *Builder) stopIdle(ctx context.Context, d dashboard.Dashboard, state dashboard.ServerState) {
	limit := time.Duration(b.Settings.Limits.Idle)
	if limit == 0 || state.State != dashboard.Running || state.LastUsed.IsZero() || time.Since(state.LastUsed) < limit {
		return
	}
	b.log.Info("stopping a dashboard that nobody uses", "dashboard", d.ID, "last_used", state.LastUsed)
	if _, err := b.begin(ctx, dashboard.Job{Dashboard: d.ID, Kind: dashboard.Stop, By: "the service"}, ""); err != nil {
		b.complain(ctx, "cannot stop an idle dashboard", err)
	}
}

// deleteUnused deletes a dashboard that nobody has used for as long as the
// operator says. One that was never used counts from its last change.
func (b *Builder) deleteUnused(ctx context.Context, d dashboard.Dashboard, state dashboard.ServerState) {
	limit := time.Duration(b.Settings.Retention.Unused)
	last := d.Updated
	for _, used := range []time.Time{d.LastUsed, state.LastUsed} {
		if used.After(last) {
			last = used
		}
	}
	if limit == 0 || time.Since(last) < limit {
		return
	}
	b.log.Warn("deleting a dashboard that nobody uses", "dashboard", d.ID, "name", d.Name, "owner", d.Owner, "last_used", last)
	if _, err := b.begin(ctx, dashboard.Job{Dashboard: d.ID, Kind: dashboard.Delete, By: "the service"}, ""); err != nil {
		b.complain(ctx, "cannot delete an unused dashboard", err)
	}
}

// followRename finds a dashboard's owner under a new name: the servers of a user
// who is renamed go along, and the ticket in a server's options tells whose
// dashboard it was.
func (b *Builder) followRename(ctx context.Context, d dashboard.Dashboard, accounts map[string]hub.Account) bool {
	for name, account := range accounts {
		server, there := account.Servers[d.Server]
		if !there {
			continue
		}
		if t, ok := b.ticketOf(server); !ok || t.Dashboard != d.ID || t.User != d.Owner {
			continue
		}
		if err := b.Store.Rename(ctx, d.Owner, name); err != nil {
			b.complain(ctx, "cannot follow a user who was renamed", err)
			return false
		}
		b.log.Info("a user was renamed, and the dashboards with them", "from", d.Owner, "to", name)
		return true
	}
	return false
}

// ticketOf is the ticket that a server was last started by.
func (b *Builder) ticketOf(server hub.Server) (ticket.Ticket, bool) {
	var options map[string]json.RawMessage
	var signed string
	if json.Unmarshal(server.UserOptions, &options) != nil || json.Unmarshal(options[ticket.Option], &signed) != nil {
		return ticket.Ticket{}, false
	}
	t, err := b.Signer.Read(signed)
	return t, err == nil
}

// reconcileSnapshots takes away what clones that broke off have left, and what
// belongs to no dashboard, and says where the snapshot in force is gone.
func (b *Builder) reconcileSnapshots(ctx context.Context) error {
	// In this order: what is made meanwhile is in the later lists.
	found := map[dashboard.SourceKind][]dashboard.Snapshot{}
	for kind, cloner := range b.Cloners {
		snapshots, err := cloner.Snapshots(ctx)
		if err != nil {
			return err
		}
		found[kind] = snapshots
	}
	open, err := b.Store.OpenJobs(ctx)
	if err != nil {
		return err
	}
	revisions, err := b.Store.Revisions(ctx, "")
	if err != nil {
		return err
	}
	type key struct {
		dashboard string
		revision  int
	}
	wanted, busy := map[key]dashboard.Revision{}, map[string]bool{}
	for _, each := range revisions {
		wanted[key{each.Dashboard, each.Number}] = each
	}
	for _, job := range open {
		busy[job.Dashboard] = true
	}
	for kind, snapshots := range found {
		for _, snapshot := range snapshots {
			revision, known := wanted[key{snapshot.Dashboard, snapshot.Revision}]
			if busy[snapshot.Dashboard] || (known && revision.State == dashboard.Made) {
				continue
			}
			b.log.Info("removing a snapshot that belongs to nothing", "dashboard", snapshot.Dashboard, "revision", snapshot.Revision, "kind", snapshot.Kind)
			if err := b.Cloners[kind].Remove(ctx, snapshot); err != nil {
				b.complain(ctx, "cannot remove a snapshot that belongs to nothing", err)
			}
		}
	}
	return b.reconcileRevisions(ctx, revisions, busy, found)
}

// reconcileRevisions forgets revisions that were never finished, and says where
// a snapshot is gone.
func (b *Builder) reconcileRevisions(ctx context.Context, revisions []dashboard.Revision, busy map[string]bool, found map[dashboard.SourceKind][]dashboard.Snapshot) error {
	there := map[string]bool{}
	for _, snapshots := range found {
		for _, snapshot := range snapshots {
			there[snapshot.Ref] = true
		}
	}
	var failed error
	for _, each := range revisions {
		if busy[each.Dashboard] {
			continue
		}
		if each.State != dashboard.Made {
			failed = errors.Join(failed, b.Store.RemoveRevision(ctx, each.Dashboard, each.Number))
			continue
		}
		if each.Snapshot.Kind == dashboard.Commit || there[each.Snapshot.Ref] {
			continue
		}
		d, err := b.Store.Dashboard(ctx, each.Dashboard)
		if err != nil {
			continue // deleted meanwhile
		}
		failed = errors.Join(failed, b.Store.RemoveRevision(ctx, each.Dashboard, each.Number))
		b.log.Warn("a snapshot is gone", "dashboard", each.Dashboard, "revision", each.Number, "was", each.Snapshot.Ref)
		if d.Revision == each.Number {
			b.note(ctx, d, "The snapshot that this dashboard runs from is gone. Press Rebuild to make a new one.")
		}
	}
	return failed
}
