//go:build e2e

package image

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// ourImage is the name that the dashboard's Dockerfile copies from, and
// serviceImage that of the image of dashboard-builder.
const (
	ourImage     = "image-test/jhsingle-native-proxy"
	serviceImage = "image-test/dashboard-builder"
)

// version is built in, and must come out again.
const version = "12.34.56-image-test"

// builder is one of the two programs that turn a Dockerfile into an image. A
// Dockerfile that only one of them understands is of no use to half the world.
type builder struct {
	name string
	kit  string // the value of DOCKER_BUILDKIT
	hint string // what to install where it is missing
}

func builders() []builder {
	return []builder{
		{"BuildKit", "1", "install Debian's package docker.io, or Docker's own with docker-buildx-plugin"},
		{"the older builder", "0", "install Debian's package docker.io"},
	}
}

// cli finds a docker command that can drive the builder: a newer one needs a
// plugin for BuildKit that is often not there, while Debian's has it built in.
func (b builder) cli(t *testing.T, e *daemon) string {
	t.Helper()
	var said []string
	for _, name := range []string{"docker", "/usr/bin/docker"} {
		if _, err := exec.LookPath(name); err != nil {
			said = append(said, err.Error())
			continue
		}
		_, err := e.Try(30*time.Second, engine.Command{
			CLI: name, Env: []string{"DOCKER_BUILDKIT=" + b.kit},
			Stdin: strings.NewReader("FROM scratch\nLABEL probe=1\n"), Args: []string{"build", "-q", "-"},
		})
		if err == nil {
			return name
		}
		said = append(said, err.Error())
	}
	t.Fatalf("no docker command here can use %s: %s\n%s", b.name, b.hint, strings.Join(said, "\n"))
	return ""
}

// build makes the image of a Dockerfile, by its path from the top, and names it.
func (b builder) build(t *testing.T, e *daemon, dockerfile, name string) {
	t.Helper()
	cli := b.cli(t, e)
	args, err := engine.NetworkArguments()
	if err != nil {
		t.Fatal(err)
	}
	args = append(args, "--file", filepath.Join(top, dockerfile), "--build-arg", "VERSION="+version)
	// The first stage gets a name too: without one, prune would take the layers
	// with the modules for rubbish, and every run would begin anew.
	for _, stage := range []struct{ target, name string }{{"build", name + "-stage"}, {"", name}} {
		all := append([]string{"build", "--target", stage.target, "-t", stage.name}, append(args, top)...)
		start := time.Now()
		if _, err := e.Try(8*time.Minute, engine.Command{CLI: cli, Env: []string{"DOCKER_BUILDKIT=" + b.kit}, Args: all}); err != nil {
			t.Fatalf("%s cannot build the image of %s: %v", b.name, dockerfile, err)
		}
		if stage.target == "" {
			continue
		}
		t.Logf("%s compiled %s in %v", b.name, dockerfile, time.Since(start).Round(100*time.Millisecond))
	}
}

// prune keeps the cache from growing with every change of the source.
func prune(t *testing.T, e *daemon) {
	for _, args := range [][]string{
		{"image", "prune", "--force"},
		{"builder", "prune", "--force", "--keep-storage", "3GB"},
	} {
		if _, err := e.Try(time.Minute, engine.Command{Args: args}); err != nil {
			t.Logf("cannot tidy up: %v", err)
		}
	}
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
