package builder

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

var _ dashboard.Service = (*Builder)(nil)

// notThere is said of what is not there and of what is none of the visitor's
// business alike.
func notThere() error {
	return dashboard.Errorf(dashboard.NotFound, "There is no such dashboard, or it is not shared with you. Ask whoever gave you the link.")
}

// visible finds a dashboard that the visitor may open or change.
func (b *Builder) visible(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	if !dashboard.IsID(id) {
		return dashboard.Dashboard{}, notThere()
	}
	d, err := b.Store.Dashboard(ctx, id)
	if errors.Is(err, dashboard.ErrNotFound) || (err == nil && !v.MayOpen(d) && !v.Owns(d)) {
		return dashboard.Dashboard{}, notThere()
	}
	return d, err
}

// owned finds a dashboard that the visitor may change.
func (b *Builder) owned(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	d, err := b.visible(ctx, v, id)
	if err == nil && !v.Owns(d) {
		return d, dashboard.Errorf(dashboard.Forbidden, "This dashboard is %s’s. Only they can change it: ask them.", d.Owner)
	}
	return d, err
}

// Dashboard returns one dashboard.
func (b *Builder) Dashboard(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	d, err := b.visible(ctx, v, id)
	return forVisitor(v, d), err
}

// forVisitor leaves out what is its owner's business only.
func forVisitor(v dashboard.Visitor, d dashboard.Dashboard) dashboard.Dashboard {
	if v.Owns(d) {
		return d
	}
	d.Options, d.Failure, d.Access = nil, "", dashboard.Access{}
	d.Source = dashboard.Source{Kind: d.Source.Kind}
	d.App = dashboard.App{Framework: d.App.Framework}
	return d
}

// List returns the dashboards that the visitor may open or owns.
func (b *Builder) List(ctx context.Context, v dashboard.Visitor, query dashboard.Query) ([]dashboard.Dashboard, int, error) {
	query.Viewer, query.Groups = v.Name, v.Groups
	if v.Admin && query.Owner != "" {
		query.Viewer, query.Groups = "", nil
	}
	if query.Group != "" && !b.Settings.Pages.Groups {
		return nil, 0, dashboard.Errorf(dashboard.NotFound, "Groups have no pages here.")
	}
	if query.Group != "" && !v.Admin && !slices.Contains(v.Groups, query.Group) {
		return nil, 0, dashboard.Errorf(dashboard.NotFound, "There is no such group, or you are not in it.")
	}
	found, total, err := b.Store.List(ctx, query)
	for i := range found {
		found[i] = forVisitor(v, found[i])
	}
	return found, total, err
}

// Rules are what this visitor can do.
func (b *Builder) Rules(ctx context.Context, v dashboard.Visitor) (dashboard.Rules, error) {
	rules, err := b.Settings.Rules(v)
	if err != nil {
		b.log.Warn("the rules are incomplete", "error", err)
	}
	rules.Sources = slices.DeleteFunc(rules.Sources, func(kind dashboard.SourceKind) bool { return b.Cloners[kind] == nil })
	rules.Sharing = b.sharing(ctx)
	if version, err := b.Hub.RecentVersion(ctx); err == nil {
		rules.HubVersion = version
	}
	return rules, nil
}

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

// Job returns a job to those who may know of it.
func (b *Builder) Job(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	job, d, err := b.job(ctx, v, id)
	if err == nil && !v.Owns(d) {
		job = forViewer(job)
	}
	return job, err
}

func (b *Builder) job(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Job, dashboard.Dashboard, error) {
	nothing := dashboard.Errorf(dashboard.NotFound, "There is no such job, or its dashboard is gone.")
	if !dashboard.IsID(id) {
		return dashboard.Job{}, dashboard.Dashboard{}, nothing
	}
	job, err := b.Store.Job(ctx, id)
	if errors.Is(err, dashboard.ErrNotFound) {
		return job, dashboard.Dashboard{}, nothing
	}
	if err != nil {
		return job, dashboard.Dashboard{}, err
	}
	d, err := b.visible(ctx, v, job.Dashboard)
	switch {
	case dashboard.KindOf(err) == dashboard.NotFound:
		return dashboard.Job{}, d, nothing
	case err != nil:
		return dashboard.Job{}, d, err
	case v.Owns(d), job.Kind == dashboard.Start && (job.Viewer == "" || job.Viewer == v.Name):
		return job, d, nil
	}
	return dashboard.Job{}, d, nothing
}

// Jobs are a dashboard's newest.
func (b *Builder) Jobs(ctx context.Context, v dashboard.Visitor, id string) ([]dashboard.Job, error) {
	const enough = 50
	if _, err := b.owned(ctx, v, id); err != nil {
		return nil, err
	}
	return b.Store.Jobs(ctx, id, enough)
}

// Log is what a job has written, for the dashboard's owner.
func (b *Builder) Log(ctx context.Context, v dashboard.Visitor, id string, after int) ([]dashboard.LogLine, error) {
	_, d, err := b.job(ctx, v, id)
	if err != nil || !v.Owns(d) {
		return nil, err
	}
	return b.Store.Log(ctx, id, max(after, 0))
}

// Revisions are a dashboard's snapshots.
func (b *Builder) Revisions(ctx context.Context, v dashboard.Visitor, id string) ([]dashboard.Revision, error) {
	if _, err := b.owned(ctx, v, id); err != nil {
		return nil, err
	}
	return b.Store.Revisions(ctx, id)
}

// Servers are the visitor's own that can be cloned; those of dashboards cannot.
func (b *Builder) Servers(ctx context.Context, v dashboard.Visitor) ([]dashboard.Server, error) {
	account, err := b.accountOf(ctx, v)
	if err != nil {
		return nil, err
	}
	found := []dashboard.Server{}
	if _, ok := account.Servers[""]; !ok {
		account.Servers = maps.Clone(account.Servers)
		if account.Servers == nil {
			account.Servers = map[string]hub.Server{}
		}
		account.Servers[""] = hub.Server{} // everybody has one, started or not
	}
	for name, server := range account.Servers {
		if strings.HasPrefix(name, dashboard.ServerPrefix(b.Settings.Servers.Name)) {
			continue
		}
		title := cmp.Or(server.DisplayName, name, "My server")
		each := dashboard.Server{Name: name, Title: title, Running: server.Ready}
		if b.NeedsRunning && !server.Ready {
			each.Why = "It does not run. Start it first."
		}
		found = append(found, each)
	}
	slices.SortFunc(found, func(a, b dashboard.Server) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// accountOf asks the hub for a visitor's servers: in their own name where that
// does.
func (b *Builder) accountOf(ctx context.Context, v dashboard.Visitor) (hub.Account, error) {
	if v.Token != "" {
		account, err := b.Hub.As(v.Token).Account(ctx, v.Name)
		if err == nil && account.Servers != nil {
			return account, nil
		}
	}
	account, err := b.Hub.Account(ctx, v.Name)
	if errors.Is(err, hub.ErrUnavailable) {
		return account, dashboard.Errorf(dashboard.Unavailable, "JupyterHub does not answer. Try again in a minute.%.0w", err)
	}
	return account, err
}

// Browse lists what can be chosen in a folder of the visitor's.
func (b *Builder) Browse(ctx context.Context, v dashboard.Visitor, source dashboard.Source, folder string) ([]dashboard.Entry, error) {
	// The same checks as for a dashboard that was made of it.
	probe := dashboard.Dashboard{Name: "x", Source: source, App: dashboard.App{Framework: "x"}}
	if err := probe.Check(); err != nil {
		return nil, err
	}
	if err := b.Settings.MayCreate(v); err != nil {
		return nil, err
	}
	if err := b.checkSource(probe.Source); err != nil {
		return nil, err
	}
	cleaned, err := dashboard.CleanPath("folder", folder)
	if err != nil {
		return nil, err
	}
	return b.Cloners[source.Kind].Browse(ctx, v.Name, probe.Source, cleaned)
}

// People finds users and groups by how their names begin.
func (b *Builder) People(ctx context.Context, v dashboard.Visitor, text string) (users, groups []string, err error) {
	const enough = 10
	if b.Settings.MayCreate(v) != nil {
		return nil, nil, nil // who shares nothing need not know who there is
	}
	text = strings.TrimSpace(text)
	if len(text) > 255 {
		return nil, nil, nil
	}
	begins := func(name string) bool {
		return strings.HasPrefix(dashboard.FoldName(name), dashboard.FoldName(text))
	}
	err = b.Hub.Accounts(ctx, hub.AccountQuery{NameFilter: text, Limit: 100, NoServers: true}, func(a hub.Account) error {
		if begins(a.Name) && a.Name != v.Name {
			users = append(users, a.Name)
		}
		return nil
	})
	if err != nil {
		return nil, nil, unavailable(err)
	}
	all, err := b.Hub.Groups(ctx)
	if err != nil && !hub.IsForbidden(err) {
		return nil, nil, unavailable(err)
	}
	for _, name := range all {
		if begins(name) {
			groups = append(groups, name)
		}
	}
	slices.Sort(users)
	slices.Sort(groups)
	return users[:min(len(users), enough)], groups[:min(len(groups), enough)], nil
}

func unavailable(err error) error {
	return dashboard.Errorf(dashboard.Unavailable, "JupyterHub did not answer as it should. Try again in a minute.%.0w", err)
}

// now is a time as the store keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
