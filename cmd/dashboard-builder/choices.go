package main

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

func (p *program) choicesCommand() *cobra.Command {
	command := p.client(&cobra.Command{
		Use:   "choices",
		Short: "Say what can be chosen for a new dashboard here",
		Long: `Lists your servers that can be cloned, the frameworks, environments and options of
the hub's spawner, and with whom dashboards can be shared on this hub.`,
		Args:              wants(0, 0, "nothing else"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}, func(s *session, _ []string) error {
		rules, err := s.client.Rules(s.ctx)
		if err != nil {
			return err
		}
		servers, err := s.client.Servers(s.ctx)
		if err != nil {
			return err
		}
		if s.asJSON {
			return s.writeJSON(struct {
				Rules   api.Rules    `json:"rules"`
				Servers []api.Server `json:"servers"`
			}{rules, servers})
		}
		return s.showChoices(rules, servers)
	})
	return p.json(command, "{rules, servers: [server...]}")
}

func (s *session) showChoices(rules api.Rules, servers []api.Server) error {
	if rules.WhyNot != "" {
		s.say("%s", rules.WhyNot)
	}
	var sources, frameworks []string
	for _, kind := range rules.Sources {
		sources = append(sources, "--"+map[string]string{"server": "server", "git": "repo"}[string(kind)])
	}
	var facts []fact
	add := func(label, text string) { facts = append(facts, fact{label, text, terminal.Plain}) }
	add("Cloned from", strings.Join(sources, " or "))
	for i, server := range servers {
		label := "--server"
		if i > 0 {
			label = ""
		}
		said := server.Name
		if said == "" {
			said = `"" (your default server)`
		}
		if server.Why != "" {
			said += ": " + server.Why
		}
		add(label, said)
	}
	for _, f := range rules.Frameworks {
		frameworks = append(frameworks, strings.TrimSpace(f.Name+" "+strings.Join(f.Files, " ")))
	}
	add("--framework", strings.Join(frameworks, ", "))
	environments := strings.Join(rules.Environments, ", ")
	if rules.FreeEnvironment {
		environments = strings.TrimPrefix(environments+", or any", ", or ")
	}
	add("--environment", environments)
	if rules.PathPattern != "" {
		add("--path", "matches "+rules.PathPattern)
	}
	for i, option := range rules.Options {
		label := "--option"
		if i > 0 {
			label = ""
		}
		add(label, optionChoices(option))
	}
	if rules.PerViewer {
		add("--per-viewer", "can be chosen")
	}
	var with []string
	for _, can := range []struct {
		it   bool
		word string
	}{{rules.Sharing.Users, "--user"}, {rules.Sharing.Groups, "--group"}, {rules.Sharing.Everyone, "--everyone"}} {
		if can.it {
			with = append(with, can.word)
		}
	}
	add("Shared with", strings.TrimSpace(strings.Join(with, ", ")+" "+rules.Sharing.Why))
	add("By itself", openTo(rules.DefaultAccess))
	return s.writeFacts("For a new dashboard", facts)
}

// optionChoices says what an option of the hub's spawner can be.
func optionChoices(option api.Option) string {
	var values []string
	for _, choice := range option.Choices {
		values = append(values, dashboard.OptionText(choice.Value))
	}
	said := option.Name + "=" + cmp.Or(strings.Join(values, "|"), "VALUE")
	if option.Inherit {
		said += " (default: as the server that is cloned has it)"
	}
	return said
}
