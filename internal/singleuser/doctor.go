package singleuser

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/doctor"
	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// doctorCommand says what is wrong before anything is started.
func (p *program) doctorCommand() *cobra.Command {
	o := &p.options
	var asJSON bool
	command := &cobra.Command{
		Use:         "doctor [--] [command [argument...]]",
		Short:       "Check the environment against the hub, and say what to mend",
		Annotations: map[string]string{takesSettings: "yes"},
		Long: strings.TrimSpace(`
Checks all that a server needs: the variables that the hub sets, the hub itself,
the token and its scopes, the OAuth client, the clock, the ports, the command.
Give it the flags and the command that the server has, in the environment that
the server gets; "doctor run voila notebook.ipynb" works as well.

Nothing is started and nothing is changed. The exit code is 1 if something has
to be mended, and 0 otherwise.
`),
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, words []string) error {
			if len(words) > 1 && words[0] == "run" {
				o.words = words[1:]
			} else {
				o.argv = words
			}
			if err := p.settle(cmd.Flags()); err != nil {
				return err
			}
			return p.examine(asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "write JSON, for programs")
	return command
}

// examine makes the checks and shows what they found.
func (p *program) examine(asJSON bool) error {
	o := &p.options
	environ, lookup := p.environ, p.lookup
	if o.baseURL != "" {
		environ = append(environment.Without(environ, servicePrefix), servicePrefix+"="+o.baseURL)
		lookup = p.withBaseURL
	}
	// What is wrong with the environment is a finding.
	env, err := auth.ParseEnvironment(lookup)
	if err != nil {
		env = auth.Environment{ServicePrefix: "/"}
	}
	variables, err := o.variables(env.ServicePrefix)
	if err != nil {
		return err
	}
	config := doctor.Config{
		Environ:         environ,
		Auth:            o.authType != authNone,
		Listen:          o.address(env.Bind, env.APIToken != ""),
		Command:         o.argv,
		Variables:       variables,
		DestPort:        o.destPort,
		Socket:          o.socketPath(),
		EnvironmentName: o.condaEnv,
		Repo:            o.repo,
	}
	log := slog.New(slog.DiscardHandler) // the findings say it
	if o.condaEnv != "" && !o.envInRepo() {
		config.Interpreter = func(ctx context.Context) (string, []string, error) {
			found, err := o.activate(ctx, environ)
			return found.Interpreter, found.Env, err
		}
	}
	if o.repo != "" {
		source, err := newRepository(o, environ, log)
		if err == nil {
			config.RepoFolder, err = source.Target()
		}
		config.Remote = func(ctx context.Context) error {
			if err != nil {
				return err
			}
			return source.Reach(ctx)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	findings := doctor.Run(ctx, config)
	p.exit = exitFault
	if asJSON {
		err = doctor.WriteJSON(p.stdout, findings)
	} else {
		err = doctor.WriteText(p.stdout, findings, p.stdout == os.Stdout && doctor.Color(os.Stdout, p.lookup))
	}
	if err == nil && !doctor.AnyFailed(findings) {
		p.exit = 0
	}
	return err
}
