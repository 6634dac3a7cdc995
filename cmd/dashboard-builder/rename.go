package main

import (
	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

func (p *program) renameCommand() *cobra.Command {
	command := p.client(&cobra.Command{
		Use:               "rename DASHBOARD NAME",
		Short:             "Give it another name; its link stays",
		Example:           `  dashboard-builder rename sales-2024 "Sales 2025"`,
		Args:              wants(2, 2, "a dashboard and its new name"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		if d, err = s.client.Edit(s.ctx, d.ID, api.Change{Name: &args[1]}); err != nil {
			return err
		}
		return s.changed(d, "It is called %s now.")
	})
	return p.json(command, "the dashboard")
}
