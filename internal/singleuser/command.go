// Package singleuser is a single-user server of JupyterHub: its command line, and
// the wiring of its parts. Both programs are one: jhsingle-native-proxy always, and
// dashboard-builder by its launch command.
package singleuser

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// Exit codes of our own, by sysexits.h where it has one. The app's own codes
// are passed on where the app's end is ours.
const (
	exitFault = 1
	exitUsage = 64
)

// Invocation is everything from outside.
type Invocation struct {
	// Name is how the program is called, and Version which one it is.
	Name, Version string
	Arguments     []string
	// Lookup and Environ are the environment, in both forms.
	Lookup         auth.Lookup
	Environ        []string
	Stdout, Stderr io.Writer
}

// program is one run.
type program struct {
	name, version  string
	lookup         auth.Lookup
	environ        []string
	stdout, stderr io.Writer

	options options
	// report is what a launch tells the hub; nil where there is none.
	report *report
	// exit is the code to end with; an error without one is a wrong use.
	exit int
}

// Run is all of jhsingle-native-proxy. It returns the exit code.
func Run(i Invocation) int {
	p := newProgram(i)
	return p.execute(p.command(p.serve), i.Arguments)
}

func newProgram(i Invocation) *program {
	return &program{name: i.Name, version: i.Version, lookup: i.Lookup, environ: i.Environ, stdout: i.Stdout, stderr: i.Stderr}
}

// execute runs a command, and says what is wrong in one sentence.
func (p *program) execute(command *cobra.Command, arguments []string) int {
	command.SetArgs(arguments)
	if err := command.Execute(); err != nil {
		fmt.Fprintf(p.stderr, "%s: %v\n", p.name, err)
		if p.exit == 0 {
			p.exit = exitUsage // a setting was wrong, so nothing was begun
		}
		p.confess(err)
	}
	return p.exit
}

// command builds the command line. serve is what it is for.
func (p *program) command(serve func() error) *cobra.Command {
	o := &p.options
	root := &cobra.Command{
		Use:   p.name + " [flags] [--] command [argument...]",
		Short: "Put a web app behind JupyterHub",
		Long: strings.TrimSpace(`
Starts a web app and puts it behind JupyterHub: every request and every
websocket needs a JupyterHub login that may access this server, and is then
passed on to the app. Made to be the command of a JupyterHub spawner.

In the command, its arguments and the values of --environment these are replaced:
  {port}                   where the app is to listen, on 127.0.0.1
  {unix_socket}            the unix socket where it is to listen instead
  {base_url}               the URL path of this server, without a last slash
  {presentation_path}      --presentation-path, made absolute
  {presentation_dirname}   its folder
  {presentation_basename}  its last part
  {origin_host}            the host by which visitors reach this server
  {-} {--}                 - and --, where a bare one would be taken for a flag
  {{ }}                    a brace itself

Without a command, --destport or --unix-socket says where an app listens that
runs already.
`),
		Example: `  jhsingle-native-proxy run voila notebook.ipynb
  jhsingle-native-proxy -- voila notebook.ipynb --port={port} --no-browser --Voila.base_url={base_url}/ --Voila.server_url=/
  jhsingle-native-proxy -- gunicorn --bind unix:{unix_socket} app:app
  jhsingle-native-proxy --authtype=none --port=8000 -- python3 -m http.server {port}   # to try it without a hub`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, arguments []string) error {
			o.argv = arguments
			if err := p.settle(cmd.Flags()); err != nil {
				return err
			}
			return serve()
		},
	}
	sections := o.sections()
	p.dress(root, sections)
	root.AddCommand(p.runCommand(serve), p.doctorCommand(), p.manCommand(sections), p.folderCommand())
	return root
}

// dress gives a command that stands first what it needs of flags and manners.
func (p *program) dress(root *cobra.Command, sections []section) {
	root.Version = p.version
	root.SilenceUsage, root.SilenceErrors, root.DisableAutoGenTag = true, true, true
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetVersionTemplate(p.name + " {{.Version}}\n")
	for _, section := range sections {
		root.PersistentFlags().AddFlagSet(section.flags)
	}
	root.SetGlobalNormalizationFunc(aliases)
	root.PersistentFlags().SortFlags = false
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(p.usage(sections))
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	completeFlags(root)
}

// settle gathers the settings from everywhere, and checks them.
func (p *program) settle(flags *pflag.FlagSet) error {
	found, err := p.gather(flags)
	if err != nil {
		return err
	}
	return p.conclude(flags, found)
}

// gather takes the settings that the environment and the file have.
func (p *program) gather(flags *pflag.FlagSet) (document, error) {
	if err := p.options.ReadEnvironment(flags, p.lookup); err != nil {
		return document{}, err
	}
	found, err := p.options.readFile(flags)
	if err != nil {
		return found, err
	}
	text, _ := p.lookup(presetsVariable)
	return found, p.options.readPresets(text, &found)
}

// conclude takes what the framework wants, and checks all of it.
func (p *program) conclude(flags *pflag.FlagSet, found document) error {
	o := &p.options
	if len(o.words) > 0 {
		if err := p.usePreset(flags, found); err != nil {
			return err
		}
	} else if len(o.argv) == 0 {
		o.argv = found.command
	}
	for _, check := range []func(wrong) error{o.access.check, o.identity.check, o.life.check, o.reporting.check} {
		if err := check(o.Wrong); err != nil {
			return err
		}
	}
	return nil
}

// flagError says what is wrong with the command line.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := unknown.GetSpecifiedName()
		if len(name) == 1 {
			return fmt.Errorf("-%s is not a flag of ours: write {-}%s, or put -- before the command, to give it to the app", name, name)
		}
		var near string
		if guess := suggest.DidYouMean(name, setting.FlagNames(cmd.Flags())); guess != "" {
			near = strings.Replace(guess, "mean ", "mean --", 1)
		}
		return fmt.Errorf("--%s is not a flag of ours%s: write {--}%s, or put -- before the command, to give it to the app", name, near, name)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("--%s wants a value", missing.GetSpecifiedName())
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		flag := invalid.GetFlag()
		return setting.Error("--"+flag.Name, invalid.GetValue(), flag, err)
	}
	return err
}

// completeFlags offers the words of flags that know theirs.
func completeFlags(root *cobra.Command) {
	root.PersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if words := setting.Words(flag.Value); words != nil {
			// The flag is there, so no error.
			_ = root.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	})
}
