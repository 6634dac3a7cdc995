package main

import (
	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

func (p *program) shareCommand() *cobra.Command {
	var with sharing
	command := p.client(&cobra.Command{
		Use:   "share DASHBOARD [user...]",
		Short: "Let colleagues open it; alone, say who may",
		Long: `Lets more people open a dashboard, besides those who may already. Without anybody,
it says who may.`,
		Example: `  dashboard-builder share sales-2024 ben cat
  dashboard-builder share sales-2024 --group finance
  dashboard-builder share sales-2024 --everyone
  dashboard-builder share sales-2024`,
		Args:              wants(1, -1, "a dashboard, and the users to share it with"),
		ValidArgsFunction: p.completeShare(),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		if with.users = append(with.users, args[1:]...); !with.empty() {
			if d, err = s.client.Share(s.ctx, d.ID, with.access()); err != nil {
				return err
			}
		}
		return s.showAccess(d)
	})
	with.register(p, command)
	return p.json(command, "the dashboard")
}

func (p *program) unshareCommand() *cobra.Command {
	var with sharing
	var all bool
	command := p.client(&cobra.Command{
		Use:   "unshare DASHBOARD [user...]",
		Short: "Let colleagues open it no longer",
		Example: `  dashboard-builder unshare sales-2024 ben
  dashboard-builder unshare sales-2024 --everyone --group finance
  dashboard-builder unshare sales-2024 --all`,
		Args:              wants(1, -1, "a dashboard, and the users who shall not open it"),
		ValidArgsFunction: p.completeShare(),
	}, func(s *session, args []string) error {
		with.users = append(with.users, args[1:]...)
		if with.empty() && !all {
			return failf(exitUsage, "unshare wants to know whom: users, --group, --everyone or --all")
		}
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		if all {
			nobody := (&sharing{}).access()
			d, err = s.client.Edit(s.ctx, d.ID, api.Change{Access: &nobody})
		} else {
			d, err = s.client.Unshare(s.ctx, d.ID, with.access())
		}
		if err != nil {
			return err
		}
		return s.showAccess(d)
	})
	with.register(p, command)
	command.Flags().BoolVar(&all, "all", false, "nobody but its owner shall open it")
	for _, flag := range []string{"user", "group", "everyone"} {
		exclusive(command, "all", flag)
	}
	return p.json(command, "the dashboard")
}

// completeShare offers dashboards, then users.
func (p *program) completeShare() cobra.CompletionFunc {
	dashboards, users := p.completeDashboards(false), p.completePeople(func(found api.People) []string { return found.Users })
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return dashboards(cmd, args, begun)
		}
		return users(cmd, args, begun)
	}
}

// showAccess says who may open a dashboard now.
func (s *session) showAccess(d api.Dashboard) error {
	if s.asJSON {
		return s.changed(d, "")
	}
	if d.Detail == nil {
		return failf(exitForbidden, "who may open %s is %s's to say", d.Name, d.Owner)
	}
	return s.print(d.Name + " is open to " + openTo(d.Detail.Access) + ".")
}
