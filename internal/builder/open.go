package builder

import (
	"context"
	"net/url"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// Open lets a visitor in at the hub, and starts the dashboard if it does not run.
func (b *Builder) Open(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Opening, error) {
	d, err := b.visible(ctx, v, id)
	if err != nil {
		return dashboard.Opening{}, err
	}
	if !v.MayOpen(d) {
		return dashboard.Opening{}, dashboard.Errorf(dashboard.Forbidden, "You can change this dashboard, but it is not shared with you. Ask %s to share it, or share it with yourself.", d.Owner)
	}
	user, server := d.Owner, d.Server
	if d.PerViewer {
		user = v.Name // each has a server of the same name
	}
	account, err := b.Hub.Account(ctx, user)
	switch {
	case hub.IsNotFound(err):
		return dashboard.Opening{}, dashboard.Errorf(dashboard.Unavailable, "The dashboard’s owner, “%s”, has no account on this JupyterHub any more. Ask whoever runs it.", user)
	case err != nil:
		return dashboard.Opening{}, dashboard.Errorf(dashboard.Unavailable, "JupyterHub does not answer. Try again in a minute.%.0w", err)
	}
	known := account.Servers[server]
	opening := dashboard.Opening{URL: b.address(known, user, server)}
	current, err := b.isCurrent(ctx, v, d)
	if err != nil {
		return opening, err
	}
	if known.Ready && current {
		if err := b.admitVisitor(ctx, v, d); err != nil {
			return opening, err
		}
		opening.Ready = true
		return opening, nil
	}
	job, err := b.begin(ctx, dashboard.Job{
		Dashboard: id, Kind: dashboard.Start, By: v.Name, Revision: d.Revision, Viewer: viewerOf(v, d),
	}, v.Token)
	if dashboard.KindOf(err) == dashboard.Conflict {
		// It is being built or stopped: whoever waits sees the end of that.
		if under := b.underWay(ctx, d); under != nil {
			opening.Job = under
			return opening, nil
		}
	}
	if err != nil {
		return opening, err
	}
	opening.Job = &job
	return opening, nil
}

// isCurrent says whether what runs is of the snapshot in force: a viewer's own
// server may be of an older one.
func (b *Builder) isCurrent(ctx context.Context, v dashboard.Visitor, d dashboard.Dashboard) (bool, error) {
	if !d.PerViewer {
		return true, nil
	}
	viewers, err := b.Store.Viewers(ctx, d.ID)
	return viewers[v.Name].Revision == d.Revision, err
}

// underWay is the job that keeps a start from beginning.
func (b *Builder) underWay(ctx context.Context, d dashboard.Dashboard) *dashboard.Job {
	open, err := b.Store.OpenJobs(ctx)
	if err != nil {
		return nil
	}
	for _, job := range open {
		if job.Dashboard == d.ID {
			shown := forViewer(job)
			return &shown
		}
	}
	return nil
}

// admitVisitor gives a visitor access at the hub. It does so each time: somebody
// else may have taken it away there, or the hub may not have heard of it.
func (b *Builder) admitVisitor(ctx context.Context, v dashboard.Visitor, d dashboard.Dashboard) error {
	if d.PerViewer || v.Name == d.Owner || !b.hasShares(ctx) {
		return nil
	}
	if err := b.admit(ctx, d, v.Name); err != nil {
		return dashboard.Errorf(dashboard.Unavailable, "JupyterHub could not be told to let you in. Try again in a minute.%.0w", err)
	}
	return nil
}

// address is where the browser finds a server.
func (b *Builder) address(known hub.Server, user, server string) string {
	if known.FullURL != "" {
		return known.FullURL
	}
	if strings.HasPrefix(known.URL, "/") {
		return b.HubURL(known.URL)
	}
	if known.URL != "" {
		return known.URL // of a domain of the user's own
	}
	return b.HubURL("/user/" + segment(user) + "/" + segment(server) + "/")
}

// segment escapes a part of a path as the hub does: "@" and "~" stay
// (JupyterHub utils.py, url_escape_path).
func segment(text string) string {
	return strings.NewReplacer("+", "%20", "%40", "@", "%7E", "~").Replace(url.QueryEscape(text))
}
