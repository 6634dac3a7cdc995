//go:build unix

package git

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/shelf"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/git"
)

// clone makes a snapshot that is a folder. Until it is whole nobody else can enter
// it.
func (c *Cloner) clone(ctx context.Context, request dashboard.CloneRequest, reporter dashboard.Reporter) (dashboard.Snapshot, error) {
	source, err := c.source(request.Source)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	owner, err := c.owner(ctx, request.Owner)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	draft, err := c.shelf.Begin(ctx, request.Dashboard, request.Revision, owner, false)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	made, err := c.fill(ctx, draft, source, request, owner, reporter)
	if err != nil {
		draft.Drop()
		return dashboard.Snapshot{}, err
	}
	reporter.Progress("Writing to the disk", -1)
	kept, err := draft.Keep(ctx)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	kept.Folder = path.Join(kept.Ref, request.Source.Folder)
	kept.Bytes, kept.Commit = made.Bytes, made.Commit
	return kept, nil
}

// fill fetches into a draft, and makes a snapshot of it.
func (c *Cloner) fill(ctx context.Context, draft *shelf.Draft, source git.Source, request dashboard.CloneRequest, owner *account.Account, reporter dashboard.Reporter) (dashboard.Snapshot, error) {
	if err := draft.Own(os.Geteuid(), os.Getegid()); err != nil { // git does not work in folders of others
		return dashboard.Snapshot{}, err
	}
	source.Folder = draft.Path()
	commit, err := c.fetch(ctx, source, reporter)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	reporter.Progress("Looking at the files", -1)
	files := selection.Source{Top: draft.Tree, Rules: selection.ForRepository()}
	base, err := selection.Open(draft.Tree, request.Source.Folder)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	base.Close()
	survey, err := selection.Look(ctx, files, c.config.Limits, request.Source.Folder, request.App.Path)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	tidied := tidier{ctx: ctx, owner: owner}
	if err := files.Walk(ctx, &tidied); err != nil {
		return dashboard.Snapshot{}, err
	}
	if err := survey.Has(draft.Path()); err != nil {
		return dashboard.Snapshot{}, err
	}
	reporter.Log(fmt.Sprintf("Cloned commit %s, with %s files and folders of %s.", commit, selection.Count(survey.Files), selection.Size(survey.Bytes)))
	for _, line := range tidied.report.Lines() {
		reporter.Log(line)
	}
	if owner != nil {
		err = draft.Own(owner.UID, owner.GID)
	}
	return dashboard.Snapshot{Bytes: survey.Bytes, Commit: commit}, err
}

// fetch fetches, as long as that is within the limits, and returns the commit.
func (c *Cloner) fetch(ctx context.Context, source git.Source, reporter dashboard.Reporter) (commit string, err error) {
	source.Log = slog.New(warnings{c.log.Handler(), reporter})
	watched, stop := watch(ctx, source.Folder, c.config.Limits)
	defer stop()
	if err = source.Pull(watched, reporter.Progress); err == nil {
		commit, err = source.Head(watched)
	}
	switch {
	case watched.Err() != nil: // whatever git says of it
		return "", context.Cause(watched)
	case err != nil:
		return "", err
	case commit == "":
		return "", errEmpty()
	}
	return commit, nil
}
