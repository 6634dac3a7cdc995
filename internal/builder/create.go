package builder

import (
	"context"
	"errors"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Create keeps a new dashboard and begins to build it.
func (b *Builder) Create(ctx context.Context, v dashboard.Visitor, d dashboard.Dashboard) (dashboard.Dashboard, dashboard.Job, error) {
	var none dashboard.Job
	if err := b.Settings.MayCreate(v); err != nil {
		return d, none, err
	}
	d.ID, d.Owner = dashboard.NewID(), v.Name
	d.Revision, d.State, d.Failure, d.Thumbnail = 0, dashboard.Stopped, "", ""
	d.Created = now()
	d.Updated = d.Created
	inherited := b.Settings.Inherited(d)
	if err := b.check(ctx, &d, dashboard.Access{}); err != nil {
		return d, none, err
	}
	if err := b.lookAtServer(ctx, v, &d, inherited); err != nil {
		return d, none, err
	}
	_, owned, err := b.Store.List(ctx, dashboard.Query{Owner: v.Name, Limit: 1})
	if err != nil {
		return d, none, err
	}
	if err := b.Settings.MayHaveAnother(owned); err != nil {
		return d, none, err
	}
	d.Server = dashboard.ServerName(b.Settings.Servers.Name, d.ID, d.Name, d.Owner)

	job := dashboard.Job{Dashboard: d.ID, Kind: dashboard.Build, By: v.Name}
	b.prepare(&job)
	switch err := b.Store.Create(ctx, d, job); {
	case errors.Is(err, dashboard.ErrNameTaken):
		return d, none, nameTaken(d.Name)
	case errors.Is(err, dashboard.ErrServerTaken):
		return b.Create(ctx, v, d) // by a chance of one in a thousand million; a new one
	case err != nil:
		return d, none, err
	}
	b.run(job, v.Token)
	return d, job, nil
}

// lookAtServer asks the hub for the server that a new dashboard is cloned from, if
// anything of it matters. The dashboard inherits options that it was started with,
// such as what its user chose in a form of the hub's. They are kept with it: anybody
// who may open it can start it, and no rebuild changes them.
func (b *Builder) lookAtServer(ctx context.Context, v dashboard.Visitor, d *dashboard.Dashboard, inherited []string) error {
	hasToRun := b.NeedsRunning && d.Source.Kind == dashboard.FromServer
	if !hasToRun && len(inherited) == 0 {
		return nil
	}
	account, err := b.accountOf(ctx, v)
	if err != nil {
		return err
	}
	d.Options = b.Settings.Inherit(d.Options, inherited, account.Servers[d.Source.Server].UserOptions)
	if hasToRun {
		return checkRunning(b.serversOf(account), d.Source.Server)
	}
	return nil
}

func nameTaken(name string) error {
	failed := dashboard.InvalidField("name", "You have a dashboard called “%s” already. Choose another name, or rename that one.", name)
	failed.Kind = dashboard.Conflict
	return failed
}

// check looks at a whole dashboard before it is kept. before is who might open it
// until now.
func (b *Builder) check(ctx context.Context, d *dashboard.Dashboard, before dashboard.Access) error {
	if err := d.Check(); err != nil {
		return err
	}
	if err := b.checkMade(d); err != nil {
		return err
	}
	return b.checkAccess(ctx, d.Access, before)
}

// checkMade looks at what a dashboard is made of, by the rules of now.
func (b *Builder) checkMade(d *dashboard.Dashboard) error {
	if err := b.checkSource(d.Source); err != nil {
		return err
	}
	return b.Settings.Check(d)
}

func (b *Builder) checkSource(source dashboard.Source) error {
	if b.Cloners[source.Kind] == nil {
		return dashboard.InvalidField("source.kind", "Nothing can be cloned from a %s here. Choose another source.", source.Kind)
	}
	return b.Settings.CheckSource(source)
}

// checkRunning says of a server that has to run that it does not, before a build
// finds that out.
func checkRunning(servers []dashboard.Server, name string) error {
	for _, each := range servers {
		switch {
		case each.Name != name:
		case each.Running:
			return nil
		default:
			return dashboard.InvalidField("source.server", "The server “%s” does not run. Start it first, or choose another one.", each.Title)
		}
	}
	return dashboard.InvalidField("source.server", "You have no server “%s” that can be cloned. Choose another one.", name)
}

// checkAccess refuses to share wider than before with whom this hub cannot let
// in: that would look shared, and be closed.
func (b *Builder) checkAccess(ctx context.Context, access, before dashboard.Access) error {
	wider := access.Everyone && !before.Everyone
	for _, user := range access.Users {
		wider = wider || !before.Allows(user, nil)
	}
	for _, group := range access.Groups {
		wider = wider || !before.Allows("", []string{group})
	}
	if !wider {
		return nil
	}
	if can := b.sharing(ctx); !can.Users {
		return &dashboard.Error{Kind: dashboard.Unavailable, Field: "access", Message: can.Why}
	}
	return nil
}

// now is a time as the store keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
