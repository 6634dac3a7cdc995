// Package dashboard says what a dashboard is: an app that was cloned from
// somebody's work, runs as a named server of JupyterHub, and is shared. It holds
// the words that the builder, its store, its cloners and its pages have in common,
// and what is allowed of each; it does nothing by itself.
package dashboard

import "time"

// Dashboard is one dashboard, as it is kept.
type Dashboard struct {
	// ID names it in addresses, images and folders: see NewID.
	ID string
	// Owner is the hub's name of whoever made it.
	Owner string
	// Name is its title for people. An owner has no two of the same name, whatever
	// the case of its letters.
	Name        string
	Description string
	// Server is the name of its server on the hub, of the owner's. It is fit for
	// every version of JupyterHub, and never changes.
	Server string
	Source Source
	App    App
	Access Access
	// PerViewer gives each viewer a server of their own from the same snapshot,
	// instead of one server for all.
	PerViewer bool
	// Options are handed to the hub's spawner besides our own, such as what a form
	// of the spawner's asks for. JSON values.
	Options map[string]any
	// Revision is the number of the snapshot that is in force; 0 before the first
	// is made.
	Revision int
	// State is what the server was when the hub was last asked.
	State State
	// Failure is why the last build or start failed, in words for its owner; empty
	// after one that did not.
	Failure string
	// Thumbnail changes whenever the picture does; empty while there is none.
	Thumbnail string

	Created, Updated time.Time
	// LastUsed is when somebody last used it, as far as the hub knows; zero is
	// never.
	LastUsed time.Time
}

// State is what a dashboard's server does.
type State string

// The states of a server, as the hub sees it.
const (
	Stopped  State = "stopped"
	Starting State = "starting"
	Running  State = "running"
	Stopping State = "stopping"
)

// Source is what a dashboard is cloned from.
type Source struct {
	Kind SourceKind
	// Server is the name of the owner's server that is cloned, empty for the
	// default one, and Folder the folder of it that is wanted, relative to where
	// that server's files are; empty is all of it. Only for FromServer.
	Server string
	Folder string
	// Repo and Ref are a repository, without credentials, and a branch, tag or
	// commit of it, empty for the default branch. Only for FromGit.
	Repo string
	Ref  string
}

// SourceKind is where a source is.
type SourceKind string

// The kinds of sources.
const (
	FromServer SourceKind = "server"
	FromGit    SourceKind = "git"
)

// App is what is shown of the source, and how.
type App struct {
	// Framework is a preset's name, such as "voila".
	Framework string
	// Path is what it shows, relative to the source's folder, with slashes.
	Path string
	// Environment is the conda, venv or uv environment it runs in; empty is what
	// the server has.
	Environment string
	// Arguments are further ones for the framework.
	Arguments []string
}

// Access is who may use a dashboard besides its owner.
type Access struct {
	// Everyone is every user of the hub.
	Everyone bool
	// Users and Groups are names on the hub, sorted and without doubles.
	Users  []string
	Groups []string
}

// Revision is one snapshot of a dashboard's source.
type Revision struct {
	Dashboard string
	// Number counts from 1, in the order of their making.
	Number int
	// By is who asked for it.
	By    string
	State RevisionState
	// Snapshot is what was made; only for those that are Made.
	Snapshot Snapshot
	// App is what the snapshot was made to show.
	App      App
	Created  time.Time
	Finished time.Time
}

// RevisionState is how far a snapshot is.
type RevisionState string

// The states of a revision. One that is not Made is of no use to anybody, and
// what there is of it is taken away.
const (
	Making RevisionState = "making"
	Made   RevisionState = "made"
	Failed RevisionState = "failed"
)
