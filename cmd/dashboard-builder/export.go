package main

import (
	"bytes"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

func (p *program) exportCommand() *cobra.Command {
	output := "-"
	command := p.client(&cobra.Command{
		Use:   "export [dashboard...]",
		Short: "Write how your dashboards are defined, for import elsewhere",
		Long: `Writes how dashboards are defined, all of yours or those that are named: name,
description, source, app, access and options. Their snapshots, pictures and logs are
not in it: import makes new snapshots. It is JSON, to keep, to edit and to compare.`,
		Example: `  dashboard-builder export --output dashboards.json
  dashboard-builder export sales-2024 | jq .`,
		ValidArgsFunction: p.completeDashboards(true),
	}, func(s *session, args []string) error {
		found, err := s.chosen(args)
		if err != nil {
			return err
		}
		made := document{
			Format: documentFormat, Version: documentVersion,
			Exported: s.now().UTC().Truncate(1e9), Service: s.place.public.String(), Dashboards: []api.New{},
		}
		for _, d := range found {
			if d.Detail == nil { // a list may hold less than is known
				if d, err = s.client.Dashboard(s.ctx, d.ID); err != nil {
					return err
				}
			}
			if d.Detail == nil {
				return failf(exitForbidden, "%s is %s's, and how it is defined is for them to know", d.Name, d.Owner)
			}
			made.Dashboards = append(made.Dashboards, definitionOf(d))
		}
		var content bytes.Buffer
		writer := json.NewEncoder(&content)
		writer.SetIndent("", "  ")
		writer.SetEscapeHTML(false)
		if err := writer.Encode(made); err != nil {
			return err
		}
		if err := s.writeFile(output, []byte(s.out.JSON(content.String()))); err != nil {
			return err
		}
		if output != "-" {
			s.say("%s in %s.", are(len(made.Dashboards), "dashboard"), output)
		}
		return nil
	})
	command.Flags().StringVarP(&output, "output", "o", output, "`file` to write; - is standard output")
	return command
}

// chosen are the dashboards with these names, or all of the user's own.
func (s *session) chosen(words []string) ([]api.Dashboard, error) {
	if len(words) == 0 {
		found, total, err := s.client.All(s.ctx, api.Query{Whose: "mine"}, maxDashboards)
		if err == nil && total > len(found) {
			err = failf(exitData, "you have %d dashboards, but a document holds at most %d: name those that you want", total, maxDashboards)
		}
		return found, err
	}
	var found []api.Dashboard
	for _, word := range words {
		d, err := s.find(word)
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, nil
}
