package main

import (
	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func (p *program) createCommand() *cobra.Command {
	var made definition
	var with sharing
	var private, noWait bool
	var command *cobra.Command
	command = p.client(&cobra.Command{
		Use:   "create NAME",
		Short: "Make a dashboard of a server's files or a repository, and start it",
		Long: `Clones one of your servers, or a git repository, launches what is in it as a
dashboard, and writes its link. Your work is copied: the dashboard does not change
until you rebuild it.`,
		Example: `  dashboard-builder create "Sales 2024" --folder work/sales --path Sales.ipynb
  dashboard-builder create Tour --repo https://github.com/voila-dashboards/voila.git --folder notebooks --path basics.ipynb --everyone
  dashboard-builder create Map --server gpu --path map.py --framework streamlit --user ben --group geo`,
		Args:              wants(1, 1, "a name for the dashboard"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}, func(s *session, args []string) error {
		d := api.New{Name: args[0], Description: made.description, PerViewer: made.perViewer, Options: made.spawnerOptions()}
		d.Source.Kind = dashboard.FromServer
		made.apply(command, &d.Source, &d.App)
		if private || !with.empty() {
			access := with.access()
			d.Access = &access
		}
		if d.App.Framework == "" {
			rules, err := s.client.Rules(s.ctx)
			if err == nil {
				d.App.Framework, err = framework(rules, d.App.Path)
			}
			if err != nil {
				return err
			}
		}
		created, err := s.client.Create(s.ctx, d)
		if err != nil {
			return err
		}
		return s.finish(created, noWait, "%s is ready.")
	})
	made.register(p, command)
	with.register(p, command)
	flags := command.Flags()
	flags.BoolVar(&private, "private", false, "nobody else, whatever the hub's default is")
	wait(flags, &noWait)
	exclusive(command, "server", "repo")
	exclusive(command, "private", "everyone")
	exclusive(command, "private", "user")
	exclusive(command, "private", "group")
	return p.json(command, "{dashboard, job}")
}

// finish waits for a build, and writes the dashboard's link.
func (s *session) finish(begun api.Created, noWait bool, done string) error {
	var failed error
	if !noWait {
		if begun.Job, failed = s.follow(begun.Job); failed == nil {
			now, err := s.client.Dashboard(s.ctx, begun.Dashboard.ID)
			if err != nil {
				return err
			}
			begun.Dashboard = now
		}
	}
	whole, err := s.whole(begun.Dashboard)
	if err != nil {
		return err
	}
	begun.Dashboard = whole
	switch {
	case s.asJSON:
		err = s.writeJSON(begun)
	case failed != nil:
	case noWait:
		s.say("%s is being built: %s log --follow %s shows how far it is.", whole.Name, programName, whole.ID)
		err = s.print(whole.Open)
	default:
		s.say(done, whole.Name)
		err = s.print(whole.Open)
	}
	if failed != nil {
		return failed
	}
	return err
}
