package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

const programName = "dashboard-builder"

// program is one run, with everything from outside as a field.
type program struct {
	lookup         func(string) (string, bool)
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	// transport carries calls of the service; nil is the usual one. now is the
	// time; nil is the clock's.
	transport http.RoundTripper
	now       func() time.Time
	// completing is how long a person waits for a completion.
	completing time.Duration

	// flags of all clients
	url, tokenFile string
	asJSON         bool
	// once has no call of the service repeated.
	once bool
	// began says that the command line is right and something was begun.
	began bool
}

// The groups of commands in the help.
const (
	groupDashboards = "dashboards"
	groupSharing    = "sharing"
	groupInsight    = "insight"
	groupMoving     = "moving"
	groupHub        = "hub"
)

// commands are all commands, in the order of the help. A new one has a file and a
// constructor of its own, and a line here; one that calls no service needs no
// client around it.
func (p *program) commands() []*cobra.Command {
	in := func(group string, commands ...*cobra.Command) []*cobra.Command {
		for _, command := range commands {
			command.GroupID = group
		}
		return commands
	}
	var all []*cobra.Command
	for _, group := range [][]*cobra.Command{
		in(groupDashboards, p.listCommand(), p.showCommand(), p.createCommand(), p.choicesCommand(), p.openCommand(),
			p.rebuildCommand(), p.startCommand(), p.stopCommand(), p.editCommand(), p.renameCommand(), p.pictureCommand(), p.deleteCommand()),
		in(groupSharing, p.shareCommand(), p.unshareCommand()),
		in(groupInsight, p.logCommand(), p.jobsCommand(), p.revisionsCommand()),
		in(groupMoving, p.exportCommand(), p.moveCommand()),
		in(groupHub, p.serveCommand(), p.hubConfigCommand(), p.launchCommand(), p.backupCommand()),
	} {
		all = append(all, group...)
	}
	return all
}

// run is the whole program. It returns the exit code.
func (p *program) run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who presses Ctrl-C again means it
	root := p.root()
	root.SetArgs(append([]string{}, args...)) // nil would be the process's own
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if !errors.Is(err, errSaid) {
		screen := terminal.New(p.stderr, p.lookup)
		fmt.Fprintf(p.stderr, "%s: %s\n", programName, screen.Text(sentence(command, err)))
	}
	if !p.began && !errors.As(err, new(*failure)) {
		return exitUsage
	}
	return codeOf(err)
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   programName,
		Short: "Make dashboards of notebooks and apps on JupyterHub, and share them",
		Long: strings.TrimSpace(`
Makes dashboards of what you work on in JupyterHub: clones a notebook server or a
git repository, launches it as an app of its own, and shares it with colleagues.
The clone does not change while you go on working, until you rebuild it.
`),
		Example: `  dashboard-builder create "Sales 2024" --folder work/sales --path Sales.ipynb --group finance
  dashboard-builder list
  dashboard-builder open "Sales 2024" --browser
  dashboard-builder rebuild "Sales 2024"`,
		Version:           version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return fmt.Errorf("there is no command %q%s: %s --help lists them", args[0], suggest.DidYouMean(args[0], names(cmd)), programName)
		},
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetVersionTemplate(programName + " {{.Version}}\n")
	root.SetUsageFunc(p.usage)
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: groupDashboards, Title: "Dashboards:"},
		&cobra.Group{ID: groupSharing, Title: "Sharing:"},
		&cobra.Group{ID: groupInsight, Title: "What was done:"},
		&cobra.Group{ID: groupMoving, Title: "Moving:"},
		&cobra.Group{ID: groupHub, Title: "On the hub:"},
	)
	cobra.EnableCommandSorting = false // cobra has no way to say it of one command
	root.AddCommand(p.commands()...)
	root.AddCommand(p.folderCommand())
	root.InitDefaultCompletionCmd()
	return root
}

func names(root *cobra.Command) []string {
	var all []string
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() {
			all = append(all, command.Name())
		}
	}
	return all
}

// client makes a command one that calls the service.
func (p *program) client(command *cobra.Command, run func(s *session, args []string) error) *cobra.Command {
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&p.url, "url", "", "`address` of the Dashboards service, such as https://hub.example.org/services/dashboards/")
	flags.StringVar(&p.tokenFile, "token-file", "", "`file` with a token of JupyterHub's")
	for _, name := range []string{"url", "token-file"} {
		_ = flags.SetAnnotation(name, whereFlag, []string{}) // the flag is there, so no error
	}
	command.RunE = func(cmd *cobra.Command, args []string) error {
		p.began = true
		s, err := p.connect(cmd.Context())
		if err != nil {
			return err
		}
		return s.explain(run(s, args))
	}
	return command
}

// json adds the flag of that name to a command.
func (p *program) json(command *cobra.Command, what string) *cobra.Command {
	command.Flags().BoolVar(&p.asJSON, "json", false, "write JSON, for programs: "+what)
	return command
}

// wants says what a command's arguments are: so many at least and at most, where
// most is negative for any number.
func wants(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s wants %s: see %s --help", cmd.Name(), what, cmd.CommandPath())
		case most >= 0 && len(args) > most:
			return fmt.Errorf("%s wants %s, and no %q: put a name with spaces in quotes", cmd.Name(), what, args[most])
		}
		return nil
	}
}

// exclusive says that at most one of some flags is given.
func exclusive(command *cobra.Command, flags ...string) {
	before := command.PreRunE
	command.PreRunE = func(cmd *cobra.Command, args []string) error {
		given := slices.DeleteFunc(slices.Clone(flags), func(flag string) bool { return !cmd.Flags().Changed(flag) })
		switch {
		case len(given) > 1:
			return fmt.Errorf("--%s do not go together", strings.Join(given, " and --"))
		case before != nil:
			return before(cmd, args)
		}
		return nil
	}
}

// flagError says what is wrong with the flags.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := unknown.GetSpecifiedName()
		if len(name) == 1 {
			return fmt.Errorf("-%s is not a flag of %s: see %s --help", name, cmd.Name(), cmd.CommandPath())
		}
		near := strings.Replace(suggest.DidYouMean(name, setting.FlagNames(cmd.Flags())), "mean ", "mean --", 1)
		return fmt.Errorf("--%s is not a flag of %s%s: see %s --help", name, cmd.Name(), near, cmd.CommandPath())
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
