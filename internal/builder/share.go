package builder

import (
	"context"
	"errors"
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
)

// How a dashboard is shared
//
// The gate before a dashboard asks the hub whether a visitor may access its
// server, so who may is the hub's to know. A share (JupyterHub 5) gives one user
// access to one server. The users that a dashboard names get one as soon as its
// server is there. Groups and everyone are let in one by one, when they come: the
// hub's tokens hold no shares of groups (scopes.py, 5.5 to 6.1), and a share for
// each user of a hub would be thousands. What was granted is kept, before it is,
// so that it can be taken back.

// share lets in the users whom a dashboard names, and keeps out who may not any
// more.
func (w *work) share(d dashboard.Dashboard) error {
	d, err := w.Store.Dashboard(w.ctx, d.ID)
	if err != nil {
		return err
	}
	version, err := w.Hub.RecentVersion(w.ctx)
	if err != nil || d.PerViewer || hub.Major(version) < firstWithShares {
		return err
	}
	if err := w.revoke(w.ctx, d, d.Access, w.members()); err != nil {
		return err
	}
	// Not what was granted, as that may not have come to the hub.
	shared, _, err := w.Hub.Shares(w.ctx, d.Owner, d.Server)
	if err != nil {
		return err
	}
	return w.admitNamed(w.ctx, d, shared)
}

// letIn is share, and waits for a hub that is away.
func (w *work) letIn(d dashboard.Dashboard) error {
	ctx, cancel := context.WithTimeout(w.ctx, launchLimit)
	defer cancel()
	for {
		err := w.share(d)
		if !errors.Is(err, hub.ErrUnavailable) {
			return err
		}
		w.Progress("Waiting for JupyterHub", -1)
		if err := pause(ctx, askAgain); err != nil {
			return hubAway(err)
		}
	}
}

// forgetGrants forgets to whom a server was open that is not there any more: its
// shares went with it, and the next one of its name has none.
func (w *work) forgetGrants(ctx context.Context, d dashboard.Dashboard) error {
	granted, err := w.Store.Grants(ctx, d.ID)
	if err != nil || len(granted) == 0 {
		return err
	}
	account, err := w.Hub.Account(ctx, d.Owner)
	if _, there := account.Servers[d.Server]; there || err != nil {
		return err
	}
	for _, user := range granted {
		err = errors.Join(err, w.Store.RemoveGrant(ctx, d.ID, user))
	}
	return err
}

// admitNamed lets in the users whom a dashboard names, but for those who are in. One
// whom the hub does not know may come later, and is let in then.
func (b *Builder) admitNamed(ctx context.Context, d dashboard.Dashboard, in []string) error {
	for _, user := range d.Access.Users {
		if user == d.Owner || slices.Contains(in, user) {
			continue
		}
		if err := b.admit(ctx, d, user); err != nil {
			if refused(err) {
				b.log.Info("a user is not let in yet", "dashboard", d.ID, "user", user, "error", err)
				continue
			}
			return err
		}
	}
	return nil
}

// refused says that the hub did answer, but will not do it.
func refused(err error) bool {
	var answer *hub.Error
	return errors.As(err, &answer) && answer.Status >= 400 && answer.Status < 500
}

// admit lets one user in at the hub.
func (b *Builder) admit(ctx context.Context, d dashboard.Dashboard, user string) error {
	if err := b.Store.AddGrant(ctx, d.ID, user); err != nil {
		return err
	}
	if err := b.Hub.Share(ctx, d.Owner, d.Server, user); err != nil {
		if refused(err) {
			_ = b.Store.RemoveGrant(ctx, d.ID, user) // if not now, then by reconcile
		}
		return err
	}
	return nil
}

// revoke takes the access of those back whom these rules do not let in.
func (b *Builder) revoke(ctx context.Context, d dashboard.Dashboard, access dashboard.Access, members members) error {
	granted, err := b.Store.Grants(ctx, d.ID)
	if err != nil || len(granted) == 0 {
		return err
	}
	groups, err := members.of(ctx, access)
	if err != nil {
		return err
	}
	for _, user := range granted {
		if access.Allows(user, groups[user]) {
			continue
		}
		// A server that is not there has no shares any more either.
		if err := b.Hub.Unshare(ctx, d.Owner, d.Server, user); err != nil && !hub.IsNotFound(err) {
			return err
		}
		if err := b.Store.RemoveGrant(ctx, d.ID, user); err != nil {
			return err
		}
		b.log.Info("a user's access has ended", "dashboard", d.ID, "user", user)
	}
	return nil
}

// hasShares says whether the hub can share single servers.
func (b *Builder) hasShares(ctx context.Context) bool {
	version, err := b.Hub.RecentVersion(ctx)
	return err == nil && hub.Major(version) >= firstWithShares
}

// members finds who is in a group of the hub's. A group that is not there has
// none.
type members func(ctx context.Context, group string) ([]string, error)

// of are the groups that users are in, as far as they matter for access.
func (m members) of(ctx context.Context, access dashboard.Access) (groups map[string][]string, err error) {
	groups = map[string][]string{}
	for _, group := range access.Groups {
		found, err := m(ctx, group)
		if err != nil {
			return nil, err
		}
		for _, user := range found {
			groups[user] = append(groups[user], group)
		}
	}
	return groups, nil
}

// members asks the hub once for each group, for as long as one pass over many
// dashboards takes.
func (b *Builder) members() members {
	known := map[string][]string{}
	return func(ctx context.Context, group string) ([]string, error) {
		found, ok := known[group]
		if ok {
			return found, nil
		}
		found, err := b.Hub.Group(ctx, group)
		if err != nil && !hub.IsNotFound(err) {
			return nil, err
		}
		known[group] = found
		return found, nil
	}
}

// firstWithShares is the first major version of JupyterHub that has shares.
const firstWithShares = 5

// sharing is what this hub can do.
func (b *Builder) sharing(ctx context.Context) dashboard.Sharing {
	version, err := b.Hub.RecentVersion(ctx)
	switch {
	case err != nil:
		return dashboard.Sharing{Why: "JupyterHub does not answer, so it is not known what it can share."}
	case b.Settings.Servers.PerViewer == settings.Always: // nobody gets into another's server
		return dashboard.Sharing{Users: true, Groups: true, Everyone: true}
	case hub.Major(version) < firstWithShares && b.Settings.Access.ByRole:
		return dashboard.Sharing{Users: true, Groups: true, Everyone: true, Why: "On this JupyterHub, those of them can open it to whom its administrators gave access to your servers. When you change who may, a dashboard that runs is started anew."}
	case hub.Major(version) < firstWithShares:
		return dashboard.Sharing{Why: "This JupyterHub (" + version + ") cannot share single servers: version 5 is the first that can. Until then, only you and those to whom its administrators gave access can open your dashboards."}
	}
	return dashboard.Sharing{Users: true, Groups: true, Everyone: true}
}
