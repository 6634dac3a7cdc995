package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/containds"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

// moveCommand is import, with what an administrator can do besides.
func (p *program) moveCommand() *cobra.Command {
	o := &serveOptions{Places: setting.Places{Prefix: variablePrefix}}
	command := p.importCommand(func(ctx context.Context, address string, dryRun bool) error {
		return p.importContainDS(ctx, o, address, dryRun)
	})
	o.registerStore(command.Flags())
	o.registerSettings(command.Flags())
	return command
}

// moved is what became of one dashboard of ContainDS's.
type moved struct {
	Name   string   `json:"name"`
	Owner  string   `json:"owner"`
	ID     string   `json:"id,omitempty"`
	Action string   `json:"action"`
	Notes  []string `json:"notes"`
	// URL is where ContainDS showed it.
	URL string `json:"url,omitempty"`
}

// imported is what a dashboard says until its owner has made a snapshot of it.
const imported = "This dashboard comes from ContainDS Dashboards. Look through what it is made of, and press Rebuild."

// importContainDS keeps the dashboards that a hub's database has of ContainDS's.
// Nothing is built: that is their owners' to do.
func (p *program) importContainDS(ctx context.Context, o *serveOptions, address string, dryRun bool) error {
	set := settings.Default()
	var err error
	if o.settingsFile != "" {
		if set, err = settings.Load(o.settingsFile); err != nil {
			return err
		}
	}
	found, err := containds.Read(ctx, address)
	if err != nil {
		return err
	}
	if err := o.findState(); err != nil {
		return err
	}
	kept, err := store.Open(ctx, o.storeURL(), o.newLog(p.stderr))
	if err != nil {
		return err
	}
	defer kept.Close()
	var all []moved
	for _, each := range found {
		one, err := importOne(ctx, kept, set, each, dryRun)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	return p.showMoved(all)
}

func importOne(ctx context.Context, kept dashboard.Store, set settings.Settings, found containds.Found, dryRun bool) (moved, error) {
	d := found.Dashboard
	result := moved{Name: d.Name, Owner: d.Owner, Action: string(toSkip), Notes: append([]string{}, found.Notes...), URL: found.LegacyURL}
	if d.Owner == "" {
		return result, nil // a note says why
	}
	err := d.Check()
	if err == nil {
		err = set.Check(&d)
	}
	if known, ok := errors.AsType[*dashboard.Error](err); ok {
		// It is kept nevertheless: its owner can mend it.
		result.Notes = append(result.Notes, known.Message)
	} else if err != nil {
		return result, err
	}
	result.Action = string(toCreate)
	if dryRun {
		return result, nil
	}
	d.ID = dashboard.NewID()
	d.Server = dashboard.ServerName(set.Servers.Name, d.ID, d.Name, d.Owner)
	d.State, d.Failure, d.Updated = dashboard.Stopped, imported, time.Now()
	if d.Created.IsZero() {
		d.Created = d.Updated
	}
	switch err := kept.Create(ctx, d, importJob(d)); {
	case errors.Is(err, dashboard.ErrNameTaken):
		result.Action = string(toSkip)
		result.Notes = append(result.Notes, "There is a dashboard of that name already.")
	case err != nil:
		return result, err
	default:
		result.Action, result.ID = string(created), d.ID
	}
	return result, nil
}

// importJob is the first entry of a dashboard's history, as there is no build.
func importJob(d dashboard.Dashboard) dashboard.Job {
	return dashboard.Job{
		ID: dashboard.NewID(), Kind: dashboard.Build, By: "import", Step: dashboard.StepQueued, Title: "Imported",
		Percent: -1, Done: true, Failure: imported, Created: d.Updated, Finished: d.Updated, Seen: d.Updated,
	}
}

func (p *program) showMoved(all []moved) error {
	s := &session{program: p, out: terminal.New(p.stdout, p.lookup)}
	if p.asJSON {
		return s.writeJSON(api.Items[moved]{Items: all})
	}
	if len(all) == 0 {
		return s.print("There are no dashboards in that database.")
	}
	var rows [][]terminal.Cell
	for _, each := range all {
		rows = append(rows, []terminal.Cell{{Text: each.Name}, {Text: each.Owner}, {Text: each.Action}, {Text: strings.Join(each.Notes, " ")}})
	}
	return s.out.Table([]terminal.Column{{Title: "NAME", Least: 12}, {Title: "OWNER", Least: 6}, {Title: "ACTION"}, {Title: "NOTES", Least: 20}}, rows)
}
