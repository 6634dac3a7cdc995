package main

import (
	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

func (p *program) editCommand() *cobra.Command {
	var made definition
	var rebuild, noWait bool
	var command *cobra.Command
	command = p.client(&cobra.Command{
		Use:   "edit DASHBOARD",
		Short: "Change its description, its source, or what it shows",
		Long: `Changes what is given, and leaves the rest. The description holds at once; what the
dashboard is made from and of, from its next rebuild.`,
		Example: `  dashboard-builder edit sales-2024 --description "Figures of this year"
  dashboard-builder edit tour --ref v2.0 --rebuild`,
		Args:              wants(1, 1, "a dashboard"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		if d.Detail == nil {
			return failf(exitForbidden, "%s is %s's to change", d.Name, d.Owner)
		}
		change := api.Change{Options: made.spawnerOptions()}
		source, app := d.Detail.Source, d.Detail.App
		made.apply(command, &source, &app)
		given, any := command.Flags().Changed, change.Options != nil
		for _, part := range []struct {
			flags []string
			set   func()
		}{
			{[]string{"description"}, func() { change.Description = &made.description }},
			{[]string{"server", "repo", "ref", "folder"}, func() { change.Source = &source }},
			{[]string{"path", "framework", "environment", "argument"}, func() { change.App = &app }},
			{[]string{"per-viewer"}, func() { change.PerViewer = &made.perViewer }},
		} {
			for _, flag := range part.flags {
				if given(flag) {
					part.set()
					any = true
				}
			}
		}
		if !any && !rebuild {
			return failf(exitUsage, "edit wants something to change: see %s edit --help", programName)
		}
		if any {
			if d, err = s.client.Edit(s.ctx, d.ID, change); err != nil {
				return err
			}
		}
		if !rebuild {
			return s.changed(d, "%s is changed.")
		}
		job, err := s.client.Rebuild(s.ctx, d.ID)
		if err != nil {
			return err
		}
		return s.finish(api.Created{Dashboard: d, Job: job}, noWait, "%s is rebuilt.")
	})
	made.register(p, command)
	command.Flags().BoolVar(&rebuild, "rebuild", false, "rebuild it, so that all of it holds")
	wait(command.Flags(), &noWait)
	exclusive(command, "server", "repo")
	return p.json(command, "the dashboard; with --rebuild {dashboard, job}")
}

// changed shows a dashboard as it has become.
func (s *session) changed(d api.Dashboard, done string) error {
	if s.asJSON {
		whole, err := s.whole(d)
		if err != nil {
			return err
		}
		return s.writeJSON(whole)
	}
	s.say(done, d.Name)
	return nil
}
