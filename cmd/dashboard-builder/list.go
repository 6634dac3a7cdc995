package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

func (p *program) listCommand() *cobra.Command {
	var query api.Query
	var mine, others, reverse bool
	limit := 1000
	command := p.client(&cobra.Command{
		Use:   "list [word...]",
		Short: "List the dashboards that you may open",
		Long: `Lists your dashboards and those that are shared with you; with words, those that
have each of them in the name, the description or the owner's name.`,
		Example: `  dashboard-builder list
  dashboard-builder list --mine sales
  dashboard-builder list --others --sort used
  dashboard-builder list --json | jq -r '.items[].open'`,
		Aliases: []string{"ls"},
		Args:    cobra.ArbitraryArgs,
	}, func(s *session, args []string) error {
		switch {
		case mine:
			query.Whose = "mine"
		case others:
			query.Whose = "others"
		}
		query.Text = joined(args)
		// What was last used, or made, is what people look for first.
		latest := query.Sort != "name" && query.Sort != "owner"
		if query.Order = "asc"; latest != reverse {
			query.Order = "desc"
		}
		found, total, err := s.client.All(s.ctx, query, limit)
		if err != nil {
			return err
		}
		return s.showList(found, total, query)
	})
	flags := command.Flags()
	flags.BoolVar(&mine, "mine", false, "only your own")
	flags.BoolVar(&others, "others", false, "only those of others")
	flags.StringVar(&query.Owner, "owner", "", "only those of this `user`; an administrator sees all of them")
	flags.StringVar(&query.Group, "group", "", "only those that are shared with this `group` by its name")
	query.Sort = "name"
	flags.Var(setting.Choice(&query.Sort, "name", "owner", "created", "updated", "used"), "sort", "the order; of times, the latest is first")
	flags.BoolVar(&reverse, "reverse", false, "turn the order round")
	flags.Var(setting.Number(&limit, 1, maxLooked, "number"), "limit", "at most this `number` of them")
	exclusive(command, "mine", "others")
	completeChoice(command, "sort")
	return p.json(command, "{items: [dashboard...], total}")
}

func (s *session) showList(found []api.Dashboard, total int, query api.Query) error {
	if s.asJSON {
		whole := []api.Dashboard{}
		for _, d := range found {
			d, err := s.whole(d)
			if err != nil {
				return err
			}
			whole = append(whole, d)
		}
		return s.writeJSON(struct {
			Items []api.Dashboard `json:"items"`
			Total int             `json:"total"`
		}{whole, total})
	}
	if len(found) == 0 {
		if query.Text != "" || query.Owner != "" || query.Group != "" {
			s.say("There is no dashboard like that.")
		} else {
			s.say("There is no dashboard yet. This says how to make one: %s create --help", programName)
		}
		return nil
	}
	var rows [][]terminal.Cell
	for _, d := range found {
		shared := ""
		if d.Detail != nil {
			shared = openTo(d.Detail.Access)
		}
		rows = append(rows, []terminal.Cell{
			{Text: d.Name}, {Text: d.Owner}, stateOf(d), {Text: s.ago(d.LastUsed)}, {Text: shared}, {Text: d.ID},
		})
	}
	err := s.out.Table([]terminal.Column{
		{Title: "NAME", Least: 12}, {Title: "OWNER", Least: 8, Rank: 2}, {Title: "STATE"}, {Title: "USED", Rank: 3},
		{Title: "OPEN TO", Least: 12, Rank: 4}, {Title: "ID", Rank: 1},
	}, rows)
	if err == nil && total > len(found) {
		s.say("These are %d of %d. More are shown with --limit.", len(found), total)
	}
	return err
}

// ago says when something was, if it was.
func (s *session) ago(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return terminal.Ago(*at, s.now())
}
