package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

// surroundings is what is the same for all commands that call the service.
const surroundings = `Which service, and who you are:
  DASHBOARD_BUILDER_URL         the service's address, as in --url: what your browser
                                shows on the Dashboards page
  DASHBOARD_BUILDER_TOKEN       a token of JupyterHub's, of its page "Token", with the
                                scope access:services!service=dashboards
  DASHBOARD_BUILDER_TOKEN_FILE  a file that holds it, as in --token-file
In a server of JupyterHub's, the address follows from the hub's public one where it has
one, and JUPYTERHUB_API_TOKEN is the token where no other is given. A token that the
environment has is sent to the service that the environment names, and to no other.

How a dashboard is named: by its name, whatever the case of its letters, also as
small letters with hyphens (sales-2024); by its owner and name (ada/sales-2024);
by its id. Your own come before those of others.
`

// usage writes how to call a command.
func (p *program) usage(cmd *cobra.Command) error {
	out := cmd.OutOrStderr()
	fmt.Fprintf(out, "Usage:\n  %s\n", strings.TrimSpace(cmd.UseLine()))
	if cmd.HasExample() {
		fmt.Fprintf(out, "\nExamples:\n%s\n", cmd.Example)
	}
	for _, group := range cmd.Groups() {
		writeCommands(cmd, group.Title, group.ID)
	}
	if !cmd.HasParent() {
		writeCommands(cmd, "Further:", "")
	} else if cmd.HasAvailableSubCommands() {
		writeCommands(cmd, "Commands:", "")
	}
	width := terminal.New(out, p.lookup).Columns()
	for _, section := range sections(cmd) {
		if section.flags.HasAvailableFlags() {
			fmt.Fprintf(out, "\n%s:\n%s", section.title, section.flags.FlagUsagesWrapped(width))
		}
	}
	if cmd.HasParent() {
		return nil
	}
	fmt.Fprintf(out, "\n%s\nExit codes:\n", surroundings)
	for _, exit := range exitCodes() {
		fmt.Fprintf(out, "  %-4d %s\n", exit.Code, exit.Meaning)
	}
	_, err := fmt.Fprintf(out, "\n%s COMMAND --help says more about a command.\n", programName)
	return err
}

type section struct {
	title string
	flags *pflag.FlagSet
}

// sections are a command's flags, and behind them those of all clients.
func sections(cmd *cobra.Command) []section {
	own, where := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags, where.SortFlags = false, false
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Annotations[whereFlag] != nil {
			where.AddFlag(flag)
		} else {
			own.AddFlag(flag)
		}
	})
	return []section{{"Flags", own}, {"Which service, and who you are", where}}
}

// whereFlag marks a flag that says where the service is, or who asks.
const whereFlag = "where"

// writeCommands lists the commands of a group.
func writeCommands(cmd *cobra.Command, title, group string) {
	begun := false
	for _, sub := range cmd.Commands() {
		if sub.GroupID != group || !sub.IsAvailableCommand() {
			continue
		}
		if !begun {
			fmt.Fprintf(cmd.OutOrStderr(), "\n%s\n", title)
			begun = true
		}
		fmt.Fprintf(cmd.OutOrStderr(), "  %-11s %s\n", sub.Name(), sub.Short)
	}
}
