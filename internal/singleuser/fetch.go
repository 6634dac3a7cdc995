package singleuser

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/git"
	"github.com/ideonate/jhsingle-native-proxy/internal/pyenv"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// repoToken is the variable with a token for a private repository.
const repoToken = variablePrefix + "REPO_TOKEN"

// activation bounds how long a conda environment may take to tell its
// variables.
const activation = time.Minute

// activate finds the environment that --conda-env names.
func (o *options) activate(ctx context.Context, environ []string) (pyenv.Environment, error) {
	ctx, cancel := context.WithTimeout(ctx, activation)
	defer cancel()
	found, err := pyenv.Activate(ctx, o.condaEnv, environ)
	if err != nil {
		return found, &environmentError{o.condaEnv, o.Wrong("conda-env", "is %q: %w", o.condaEnv, err), err}
	}
	return found, nil
}

// environmentError says that an environment cannot be used.
type environmentError struct {
	name string
	// said names the setting, and reason does not.
	said, reason error
}

func (e *environmentError) Error() string { return e.said.Error() }
func (e *environmentError) Unwrap() error { return e.reason }

// activate returns the variables of the app in its environment.
func activate(ctx context.Context, o *options, environ []string, log *slog.Logger) ([]string, error) {
	found, err := o.activate(ctx, environ)
	if err != nil {
		return nil, err
	}
	log.Info("the app runs in an environment", "kind", found.Kind, "name", found.Name, "folder", found.Prefix, "interpreter", found.Interpreter, "version", found.Version)
	return found.Env, nil
}

func newRepository(o *options, environ []string, log *slog.Logger) (git.Source, error) {
	source := git.Source{
		URL:       o.repo,
		Branch:    o.repoBranch,
		Folder:    o.repoFolder,
		Depth:     o.repoDepth,
		TokenFile: o.repoTokenFile,
		Env:       environ,
		Log:       log,
	}
	return source, source.Check()
}

// fetch gets the repository, and then the environment that may be in it.
func fetch(ctx context.Context, o *options, repository git.Source, shown string, environ []string, report func(process.Progress), log *slog.Logger) (process.Prepared, error) {
	folder, err := repository.Target()
	if err != nil {
		return process.Prepared{}, err
	}
	prepared := process.Prepared{Dir: folder}
	err = repository.Pull(ctx, func(title string, percent int) { report(process.Progress{Title: title, Percent: percent}) })
	if err == nil {
		err = o.preset.checkTarget(shown)
	}
	if err != nil || !o.envInRepo() {
		return prepared, err
	}
	report(process.Progress{Title: "Activating the environment", Percent: -1})
	if !filepath.IsAbs(o.condaEnv) {
		inRepo := *o
		inRepo.condaEnv = filepath.Join(folder, o.condaEnv)
		o = &inRepo
	}
	if prepared.Env, err = activate(ctx, o, environ, log); err == nil {
		// The process finds the command in the environment; this says it in
		// words that help if it is not there.
		_, err = o.preset.find(ctx, nil, prepared.Env)
	}
	return prepared, err
}
