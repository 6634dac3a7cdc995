package builder

import (
	"context"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// closeViewers removes the servers of those whom these rules do not let in any more,
// of a dashboard that gives each viewer one. What does not stop at once is tried again
// by reconcile.
func (b *Builder) closeViewers(ctx context.Context, d dashboard.Dashboard, access dashboard.Access, members members) error {
	viewers, err := b.Store.Viewers(ctx, d.ID)
	if err != nil || len(viewers) == 0 {
		return err
	}
	groups, err := members.of(ctx, access)
	if err != nil {
		return err
	}
	for viewer, known := range viewers {
		if viewer == d.Owner || access.Allows(viewer, groups[viewer]) {
			continue
		}
		pending, err := b.Hub.StopServer(ctx, viewer, known.Server, true)
		if err != nil && !hub.IsNotFound(err) {
			return err
		}
		b.log.Info("a user's access has ended, and their server with it", "dashboard", d.ID, "user", viewer)
		if pending {
			continue
		}
		if err := b.Store.RemoveViewer(ctx, d.ID, viewer); err != nil {
			return err
		}
	}
	return nil
}
