package builder

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// Servers are the visitor's own that can be cloned; those of dashboards cannot.
func (b *Builder) Servers(ctx context.Context, v dashboard.Visitor) ([]dashboard.Server, error) {
	account, err := b.accountOf(ctx, v)
	if err != nil {
		return nil, err
	}
	return b.serversOf(account), nil
}

// serversOf are those of an account's that can be cloned.
func (b *Builder) serversOf(account hub.Account) []dashboard.Server {
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
	return found
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
