package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

// importCommand reads what export writes. containds, if not nil, is what
// --containds does instead, on the service's machine; it gets the address of a
// database.
func (p *program) importCommand(containds func(ctx context.Context, address string, dryRun bool) error) *cobra.Command {
	var replace, dryRun, noWait bool
	var address string
	command := p.client(&cobra.Command{
		Use:   "import FILE",
		Short: "Make dashboards of what export wrote",
		Long: `Makes the dashboards that a file of export's defines; - is standard input. Those
whose names you have already are left as they are, unless they are to be replaced:
then they get the definition of the file, and are rebuilt.`,
		Example: `  dashboard-builder import dashboards.json --dry-run
  dashboard-builder import dashboards.json
  ssh old dashboard-builder export | dashboard-builder import -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if address != "" {
				return wants(0, 0, "no file beside --containds")(cmd, args)
			}
			return wants(1, 1, "a file")(cmd, args)
		},
	}, func(s *session, args []string) error {
		content, err := s.readFile(args[0], maxDocument)
		if err != nil {
			return err
		}
		parsed, err := parseDocument(content)
		if err != nil {
			return &failure{exitData, fmt.Errorf("%s %w", args[0], err)}
		}
		steps, err := s.plan(parsed.Dashboards, replace)
		if err == nil && !dryRun {
			err = s.carryOut(steps, noWait)
		}
		if shown := s.showSteps(steps); err == nil {
			err = shown
		}
		return err
	})
	flags := command.Flags()
	flags.BoolVar(&replace, "replace", false, "replace those whose names you have already")
	flags.BoolVar(&dryRun, "dry-run", false, "only say what would be done")
	wait(flags, &noWait)
	if containds != nil {
		flags.StringVar(&address, "containds", "", "instead of a file, read the `database` of ContainDS Dashboards: for an administrator on the service's machine")
		fromFile := command.RunE
		command.RunE = func(cmd *cobra.Command, args []string) error {
			if address == "" {
				return fromFile(cmd, args)
			}
			p.began = true
			return containds(cmd.Context(), address, dryRun)
		}
	}
	return p.json(command, "{items: [{name, action, id, reason}...]}")
}

// action is what becomes of one dashboard of a document.
type action string

const (
	toCreate  action = "create"
	toReplace action = "replace"
	toSkip    action = "skip"
	created   action = "created"
	replaced  action = "replaced"
	failed    action = "failed"
)

// step is one dashboard of a document, and what becomes of it.
type step struct {
	Name   string `json:"name"`
	Action action `json:"action"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason,omitempty"`

	wanted api.New
	there  *api.Dashboard
	job    *api.Job
}

// plan says what is to be done.
func (s *session) plan(wanted []api.New, replace bool) ([]step, error) {
	mine, _, err := s.client.All(s.ctx, api.Query{Whose: "mine"}, maxDashboards)
	if err != nil {
		return nil, err
	}
	byName := map[string]api.Dashboard{}
	for _, d := range mine {
		byName[dashboard.FoldName(d.Name)] = d
	}
	steps := []step{}
	for _, made := range wanted {
		next := step{Name: made.Name, Action: toCreate, wanted: made}
		if d, ok := byName[dashboard.FoldName(made.Name)]; ok {
			next.ID, next.there = d.ID, &d
			if next.Action = toReplace; !replace {
				next.Action, next.Reason = toSkip, "you have one of that name"
			}
		}
		steps = append(steps, next)
	}
	return steps, nil
}

// carryOut does it, begins all builds and then waits for each. What is wrong with
// one dashboard does not keep the others back; without the service, nothing goes on.
func (s *session) carryOut(steps []step, noWait bool) error {
	for i := range steps {
		if err := s.take(&steps[i]); err != nil {
			return err
		}
	}
	wrong := 0
	for i := range steps {
		next := &steps[i]
		if next.job != nil && !noWait {
			s.say("Building %s", next.Name)
			if _, err := s.follow(*next.job); err != nil {
				if errors.Is(s.ctx.Err(), context.Canceled) {
					return err
				}
				next.Action, next.Reason = failed, err.Error()
			}
		}
		if next.Action == failed {
			wrong++
		}
	}
	if wrong > 0 {
		return failf(exitFailed, "%d of %d failed", wrong, len(steps))
	}
	return nil
}

// take begins what is to be done for one. An error is one for all.
func (s *session) take(next *step) error {
	var err error
	switch next.Action {
	case toCreate:
		var made api.Created
		if made, err = s.client.Create(s.ctx, next.wanted); err == nil {
			next.Action, next.ID, next.job = created, made.Dashboard.ID, &made.Job
		}
	case toReplace:
		w := &next.wanted
		change := api.Change{
			Name: &w.Name, Description: &w.Description, Source: &w.Source, App: &w.App, Access: w.Access, PerViewer: &w.PerViewer,
		}
		if detail := next.there.Detail; detail != nil {
			change.Options = becoming(detail.Options, w.Options)
		}
		if _, err = s.client.Edit(s.ctx, next.ID, change); err == nil {
			var job api.Job
			if job, err = s.client.Rebuild(s.ctx, next.ID); err == nil {
				next.Action, next.job = replaced, &job
			}
		}
	}
	if err == nil {
		return nil
	}
	switch codeOf(err) {
	case exitUnreachable, exitInterrupted, exitForbidden:
		return s.explain(err)
	}
	next.Action, next.Reason = failed, sentence(nil, err)
	return nil
}

// showSteps says what was, or would be, done.
func (s *session) showSteps(steps []step) error {
	if s.asJSON {
		return s.writeJSON(api.Items[step]{Items: steps})
	}
	if len(steps) == 0 {
		s.say("There is no dashboard in it.")
		return nil
	}
	colors := map[action]terminal.Color{created: terminal.Green, replaced: terminal.Green, failed: terminal.Red}
	var rows [][]terminal.Cell
	for _, next := range steps {
		rows = append(rows, []terminal.Cell{{Text: next.Name}, {Text: string(next.Action), Color: colors[next.Action]}, {Text: next.Reason}})
	}
	return s.out.Table([]terminal.Column{{Title: "NAME", Least: 12}, {Title: "ACTION"}, {Title: "WHY", Least: 10}}, rows)
}
