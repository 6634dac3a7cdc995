package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

// beginner is a command that begins something with a dashboard and waits for its
// end.
func (p *program) beginner(command *cobra.Command, begin func(*api.Client, context.Context, string) (api.Job, error), done string) *cobra.Command {
	var noWait bool
	command.Args = wants(1, 1, "a dashboard")
	command.ValidArgsFunction = p.completeDashboards(false)
	command = p.client(command, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		job, err := begin(s.client, s.ctx, d.ID)
		if err != nil {
			return err
		}
		return s.await(d, job, noWait, done)
	})
	wait(command.Flags(), &noWait)
	return p.json(command, "the job")
}

// await waits for the end of a job, if it is to be waited for, and says that it has
// come.
func (s *session) await(d api.Dashboard, job api.Job, noWait bool, done string) error {
	var failed error
	if !noWait {
		job, failed = s.follow(job)
	}
	switch {
	case s.asJSON:
		if err := s.writeJSON(job); failed == nil {
			return err
		}
	case failed != nil:
	case noWait:
		s.say("%s of %s has begun: %s log --follow %s shows how far it is.", capital(verb(job.Kind)), d.Name, programName, d.ID)
	default:
		s.say(done, d.Name)
	}
	return failed
}

func (p *program) rebuildCommand() *cobra.Command {
	return p.beginner(&cobra.Command{
		Use:   "rebuild DASHBOARD",
		Short: "Clone its source anew, and start it from that",
		Long: `Makes a new snapshot of what the dashboard is cloned from, as that is now, and
starts the dashboard from it. If that fails, it stays as it was.`,
		Example: `  dashboard-builder rebuild sales-2024`,
	}, (*api.Client).Rebuild, "%s shows what its source is now.")
}

func (p *program) startCommand() *cobra.Command {
	return p.beginner(&cobra.Command{
		Use:     "start DASHBOARD",
		Short:   "Start its server",
		Example: `  dashboard-builder start sales-2024`,
	}, (*api.Client).Start, "%s is running.")
}

func (p *program) stopCommand() *cobra.Command {
	return p.beginner(&cobra.Command{
		Use:   "stop DASHBOARD",
		Short: "Stop its server; who opens it starts it again",
		Example: `  dashboard-builder stop sales-2024
  dashboard-builder stop sales-2024 --no-wait`,
	}, (*api.Client).Stop, "%s is stopped.")
}
