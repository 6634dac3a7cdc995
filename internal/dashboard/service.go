package dashboard

import "context"

// Service is all that people can do with dashboards, whether from the page or
// from a command line. It decides what a visitor may: what is returned is for
// them to see, and what is not theirs to do is an *Error that is Forbidden, or
// NotFound where they should not even know.
type Service interface {
	// Rules are what this visitor can do and choose.
	Rules(ctx context.Context, v Visitor) (Rules, error)
	// List returns a page of dashboards that the visitor may open or owns, and how
	// many there are in all. Administrators, too, see only those, unless they name
	// an owner.
	List(ctx context.Context, v Visitor, query Query) (found []Dashboard, total int, err error)
	Dashboard(ctx context.Context, v Visitor, id string) (Dashboard, error)
	// Create checks a new dashboard, keeps it, and begins to build it. ID, Owner,
	// Server, State and the like are set here.
	Create(ctx context.Context, v Visitor, d Dashboard) (Dashboard, Job, error)
	// Edit changes a dashboard: its name, description, access, and what the next
	// Rebuild is made from and of (Source, App, PerViewer, Options). Who may
	// open it is told the hub before Edit returns, or else an error is.
	Edit(ctx context.Context, v Visitor, id string, change func(*Dashboard) error) (Dashboard, error)
	// Rebuild, Start, Stop and Delete begin something and return at once. If the
	// same is under way already, they return that job and no error; if something
	// else is, a Conflict.
	Rebuild(ctx context.Context, v Visitor, id string) (Job, error)
	Start(ctx context.Context, v Visitor, id string) (Job, error)
	Stop(ctx context.Context, v Visitor, id string) (Job, error)
	Delete(ctx context.Context, v Visitor, id string) (Job, error)
	// Open makes a dashboard ready for the visitor: it lets them in at the hub, and
	// starts the server if it does not run.
	Open(ctx context.Context, v Visitor, id string) (Opening, error)

	// Job, Log and Watch are for those who may change the dashboard; of a start,
	// also for those who may open it, who get no log. Log returns the lines after a
	// number.
	Job(ctx context.Context, v Visitor, id string) (Job, error)
	Log(ctx context.Context, v Visitor, job string, after int) ([]LogLine, error)
	// Watch sends the job as it is, then whenever it changes, and closes the
	// channel when it is done or ctx ends. What nobody takes is dropped but for the
	// last.
	Watch(ctx context.Context, v Visitor, job string) (<-chan Job, error)
	// Jobs and Revisions are those of a dashboard, the newest first, for its owner.
	Jobs(ctx context.Context, v Visitor, id string) ([]Job, error)
	Revisions(ctx context.Context, v Visitor, id string) ([]Revision, error)

	// Servers are the visitor's own servers that can be cloned.
	Servers(ctx context.Context, v Visitor) ([]Server, error)
	// Browse lists what can be chosen in a folder of a source of the visitor's.
	Browse(ctx context.Context, v Visitor, source Source, folder string) ([]Entry, error)
	// People finds users and groups of the hub whose names begin with a text, for
	// sharing; at most ten of each.
	People(ctx context.Context, v Visitor, text string) (users, groups []string, err error)

	// Thumbnail is a dashboard's picture. SetThumbnail checks one that was sent; an
	// empty one takes it away. At most MaxThumbnail bytes.
	Thumbnail(ctx context.Context, v Visitor, id string) (Picture, error)
	SetThumbnail(ctx context.Context, v Visitor, id string, content []byte) error
}

// MaxThumbnail is the largest picture that is taken, in bytes.
const MaxThumbnail = 1 << 20

// Opening is a dashboard on its way to a visitor.
type Opening struct {
	// URL is where it is, for the browser. Ready says that it can go there now;
	// else Job is what has to end first.
	URL   string
	Ready bool
	Job   *Job
}

// Server is a server of a visitor's that can be cloned.
type Server struct {
	// Name is empty for the default server. Title is what people call it.
	Name, Title string
	Running     bool
	// Why is why it cannot be cloned now, in a sentence; empty if it can.
	Why string
}

// Rules are what a visitor can do, and choose from.
type Rules struct {
	// WhyNot is why the visitor may not create dashboards, in a sentence; empty if
	// they may.
	WhyNot string
	// Sources are the kinds that can be cloned here.
	Sources []SourceKind
	// Frameworks are those that can be chosen, in order.
	Frameworks []FrameworkChoice
	// Environments are those that can be chosen, and FreeEnvironment says that any
	// can be written. Without either, there is no choice.
	Environments    []string
	FreeEnvironment bool
	// PathPattern, if not empty, is a regular expression that the path of what is
	// shown, from the top of a server's files (Source.Folder and App.Path), has to
	// match as a whole. It does not hold for repositories.
	PathPattern string
	// Options are what an owner may ask the hub's spawner for, in order.
	Options []Option
	// PerViewer says that a dashboard may give each viewer an own server.
	PerViewer bool
	// Sharing is what this hub can do.
	Sharing Sharing
	// GroupPages says that each group has a page with what is open to it.
	GroupPages bool
	// DefaultAccess is what the form begins with.
	DefaultAccess Access
	// HubVersion is for the footer, and for whoever reports a fault.
	HubVersion string
}

// FrameworkChoice is a framework that can be chosen.
type FrameworkChoice struct {
	Name, Title string
	// Files are endings of the files that it shows, Folder says that it can show a
	// folder, and Default is what it shows where nothing is chosen.
	Files   []string
	Folder  bool
	Default string
}

// Sharing is with whom dashboards can be shared.
type Sharing struct {
	Users, Groups, Everyone bool
	// Why says what is missing, or what else it takes, in sentences; empty if nothing.
	Why string
}
