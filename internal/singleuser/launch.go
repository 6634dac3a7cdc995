package singleuser

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// Cloner copies a folder to another, which is not there yet, and reports to log.
type Cloner func(ctx context.Context, from, to string, log *slog.Logger) error

// clone is what a dashboard is launched from.
type clone struct {
	workdir string
	source  string
}

func (o *clone) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.workdir, "workdir", "", "`folder` that the app runs in, and that what it shows is in, such as a snapshot that was made before")
	flags.StringVar(&o.source, "clone", "", "`folder` of which a snapshot is made first, for the app to run in; it is gone at the end")
}

func (o *clone) check(repo string) error {
	given := 0
	for _, value := range []string{o.workdir, o.source, repo} {
		if value != "" {
			given++
		}
	}
	if given > 1 {
		return fmt.Errorf("more than one of --workdir, --clone and --repo is given: a dashboard is launched from one of them")
	}
	return nil
}

// Launch is "dashboard-builder launch": a framework's app in a clone of
// somebody's work. It returns the exit code.
func Launch(i Invocation, copyFolder Cloner) int {
	p := newProgram(i)
	key, _ := i.Lookup(ticket.ReportKey)
	p.report = newReport(key)
	return p.execute(p.launchCommand(copyFolder, p.serve), i.Arguments)
}

func (p *program) launchCommand(copyFolder Cloner, serve func() error) *cobra.Command {
	o := &p.options
	var from clone
	command := &cobra.Command{
		Use:   p.name + " [flags] framework [what to show] [argument...]",
		Short: "Clone somebody's work, and run it as a dashboard behind JupyterHub",
		Long: strings.TrimSpace(`
Launches a dashboard: an app of a framework, in an independent copy of the work
that it shows, wrapped as a JupyterHub single-user server. It is the entrypoint
of dashboard images, and what the hub starts for "dashboard-builder serve".

The work is a folder that is copied (--clone), a snapshot that was made before
(--workdir), a git repository (--repo), or the working directory. Further
arguments are for the framework; put -- before those that begin with a dash.

Frameworks:
` + frameworkList()),
		Example: `  dashboard-builder launch --authtype=none --port 8000 --clone ~/work voila notebook.ipynb   # without a hub
  dashboard-builder launch --repo https://github.com/voila-dashboards/voila.git voila notebooks/basics.ipynb
  dashboard-builder launch --workdir /srv/snapshots/sales/3 streamlit app.py -- --theme.base=dark`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, words []string) error {
			if len(words) == 0 {
				return fmt.Errorf("no framework is named: say what runs and what it shows, for example: %s voila notebook.ipynb", p.name)
			}
			o.words = words
			found, err := p.gather(cmd.Flags())
			if err != nil {
				return err
			}
			if err := from.check(o.repo); err != nil {
				return err
			}
			clean, err := from.place(&o.dir)
			if err != nil {
				p.exit = exitFault
				return err
			}
			defer clean()
			if err := p.conclude(cmd.Flags(), found); err != nil {
				return err
			}
			if err := from.copy(cmd.Context(), o.dir, copyFolder, newLog(o, p.stderr)); err != nil {
				p.exit = exitFault
				return err
			}
			return serve()
		},
	}
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags = false
	from.register(own)
	p.dress(command, append([]section{{"What is launched", own}}, o.sections()...))
	return command
}

// place says where the app will run; clean takes away what was made.
func (o *clone) place(dir *string) (clean func(), err error) {
	*dir = o.workdir
	if o.source == "" {
		return func() {}, nil
	}
	made, err := os.MkdirTemp("", "dashboard-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the snapshot: %w", err)
	}
	*dir = filepath.Join(made, "snapshot")
	return func() { _ = os.RemoveAll(made) }, nil
}

// copy makes the snapshot, if there is to be one.
func (o *clone) copy(ctx context.Context, to string, copyFolder Cloner, log *slog.Logger) error {
	if o.source == "" {
		return nil
	}
	from, err := filepath.Abs(o.source)
	if err != nil {
		return fmt.Errorf("--clone is %q: %w", o.source, err)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	log.Info("making a snapshot", "from", from, "to", to)
	if err := copyFolder(ctx, from, to, log); err != nil {
		return fmt.Errorf("--clone is %q: %w", o.source, err)
	}
	return nil
}

// ServeFolder is the hidden command by which the preset for static folders runs
// this program again, whichever of the two it is.
func ServeFolder(i Invocation) *cobra.Command {
	p := newProgram(i)
	command := p.folderCommand()
	p.options.sections() // the defaults
	return command
}
