package dashboard

import (
	"context"
	"time"
)

// Snapshot is an independent copy of a source: it does not change when the
// source does.
type Snapshot struct {
	Kind SnapshotKind
	// Ref is a folder's path, an image's name with its tag, or a commit.
	Ref string
	// Repo is where a commit is found; empty for others.
	Repo string
	// Dashboard and Revision are whose it is.
	Dashboard string
	Revision  int
	// Folder is where the source's folder is in the snapshot. App.Path begins there.
	// It is absolute in an image and for a folder: Ref itself, or a folder below it
	// where a folder of a repository was wanted, as a repository is copied whole.
	// For a commit it is relative to the repository; empty is all of it.
	Folder string
	// Bytes is its size, as far as known.
	Bytes int64
	// Paused is for how long the source had to stand still.
	Paused time.Duration
	// Commit is the commit of a repository that it has; empty for others.
	Commit string
	// Complete is false for what a clone that broke off has left behind.
	Complete bool
}

// SnapshotKind is what form a snapshot has.
type SnapshotKind string

// The forms of a snapshot.
const (
	Folder SnapshotKind = "folder"
	Image  SnapshotKind = "image"
	Commit SnapshotKind = "commit"
)

// CloneRequest is what is to be cloned, and for what.
type CloneRequest struct {
	Dashboard string
	Revision  int
	Owner     string
	Source    Source
	App       App
}

// Cloner makes snapshots and takes them away. Implementations are safe for
// concurrent use.
type Cloner interface {
	// Clone makes a snapshot. It is whole when Clone returns without an error, and
	// else nothing of it is left; what a killed process left is gone before a new
	// one of the same dashboard and revision is begun. Errors that are the user's
	// to mend are an *Error. When ctx ends, it stops.
	Clone(ctx context.Context, request CloneRequest, report Reporter) (Snapshot, error)
	// Remove takes a snapshot away, whole or not. One that is not there is no
	// error.
	Remove(ctx context.Context, snapshot Snapshot) error
	// Snapshots are all of ours that there are, whole or not, so that those that
	// belong to nothing can be found.
	Snapshots(ctx context.Context) ([]Snapshot, error)
	// Browse lists what is in a folder of a source, for choosing what to show. It
	// is empty where that cannot be told.
	Browse(ctx context.Context, owner string, source Source, folder string) ([]Entry, error)
}

// Entry is a file or a folder of a source.
type Entry struct {
	// Name is its name in its folder.
	Name   string
	Folder bool
	Bytes  int64
}

// Reporter is told how far something is. It is safe for concurrent use, and
// never waits for anybody.
type Reporter interface {
	// Progress says what is being done, and how far that is in percent; negative
	// is unknown.
	Progress(title string, percent int)
	// Log adds a line for whoever wants to know more. It must not hold secrets.
	Log(line string)
}
