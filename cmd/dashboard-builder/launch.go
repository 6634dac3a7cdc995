package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/folder"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/singleuser"
)

// launchCommand runs one dashboard: what the hub starts, or a person to try it
// out. Its flags are those of a single-user server.
func (p *program) launchCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "launch [flags] framework [what to show] [argument...]",
		Short:              "Clone somebody's work and run it as one dashboard, with a hub or without",
		DisableFlagParsing: true, // its flags are those of the single-user server
		RunE: func(_ *cobra.Command, args []string) error {
			p.began = true
			if code := singleuser.Launch(p.invocation(programName+" launch", args), copyFolder); code != 0 {
				return exited(code) // it has said why
			}
			return nil
		},
	}
}

// folderCommand is the app of the preset for static folders, which is this
// program once more.
func (p *program) folderCommand() *cobra.Command {
	return singleuser.ServeFolder(p.invocation(programName, nil))
}

func (p *program) invocation(name string, args []string) singleuser.Invocation {
	return singleuser.Invocation{
		Name: name, Version: version, Arguments: args,
		Lookup: p.lookup, Environ: p.environ, Stdout: p.stdout, Stderr: p.stderr,
	}
}

// exited is the exit code of a program that has said itself what was wrong.
type exited int

func (e exited) Error() string { return fmt.Sprintf("ended with %d", int(e)) }

// copyFolder makes the snapshot of "launch --clone", by the rules of all others:
// as the only one of a shelf of its own, from where it is moved.
func copyFolder(ctx context.Context, from, to string, log *slog.Logger) error {
	shelf := to + ".shelf"
	cloner, err := folder.New(folder.Config{Root: shelf, Homes: filepath.Join(filepath.Dir(from), "{username}"), Log: log})
	if err != nil {
		return err
	}
	defer os.RemoveAll(shelf)
	made, err := cloner.Clone(ctx, dashboard.CloneRequest{
		Dashboard: dashboard.NewID(), Revision: 1, Owner: filepath.Base(from),
		Source: dashboard.Source{Kind: dashboard.FromServer},
	}, logReporter{log})
	if err != nil {
		return err
	}
	return os.Rename(made.Folder, to)
}

// logReporter writes to a log how far something is.
type logReporter struct{ log *slog.Logger }

func (r logReporter) Progress(title string, percent int) {
	r.log.Debug(title, "percent", percent)
}
func (r logReporter) Log(line string) { r.log.Info(line) }
