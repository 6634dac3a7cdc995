package singleuser

import (
	"context"
	"fmt"
	"maps"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/framework"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// preset is what "run" knows about the app's framework.
type preset struct {
	// words are the framework's name and what follows it.
	words  []string
	launch *framework.Launch // nil without "run"
}

// runCommand wraps an app of a framework that we know.
func (p *program) runCommand(serve func() error) *cobra.Command {
	o := &p.options
	return &cobra.Command{
		Use:         "run framework [argument...]",
		Short:       "Run an app of a framework that needs no further flags",
		Annotations: map[string]string{takesSettings: "yes"},
		Long: strings.TrimSpace(`
Runs an app of a framework as the framework wants to be run behind a proxy:
its port, its base URL, its origins, its readiness. Further arguments are for
the framework; put -- before those that begin with a dash.

Frameworks:
` + frameworkList() + `
The configuration file can change any part of these and add others, below
"presets:".
`),
		Example: `  jhsingle-native-proxy run voila notebook.ipynb
  jhsingle-native-proxy run streamlit app.py -- --theme.base=dark`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			var names []string
			for _, known := range framework.Builtin().All() {
				names = append(names, known.Name+"\t"+known.Title)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, words []string) error {
			if len(words) == 0 {
				return cmd.Help()
			}
			o.words = words
			if err := p.settle(cmd.Flags()); err != nil {
				return err
			}
			return serve()
		},
	}
}

func frameworkList() string {
	var list strings.Builder
	_ = framework.Builtin().WriteList(&list) // a string takes everything
	return list.String()
}

// usePreset takes what the framework wants, where nobody said otherwise.
func (p *program) usePreset(flags *pflag.FlagSet, found document) error {
	o := &p.options
	known := framework.Builtin()
	var err error
	if found.presets != nil {
		if known, err = known.Override(found.place, found.presets); err != nil {
			return err
		}
	}
	wanted, err := known.Lookup(o.words[0])
	if err != nil {
		return err
	}
	launch, err := wanted.Launch(o.words[1:], o.presentationPath)
	if err != nil {
		return err
	}
	o.argv, o.launch = launch.Command, &launch
	if launch.PresentationPath != "" {
		o.presentationPath = launch.PresentationPath
	}
	if err := p.useOptions(flags, wanted, launch.Options); err != nil {
		return err
	}
	environment := maps.Clone(launch.Environment)
	maps.Copy(environment, o.environment)
	o.environment = environment
	return nil
}

// useOptions sets the flags that nobody else did as a framework wants them.
func (p *program) useOptions(flags *pflag.FlagSet, wanted framework.Framework, settings map[string]string) error {
	o := &p.options
	place := "the preset " + wanted.Name
	if wanted.Place != "" {
		place = wanted.Place
	}
	env, err := p.hubEnvironment()
	if err != nil {
		env.ServicePrefix = "/" // it will be told elsewhere
	}
	variables, err := o.variables(env.ServicePrefix)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if flag := flags.Lookup(name); flag == nil || flag.Name == "config" || flag.Name == "help" || flag.Name == "version" {
			return fmt.Errorf("%s: %s is not a setting%s", place, name, suggest.DidYouMean(name, setting.FlagNames(flags)))
		}
		if o.IsSet(flags, name) {
			continue
		}
		value, err := variables.Render(settings[name])
		if err != nil {
			return fmt.Errorf("%s: %s: %w", place, name, err)
		}
		if err := o.Assign(flags, name, place+": "+name, []string{value}); err != nil {
			return err
		}
	}
	return nil
}

// find resolves the command in the app's environment, and says what is missing.
func (o *preset) find(ctx context.Context, argv, environ []string) ([]string, error) {
	if o.launch == nil {
		return argv, nil
	}
	found, err := o.launch.Locate(ctx, environ)
	return found.Command, err
}

// checkTarget says if what the framework is to show, at this path, is not
// there.
func (o *preset) checkTarget(path string) error {
	if o.launch == nil {
		return nil
	}
	return o.launch.CheckTarget(path)
}

// folderCommand is the app of the preset for static folders.
func (p *program) folderCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "serve-folder socket folder",
		Short:  "Serve a folder's files on a unix socket",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			p.exit = exitFault
			if err := framework.ServeFolder(ctx, args[0], args[1], newLog(&p.options, p.stderr)); err != nil {
				return err
			}
			p.exit = 0
			return nil
		},
	}
}
