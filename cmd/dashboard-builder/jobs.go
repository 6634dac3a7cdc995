package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

func (p *program) jobsCommand() *cobra.Command {
	command := p.client(&cobra.Command{
		Use:               "jobs DASHBOARD",
		Short:             "List what was done to it, the newest first",
		Example:           `  dashboard-builder jobs sales-2024`,
		Args:              wants(1, 1, "a dashboard"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		jobs, err := s.client.Jobs(s.ctx, d.ID)
		if err != nil {
			return err
		}
		if s.asJSON {
			return s.writeJSON(api.Items[api.Job]{Items: jobs})
		}
		var rows [][]terminal.Cell
		for _, job := range jobs {
			state := terminal.Cell{Text: "done", Color: terminal.Green}
			switch {
			case job.Failure != "":
				state = terminal.Cell{Text: "failed: " + job.Failure, Color: terminal.Red}
			case !job.Done:
				state = terminal.Cell{Text: fmt.Sprintf("%s (%s)", titleOf(job), job.Step), Color: terminal.Yellow}
			}
			rows = append(rows, []terminal.Cell{{Text: string(job.Kind)}, {Text: s.ago(&job.Created)}, {Text: job.By}, {Text: job.ID}, state})
		}
		return s.out.Table([]terminal.Column{
			{Title: "WHAT"}, {Title: "WHEN"}, {Title: "BY", Least: 8, Rank: 1}, {Title: "JOB"}, {Title: "STATE", Least: 10},
		}, rows)
	})
	return p.json(command, "{items: [job...]}")
}
