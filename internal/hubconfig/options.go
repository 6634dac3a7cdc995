package hubconfig

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Spawner is what starts servers on a hub.
type Spawner string

// The spawners that there is a configuration for.
const (
	// Docker is DockerSpawner and SwarmSpawner.
	Docker Spawner = "docker"
	// Process is LocalProcessSpawner and those made from it, but not SudoSpawner,
	// which runs nothing but jupyterhub-singleuser.
	Process Spawner = "process"
	// Systemd is SystemdSpawner, which The Littlest JupyterHub has.
	Systemd Spawner = "systemd"
	// Kube is KubeSpawner, which Zero to JupyterHub has.
	Kube Spawner = "kube"
)

// Spawners are all of them.
func Spawners() []Spawner { return []Spawner{Docker, Process, Systemd, Kube} }

// Options are what a hub's configuration has to know.
type Options struct {
	Spawner Spawner
	// Service is the service's name on the hub; "dashboards" if it is empty.
	Service string
	// URL is where the hub's proxy reaches the service; http://127.0.0.1:10101 if it
	// is empty.
	URL string
	// Serve is the command by which the hub starts the service and keeps it running,
	// such as "dashboard-builder serve". Without, something else does, which is safer:
	// a hub does not start where a service that it starts itself does not.
	Serve []string
	// TokenFile is a file with the service's token, which the hub and the service
	// read; TokenVariable is a variable of the hub's that holds it instead. Without
	// either, the hub makes one at each start; then it has to start the service.
	TokenFile, TokenVariable string
	// Command is dashboard-builder where the servers run, such as in their image:
	// "dashboard-builder" if it is empty, and an absolute path if it is mounted.
	Command string
	// Binary is the program's path on Docker's host; it is mounted at Command, read
	// only. Without, it is in the image.
	Binary string
	// KeepVolumes are those of DockerSpawner's volumes that dashboards have as well,
	// by their source as it is configured. They should not be a user's own.
	KeepVolumes []string
	// ServerPrefix is what the names of dashboards' servers begin with, and no
	// others; "dashboard-" if it is empty.
	ServerPrefix string
	// SkipConsent spares people the hub's page on which they consent, once for each
	// dashboard of another's, that its server may know who they are.
	SkipConsent bool
	// HideServers leaves dashboards' servers out of the hub's home page.
	HideServers bool
}

var (
	// serviceName is fit for a service, its address and a role (roles.py,
	// _role_name_pattern).
	serviceName = regexp.MustCompile(`^[a-z][a-z0-9-]{1,48}[a-z0-9]$`)
	serviceURL  = regexp.MustCompile(`^https?://[A-Za-z0-9.:\[\]_-]+/?$`)
	// serverPrefix begins names that every hub takes (slugs.py), and leaves room.
	serverPrefix = regexp.MustCompile(`^[a-z](?:-?[a-z0-9])*-?$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

const maxPrefix = 20

// complete fills in what is left open, and says what cannot be.
func (o Options) complete() (Options, error) {
	o.Service = cmp.Or(o.Service, "dashboards")
	o.URL = cmp.Or(o.URL, "http://127.0.0.1:10101")
	o.ServerPrefix = cmp.Or(o.ServerPrefix, "dashboard-")
	if o.Command == "" {
		o.Command = "dashboard-builder"
		if o.Binary != "" {
			o.Command = "/usr/local/bin/dashboard-builder"
		}
	}
	switch {
	case !slices.Contains(Spawners(), o.Spawner):
		return o, fmt.Errorf("there is no configuration for the spawner %q, only for docker, process, systemd and kube", o.Spawner)
	case !serviceName.MatchString(o.Service):
		return o, fmt.Errorf("the service cannot be called %q: give 3 to 50 small letters, digits and hyphens that begin with a letter", o.Service)
	case !serviceURL.MatchString(o.URL):
		return o, fmt.Errorf("the service's URL %q is not one like http://127.0.0.1:10101", o.URL)
	case !serverPrefix.MatchString(o.ServerPrefix) || len(o.ServerPrefix) > maxPrefix:
		return o, fmt.Errorf("servers' names cannot begin with %q: give at most %d small letters, digits and single hyphens that begin with a letter", o.ServerPrefix, maxPrefix)
	case o.TokenFile != "" && o.TokenVariable != "":
		return o, fmt.Errorf("the token is in the file %q or in the variable %q: give one of them", o.TokenFile, o.TokenVariable)
	case o.TokenFile == "" && o.TokenVariable == "" && len(o.Serve) == 0:
		return o, fmt.Errorf("the hub and the service need a token in common: give a file of it, or let the hub start the service")
	case o.TokenFile != "" && !path.IsAbs(o.TokenFile):
		return o, fmt.Errorf("the token's file %q is not an absolute path", o.TokenFile)
	case o.TokenVariable != "" && !variableName.MatchString(o.TokenVariable):
		return o, fmt.Errorf("%q is no name of a variable", o.TokenVariable)
	case o.Spawner != Docker && (o.Binary != "" || len(o.KeepVolumes) > 0):
		return o, fmt.Errorf("a program is mounted, and volumes are kept, for the spawner docker only, not for %s", o.Spawner)
	case o.Binary != "" && !(plainPath(o.Binary) && plainPath(o.Command)):
		return o, fmt.Errorf("%q cannot be mounted at %q: give absolute paths without {}, colons and commas", o.Binary, o.Command)
	}
	return o, nil
}

// plainPath says whether Docker takes a path as it is, and DockerSpawner puts
// nothing into it (volumenamingstrategy.py).
func plainPath(name string) bool { return path.IsAbs(name) && !strings.ContainsAny(name, "{}:,") }
