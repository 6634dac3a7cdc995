package builder

import (
	"context"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

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
