package singleuser

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// usage writes how to call a command, its flags by section.
func (p *program) usage(sections []section) func(*cobra.Command) error {
	return func(cmd *cobra.Command) error {
		out := cmd.OutOrStderr()
		fmt.Fprintf(out, "Usage:\n  %s\n", strings.TrimSpace(cmd.UseLine()))
		if cmd.HasAvailableSubCommands() {
			for _, sub := range cmd.Commands() {
				if sub.IsAvailableCommand() {
					fmt.Fprintf(out, "  %-34s %s\n", strings.TrimSuffix(sub.UseLine(), " [flags]"), sub.Short)
				}
			}
		}
		if cmd.HasExample() {
			fmt.Fprintf(out, "\nExamples:\n%s\n", cmd.Example)
		}
		if cmd.HasParent() {
			if own := cmd.LocalNonPersistentFlags(); own.HasAvailableFlags() {
				fmt.Fprintf(out, "\nFlags:\n%s", own.FlagUsages())
			}
			if cmd.Annotations[takesSettings] == "" {
				return nil
			}
			fmt.Fprintf(out, "\nThe flags of %s itself are taken, too.\n", p.name)
			return nil
		}
		width := terminalWidth(out)
		for _, section := range sections {
			if section.flags.HasAvailableFlags() {
				fmt.Fprintf(out, "\n%s:\n%s", section.title, section.flags.FlagUsagesWrapped(width))
			}
		}
		_, err := fmt.Fprintf(out, `
Every flag can be given as an environment variable as well (%s for
--ready-timeout; several values as a JSON list or with commas), and in the file
of --config. The command line wins over the environment, that over the file.
`, variableName("ready-timeout"))
		return err
	}
}

// takesSettings marks a command that takes the flags of the program.
const takesSettings = "settings"

// terminalWidth is where help is wrapped: nowhere if it goes to no terminal.
func terminalWidth(out io.Writer) int {
	if file, ok := out.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			return max(width, 60)
		}
	}
	return 0
}

// manCommand writes the manual page.
func (p *program) manCommand(sections []section) *cobra.Command {
	return &cobra.Command{
		Use:   "man",
		Short: "Write the manual page: " + p.name + " man | man -l -",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(p.stdout, p.manPage(cmd.Root(), sections))
			return err
		},
	}
}

// manPage is the manual page, in the language of man(7).
func (p *program) manPage(root *cobra.Command, sections []section) string {
	var page strings.Builder
	fmt.Fprintf(&page, ".TH %s 1 \"\" \"%s %s\" \"User Commands\"\n", strings.ToUpper(roff(p.name)), p.name, root.Version)
	fmt.Fprintf(&page, ".SH NAME\n%s \\- %s\n", roff(p.name), roff(strings.ToLower(root.Short[:1])+root.Short[1:]))
	fmt.Fprintf(&page, ".SH SYNOPSIS\n.B %s\n", roff(root.UseLine()))
	for _, sub := range root.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(&page, ".br\n.B %s\n", roff(sub.UseLine()))
		}
	}
	fmt.Fprintf(&page, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", roff(root.Long))
	for _, section := range sections {
		if !section.flags.HasAvailableFlags() {
			continue
		}
		fmt.Fprintf(&page, ".SH %s\n", strings.ToUpper(roff(section.title)))
		section.flags.VisitAll(func(flag *pflag.Flag) {
			if flag.Hidden {
				return
			}
			kind, text := pflag.UnquoteUsage(flag)
			if kind != "" {
				kind = "=" + kind
			}
			if flag.DefValue != "" && flag.DefValue != "false" && flag.DefValue != "[]" {
				text += " (default " + flag.DefValue + ")"
			}
			fmt.Fprintf(&page, ".TP\n.B %s\n%s\n", roff("--"+flag.Name+kind), roff(text))
		})
	}
	fmt.Fprintf(&page, ".SH ENVIRONMENT\n%s\n.SH EXAMPLES\n.nf\n%s\n.fi\n", roff(
		"Every flag can be given as a variable: "+variableName("ready-timeout")+" for --ready-timeout. "+
			"The variables by which JupyterHub tells a server who it is (JUPYTERHUB_...) are read as well."), roff(root.Example))
	fmt.Fprintf(&page, `.SH EXIT STATUS
.TP
.B 0
stopped as asked
.TP
.B %d
a fault while it ran
.TP
.B %d
a setting is wrong, and nothing was begun
.TP
.B other
with \-\-restart=never the app's own; 128 and the number of the signal that ended it
`, exitFault, exitUsage)
	return page.String()
}

// roff escapes a text: man(7) takes - for a hyphen, \ for an escape, and a
// line that begins with . or ' for a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
