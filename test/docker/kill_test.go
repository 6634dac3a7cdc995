//go:build e2e

package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// childOf is set where the test's program is run again, to be killed: what it
// shall clone, and where.
const childOf = "CLONE_TEST_CHILD"

type childWork struct {
	Host    string
	Request dashboard.CloneRequest
}

func cloneAsChild() {
	var work childWork
	err := json.Unmarshal([]byte(os.Getenv(childOf)), &work)
	if err == nil {
		var c *docker.Cloner
		if c, err = docker.New(docker.Config{Host: work.Host}); err == nil {
			_, err = c.Clone(context.Background(), work.Request, &story{})
		}
	}
	fmt.Fprintln(os.Stderr, "the child was not killed:", err)
	os.Exit(1)
}

// child is a cloner in a process of its own.
type child struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	once   sync.Once
}

func (c *child) kill() { c.once.Do(func() { _ = c.cmd.Process.Kill() }) }

// The table of steps at each of which the cloner is killed.
func TestKilledAtEachStep(t *testing.T) {
	post := func(ending string) func(*http.Request) bool {
		return func(r *http.Request) bool { return is(r, http.MethodPost, ending) }
	}
	fill := func(r *http.Request) bool { return is(r, http.MethodPut, "/archive") }
	for _, step := range []struct {
		name string
		at   func(p *engine.Proxy, kill func())
		// whole says that the image is finished.
		whole bool
		// pauses says that Docker has yet to pause the server, for nobody, and late
		// that it does so only when somebody has looked after it.
		pauses, late bool
	}{
		{name: "before the mark", at: func(p *engine.Proxy, kill func()) {
			p.Before = times(1, post("/volumes/create"), func() { kill(); panic(http.ErrAbortHandler) })
		}},
		{name: "before the pause", at: func(p *engine.Proxy, kill func()) {
			p.Before = times(1, post("/pause"), func() { kill(); panic(http.ErrAbortHandler) })
		}},
		{name: "before the pause, which comes late", late: true, at: func(p *engine.Proxy, kill func()) {
			p.Before = times(1, post("/pause"), func() { kill(); panic(http.ErrAbortHandler) })
		}},
		{name: "while it is paused", pauses: true, at: func(p *engine.Proxy, kill func()) { p.Sent = times(1, post("/pause"), kill) }},
		{name: "paused", at: func(p *engine.Proxy, kill func()) { p.After = answered(1, post("/pause"), kill) }},
		{name: "committing", at: func(p *engine.Proxy, kill func()) { p.Sent = times(1, post("/commit"), kill) }},
		{name: "committed", at: func(p *engine.Proxy, kill func()) { p.After = answered(1, post("/commit"), kill) }},
		{name: "before it goes on", at: func(p *engine.Proxy, kill func()) {
			p.Before = times(1, post("/unpause"), func() { kill(); panic(http.ErrAbortHandler) })
		}},
		{name: "after it went on", at: func(p *engine.Proxy, kill func()) { p.After = answered(1, post("/unpause"), kill) }},
		{name: "loading", at: func(p *engine.Proxy, kill func()) { p.Sent = times(1, post("/load"), kill) }},
		{name: "loaded", at: func(p *engine.Proxy, kill func()) { p.After = answered(1, post("/load"), kill) }},
		{name: "with a container to fill", at: func(p *engine.Proxy, kill func()) { p.After = answered(1, post("/containers/create"), kill) }},
		{name: "copying the volume", at: func(p *engine.Proxy, kill func()) { p.Sent = times(1, fill, kill) }},
		{name: "the volume is copied", at: func(p *engine.Proxy, kill func()) { p.After = answered(1, fill, kill) }},
		{name: "committing what was filled", at: func(p *engine.Proxy, kill func()) { p.Sent = times(2, post("/commit"), kill) }},
		{name: "committed what was filled", at: func(p *engine.Proxy, kill func()) { p.After = answered(2, post("/commit"), kill) }},
		{name: "loaded what was filled", at: func(p *engine.Proxy, kill func()) { p.After = answered(2, post("/load"), kill) }},
		{name: "before the name", at: func(p *engine.Proxy, kill func()) {
			p.Before = times(1, post("/tag"), func() { kill(); panic(http.ErrAbortHandler) })
		}},
		{name: "named", whole: true, at: func(p *engine.Proxy, kill func()) { p.After = answered(1, post("/tag"), kill) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			h := shared(t)
			s := h.start("ada", "", "jupyter-ada", "echo notebook > /home/jovyan/nb.ipynb; head -c 30000000 /dev/urandom > /opt/work/x; touch /tmp/ready",
				"--volume", "kill-test:/home/jovyan")
			s.await("/tmp/ready")
			h.Cleanup(func() { h.run("rm", "--force", s.id); h.run("volume", "rm", "kill-test") })
			request := s.request("nb.ipynb")
			p, victim := &engine.Proxy{}, &child{}
			started := make(chan struct{})
			step.at(p, func() { <-started; victim.kill() })
			p.Start(t, h.Socket)
			victim.start(t, childWork{p.Host, request})
			close(started)
			victim.await(t)
			if step.pauses {
				h.eventually("it is paused", func() error {
					if got := s.state(); got != "paused" {
						return fmt.Errorf("the server is %s", got)
					}
					return nil
				})
			}

			next, pausedLate := &engine.Proxy{}, false
			if step.late {
				next.After = answered(1, func(r *http.Request) bool { return is(r, http.MethodGet, s.id+"/json") }, func() {
					h.run("pause", s.id)
					pausedLate = true
				})
			}
			next.Start(t, h.Socket)
			c := h.cloner(func(config *docker.Config) { config.Host = next.Host })
			h.eventually("nothing is left", func() error {
				// What Docker was asked for, it does to the end, though nobody listens.
				if err := c.Recover(t.Context(), nil); err != nil {
					return err
				}
				found, err := c.Snapshots(t.Context())
				if err != nil {
					return err
				}
				if step.whole {
					if len(found) != 1 || !found[0].Complete {
						return fmt.Errorf("there is %+v", found)
					}
					return nil
				}
				return h.left()
			})
			if got := s.state(); got != "running" || pausedLate != step.late {
				t.Errorf("the server is %s; it was paused late: %t", got, pausedLate)
			}
			snapshot, _ := h.clone(c, request) // the job is taken up
			if out := h.shell(snapshot.Ref, "cat nb.ipynb"); out != "notebook" {
				t.Errorf("the image has %q", out)
			}
		})
	}
}

func answered(n int32, met func(*http.Request) bool, do func()) func(*http.Response) {
	count := times(n, met, do)
	return func(r *http.Response) { count(r.Request) }
}

func (c *child) start(t *testing.T, work childWork) {
	t.Helper()
	encoded, err := json.Marshal(work)
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(os.Args[0])
	c.cmd.Env = append(os.Environ(), childOf+"="+string(encoded))
	c.cmd.Stderr = &c.output
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
}

// await waits until it is dead.
func (c *child) await(t *testing.T) {
	t.Helper()
	timer := time.AfterFunc(patience, c.kill)
	_ = c.cmd.Wait()
	if !timer.Stop() || c.output.Len() > 0 {
		t.Fatalf("the child did not come to the step: %s", &c.output)
	}
}
