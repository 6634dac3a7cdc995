//go:build e2e

package docker

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// private starts a daemon for one test, with so many bytes of disk.
func private(t *testing.T, megabytes int) host {
	t.Helper()
	disk, err := os.MkdirTemp("", "disk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(disk) })
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	e, err := engine.StartApart(disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := makeBase(e); err != nil {
		t.Fatal(err)
	}
	return host{t, e}
}

// The base has 115 MB, a server writes 100 or 40 more, and there is no room for
// the image: at the commit, at the copying of its volume, or at the second commit.
func TestDiskFull(t *testing.T) {
	h := private(t, 290)
	for _, test := range []struct {
		name, program string
		extras        []string
	}{
		{"committing", "head -c 100000000 /dev/urandom > /opt/work/large", nil},
		{"copying the volume", "head -c 90000000 /dev/urandom > large", []string{"--volume", "full:/home/jovyan"}},
		{"committing what was filled", "head -c 60000000 /dev/urandom > large", []string{"--volume", "full:/home/jovyan"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := host{t, h.Engine}
			s := h.start("ada", "", "jupyter-ada", test.program+"; echo nb > /home/jovyan/nb.ipynb; touch /tmp/ready", test.extras...)
			t.Cleanup(func() { h.run("rm", "--force", "--volumes", s.id); _, _ = h.Engine.Docker("volume", "rm", "full") })
			s.await("/tmp/ready")
			c := h.cloner()
			told := &story{}
			_, err := c.Clone(t.Context(), s.request("nb.ipynb"), told)
			if dashboard.KindOf(err) != dashboard.Unavailable || !strings.Contains(err.Error(), "no space left") {
				t.Errorf("%v\n%s", err, told)
			}
			if strings.Contains(fmt.Sprint(err, told), h.Data()) {
				t.Errorf("it tells of the machine: %v\n%s", err, told)
			}
			if got := s.state(); got != "running" {
				t.Errorf("the server is %s", got)
			}
			if err := h.left(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDockerGoesAway(t *testing.T) {
	h := private(t, 1000)
	post := func(ending string) func(*http.Request) bool {
		return func(r *http.Request) bool { return is(r, http.MethodPost, ending) }
	}
	for _, step := range []struct {
		name string
		at   func(p *engine.Proxy, kill func())
		// whole says that all was there already but to let the server go on, which
		// is tried until Docker is back.
		whole bool
	}{
		{name: "paused", at: func(p *engine.Proxy, kill func()) { p.After = answered(1, post("/pause"), kill) }},
		{name: "committing", at: func(p *engine.Proxy, kill func()) { p.Sent = times(1, post("/commit"), kill) }},
		{name: "going on", at: func(p *engine.Proxy, kill func()) { p.Before = times(1, post("/unpause"), kill) }, whole: true},
		{name: "filling", at: func(p *engine.Proxy, kill func()) {
			p.Sent = times(1, func(r *http.Request) bool { return is(r, http.MethodPut, "/archive") }, kill)
		}},
		{name: "before the name", at: func(p *engine.Proxy, kill func()) { p.Before = times(1, post("/tag"), kill) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			h := host{t, h.Engine}
			s := h.start("ada", "", "jupyter-ada", "head -c 30000000 /dev/urandom > /opt/work/x; echo nb > nb.ipynb; touch /tmp/ready", "--volume", "gone:/home/jovyan")
			t.Cleanup(func() { h.run("rm", "--force", s.id); h.run("volume", "rm", "gone") })
			s.await("/tmp/ready")
			p := &engine.Proxy{}
			restarted := make(chan error, 1)
			step.at(p, func() {
				h.Kill()
				go func() { restarted <- h.Restart() }()
			})
			p.Start(t, h.Socket)
			request := s.request("nb.ipynb")
			c := h.cloner(func(c *docker.Config) { c.Host = p.Host })
			snapshot, err := c.Clone(t.Context(), request, &story{})
			if step.whole && err != nil || !step.whole && dashboard.KindOf(err) != dashboard.Unavailable {
				t.Errorf("%v", err)
			}
			if err := <-restarted; err != nil {
				t.Fatal(err)
			}
			if err := c.Recover(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if step.whole {
				if err := c.Remove(t.Context(), snapshot); err != nil {
					t.Error(err)
				}
			}
			if err := h.left(); err != nil {
				t.Error(err)
			}
			// A daemon that was killed ends the containers when it is back.
			if got := s.state(); got != "exited" && got != "running" {
				t.Errorf("the server is %s", got)
			}
			h.run("start", s.id)
			s.await("/tmp/ready")
			h.clone(c, request)
		})
	}
}

func TestDockerCannotBeReached(t *testing.T) {
	folder, err := os.MkdirTemp("", "away")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	silent, err := net.Listen("unix", filepath.Join(folder, "silent.sock"))
	if err != nil {
		t.Fatal(err)
	}
	_ = silent.Close()
	if err := os.WriteFile(filepath.Join(folder, "file.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"unix://" + folder + "/nothing.sock", "unix://" + folder + "/file.sock", "unix://" + silent.Addr().String(), "tcp://127.0.0.1:1"} {
		c, err := docker.New(docker.Config{Host: host})
		if err != nil {
			t.Fatal(err)
		}
		s := server{user: "ada"}
		_, cloned := c.Clone(t.Context(), s.request(""), &story{})
		_, listed := c.Snapshots(t.Context())
		for _, err := range []error{
			cloned, listed, c.Check(t.Context()), c.Recover(t.Context(), nil),
			c.Remove(t.Context(), dashboard.Snapshot{Dashboard: dashboard.NewID(), Revision: 1}),
		} {
			if dashboard.KindOf(err) != dashboard.Unavailable || strings.Contains(err.Error(), folder) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%s: %v", host, err)
			}
		}
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "echo nb > nb.ipynb; mkdir folder; mkfifo pipe; ln -s /nowhere broken; ln -s /tmp/out out; touch /tmp/out /tmp/ready")
	s.await("/tmp/ready")
	c := h.cloner()
	for _, test := range []struct {
		field  string
		change func(*dashboard.CloneRequest)
	}{
		{"source.server", func(r *dashboard.CloneRequest) { r.Owner = "grace" }},
		{"source.server", func(r *dashboard.CloneRequest) { r.Source.Server = "other" }},
		{"source.folder", func(r *dashboard.CloneRequest) { r.Source.Folder = "nowhere" }},
		{"source.folder", func(r *dashboard.CloneRequest) { r.Source.Folder = "nb.ipynb" }},
		{"app.path", func(r *dashboard.CloneRequest) { r.App.Path = "other.ipynb" }},
		{"app.path", func(r *dashboard.CloneRequest) { r.App.Path = "pipe" }},
		{"app.path", func(r *dashboard.CloneRequest) { r.App.Path = "broken" }},
		{"app.path", func(r *dashboard.CloneRequest) { r.Source.Folder, r.App.Path = "folder", "nb.ipynb" }},
	} {
		request := s.request("nb.ipynb")
		test.change(&request)
		since := h.now()
		_, err := c.Clone(t.Context(), request, &story{})
		failed, ok := err.(*dashboard.Error)
		if !ok || failed.Field != test.field || failed.Kind != dashboard.Invalid {
			t.Errorf("%+v: %v", request, err)
		}
		if found := s.pauses(since); len(found) > 0 {
			t.Errorf("%+v: it was paused for %v in vain", request, found)
		}
	}
	for _, request := range []dashboard.CloneRequest{{}, {Dashboard: "../x", Revision: 1, Owner: "ada"}, {Dashboard: dashboard.NewID(), Owner: "ada"}} {
		request.Source.Kind = dashboard.FromServer
		if _, err := c.Clone(t.Context(), request, &story{}); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%+v: %v", request, err)
		}
	}
	if err := h.left(); err != nil {
		t.Error(err)
	}
}
