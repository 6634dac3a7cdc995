package builder

import (
	"context"
	"errors"
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
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
