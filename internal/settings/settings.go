// Package settings is what the operator of dashboard-builder sets: who may make
// dashboards, of what, with what, and how many. It is one YAML file, read once,
// and deploy/dashboard-builder.yaml is that file with every setting explained.
package settings

import (
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Settings are all of them. They never change after Load.
type Settings struct {
	Create Create `yaml:"create"`
	// Allowed are the names of the frameworks that can be chosen, in order; empty
	// is all that there are.
	Allowed []string `yaml:"frameworks"`
	// Presets are the operator's own frameworks, and changes to those built in.
	Presets      Presets      `yaml:"presets"`
	Environments Environments `yaml:"environments"`
	// Access is what the form for a new dashboard begins with.
	Access    Access    `yaml:"access"`
	Sources   Sources   `yaml:"sources"`
	Servers   Servers   `yaml:"servers"`
	Pages     Pages     `yaml:"pages"`
	Limits    Limits    `yaml:"limits"`
	Retention Retention `yaml:"retention"`
}

// Create is who may make dashboards. Blocks win over allowances.
type Create struct {
	// AllowUsers and AllowGroups are who may; everybody if both are empty.
	AllowUsers  []string `yaml:"allow_users"`
	AllowGroups []string `yaml:"allow_groups"`
	BlockUsers  []string `yaml:"block_users"`
	BlockGroups []string `yaml:"block_groups"`
	// Administrators says that the hub's administrators may, whatever else is set.
	Administrators bool `yaml:"administrators"`
}

// Environments are the conda, venv and uv environments that an app may run in.
type Environments struct {
	Names []string `yaml:"names"`
	// File has further ones, one on a line; it is read whenever they are asked for.
	File string `yaml:"file"`
	// Free says that any other may be written, too.
	Free bool `yaml:"free"`
}

// Access is who may open a dashboard besides its owner.
type Access struct {
	Everyone bool     `yaml:"everyone"`
	Users    []string `yaml:"users"`
	Groups   []string `yaml:"groups"`
	// ByRole says that a hub without shares, before JupyterHub 5, has a role by
	// which those who are to open dashboards can access their owners' servers. Then
	// each dashboard's own gate lets in only whom it is shared with.
	ByRole bool `yaml:"by_role"`
}

// Sources are what dashboards can be cloned from.
type Sources struct {
	Servers bool `yaml:"servers"`
	// Paths is what the path of an app on a server has to match as a whole; empty
	// is any.
	Paths Pattern `yaml:"paths"`
	Git   bool    `yaml:"git"`
	// Repositories are hosts, and paths on them, below which a repository has to
	// be; empty is any.
	Repositories []Repository `yaml:"repositories"`
}

// Servers is how the servers of dashboards are started.
type Servers struct {
	// Name is the template of their names: dashboard.ServerName.
	Name string `yaml:"name"`
	// Options go to the hub's spawner with each start.
	Options Options `yaml:"options"`
	// OwnerOptions are those that a dashboard's owner may give, who has the last word
	// on them.
	OwnerOptions []OwnerOption `yaml:"owner_options"`
	PerViewer    PerViewer     `yaml:"per_viewer"`
	// Visitor is what an app is told of who is asking.
	Visitor []Told `yaml:"visitor"`
	// Arguments are further ones of "dashboard-builder launch", and Environment
	// is added to the server's.
	Arguments   []string          `yaml:"arguments"`
	Environment map[string]string `yaml:"environment"`
}

// PerViewer says whether a dashboard gives each viewer an own server.
type PerViewer string

// Who decides that.
const (
	Never   PerViewer = "never"
	Offered PerViewer = "offered" // each dashboard's owner
	Always  PerViewer = "always"
)

// Pages are those besides the two lists of one's own and others' dashboards.
type Pages struct {
	// Groups says that each group has a page with what is open to it.
	Groups bool `yaml:"groups"`
}

// Limits bound what dashboards cost. Zero is no limit.
type Limits struct {
	// Dashboards are those of one owner.
	Dashboards int `yaml:"dashboards"`
	// SnapshotSize in bytes and SnapshotFiles bound one snapshot.
	SnapshotSize  Size `yaml:"snapshot_size"`
	SnapshotFiles int  `yaml:"snapshot_files"`
	// Builds are those that run at once, of all owners.
	Builds    int      `yaml:"builds"`
	BuildTime Duration `yaml:"build_time"`
	// Idle is after how long without use a dashboard is stopped.
	Idle Duration `yaml:"idle"`
}

// Retention is for how long things are kept.
type Retention struct {
	// Revisions are how many snapshots a dashboard keeps, with the one in force.
	Revisions int `yaml:"revisions"`
	// Unused is after how long without use a dashboard is deleted; zero is never.
	Unused Duration `yaml:"unused"`
}

// Default is what holds where the operator says nothing.
func Default() Settings {
	return Settings{
		Create:  Create{Administrators: true},
		Presets: builtin(),
		Sources: Sources{Servers: true, Git: true},
		Servers: Servers{Name: dashboard.DefaultServerTemplate, PerViewer: Never},
		Pages:   Pages{Groups: true},
		Limits: Limits{
			Dashboards: 50, SnapshotSize: 10 << 30, SnapshotFiles: 200_000,
			Builds: 2, BuildTime: Duration(30 * time.Minute),
		},
		Retention: Retention{Revisions: 2},
	}
}

// DefaultAccess is Access in the words of a dashboard.
func (s Settings) DefaultAccess() dashboard.Access {
	return dashboard.Access{Everyone: s.Access.Everyone, Users: s.Access.Users, Groups: s.Access.Groups}
}
