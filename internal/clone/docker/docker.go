// Package docker clones servers that run in Docker containers, as DockerSpawner's
// do: the source's container becomes an image.
//
// The container is paused while it is committed, and else only if its files change
// whenever they are copied (pause.go).
// A commit has the container's environment in it, in which its tokens are, so the
// image that is kept is made anew of the commit's layers (remake.go). It has no
// volumes in it either: what of them is wanted is copied (box.go, archive.go).
// The image gets its name last, when it is whole.
package docker

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/distribution/reference"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Config is what the operator sets.
type Config struct {
	// Engine is Docker; nil is a client of Host.
	Engine Engine
	// Host is where Docker listens, such as unix:///var/run/docker.sock; empty is
	// what DOCKER_HOST and its fellows say, and else that socket.
	Host string

	// Container is how containers are named, as DockerSpawner.name_template;
	// empty is DockerSpawner's default. Prefix is DockerSpawner.prefix, empty its
	// default; LegacyEscape is DockerSpawner.escape = "legacy".
	Container    string
	Prefix       string
	LegacyEscape bool

	// Repository is what the images' names begin with; empty is "dashboards". Two
	// builders that share a Docker each need one of their own.
	Repository string

	// Home is where a server's files are in its container, with {username} or
	// {raw_username} if it is not the same for all; empty is what the hub told the
	// server (JUPYTERHUB_ROOT_DIR), else its working directory, else /home/jovyan.
	Home string

	// MaxBytes and MaxFiles bound what is copied from volumes, MaxBytes also what
	// the container itself holds. Zero is 10 GiB, and a million.
	MaxBytes int64
	MaxFiles int
	// MaxPause is how long a server may have to stand still; zero is 5 minutes.
	MaxPause time.Duration
	// MaxCopy is how long the copying of volumes may take; zero is an hour.
	MaxCopy time.Duration

	Log *slog.Logger
}

const (
	// quick bounds a call that has little to do.
	quick = 30 * time.Second
	// grace is for cleaning up after something else has ended.
	grace = time.Minute
)

// Cloner is a dashboard.Cloner.
type Cloner struct {
	config Config
	engine Engine
	names  names
	log    *slog.Logger

	mu sync.Mutex
	// busy are the revisions that this process is at.
	busy map[key]bool
}

var _ dashboard.Cloner = (*Cloner)(nil)

// key is which snapshot is meant.
type key struct {
	dashboard string
	revision  int
}

// New makes a cloner. Docker is not called yet: see Check.
func New(config Config) (*Cloner, error) {
	setDefault(&config.Repository, "dashboards")
	setDefault(&config.Prefix, "jupyter")
	setDefault(&config.MaxBytes, 10<<30)
	setDefault(&config.MaxFiles, 1_000_000)
	setDefault(&config.MaxPause, 5*time.Minute)
	setDefault(&config.MaxCopy, time.Hour)
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkRepository(config.Repository); err != nil {
		return nil, err
	}
	names, err := newNames(config.Container, config.Prefix, config.LegacyEscape)
	if err != nil {
		return nil, err
	}
	if _, err := names.home(config.Home, "ada"); err != nil {
		return nil, err
	}
	if config.Engine == nil {
		if config.Engine, err = connect(config.Host); err != nil {
			return nil, err
		}
	}
	return &Cloner{config: config, engine: config.Engine, names: names, log: config.Log, busy: map[key]bool{}}, nil
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

// repositoryForm is where a name's first part cannot be taken for a host, or the
// whole for an identifier.
var repositoryForm = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)

func checkRepository(repository string) error {
	// What Docker writes in another way than it is given would not be found again.
	named, err := reference.ParseNormalizedNamed(repository + "/a:1")
	if err != nil || reference.FamiliarString(named) != repository+"/a:1" || !repositoryForm.MatchString(repository) || len(repository) > 128 {
		return fmt.Errorf("the repository %q for images is none: give one of small letters, digits, dots and hyphens such as %q", repository, "dashboards")
	}
	return nil
}

// Check says whether Docker can be used.
func (c *Cloner) Check(ctx context.Context) error {
	_, err := c.ownsLayers(ctx)
	return explain(err)
}

// begin keeps two clones of one revision apart.
func (c *Cloner) begin(k key) (end func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[k] {
		return nil, dashboard.Errorf(dashboard.Conflict, "This snapshot is being made already. Wait until it is done.")
	}
	c.busy[k] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.busy, k)
	}, nil
}

func (c *Cloner) isBusy(k key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy[k]
}

// cleanup is a context for what has to be done although ctx has ended.
func cleanup(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}
