package main

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// definition is what a dashboard is made from and of, by flags.
type definition struct {
	description string
	source      api.Source
	app         api.App
	perViewer   bool
	options     map[string]string
}

func (d *definition) register(p *program, command *cobra.Command) {
	flags := command.Flags()
	d.options = map[string]string{}
	flags.StringVar(&d.description, "description", "", "a `text` about it for colleagues")
	flags.StringVar(&d.source.Server, "server", "", "clone this `server` of yours; \"\" is your default server, and what is cloned where nothing is said")
	flags.StringVar(&d.source.Repo, "repo", "", "clone a git repository at this `address` instead")
	flags.StringVar(&d.source.Ref, "ref", "", "`branch`, tag or commit of the repository (default: its own default branch)")
	flags.StringVar(&d.source.Folder, "folder", "", "clone only this `folder` of the server's files or of the repository")
	flags.StringVar(&d.app.Path, "path", "", "`file` or folder that it shows, within that folder")
	flags.StringVar(&d.app.Framework, "framework", "", "`framework` that shows it (default: the one for such files)")
	flags.StringVar(&d.app.Environment, "environment", "", "conda, venv or uv `environment` that it runs in")
	flags.StringArrayVar(&d.app.Arguments, "argument", nil, "further `argument` for the framework (repeatable)")
	flags.BoolVar(&d.perViewer, "per-viewer", false, "give each viewer a server of their own")
	flags.Var(setting.Pairs(d.options, nil), "option", "option for the hub's spawner as `NAME=VALUE`, where the value is JSON or a text; \"choices\" lists those that there are (repeatable)")
	complete := func(flag string, words cobra.CompletionFunc) {
		_ = command.RegisterFlagCompletionFunc(flag, words) // the flag is there, so no error
	}
	complete("framework", p.completeRules(func(r api.Rules) []string {
		var names []string
		for _, f := range r.Frameworks {
			names = append(names, f.Name)
		}
		return names
	}))
	complete("environment", p.completeRules(func(r api.Rules) []string { return r.Environments }))
	complete("server", p.completeServers)
}

func (p *program) completeServers(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	s, done := p.completer(cmd)
	if s == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer done()
	servers, err := s.client.Servers(s.ctx)
	var names []string
	for _, server := range servers {
		names = append(names, server.Name)
	}
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return plain(names), cobra.ShellCompDirectiveNoFileComp
}

// apply puts what was given on the command line into what is there.
func (d *definition) apply(command *cobra.Command, source *api.Source, app *api.App) {
	given := command.Flags().Changed
	switch {
	case given("repo") && source.Kind != dashboard.FromGit:
		*source = api.Source{Kind: dashboard.FromGit}
	case given("server") && source.Kind != dashboard.FromServer:
		*source = api.Source{Kind: dashboard.FromServer}
	}
	for flag, set := range map[string]func(){
		"server":      func() { source.Server = d.source.Server },
		"repo":        func() { source.Repo = d.source.Repo },
		"ref":         func() { source.Ref = d.source.Ref },
		"folder":      func() { source.Folder = d.source.Folder },
		"path":        func() { app.Path = d.app.Path },
		"framework":   func() { app.Framework = d.app.Framework },
		"environment": func() { app.Environment = d.app.Environment },
		"argument":    func() { app.Arguments = d.app.Arguments },
	} {
		if given(flag) {
			set()
		}
	}
	if app.Arguments == nil {
		app.Arguments = []string{}
	}
}

// spawnerOptions are the options, each as JSON if it is some, else as a text. An
// empty one is null, which takes it away where there was one.
func (d *definition) spawnerOptions() map[string]any {
	if len(d.options) == 0 {
		return nil
	}
	made := map[string]any{}
	for name, text := range d.options {
		var value any
		switch {
		case text == "":
			value = nil
		case json.Unmarshal([]byte(text), &value) != nil:
			value = text
		}
		made[name] = value
	}
	return made
}

// framework is the one for a path where none was chosen: the first for such files.
func framework(rules api.Rules, shown string) (string, error) {
	var names []string
	ending := path.Ext(shown)
	for _, f := range rules.Frameworks {
		names = append(names, f.Name)
		if ending != "" && slices.ContainsFunc(f.Files, func(known string) bool { return strings.EqualFold(known, ending) }) {
			return f.Name, nil
		}
	}
	switch {
	case len(names) == 0:
		return "", nil // the service says what is the matter
	case len(names) == 1:
		return names[0], nil
	case shown == "":
		return "", failf(exitUsage, "what does it show? Give the --path of a file, or a --framework: %s", strings.Join(names, ", "))
	}
	return "", failf(exitUsage, "which framework shows %q? Choose one with --framework: %s", shown, strings.Join(names, ", "))
}

// sharing is who may open a dashboard, by flags.
type sharing struct {
	users, groups []string
	everyone      bool
}

func (w *sharing) register(p *program, command *cobra.Command) {
	flags := command.Flags()
	flags.StringArrayVar(&w.users, "user", nil, "this `user` of the hub (repeatable)")
	flags.StringArrayVar(&w.groups, "group", nil, "the members of this `group` (repeatable)")
	flags.BoolVar(&w.everyone, "everyone", false, "every user of the hub")
	_ = command.RegisterFlagCompletionFunc("user", p.completePeople(func(found api.People) []string { return found.Users }))
	_ = command.RegisterFlagCompletionFunc("group", p.completePeople(func(found api.People) []string { return found.Groups }))
}

func (w *sharing) access() api.Access {
	return api.Access{Everyone: w.everyone, Users: slices.Concat([]string{}, w.users), Groups: slices.Concat([]string{}, w.groups)}
}

func (w *sharing) empty() bool { return !w.everyone && len(w.users) == 0 && len(w.groups) == 0 }

// completeChoice offers the words of a flag that knows its own.
func completeChoice(command *cobra.Command, flag string) {
	words := setting.Words(command.Flags().Lookup(flag).Value)
	_ = command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// joined are words as one text.
func joined(words []string) string { return strings.Join(words, " ") }
