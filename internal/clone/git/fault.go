//go:build unix

package git

import (
	"context"
	"errors"
	"fmt"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/git"
)

func errEmpty() error {
	return dashboard.InvalidField("source.repo", "The repository is empty: it has no commit yet. Push something to it, or choose another.")
}

// explain makes an error one for whoever asked, where it is theirs to know. What git
// said is for the log: it may name folders of this machine.
func explain(ctx context.Context, source dashboard.Source, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if known, ok := errors.AsType[*dashboard.Error](err); ok {
		return known
	}
	kind := git.KindOf(err)
	if tree.Full(err) {
		kind = git.Full
	}
	var made *dashboard.Error
	switch kind {
	case git.Full:
		made = dashboard.Errorf(dashboard.Unavailable, "There is no space left for the copy of the repository. Choose a smaller one, or ask your administrator to make room.")
	case git.Closed:
		made = dashboard.InvalidField("source.repo", "The repository %s cannot be read: it is not there, or it is private. Check the address; if it is private, ask your administrator to give this hub access to it.", source.Repo)
	case git.Away:
		made = dashboard.Errorf(dashboard.Unavailable, "The host of the repository %s cannot be reached, or has trouble of its own. Check the address, or try again later.", source.Repo)
	case git.Strange:
		made = dashboard.InvalidField("source.repo", "What answers at %s is no repository. Check the address.", source.Repo)
	case git.NoBranch:
		names := git.Choice(err)
		if names == "" {
			names = fmt.Sprintf("%q", source.Ref)
		}
		made = dashboard.InvalidField("source.ref", "The repository has no branch, tag or commit %s. Choose another.", names)
	case git.Unfit:
		made = dashboard.InvalidField("source.repo", "The repository has files whose names cannot be those of files here. Rename them, or choose another branch.")
	default:
		made = dashboard.Errorf(dashboard.Unavailable, "The repository could not be fetched. Try again; if that does not help, ask your administrator to look at the log.")
	}
	made.Cause = err
	return made
}
