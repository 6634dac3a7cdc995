package builder

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// reconcileSnapshots takes away what clones that broke off have left, and what
// belongs to no dashboard, and says where the snapshot in force is gone.
func (b *Builder) reconcileSnapshots(ctx context.Context) error {
	// In this order: what is made meanwhile is in the later lists.
	began := time.Now()
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
			if busy[snapshot.Dashboard] || (known && revision.State == dashboard.Made) || !b.isNothings(ctx, snapshot.Dashboard, snapshot.Revision) {
				continue
			}
			b.log.Info("removing a snapshot that belongs to nothing", "dashboard", snapshot.Dashboard, "revision", snapshot.Revision, "kind", snapshot.Kind)
			if err := b.Cloners[kind].Remove(ctx, snapshot); err != nil {
				b.complain(ctx, "cannot remove a snapshot that belongs to nothing", err)
			}
		}
	}
	return b.reconcileRevisions(ctx, began, revisions, busy, found)
}

// isNothings looks once more before something is taken away: a build may have
// begun since the jobs were looked at, or ended since the revisions were.
func (b *Builder) isNothings(ctx context.Context, id string, number int) bool {
	revisions, err := b.Store.Revisions(ctx, id)
	if err != nil {
		return false
	}
	for _, each := range revisions {
		if each.Number == number && each.State == dashboard.Made {
			return false
		}
	}
	open, err := b.Store.OpenJobs(ctx)
	return err == nil && !slices.ContainsFunc(open, func(job dashboard.Job) bool { return job.Dashboard == id })
}

// reconcileRevisions forgets revisions that were never finished, and says where
// a snapshot is gone.
func (b *Builder) reconcileRevisions(ctx context.Context, began time.Time, revisions []dashboard.Revision, busy map[string]bool, found map[dashboard.SourceKind][]dashboard.Snapshot) error {
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
			if b.isNothings(ctx, each.Dashboard, each.Number) {
				failed = errors.Join(failed, b.Store.RemoveRevision(ctx, each.Dashboard, each.Number))
			}
			continue
		}
		// What was made since the snapshots were looked at is not among them.
		if each.Snapshot.Kind == dashboard.Commit || there[each.Snapshot.Ref] || each.Finished.After(began) {
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
