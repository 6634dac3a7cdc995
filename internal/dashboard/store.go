package dashboard

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNotFound is what the store says of what it does not have.
	ErrNotFound = errors.New("there is no such thing in the store")
	// ErrNameTaken says that the owner has a dashboard of that name.
	ErrNameTaken = errors.New("the owner has a dashboard of that name")
	// ErrServerTaken says that another dashboard of the owner has that server.
	ErrServerTaken = errors.New("another dashboard has that server")
	// ErrBusy says that something else is being done to the dashboard.
	ErrBusy = errors.New("something else is being done to the dashboard")
	// ErrLost says that another process has taken over the job.
	ErrLost = errors.New("another process has taken over the job")
)

// Store keeps dashboards. What one call does is done whole or not at all, also
// by a process that is killed. It is safe for concurrent use, also by several
// processes where it says so.
type Store interface {
	// Create adds a dashboard, with the job that builds it. Errors: ErrNameTaken,
	// ErrServerTaken.
	Create(ctx context.Context, d Dashboard, first Job) error
	// Dashboard errors: ErrNotFound.
	Dashboard(ctx context.Context, id string) (Dashboard, error)
	// Update changes a dashboard as change says, in one transaction. ID, Owner,
	// Server, Created and Thumbnail stay as they are. Nobody else changes the
	// dashboard meanwhile, so change, which is called once at most, must be quick
	// and must not write to the store. Errors: ErrNotFound, ErrNameTaken, and what
	// change returns.
	Update(ctx context.Context, id string, change func(*Dashboard) error) (Dashboard, error)
	// SetStates notes what the hub said about servers, by dashboard. Those that
	// are not there are passed over.
	SetStates(ctx context.Context, states map[string]ServerState) error
	// Erase takes a dashboard away with all that belongs to it, jobs included. One
	// that is not there is no error.
	Erase(ctx context.Context, id string) error
	// List returns a page of dashboards, and how many there are in all.
	List(ctx context.Context, query Query) (found []Dashboard, total int, err error)

	// AddRevision adds the next revision of a dashboard as Making and returns it
	// with its number, which was never given to another. Errors: ErrNotFound.
	AddRevision(ctx context.Context, r Revision) (Revision, error)
	// SetRevision replaces a revision by its dashboard and number. Errors:
	// ErrNotFound.
	SetRevision(ctx context.Context, r Revision) error
	// Revisions are those of a dashboard, the newest first; of all dashboards if
	// it is empty.
	Revisions(ctx context.Context, dashboard string) ([]Revision, error)
	// RemoveRevision forgets a revision. One that is not there is no error.
	RemoveRevision(ctx context.Context, dashboard string, number int) error

	// AddJob adds a job of a dashboard and viewer unless one is under way: then
	// that one is returned with ErrBusy. One without a viewer is of the whole
	// dashboard, and goes with no other. Errors: ErrBusy, ErrNotFound.
	AddJob(ctx context.Context, job Job) (Job, error)
	// SaveJob replaces a job that its Worker is still the worker of, and notes that
	// it was seen now. One that was done stays so: what would have it go on is lost,
	// too. Errors: ErrLost, ErrNotFound.
	SaveJob(ctx context.Context, job Job) error
	// ClaimJobs gives a worker all unfinished jobs whose worker was last seen
	// before stale, and those that have none, and returns them.
	ClaimJobs(ctx context.Context, worker string, stale time.Time) ([]Job, error)
	// Job errors: ErrNotFound.
	Job(ctx context.Context, id string) (Job, error)
	// Jobs are the newest ones of a dashboard, the newest first.
	Jobs(ctx context.Context, dashboard string, limit int) ([]Job, error)
	// OpenJobs are all that are under way.
	OpenJobs(ctx context.Context) ([]Job, error)
	// AddLog adds lines to a job's log. Only the last MaxLogLines are kept.
	AddLog(ctx context.Context, job string, lines []string) error
	// Log is a job's log, the lines after a number only.
	Log(ctx context.Context, job string, after int) ([]LogLine, error)

	// Grants are the users for whom the hub was told to open a dashboard's server.
	Grants(ctx context.Context, dashboard string) ([]string, error)
	// AddGrant notes one; noting it again is no error. RemoveGrant forgets it.
	AddGrant(ctx context.Context, dashboard, user string) error
	RemoveGrant(ctx context.Context, dashboard, user string) error

	// Rename gives all that is one user's to another name of theirs: dashboards,
	// access, grants and servers. Errors: ErrNameTaken.
	Rename(ctx context.Context, from, to string) error

	// Viewers are the servers of a dashboard that gives each viewer one: the
	// viewer's name, and what the server is.
	Viewers(ctx context.Context, dashboard string) (map[string]ViewerServer, error)
	SetViewer(ctx context.Context, dashboard, viewer string, server ViewerServer) error
	RemoveViewer(ctx context.Context, dashboard, viewer string) error

	// Thumbnail is a dashboard's picture. Errors: ErrNotFound.
	Thumbnail(ctx context.Context, dashboard string) (Picture, error)
	// SetThumbnail replaces it, and Dashboard.Thumbnail with it; a Picture without
	// content takes it away. Errors: ErrNotFound.
	SetThumbnail(ctx context.Context, dashboard string, picture Picture) error

	// Lead makes a worker the one that does what only one may do at a time, until
	// so long has passed, or renews that. It is false if another one leads.
	Lead(ctx context.Context, worker string, lasting time.Duration) (bool, error)
	// Resign ends it at once.
	Resign(ctx context.Context, worker string) error

	// Ping says whether the store can be used.
	Ping(ctx context.Context) error
	// Close ends it.
	Close() error
}

// MaxLogLines is how much of a job's log is kept.
const MaxLogLines = 5000

// MaxJobs is how many jobs of a dashboard are kept, besides those that are under
// way or ended within the last hour.
const MaxJobs = 100

// ServerState is what the hub said about a server.
type ServerState struct {
	State State
	// LastUsed is not noted if it is zero or before what is known.
	LastUsed time.Time
}

// ViewerServer is one viewer's own server of a dashboard.
type ViewerServer struct {
	// Server is its name, of the viewer's.
	Server   string
	Revision int
	State    State
	LastUsed time.Time
}

// Picture is an image for the list.
type Picture struct {
	// Type is image/png, image/jpeg or image/webp.
	Type    string
	Content []byte
	// Automatic says that nobody chose it, so that a newer one may replace it.
	Automatic bool
}

// AutomaticPicture begins Dashboard.Thumbnail while the picture is automatic.
const AutomaticPicture = "auto-"

// Query is which dashboards are wanted.
type Query struct {
	// Owner, if not empty, is whose. NotOwner, if not empty, is whose not.
	Owner, NotOwner string
	// Viewer, if not empty, leaves out what this user with these groups may not
	// open (Visitor.MayOpen); what is the user's own may be.
	Viewer string
	Groups []string
	// Group, if not empty, leaves only those that are open to this group by its
	// name.
	Group string
	// Text, if not empty, has to be in the name, the description or the owner's
	// name, in whatever case; of several words, each.
	Text string
	// Sort is the order; the zero value is ByName.
	Sort Sort
	// Descending turns it round.
	Descending bool
	// Offset is how many are left out at the beginning. A Limit of 0 leaves out none
	// at the end.
	Offset, Limit int
}

// Sort is an order of dashboards. Where it leaves two equal, the ID decides.
type Sort string

// The orders.
const (
	ByName    Sort = "name"
	ByOwner   Sort = "owner"
	ByCreated Sort = "created"
	ByUpdated Sort = "updated"
	ByUsed    Sort = "used"
)
