// Package api holds the JSON that the Dashboards service and its clients speak.
// The same is said to the world in openapi.json.
package api

import (
	_ "embed"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Path is where the API is, below the service's prefix.
const Path = "api/v1/"

// OpenAPI describes the API (OpenAPI 3.1). It is served as openapi.json.
//
//go:embed openapi.json
var OpenAPI []byte

// CSRFHeader is what a browser's script shows that it is one of the service's own
// pages. Who sends a token of the hub's needs none.
const CSRFHeader = "X-CSRF-Token"

// The types of contents.
const (
	JSON       = "application/json"
	MergePatch = "application/merge-patch+json" // RFC 7396
	ProblemDoc = "application/problem+json"     // RFC 9457
	Events     = "text/event-stream"
)

// Dashboard is one dashboard as its visitor may see it.
type Dashboard struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Owner       string          `json:"owner"`
	State       dashboard.State `json:"state"`
	// Page is its page, Open the link to pass on, and Thumbnail its picture if it
	// has one: paths on the hub's host.
	Page      string    `json:"page"`
	Open      string    `json:"open"`
	Thumbnail string    `json:"thumbnail,omitempty"`
	PerViewer bool      `json:"per_viewer"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	// LastUsed is absent where it is not known to have been used.
	LastUsed *time.Time `json:"last_used,omitempty"`

	// MayChange says whether it is the visitor's to change; only then is there a
	// Detail.
	MayChange bool    `json:"may_change"`
	Detail    *Detail `json:"detail,omitempty"`
}

// Detail is what only those see who may change a dashboard.
type Detail struct {
	// Server is the name of its server on the hub.
	Server  string         `json:"server"`
	Source  Source         `json:"source"`
	App     App            `json:"app"`
	Access  Access         `json:"access"`
	Options map[string]any `json:"options,omitempty"`
	// Revision is the one in force; 0 before the first is made.
	Revision int `json:"revision"`
	// Failure is why the last build or start failed.
	Failure string `json:"failure,omitempty"`
}

// Source is what a dashboard is cloned from: a server's folder, or a repository's.
type Source struct {
	Kind   dashboard.SourceKind `json:"kind"`
	Server string               `json:"server"`
	Folder string               `json:"folder"`
	Repo   string               `json:"repo"`
	Ref    string               `json:"ref"`
}

// App is what is shown of the source, and how.
type App struct {
	Framework   string   `json:"framework"`
	Path        string   `json:"path"`
	Environment string   `json:"environment"`
	Arguments   []string `json:"arguments"`
}

// Access is who may open a dashboard besides its owner.
type Access struct {
	Everyone bool     `json:"everyone"`
	Users    []string `json:"users"`
	Groups   []string `json:"groups"`
}

// New is a dashboard to be made.
type New struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Source      Source `json:"source"`
	App         App    `json:"app"`
	// Access is the rules' default where it is absent.
	Access    *Access        `json:"access,omitempty"`
	PerViewer bool           `json:"per_viewer"`
	Options   map[string]any `json:"options,omitempty"`
}

// Change is what is to become of a dashboard, as a merge patch (RFC 7396): what
// is absent stays.
type Change struct {
	Name        *string        `json:"name,omitempty"`
	Description *string        `json:"description,omitempty"`
	Source      *Source        `json:"source,omitempty"`
	App         *App           `json:"app,omitempty"`
	Access      *Access        `json:"access,omitempty"`
	PerViewer   *bool          `json:"per_viewer,omitempty"`
	Options     map[string]any `json:"options,omitempty"`
}

// Page is one page of dashboards. The header Link names its neighbours (RFC 8288).
type Page struct {
	Items []Dashboard `json:"items"`
	// Total is how many there are on all pages; Page counts from 1.
	Total   int `json:"total"`
	Page    int `json:"page"`
	PerPage int `json:"per_page"`
}

// Items is a list that is always whole.
type Items[T any] struct {
	Items []T `json:"items"`
}

// Created is a dashboard that was made, and the job that builds it.
type Created struct {
	Dashboard Dashboard `json:"dashboard"`
	Job       Job       `json:"job"`
}

// Job is something that is being done to a dashboard.
type Job struct {
	ID        string            `json:"id"`
	Dashboard string            `json:"dashboard"`
	Kind      dashboard.JobKind `json:"kind"`
	// Viewer is whose server it is about where each viewer has one.
	Viewer   string         `json:"viewer,omitempty"`
	Revision int            `json:"revision"`
	By       string         `json:"by"`
	Step     dashboard.Step `json:"step"`
	Title    string         `json:"title"`
	// Percent is how far it is, 0 to 100; absent where that is not known.
	Percent *int `json:"percent,omitempty"`
	Done    bool `json:"done"`
	// Failure is why it ended badly; absent if it did not.
	Failure  string     `json:"failure,omitempty"`
	Created  time.Time  `json:"created"`
	Finished *time.Time `json:"finished,omitempty"`
}

// LogLine is one line of a job's log.
type LogLine struct {
	// Number counts from 1 within the job.
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
}

// The events of a job's stream. Each EventLog has its line's number as its id, so
// that a client that comes back with Last-Event-ID goes on where it was. The
// stream ends when the job does, and also sooner: a client asks anew until it has
// seen a job that is done.
const (
	EventJob = "job" // data: a Job
	EventLog = "log" // data: a LogLine
)

// Opening is a dashboard on its way to a visitor.
type Opening struct {
	// URL is where it is: a path on the hub's host, or a whole address.
	URL   string `json:"url"`
	Ready bool   `json:"ready"`
	// Job is what has to end before it is ready.
	Job *Job `json:"job,omitempty"`
}

// Revision is one snapshot of a dashboard's source.
type Revision struct {
	Number   int                     `json:"number"`
	By       string                  `json:"by"`
	State    dashboard.RevisionState `json:"state"`
	App      App                     `json:"app"`
	Created  time.Time               `json:"created"`
	Finished *time.Time              `json:"finished,omitempty"`
	// Kind, Bytes and Commit are the snapshot's, as far as known; Paused is for how
	// long, in seconds, the source had to stand still.
	Kind   dashboard.SnapshotKind `json:"kind,omitempty"`
	Bytes  int64                  `json:"bytes,omitempty"`
	Commit string                 `json:"commit,omitempty"`
	Paused float64                `json:"paused,omitempty"`
	// Current says that it is the one in force.
	Current bool `json:"current"`
}

// Server is a server of the visitor's that can be cloned.
type Server struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Running bool   `json:"running"`
	// Why is why it cannot be cloned now; absent if it can.
	Why string `json:"why,omitempty"`
}

// Entry is a file or a folder of a source.
type Entry struct {
	Name   string `json:"name"`
	Folder bool   `json:"folder"`
	Bytes  int64  `json:"bytes"`
}

// People are users and groups to share with.
type People struct {
	Users  []string `json:"users"`
	Groups []string `json:"groups"`
}

// User is who asks.
type User struct {
	Name   string   `json:"name"`
	Admin  bool     `json:"admin"`
	Groups []string `json:"groups"`
}

// Rules are what the visitor can do, and choose from.
type Rules struct {
	// WhyNot is why they may not create dashboards; absent if they may.
	WhyNot     string                 `json:"why_not,omitempty"`
	Sources    []dashboard.SourceKind `json:"sources"`
	Frameworks []Framework            `json:"frameworks"`
	// Environments are those to choose from. FreeEnvironment says that any can be
	// written.
	Environments    []string `json:"environments"`
	FreeEnvironment bool     `json:"free_environment"`
	// PathPattern is a regular expression that the path of what is shown, from the
	// top of a server's files, has to match as a whole.
	PathPattern string `json:"path_pattern,omitempty"`
	// Options are those of the hub's spawner that an owner may give.
	Options   []Option `json:"options"`
	PerViewer bool     `json:"per_viewer"`
	Sharing   Sharing  `json:"sharing"`
	// GroupPages says that each group has a page with what is open to it.
	GroupPages    bool   `json:"group_pages"`
	DefaultAccess Access `json:"default_access"`
	HubVersion    string `json:"hub_version,omitempty"`
}

// Option is an option of the hub's spawner that an owner may give.
type Option struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Hint  string `json:"hint,omitempty"`
	// Choices are all values that it can have; any if there are none.
	Choices []Choice `json:"choices"`
	// Inherit says that a new dashboard has the value that the server was started
	// with which it is cloned from, unless another is given.
	Inherit bool `json:"inherit"`
}

// Choice is one value of an option.
type Choice struct {
	// Value is a string, a number or a boolean.
	Value any    `json:"value"`
	Label string `json:"label"`
}

// Framework is a framework that can be chosen.
type Framework struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Files are endings of the files that it shows; Folder says that it can show
	// a folder, and Default is what it shows where nothing is chosen.
	Files   []string `json:"files"`
	Folder  bool     `json:"folder"`
	Default string   `json:"default,omitempty"`
}

// Sharing is with whom dashboards can be shared on this hub.
type Sharing struct {
	Users    bool `json:"users"`
	Groups   bool `json:"groups"`
	Everyone bool `json:"everyone"`
	// Why says what is missing, or what else it takes; absent if nothing.
	Why string `json:"why,omitempty"`
}

// Problem is what went wrong (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is a sentence for people.
	Detail string `json:"detail"`
	// Kind is what sort of problem it is: one of dashboard's, or KindInternal.
	Kind dashboard.ErrorKind `json:"kind"`
	// Field is the part of the request that is wrong, such as "source.repo".
	Field string `json:"field,omitempty"`
	// Incident is what to look for in the service's log.
	Incident string `json:"incident,omitempty"`
}

// KindInternal is a fault of the service's own.
const KindInternal dashboard.ErrorKind = "internal"

func (p *Problem) Error() string { return p.Detail }
