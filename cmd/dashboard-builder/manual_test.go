package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestTheManualIsTrue: docs/command-line.md is what the program itself says; with
// -update it is written anew.
func TestTheManualIsTrue(t *testing.T) {
	p := &program{lookup: func(string) (string, bool) { return "", false }, stdout: &strings.Builder{}, stderr: &strings.Builder{}}
	got := manual(p.root())
	file := filepath.Join("..", "..", "docs", "command-line.md")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the program says: run go test ./cmd/dashboard-builder -run Manual -update", file)
	}
}

// manual is all that the help says, in one page.
func manual(root *cobra.Command) string {
	var page strings.Builder
	fmt.Fprintf(&page, "# %s on the command line\n\n%s\n\n", programName, root.Long)
	fmt.Fprintf(&page, "```sh\n%s\n```\n\n", unindent(root.Example))
	fmt.Fprintf(&page, "```\n%s```\n\n", surroundings)
	fmt.Fprintf(&page, "What was asked for goes to standard output, and what is said about it to standard error.\nWith `--json`, the output is made of the JSON of the [API](../internal/api/openapi.json),\nwith whole links: what is there stays, and more may come. A bar shows progress on a\nterminal, and lines elsewhere.\n\n")
	fmt.Fprintf(&page, "Completion of commands, flags and dashboards: `source <(%s completion bash)`; also zsh, fish and powershell.\n\n", programName)
	fmt.Fprintf(&page, "## Exit codes\n\n| code | meaning |\n|---|---|\n")
	for _, exit := range exitCodes() {
		fmt.Fprintf(&page, "| %d | %s |\n", exit.Code, exit.Meaning)
	}
	for _, group := range root.Groups() {
		fmt.Fprintf(&page, "\n## %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, command := range root.Commands() {
			if command.GroupID == group.ID && command.IsAvailableCommand() {
				describe(&page, command)
			}
		}
	}
	return page.String()
}

func describe(page *strings.Builder, command *cobra.Command) {
	fmt.Fprintf(page, "\n### %s\n\n%s.\n", strings.TrimSuffix(command.UseLine(), " [flags]"), command.Short)
	if command.Long != "" {
		fmt.Fprintf(page, "\n%s\n", command.Long)
	}
	if command.Example != "" {
		fmt.Fprintf(page, "\n```sh\n%s\n```\n", unindent(command.Example))
	}
	flags := sections(command)[0].flags
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(page, "\n| flag | |\n|---|---|\n")
	flags.VisitAll(func(flag *pflag.Flag) {
		kind, usage := pflag.UnquoteUsage(flag)
		if flag.Hidden || flag.Name == "help" {
			return
		}
		name := "--" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		if flag.DefValue != "" && flag.DefValue != "false" && flag.DefValue != "[]" {
			usage += " (default " + flag.DefValue + ")"
		}
		fmt.Fprintf(page, "| `%s` | %s |\n", strings.ReplaceAll(name, "|", "\\|"), strings.ReplaceAll(usage, "|", "\\|"))
	})
}

func unindent(text string) string {
	return strings.TrimPrefix(strings.ReplaceAll(text, "\n  ", "\n"), "  ")
}

// TestHelpSaysWhatIsNeeded: each command has an example that is one of it, a
// sentence, and flags that say what they are.
func TestHelpSaysWhatIsNeeded(t *testing.T) {
	p := &program{lookup: func(string) (string, bool) { return "", false }, stdout: &strings.Builder{}, stderr: &strings.Builder{}}
	for _, command := range p.commands() {
		if command.Hidden {
			continue
		}
		if command.Short == "" || strings.HasSuffix(command.Short, ".") || len(command.Short) > 80 {
			t.Errorf("%s: says %q", command.Name(), command.Short)
		}
		for line := range strings.Lines(command.Example) {
			if !strings.HasPrefix(line, "  ") || !strings.Contains(line, programName+" "+command.Name()) && !strings.Contains(line, programName+" "+strings.Join(command.Aliases, "")) {
				t.Errorf("%s: %q is no example of it", command.Name(), line)
			}
		}
		command.Flags().VisitAll(func(flag *pflag.Flag) {
			if flag.Usage == "" {
				t.Errorf("%s: --%s says nothing", command.Name(), flag.Name)
			}
		})
	}
}
