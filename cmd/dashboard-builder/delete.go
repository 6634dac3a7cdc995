package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (p *program) deleteCommand() *cobra.Command {
	var yes, noWait bool
	command := p.client(&cobra.Command{
		Use:   "delete DASHBOARD",
		Short: "Take it away with its server and its snapshots",
		Long: `Takes a dashboard away, with its server and its snapshots, after asking whether it
shall. What it was cloned from stays. Where nobody can be asked, --yes has to be
given.`,
		Example: `  dashboard-builder delete sales-2024
  dashboard-builder delete sales-2024 --yes`,
		Args:              wants(1, 1, "a dashboard"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		if !yes {
			question := fmt.Sprintf("Delete %s (by %s, %s), with its server and its snapshots? This cannot be undone.", d.Name, d.Owner, d.ID)
			if err := s.confirm(question); err != nil {
				return err
			}
		}
		job, err := s.client.Delete(s.ctx, d.ID)
		if err != nil {
			return err
		}
		return s.await(d, job, noWait, "%s is deleted.")
	})
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	wait(command.Flags(), &noWait)
	return p.json(command, "the job")
}

// confirm asks whether something shall be done. Who is not at a terminal cannot be
// asked, and has not said yes.
func (s *session) confirm(question string) error {
	file, ok := s.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || !s.talk.IsTerminal() { // #nosec G115 -- a descriptor is small
		return failf(exitUsage, "this has to be confirmed, and there is no terminal to ask on: give --yes if it shall be done")
	}
	fmt.Fprintf(s.talk.Out, "%s [y/N] ", s.talk.Text(question))
	answer := make(chan string, 1)
	go func() { // a read cannot be interrupted
		line, _ := bufio.NewReader(file).ReadString('\n')
		answer <- line
	}()
	select {
	case <-s.ctx.Done():
		fmt.Fprintln(s.talk.Out)
		return s.ctx.Err()
	case said := <-answer:
		switch strings.ToLower(strings.TrimSpace(said)) {
		case "y", "yes":
			return nil
		}
	}
	return failf(exitFailed, "it was not confirmed, so nothing is changed")
}
