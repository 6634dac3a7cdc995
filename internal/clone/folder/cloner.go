//go:build unix

// Package folder makes snapshots of folders in the homes of owners, for servers
// that are processes: LocalProcess, systemd and sudo spawners.
//
// The source belongs to somebody who may change it in the meantime to have us read
// or write what they may not, and we may be root. So all of it is read, and all of
// the copy written, with the rights of the owner's account (package account), by
// descriptors and never through a link (package tree), into a folder that nobody
// else can enter before it is whole (package shelf).
package folder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/shelf"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Limits bound a copy.
type Limits = selection.Limits

// Config is where files are, and what of them is copied.
type Config struct {
	// Root is where snapshots go: ROOT/DASHBOARD/REVISION. Those of repositories may
	// be kept there as well. Owners have to be able to pass through it.
	Root string
	// Homes is where the files of an owner's servers are, such as
	// "/home/{username}".
	Homes string
	// Limits bound one snapshot.
	Limits Limits
	// As finds the account whose rights are used, and whose the snapshots are. That
	// needs root. Without it they are the program's own: right where servers run as
	// the same user as the service.
	As account.Lookup
	// Log is for operators. Nil is silence.
	Log *slog.Logger
}

// Cloner is a dashboard.Cloner.
type Cloner struct {
	shelf  *shelf.Shelf
	homes  homes
	limits Limits
	as     account.Lookup
	log    *slog.Logger
}

// New checks the configuration, and makes Root if it is not there.
func New(config Config) (*Cloner, error) {
	where, err := parseHomes(config.Homes)
	if err != nil {
		return nil, err
	}
	log := config.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if config.As != nil {
		if err := account.Check(); err != nil {
			return nil, fmt.Errorf("snapshots cannot be made as their owners: %w", err)
		}
	} else if os.Geteuid() == 0 {
		log.Warn("folders are copied with root's rights, also what their owners may not read: say how owners are called on this machine")
	}
	kept, err := shelf.New(config.Root)
	if err != nil {
		return nil, err
	}
	return &Cloner{shelf: kept, homes: where, limits: config.Limits, as: config.As, log: log}, nil
}

// Clone is part of dashboard.Cloner. A copy that a killed process left is gone on
// with: files in it that have the size, the time and the permissions of the
// source's are kept. They are whole, as a file gets its permissions last, and they
// have reached the file system, as what was made before the machine was last
// started is not trusted.
func (c *Cloner) Clone(ctx context.Context, request dashboard.CloneRequest, reporter dashboard.Reporter) (dashboard.Snapshot, error) {
	begin := time.Now()
	made, err := c.clone(ctx, request, reporter)
	log := c.log.With("dashboard", request.Dashboard, "revision", request.Revision, "owner", request.Owner)
	if err != nil {
		err = explain(ctx, err)
		log.Warn("cannot copy the folder", "error", err, "cause", errors.Unwrap(err))
		return dashboard.Snapshot{}, err
	}
	log.Info("copied the folder", "bytes", made.Bytes, "seconds", time.Since(begin).Seconds())
	return made, nil
}

func (c *Cloner) clone(ctx context.Context, request dashboard.CloneRequest, reporter dashboard.Reporter) (dashboard.Snapshot, error) {
	if request.Source.Kind != dashboard.FromServer {
		return dashboard.Snapshot{}, fmt.Errorf("a folder cannot be cloned from a %q", request.Source.Kind)
	}
	owner, err := c.owner(ctx, request.Owner)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	reporter.Progress("Looking at the files", -1)
	var source selection.Source
	var survey *selection.Survey
	err = owner.Do(func() error {
		if source, err = c.source(request.Owner, request.Source.Folder); err != nil {
			return err
		}
		survey, err = selection.Look(ctx, source, c.limits, "", request.App.Path)
		return err
	})
	if source.Top != nil {
		defer source.Top.Close()
	}
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	draft, err := c.shelf.Begin(ctx, request.Dashboard, request.Revision, owner, true)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	copied := newCopier(ctx, draft.Tree, survey, c.limits, reporter)
	err = owner.Do(func() error { return copied.run(source, draft.Resumed) })
	if err == nil {
		err = survey.Has(draft.Path())
	}
	if err != nil {
		draft.Drop()
		return dashboard.Snapshot{}, err
	}
	reporter.Progress("Writing to the disk", -1)
	made, err := draft.Keep(ctx)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	copied.tell(reporter)
	made.Bytes = copied.bytes
	return made, nil
}

// owner is the account of an owner, or nil for what the program is.
func (c *Cloner) owner(ctx context.Context, name string) (*account.Account, error) {
	if c.as == nil {
		return nil, nil
	}
	found, err := c.as(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("the account of %q cannot be found: %w", name, err)
	}
	return &found, nil
}

// source opens what is cloned; it is called as the owner.
func (c *Cloner) source(owner, folder string) (selection.Source, error) {
	rules := selection.ForHome(folder)
	if rules.Refuses() {
		return selection.Source{}, dashboard.InvalidField("source.folder", "The folder %q holds secrets, which are not copied. Choose another.", folder)
	}
	home, at, err := c.homes.open(owner)
	if err != nil {
		return selection.Source{}, err
	}
	defer home.Close()
	top, err := selection.Open(home, folder)
	if err != nil {
		return selection.Source{}, err
	}
	for i := range at {
		at[i] = path.Join(at[i], folder)
	}
	avoid := c.shelf.Info()
	return selection.Source{Top: top, Rules: rules, Paths: at, Avoid: &avoid}, nil
}

// Remove is part of dashboard.Cloner.
func (c *Cloner) Remove(ctx context.Context, snapshot dashboard.Snapshot) error {
	return c.shelf.Remove(ctx, snapshot.Dashboard, snapshot.Revision)
}

// Snapshots is part of dashboard.Cloner. They are all that are in Root, those of
// repositories as well if they are kept there.
func (c *Cloner) Snapshots(ctx context.Context) ([]dashboard.Snapshot, error) {
	return c.shelf.Snapshots(ctx)
}

// explain makes an error one for whoever asked, where it is theirs to know.
func explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case dashboard.KindOf(err) != "":
		return err
	case tree.Full(err):
		return noSpace(err)
	}
	return fmt.Errorf("cannot clone the folder: %w", err)
}

func noSpace(err error) error {
	return &dashboard.Error{
		Kind: dashboard.Unavailable, Cause: err,
		Message: "There is no space left for the copy. Name what the dashboard does not need in a file " + selection.IgnoreFile + ", or ask your administrator to make room.",
	}
}
