//go:build e2e

package systemd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

const (
	// image is what the machine begins as, and name what its container and the
	// network that it is in are called.
	image = "systemd-test/machine"
	name  = "systemd-test"
	// state is where the service keeps everything, and home where people's files are.
	state = "/var/lib/dashboard-builder"
)

// machine is a container whose first process is systemd.
type machine struct {
	docker *engine.Engine
	// address is where it is reached from here.
	address string
}

// boot makes the image, starts the machine and returns when that is up.
func boot(ctx context.Context, docker *engine.Engine, cache string) (*machine, error) {
	m := &machine{docker: docker}
	if err := m.makeImage(); err != nil {
		return m, err
	}
	built, err := shared.bed.Build(ctx, "./cmd/dashboard-builder", false)
	if err != nil {
		return m, err
	}
	// A place of its own, as other tests build theirs.
	program := filepath.Join(cache, "dashboard-builder")
	content, err := os.ReadFile(built)
	if err == nil {
		err = errors.Join(os.RemoveAll(program), os.WriteFile(program, content, 0o755)) // #nosec G306 -- a program
	}
	if err != nil {
		return m, err
	}
	node, err := exec.LookPath("node")
	if err == nil {
		node, err = filepath.EvalSymlinks(node)
	}
	if err != nil {
		return m, err
	}
	for _, command := range [][]string{
		{"network", "create", name},
		{"run", "--detach", "--name", name, "--network", name, "--cgroupns", "private", "--tmpfs", "/run", "--tmpfs", "/tmp",
			// What systemd needs to give units their own view of the machine. Not
			// --privileged, which fails where this machine lacks any capability itself.
			"--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
			"--env", "container=docker", // see systemd's "Container Interface"
			"--volume", filepath.Join(shared.bed.Root, "test", "systemd", "machine") + ":/opt/machine:ro",
			"--volume", program + ":/usr/local/bin/dashboard-builder:ro",
			"--volume", node + ":/usr/local/bin/node:ro",
			"--volume", shared.bed.NodeModules() + ":/opt/node_modules:ro",
			image, "/opt/machine/boot"},
	} {
		if _, err := docker.Docker(command...); err != nil {
			return m, err
		}
	}
	if m.address, err = docker.Docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name); err != nil {
		return m, err
	}
	return m, m.awaitUp(ctx)
}

func (m *machine) makeImage() error {
	if err := m.docker.MakeDebian(); err != nil {
		return err
	}
	args, err := engine.NetworkArguments()
	if err != nil {
		return err
	}
	began := time.Now()
	args = append(append([]string{"build", "--tag", image}, args...),
		"--file", filepath.Join(shared.bed.Root, "test", "systemd", "machine", "Dockerfile"), filepath.Join(shared.bed.Root, "test", "bed"))
	// The older builder, whose layers stay for as long as the image does.
	if _, err := m.docker.Try(8*time.Minute, engine.Command{Env: []string{"DOCKER_BUILDKIT=0"}, Args: args}); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the machine's image was there after %v\n", time.Since(began).Round(100*time.Millisecond))
	_, err = m.docker.Docker("image", "prune", "--force")
	return err
}

// awaitUp waits until all is started that starts with the machine.
func (m *machine) awaitUp(ctx context.Context) error {
	for {
		// It waits by itself, once systemd takes questions; "degraded" is an error.
		said, err := m.docker.Try(time.Minute, engine.Command{Args: []string{"exec", name, "systemctl", "is-system-running", "--wait"}, Both: true})
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || said == "degraded" || said == "maintenance" {
			log, _ := m.docker.Try(time.Minute, engine.Command{Args: []string{"logs", "--tail", "40", name}, Both: true})
			return fmt.Errorf("systemd does not come up: %w\n%s\n%s", err, log, m.journal(40))
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// as is an argument of run by which the program is run as a user of the hub.
func as(user string) string { return "--as=" + user }

// run runs a program of a shell on the machine, as root or as the first argument says.
func (m *machine) run(program string, arguments ...string) (string, error) {
	command := []string{"exec"}
	if len(arguments) > 0 {
		if user, ok := strings.CutPrefix(arguments[0], "--as="); ok {
			user = account.Name("{tljh}", user)
			command = append(command, "--user", user, "--env", "HOME=/home/"+user)
			arguments = arguments[1:]
		}
	}
	command = append(command, name, "bash", "-euc", program, "bash")
	return m.docker.Try(patience, engine.Command{Args: append(command, arguments...)})
}

// write writes a file that is root's, and for root to read.
func (m *machine) write(path, content string) error {
	_, err := m.docker.Try(patience, engine.Command{Stdin: strings.NewReader(content), Args: []string{
		"exec", "--interactive", name, "bash", "-euc", `umask 077 && mkdir -p "$(dirname "$1")" && cat >"$1"`, "bash", path}})
	return err
}

// journal is the end of what all units have said.
func (m *machine) journal(lines int) string {
	said, err := m.docker.Docker("exec", name, "journalctl", "--no-pager", "--quiet", "--lines", fmt.Sprint(lines))
	if err != nil {
		return err.Error()
	}
	return said
}

// sweep removes what a run left that was killed.
func sweep(docker *engine.Engine) error {
	for _, kind := range []struct{ list, remove []string }{
		{[]string{"ps", "--all", "--quiet"}, []string{"rm", "--force", "--volumes"}},
		{[]string{"network", "ls", "--quiet", "--filter", "name=" + name}, []string{"network", "rm"}},
	} {
		found, err := docker.Docker(kind.list...)
		if err != nil {
			return err
		}
		if ids := strings.Fields(found); len(ids) > 0 {
			if _, err := docker.Docker(append(kind.remove, ids...)...); err != nil {
				return err
			}
		}
	}
	return nil
}
