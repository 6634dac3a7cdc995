package singleuser

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// newApp makes the app from the settings.
func (p *program) newApp(env auth.Environment, variables process.Variables, key auth.Secret, use func() (int, time.Time), log *slog.Logger, stderr io.Writer) (*process.App, error) {
	var err error
	o := &p.options
	appEnviron := appEnvironment(o, key, p.environ)
	if o.condaEnv != "" && !o.envInRepo() {
		if appEnviron, err = activate(context.Background(), o, appEnviron, log); err != nil {
			return nil, err
		}
	}
	argv := o.argv
	if !o.envInRepo() {
		if argv, err = o.preset.find(context.Background(), argv, appEnviron); err != nil {
			return nil, err
		}
	}
	config := process.Config{
		Command:      argv,
		Variables:    variables,
		OriginHost:   env.PublicHost(),
		Port:         o.destPort,
		Socket:       o.socketPath(),
		Dir:          o.dir,
		Env:          appEnviron,
		Environment:  o.environment,
		Lazy:         o.start == lazy,
		IdleStop:     o.idleStop,
		Use:          use,
		ReadyPath:    o.readyPath,
		ReadyTimeout: o.readyTimeout,
		Health:       o.health,
		Restart:      process.RestartPolicy(o.restart),
		Backoff:      o.backoff,
		Grace:        max(o.shutdownTimeout-drainReserve, drainReserve),
		Orphans:      true,
		Log:          log,
	}
	if o.rawSocket {
		config.ReadyPath = "" // there is no HTTP to ask for
	}
	config.Output, config.Raw = appOutput(o, log, stderr)
	if o.repo == "" {
		if err := o.preset.checkTarget(variables["presentation_path"]); err != nil {
			return nil, err
		}
	} else {
		repository, err := newRepository(o, p.environ, log)
		if err != nil {
			return nil, err
		}
		if !config.Lazy {
			p.report.prepares() // else nobody knows when it will
		}
		config.Prepare = func(ctx context.Context, progress func(process.Progress)) (process.Prepared, error) {
			prepared, err := fetch(ctx, o, repository, variables["presentation_path"], appEnviron, progress, log)
			p.report.prepared(err)
			return prepared, err
		}
	}
	return process.New(config)
}

// appEnvironment is what the app gets of our environment.
func appEnvironment(o *options, key auth.Secret, environ []string) []string {
	var without []string
	if !o.passToken {
		// The token is the server's own: an app that has it can act as the
		// server towards the hub.
		without = append(without, "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")
	}
	if o.repo != "" {
		without = append(without, "GIT_TOKEN") // one that git gets is not the app's
	}
	// Our settings are ours: some are secrets, and an app may start another of
	// us.
	for _, pair := range environ {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, variablePrefix) {
			without = append(without, name)
		}
	}
	environ = environment.Without(environ, without...)
	if key != "" {
		environ = append(environ, identityKey+"="+key.Reveal())
	}
	return environ
}
