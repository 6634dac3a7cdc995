package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

func (p *program) showCommand() *cobra.Command {
	command := p.client(&cobra.Command{
		Use:   "show DASHBOARD",
		Short: "Show all about a dashboard",
		Example: `  dashboard-builder show "Sales 2024"
  dashboard-builder show ada/sales-2024 --json`,
		Args:              wants(1, 1, "a dashboard"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		return s.show(d)
	})
	return p.json(command, "the dashboard")
}

func (s *session) show(d api.Dashboard) error {
	d, err := s.whole(d)
	if err != nil {
		return err
	}
	if s.asJSON {
		return s.writeJSON(d)
	}
	state := stateOf(d)
	facts := []fact{
		{"Link", d.Open, terminal.Plain}, {"Owner", d.Owner, terminal.Plain}, {"State", state.Text, state.Color},
		{"Description", d.Description, terminal.Plain},
	}
	if d.PerViewer {
		facts = append(facts, fact{"Servers", "one for each viewer", terminal.Plain})
	}
	if detail := d.Detail; detail != nil {
		revision := fmt.Sprintf("%d", detail.Revision)
		if detail.Revision == 0 {
			revision = "none yet"
		}
		facts = append(facts,
			fact{"Failure", detail.Failure, terminal.Red},
			fact{"Open to", openTo(detail.Access), terminal.Plain},
			fact{"Cloned from", from(detail.Source), terminal.Plain},
			fact{"Shows", shows(detail.App), terminal.Plain},
			fact{"Server", detail.Server, terminal.Plain},
			fact{"Revision", revision, terminal.Plain})
	}
	facts = append(facts,
		fact{"Last used", s.ago(d.LastUsed), terminal.Plain}, fact{"Changed", s.ago(&d.Updated), terminal.Plain},
		fact{"Made", s.ago(&d.Created), terminal.Plain}, fact{"Id", d.ID, terminal.Plain})
	return s.writeFacts(d.Name, facts)
}

// fact is one thing about something.
type fact struct {
	label, text string
	color       terminal.Color
}

// writeFacts writes them below each other; what is empty is left out.
func (s *session) writeFacts(title string, facts []fact) error {
	const indent = 14
	var out strings.Builder
	fmt.Fprintln(&out, s.out.Paint(terminal.Bold, s.out.Text(title)))
	room := s.out.Columns()
	if room > 0 {
		room = max(room-indent, 20)
	}
	for _, f := range facts {
		label := f.label
		for paragraph := range strings.Lines(f.text) {
			for _, line := range terminal.Fold(s.out.Text(strings.TrimSpace(paragraph)), room) {
				fmt.Fprintf(&out, "%-*s%s\n", indent, label, s.out.Paint(f.color, line))
				label = ""
			}
		}
	}
	_, err := fmt.Fprint(s.out.Out, out.String())
	return err
}
