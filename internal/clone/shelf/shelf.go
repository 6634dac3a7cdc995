//go:build unix

// Package shelf keeps snapshots that are folders. Each has its place at
// ROOT/DASHBOARD/REVISION, and is there as a whole or not at all: it is made in
// .making-REVISION beside it and renamed when it is whole, and renamed to
// .removing-REVISION before it is taken away.
package shelf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const (
	making   = ".making-"
	removing = ".removing-"
)

// Shelf is the folder that has the snapshots. It is safe for concurrent use, also
// by several processes.
type Shelf struct {
	root string
	info tree.Info
}

// New makes the folder if it is not there. Owners have to be able to pass through
// it, and through all above it, but not to list it.
func New(root string) (*Shelf, error) {
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("the folder %q for snapshots is not an absolute path", root)
	}
	if err := os.MkdirAll(root, 0o711); err != nil { // #nosec G301 -- as said above
		return nil, fmt.Errorf("the folder for snapshots cannot be made: %w", err)
	}
	folder, err := tree.Open(root)
	if err != nil {
		return nil, fmt.Errorf("the folder for snapshots cannot be used: %w", err)
	}
	defer folder.Close()
	info, err := folder.Info()
	return &Shelf{filepath.Clean(root), info}, err
}

// Info says which folder it is.
func (s *Shelf) Info() tree.Info { return s.info }

// check says whether these can be names of ours: they become parts of paths.
func check(id string, revision int) error {
	if !dashboard.IsID(id) || revision < 1 {
		return fmt.Errorf("revision %d of %q is no snapshot", revision, id)
	}
	return nil
}

// Snapshot is that of a revision, as far as its place tells.
func (s *Shelf) Snapshot(id string, revision int) dashboard.Snapshot {
	path := filepath.Join(s.root, id, strconv.Itoa(revision))
	return dashboard.Snapshot{Kind: dashboard.Folder, Ref: path, Folder: path, Dashboard: id, Revision: revision}
}

// Remove takes away a revision, whole or not. Where there is none it is done.
func (s *Shelf) Remove(ctx context.Context, id string, revision int) error {
	if err := check(id, revision); err != nil {
		return err
	}
	home, err := s.enter(ctx, id, false)
	if tree.Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer home.leave()
	if err := home.clear(ctx, revision); err != nil {
		return err
	}
	return home.Remove(ctx, making+strconv.Itoa(revision))
}

// Snapshots are all that there are, whole or not.
func (s *Shelf) Snapshots(ctx context.Context) ([]dashboard.Snapshot, error) {
	entries, err := os.ReadDir(s.root)
	if err != nil {
		return nil, fmt.Errorf("the snapshots cannot be listed: %w", err)
	}
	var found []dashboard.Snapshot
	for _, entry := range entries {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if !entry.IsDir() || !dashboard.IsID(entry.Name()) {
			continue
		}
		of, err := s.snapshotsOf(entry.Name())
		if err != nil {
			return nil, err
		}
		found = append(found, of...)
	}
	return found, nil
}

func (s *Shelf) snapshotsOf(id string) ([]dashboard.Snapshot, error) {
	entries, err := os.ReadDir(filepath.Join(s.root, id))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the snapshots of %s cannot be listed: %w", id, err)
	}
	var found []dashboard.Snapshot
	at := map[int]int{}
	for _, entry := range entries {
		revision, whole := parse(entry.Name())
		if revision == 0 || !entry.IsDir() {
			continue
		}
		if _, known := at[revision]; !known {
			at[revision] = len(found)
			found = append(found, s.Snapshot(id, revision))
		}
		if whole {
			found[at[revision]].Complete = true
		}
	}
	return found, nil
}

// parse reads the name of a snapshot's folder; 0 is that of none.
func parse(name string) (revision int, whole bool) {
	number, whole := name, true
	for _, prefix := range []string{making, removing} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			number, whole = rest, false
		}
	}
	revision, err := strconv.Atoi(number)
	if err != nil || revision < 1 || strconv.Itoa(revision) != number {
		return 0, false
	}
	return revision, whole
}
