//go:build e2e

// Package docker clones servers from containers of a real Docker daemon, which
// it starts itself: while they write, while the cloner is killed, while the disk
// is full and while Docker goes away.
package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// baseImage is what the servers run.
const baseImage = "clone-test/base:1"

// patience is the bound of every wait for something that should take moments, or
// as long as a clone.
const patience = 2 * time.Minute

// daemon is the one that most tests share.
var daemon *engine.Engine

func TestMain(m *testing.M) {
	if os.Getenv(childOf) != "" {
		cloneAsChild()
		return
	}
	os.Exit(play(m))
}

func play(m *testing.M) (code int) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "tests of clones from Docker:", err)
			code = 1
		}
	}
	cache, lock, err := engine.OpenCache("docker")
	if err != nil {
		fail(err)
		return code
	}
	defer lock.Close()
	if daemon, err = engine.Start(cache); err != nil {
		fail(err)
		return code
	}
	defer func() { fail(daemon.Close()) }()
	if err := errors.Join(sweep(daemon), makeBase(daemon)); err != nil {
		fail(err)
		return code
	}
	return m.Run()
}

// sweep removes what a run left that was killed.
func sweep(e *engine.Engine) error {
	for _, kind := range []struct{ list, remove []string }{
		{[]string{"ps", "--all", "--quiet"}, []string{"rm", "--force", "--volumes"}},
		{[]string{"volume", "ls", "--quiet"}, []string{"volume", "rm"}},
	} {
		found, err := e.Docker(kind.list...)
		if err != nil {
			return err
		}
		if ids := strings.Fields(found); len(ids) > 0 {
			if _, err := e.Docker(append(kind.remove, ids...)...); err != nil {
				return err
			}
		}
	}
	found, err := e.Docker("image", "ls", "--quiet", "--no-trunc", "--filter", "label=org.jhsingle.dashboard")
	for range 3 { // parents are hidden by their children
		if ids := strings.Fields(found); len(ids) > 0 && err == nil {
			_, _ = e.Docker(append([]string{"rmi", "--force"}, ids...)...)
			found, err = e.Docker("image", "ls", "--quiet", "--no-trunc", "--filter", "label=org.jhsingle.dashboard")
		}
	}
	return err
}

// makeBase makes an image like those of notebook servers: a user with a home.
func makeBase(e *engine.Engine) error {
	debian, err := engine.Debian()
	if err != nil {
		return err
	}
	info, err := os.Stat(debian)
	if err != nil {
		return err
	}
	settings := []string{
		"ENV PATH=/usr/local/bin:/usr/bin:/bin FLAVOUR=plain", "USER 1000", "WORKDIR /home/jovyan", "LABEL maker=somebody",
		"VOLUME /var/data", `CMD ["sleep", "1000"]`,
	}
	return e.Import(baseImage, fmt.Sprint(info.ModTime().UnixNano(), " ", settings), settings, func(w *tar.Writer) error {
		if err := engine.CopyTar(w, debian); err != nil {
			return err
		}
		for _, folder := range []string{"home/jovyan/", "home/jovyan/from-image/", "opt/work/"} {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755, Uid: 1000, Gid: 1000}); err != nil {
				return err
			}
		}
		return nil
	})
}

// host is one daemon in one test.
type host struct {
	*testing.T
	*engine.Engine
}

func shared(t *testing.T) host { return host{t, daemon} }

// run runs a docker command that must succeed.
func (h host) run(args ...string) string {
	h.Helper()
	out, err := h.Engine.Docker(args...)
	if err != nil {
		h.Fatal(err)
	}
	return out
}

// server is a container as DockerSpawner makes them.
type server struct {
	host
	id, user, name string
}

// start starts a server whose name DockerSpawner would have given it. Extras are
// options of docker run, and the program is a shell's.
func (h host) start(user, name, container, program string, extras ...string) server {
	h.Helper()
	args := []string{"run", "--detach", "--network", "host", "--name", container,
		"--env", "JUPYTERHUB_USER=" + user, "--env", "JUPYTERHUB_SERVER_NAME=" + name,
		"--env", "JUPYTERHUB_API_TOKEN=" + secret, "--env", "JPY_API_TOKEN=" + secret, "--env", "FLAVOUR=" + secret}
	args = append(append(args, extras...), baseImage, "sh", "-c", program+"\nexec sleep 1000", secret)
	id := h.run(args...)
	h.Cleanup(func() { _, _ = h.Engine.Docker("rm", "--force", "--volumes", id) })
	s := server{h, id, user, name}
	return s
}

// secret is in the environment and the command line of every server, and must be
// in no image.
const secret = "s3cr3t-of-the-server"

// exec runs a program of a shell in the server's container.
func (s server) exec(program string) string {
	s.Helper()
	return s.run("exec", s.id, "sh", "-c", program)
}

// state is what Docker calls its state.
func (s server) state() string {
	s.Helper()
	return s.run("inspect", "--format", "{{.State.Status}}", s.id)
}

// request asks for a clone of all of the server's files.
func (s server) request(app string) dashboard.CloneRequest {
	return dashboard.CloneRequest{
		Dashboard: dashboard.NewID(), Revision: 1, Owner: s.user,
		Source: dashboard.Source{Kind: dashboard.FromServer, Server: s.name},
		App:    dashboard.App{Framework: "voila", Path: app},
	}
}

// cloner is one on the daemon, whose images go when the test ends.
func (h host) cloner(change ...func(*docker.Config)) *docker.Cloner {
	h.Helper()
	config := docker.Config{Host: h.Host, Log: logger(h.T)}
	for _, each := range change {
		each(&config)
	}
	c, err := docker.New(config)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { h.tidy(c) })
	return c
}

// tidy removes all of a cloner's images, with which it tests that they go.
func (h host) tidy(c *docker.Cloner) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := c.Snapshots(ctx)
	if err != nil {
		return // its test ended without a daemon
	}
	for _, snapshot := range found {
		if err := c.Remove(ctx, snapshot); err != nil {
			h.Errorf("%s is not removed: %v", snapshot.Ref, err)
		}
	}
	if err := h.left(); err != nil {
		h.Error(err)
	}
}

// left says what there is left of ours: images, also those that others hide,
// containers, and volumes.
func (h host) left() error {
	for _, list := range [][]string{
		{"image", "ls", "--all", "--quiet", "--filter", "label=org.jhsingle.dashboard"},
		{"ps", "--all", "--quiet", "--filter", "name=dashboard-clone-"},
		{"volume", "ls", "--quiet", "--filter", "name=dashboard-pause-"},
	} {
		found, err := h.Engine.Docker(list...)
		if err != nil {
			return err
		}
		if found != "" {
			detail, _ := h.Engine.Docker(append([]string{"inspect", "--format", "{{json .}}"}, strings.Fields(found)...)...)
			return fmt.Errorf("docker %s shows what is left:\n%s\n%s", strings.Join(list, " "), found, detail)
		}
	}
	return nil
}

// eventually waits until something is as it should be.
func (h host) eventually(what string, check func() error) {
	h.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			h.Fatalf("not within %v: %s: %v", patience, what, err)
		}
	}
}

// await waits until the server has made a file.
func (s server) await(file string) {
	s.Helper()
	s.exec("until [ -e " + file + " ]; do sleep 0.02; done")
}

// shell runs a program of a shell in an image.
func (h host) shell(image, program string) string {
	h.Helper()
	return h.run("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", program)
}

// story is a Reporter that keeps what it is told.
type story struct {
	mu    sync.Mutex
	lines []string
}

func (s *story) Progress(title string, percent int) { s.Log(fmt.Sprintf("%s %d", title, percent)) }

func (s *story) Log(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *story) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

func (h host) clone(c *docker.Cloner, request dashboard.CloneRequest) (dashboard.Snapshot, *story) {
	h.Helper()
	told := &story{}
	snapshot, err := c.Clone(h.Context(), request, told)
	if err != nil {
		h.Fatalf("%v (%v)\n%s", err, errors.Unwrap(err), told)
	}
	if strings.Contains(told.String(), secret) {
		h.Errorf("a secret is told:\n%s", told)
	}
	return snapshot, told
}
