package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

func (p *program) revisionsCommand() *cobra.Command {
	command := p.client(&cobra.Command{
		Use:               "revisions DASHBOARD",
		Short:             "List its snapshots, the newest first",
		Example:           `  dashboard-builder revisions sales-2024`,
		Args:              wants(1, 1, "a dashboard"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		revisions, err := s.client.Revisions(s.ctx, d.ID)
		if err != nil {
			return err
		}
		if s.asJSON {
			return s.writeJSON(api.Items[api.Revision]{Items: revisions})
		}
		var rows [][]terminal.Cell
		for _, r := range revisions {
			rows = append(rows, []terminal.Cell{
				{Text: fmt.Sprint(r.Number)}, revisionState(r), {Text: s.ago(&r.Created)}, {Text: r.By},
				{Text: size(r)}, {Text: paused(r)}, {Text: snapshot(r)}, {Text: shows(r.App)},
			})
		}
		return s.out.Table([]terminal.Column{
			{Title: "NO", Right: true}, {Title: "STATE"}, {Title: "MADE"}, {Title: "BY", Least: 8, Rank: 4},
			{Title: "SIZE", Right: true, Rank: 1}, {Title: "PAUSED", Right: true, Rank: 3}, {Title: "SNAPSHOT", Rank: 2}, {Title: "SHOWS", Least: 12, Rank: 5},
		}, rows)
	})
	return p.json(command, "{items: [revision...]}")
}

func revisionState(r api.Revision) terminal.Cell {
	switch {
	case r.Current:
		return terminal.Cell{Text: "in force", Color: terminal.Green}
	case r.State == dashboard.Failed:
		return terminal.Cell{Text: "failed", Color: terminal.Red}
	case r.State == dashboard.Making:
		return terminal.Cell{Text: "making", Color: terminal.Yellow}
	}
	return terminal.Cell{Text: string(r.State)}
}

func size(r api.Revision) string {
	if r.Bytes <= 0 {
		return ""
	}
	return terminal.Bytes(r.Bytes)
}

// paused is for how long the source stood still.
func paused(r api.Revision) string {
	switch {
	case r.Paused <= 0:
		return ""
	case r.Paused < 1:
		return fmt.Sprintf("%.0f ms", r.Paused*1000)
	}
	return fmt.Sprintf("%.1f s", r.Paused)
}

func snapshot(r api.Revision) string {
	if r.Commit != "" {
		return fmt.Sprintf("%s %.12s", r.Kind, r.Commit)
	}
	return string(r.Kind)
}
