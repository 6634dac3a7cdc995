package main

import (
	"context"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

// plainWord is a word that no shell takes for anything else, whatever quotes there
// are around it.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]*$`)

// completeDashboards offers the names of dashboards for the first argument, or
// each.
func (p *program) completeDashboards(each bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 && !each {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		s, done := p.completer(cmd)
		if s == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer done()
		page, err := s.client.List(s.ctx, api.Query{PerPage: 200})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completions(page.Items), cobra.ShellCompDirectiveNoFileComp
	}
}

// completer is a session for completion: it says nothing, and is soon over. It is
// nil if there can be none.
func (p *program) completer(cmd *cobra.Command) (*session, context.CancelFunc) {
	p.once = true
	s, err := p.connect(cmd.Context())
	if err != nil {
		return nil, nil
	}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithTimeout(s.ctx, p.completing)
	return s, cancel
}

// completions are words for dashboards. Their names are by anybody, and shells
// have ways with what is not a plain word: such a name is offered by what is made of
// it for addresses, or by its id. A word that several have is no use to anybody.
func completions(among []api.Dashboard) []cobra.Completion {
	word := func(d api.Dashboard) string {
		if plainWord.MatchString(d.Name) {
			return d.Name
		}
		return dashboard.Slug(d.Name)
	}
	count := map[string]int{}
	for _, d := range among {
		count[dashboard.FoldName(word(d))]++
	}
	screen := terminal.Screen{UTF8: true}
	found := []cobra.Completion{}
	for _, d := range among {
		w := word(d)
		if w == "" || count[dashboard.FoldName(w)] > 1 {
			w = d.ID
		}
		if plainWord.MatchString(w) {
			found = append(found, cobra.CompletionWithDesc(w, screen.Cut(screen.Text(d.Name+", by "+d.Owner), 60)))
		}
	}
	return found
}

// completeRules offers what the service says can be chosen.
func (p *program) completeRules(words func(api.Rules) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		s, done := p.completer(cmd)
		if s == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer done()
		rules, err := s.client.Rules(s.ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return plain(words(rules)), cobra.ShellCompDirectiveNoFileComp
	}
}

// completePeople offers users or groups of the hub.
func (p *program) completePeople(words func(api.People) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		s, done := p.completer(cmd)
		if s == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer done()
		people, err := s.client.People(s.ctx, begun)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return plain(words(people)), cobra.ShellCompDirectiveNoFileComp
	}
}

func plain(words []string) []cobra.Completion {
	found := []cobra.Completion{}
	for _, word := range words {
		if plainWord.MatchString(word) {
			found = append(found, word)
		}
	}
	return found
}
