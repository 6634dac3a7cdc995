//go:build unix

// Package git makes snapshots of repositories: of what a branch, a tag or a commit
// is when the snapshot is made. For servers that are processes a snapshot is a
// folder, so that a dashboard works when the repository is gone; elsewhere it is
// the commit's id alone, and the server fetches that.
package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/shelf"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/git"
)

// Limits bound what a commit has, and what is fetched for it.
type Limits = selection.Limits

// Config is how repositories are fetched, and where their snapshots go.
type Config struct {
	// Root is where snapshots go, as folder.Config has it. Both can have the same one:
	// then each lists and removes all that are there.
	Root string
	// Pin makes snapshots that are a commit's id and nothing else. Root is not used.
	Pin bool
	// Limits bound one snapshot.
	Limits Limits
	// As finds the account that a snapshot is given to. That needs root. Git itself
	// runs as what the program is: an owner could read in its processes what proves
	// to hosts who we are.
	As account.Lookup
	// Tokens are files with a token each, by the host that it is for, with the port
	// if that is not the usual one: all owners can clone what the token can read. They
	// are read each time, and only sent by https.
	Tokens map[string]string
	// Env is the environment of git, such as for a credential helper, SSH keys or a
	// proxy. Nil is what of the program's own it needs.
	Env []string
	// Local allows repositories on this machine, of which an owner can have all that
	// the program can read.
	Local bool
	// Log is for operators. Nil is silence.
	Log *slog.Logger
}

// Cloner is a dashboard.Cloner.
type Cloner struct {
	config Config
	shelf  *shelf.Shelf // nil with Pin
	env    []string
	log    *slog.Logger
	looks  looks
}

// New checks the configuration, and makes Root if it is not there.
func New(config Config) (*Cloner, error) {
	c := &Cloner{config: config, env: environ(config.Env, config.Local), log: config.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.looks.look = c.lookAnew
	if config.Pin {
		return c, nil
	}
	if config.As != nil {
		if err := account.Check(); err != nil {
			return nil, fmt.Errorf("snapshots cannot be given to their owners: %w", err)
		}
	}
	var err error
	c.shelf, err = shelf.New(config.Root)
	return c, err
}

// Clone is part of dashboard.Cloner.
func (c *Cloner) Clone(ctx context.Context, request dashboard.CloneRequest, reporter dashboard.Reporter) (dashboard.Snapshot, error) {
	begin := time.Now()
	clone := c.clone
	if c.config.Pin {
		clone = c.pin
	}
	made, err := clone(ctx, request, reporter)
	log := c.log.With("dashboard", request.Dashboard, "revision", request.Revision, "repository", git.Redact(request.Source.Repo))
	if err != nil {
		err = explain(ctx, request.Source, err)
		log.Warn("cannot clone the repository", "error", err, "cause", errors.Unwrap(err))
		return dashboard.Snapshot{}, err
	}
	log.Info("cloned the repository", "commit", made.Commit, "bytes", made.Bytes, "seconds", time.Since(begin).Seconds())
	return made, nil
}

// source is what git fetches, checked.
func (c *Cloner) source(from dashboard.Source) (git.Source, error) {
	if from.Kind != dashboard.FromGit {
		return git.Source{}, fmt.Errorf("a repository cannot be cloned from a %q", from.Kind)
	}
	host, secure, err := checkAddress(from.Repo, c.config.Local)
	if err != nil {
		return git.Source{}, err
	}
	source := git.Source{URL: from.Repo, Branch: from.Ref, Depth: 1, Env: c.env, Log: c.log}
	if secure {
		source.TokenFile = c.config.Tokens[host]
	}
	if err := source.Check(); err != nil {
		failed := dashboard.InvalidField("source.ref", "%q is no name of a branch, a tag or a commit. Choose one of the repository's.", from.Ref)
		failed.Cause = err
		return git.Source{}, failed
	}
	return source, nil
}

func (c *Cloner) owner(ctx context.Context, name string) (*account.Account, error) {
	if c.config.As == nil {
		return nil, nil
	}
	found, err := c.config.As(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("the account of %q cannot be found: %w", name, err)
	}
	return &found, nil
}

// Remove is part of dashboard.Cloner. There is nothing to remove of a commit.
func (c *Cloner) Remove(ctx context.Context, snapshot dashboard.Snapshot) error {
	if c.shelf == nil || snapshot.Kind == dashboard.Commit {
		return nil
	}
	return c.shelf.Remove(ctx, snapshot.Dashboard, snapshot.Revision)
}

// Snapshots is part of dashboard.Cloner. They are all that are in Root, those of
// homes as well if they are kept there.
func (c *Cloner) Snapshots(ctx context.Context) ([]dashboard.Snapshot, error) {
	if c.shelf == nil {
		return nil, nil
	}
	return c.shelf.Snapshots(ctx)
}
