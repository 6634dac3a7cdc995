//go:build unix

package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/git"
	"golang.org/x/sync/singleflight"
)

const (
	// browseTime is how long somebody who chooses waits for a repository's names.
	browseTime = 10 * time.Second
	// fresh is for how long what was seen is shown again.
	fresh = time.Minute
	// mostSeen is how many repositories are remembered, and mostNames how many files
	// and folders of one: a few megabytes each at most.
	mostSeen  = 16
	mostNames = 50000
	// maxLook is what is fetched for the names, where a server does not leave out files.
	maxLook = 256 << 20
)

// looks remembers what repositories have.
type looks struct {
	look   func(ctx context.Context, source dashboard.Source) (git.Tree, error)
	flight singleflight.Group

	mu   sync.Mutex
	seen map[dashboard.Source]sight
}

type sight struct {
	tree git.Tree
	at   time.Time
}

// at looks at a repository, once for all who ask at the same time, and not again
// for a while.
func (l *looks) at(ctx context.Context, source dashboard.Source) (git.Tree, error) {
	source = dashboard.Source{Kind: source.Kind, Repo: source.Repo, Ref: source.Ref}
	l.mu.Lock()
	known, ok := l.seen[source]
	l.mu.Unlock()
	if ok && time.Since(known.at) < fresh {
		return known.tree, nil
	}
	result := l.flight.DoChan(source.Repo+"\n"+source.Ref, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), browseTime)
		defer cancel()
		tree, err := l.look(ctx, source)
		if err == nil {
			l.remember(source, tree)
		}
		return tree, err
	})
	select {
	case got := <-result:
		return got.Val.(git.Tree), got.Err
	case <-ctx.Done():
		return git.Tree{}, context.Cause(ctx)
	}
}

func (l *looks) remember(source dashboard.Source, tree git.Tree) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[dashboard.Source]sight{}
	}
	oldest, has := source, false
	for known, sight := range l.seen {
		if !has || sight.at.Before(l.seen[oldest].at) {
			oldest, has = known, true
		}
	}
	if has && len(l.seen) >= mostSeen {
		delete(l.seen, oldest)
	}
	l.seen[source] = sight{tree, time.Now()}
}

// lookAnew asks the remote.
func (c *Cloner) lookAnew(ctx context.Context, from dashboard.Source) (git.Tree, error) {
	source, err := c.source(from)
	if err != nil {
		return git.Tree{}, err
	}
	if source.Folder, err = os.MkdirTemp("", "dashboard-look-"); err != nil {
		return git.Tree{}, err
	}
	defer os.RemoveAll(source.Folder)
	watched, stop := watch(ctx, source.Folder, Limits{Bytes: maxLook})
	defer stop()
	found, err := source.Look(watched, mostNames)
	if watched.Err() != nil { // whatever git says of it
		return git.Tree{}, context.Cause(watched)
	}
	return found, err
}

// Browse is part of dashboard.Cloner. It is empty for a repository that does not
// tell in time.
func (c *Cloner) Browse(ctx context.Context, _ string, source dashboard.Source, folder string) ([]dashboard.Entry, error) {
	if _, err := c.source(source); err != nil {
		return nil, err
	}
	tree, err := c.looks.at(ctx, source)
	if err != nil {
		if ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || dashboard.KindOf(err) == dashboard.Limit) {
			return nil, nil
		}
		err = explain(ctx, source, err)
		c.log.Info("cannot look at the repository", "repository", source.Repo, "error", err, "cause", errors.Unwrap(err))
		return nil, err
	}
	return list(tree, inTree(path.Join(source.Folder, folder))), nil
}

// inTree is a path as a tree has it; the top is empty.
func inTree(at string) string { return strings.TrimPrefix(path.Clean("/"+at), "/") }

// list shows what is in a folder of a tree.
func list(tree git.Tree, folder string) []dashboard.Entry {
	found := []dashboard.Entry{}
	for _, entry := range tree.Entries {
		above, name := path.Split(entry.Path)
		if strings.TrimSuffix(above, "/") == folder && !entry.Opaque && selection.Choosable(name) {
			found = append(found, dashboard.Entry{Name: name, Folder: entry.Folder})
		}
	}
	return selection.Arrange(found)
}

// pin makes a snapshot that is a commit.
func (c *Cloner) pin(ctx context.Context, request dashboard.CloneRequest, reporter dashboard.Reporter) (dashboard.Snapshot, error) {
	reporter.Progress("Asking the repository", -1)
	tree, err := c.lookAnew(ctx, request.Source)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	if tree.Commit == "" {
		return dashboard.Snapshot{}, errEmpty()
	}
	if err := check(tree, request); err != nil {
		return dashboard.Snapshot{}, err
	}
	reporter.Log(fmt.Sprintf("Pinned commit %s.", tree.Commit))
	return dashboard.Snapshot{
		Kind: dashboard.Commit, Ref: tree.Commit, Repo: request.Source.Repo, Commit: tree.Commit, Folder: inTree(request.Source.Folder),
		Dashboard: request.Dashboard, Revision: request.Revision, Complete: true,
	}, nil
}

// check says that a commit does not have what the app shows, as far as can be told.
func check(tree git.Tree, request dashboard.CloneRequest) error {
	folder := inTree(request.Source.Folder)
	if folder != "" && !has(tree, folder, true) {
		return dashboard.InvalidField("source.folder", "There is no folder %q in the repository. Choose one that is there.", folder)
	}
	wanted := inTree(request.App.Path)
	if wanted == "" || has(tree, inTree(path.Join(folder, wanted)), false) {
		return nil
	}
	var files []string
	for _, entry := range tree.Entries {
		if rest, ok := strings.CutPrefix("/"+entry.Path, strings.TrimSuffix("/"+folder, "/")+"/"); ok && !entry.Folder {
			files = append(files, rest)
		}
	}
	return selection.Missing(wanted, files)
}

// has says whether a tree has a path, or may have it: behind a link, or behind what
// was not read.
func has(tree git.Tree, wanted string, asFolder bool) bool {
	for _, entry := range tree.Entries {
		if entry.Path == wanted && (entry.Folder || !asFolder) || entry.Opaque && strings.HasPrefix(wanted+"/", entry.Path+"/") {
			return true
		}
	}
	return !tree.Complete
}
