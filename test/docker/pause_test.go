//go:build e2e

package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// now is the daemon's time, for events.
func (h host) now() string { return fmt.Sprintf("%.9f", float64(time.Now().UnixNano())/1e9) }

// pauses are how long a server was paused, each time since then, by the daemon's
// own account.
func (s server) pauses(since string) []time.Duration {
	s.Helper()
	var found []time.Duration
	var began int64
	events := s.run("events", "--since", since, "--until", s.now(), "--filter", "container="+s.id, "--format", "{{.TimeNano}} {{.Action}}")
	for line := range strings.Lines(events) {
		stamp, action, _ := strings.Cut(strings.TrimSpace(line), " ")
		at, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			s.Fatal(err)
		}
		switch action {
		case "pause":
			began = at
		case "unpause":
			found = append(found, time.Duration(at-began))
		}
	}
	return found
}

// What a server writes while it is cloned comes to the image as of one moment.
func TestCloneWhileItWrites(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", `i=0; while :; do i=$((i+1)); echo $i > /opt/work/x; mv /opt/work/x /opt/work/first; echo $i > /opt/work/x; mv /opt/work/x /opt/work/second; done`)
	s.exec("until [ -e /opt/work/second ]; do sleep 0.02; done; head -c 100000000 /dev/urandom > /opt/work/large")
	since := h.now()
	// The mark is there from before the pause until after it.
	marked, unmarked := make(chan time.Time, 1), make(chan time.Time, 1)
	p := &engine.Proxy{
		After: answered(1, func(r *http.Request) bool { return is(r, http.MethodPost, "/volumes/create") }, func() { marked <- time.Now() }),
		Before: times(1, func(r *http.Request) bool {
			return r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/volumes/")
		}, func() { unmarked <- time.Now() }),
	}
	p.Start(t, h.Socket)
	snapshot, told := h.clone(h.cloner(func(c *docker.Config) { c.Host = p.Host }), s.request(""))
	out := h.shell(snapshot.Ref, "cat /opt/work/first /opt/work/second")
	var first, second int
	if _, err := fmt.Sscan(out, &first, &second); err != nil || first < second || first > second+1 {
		t.Errorf("the image has %q: %v", out, err)
	}
	s.exec(fmt.Sprintf("until [ $(cat /opt/work/second) -gt %d ]; do sleep 0.02; done", first)) // it goes on
	pauses := s.pauses(since)
	if len(pauses) != 1 {
		t.Fatalf("it was paused %v\n%s", pauses, told)
	}
	// Ours is from before the daemon was asked until after it had answered.
	began := <-marked
	if most := (<-unmarked).Sub(began); snapshot.Paused < pauses[0] || snapshot.Paused > most {
		t.Errorf("it was paused for %v, and marked for %v, and we say %v", pauses[0], most, snapshot.Paused)
	}
	t.Logf("paused for %v, and we say %v", pauses[0], snapshot.Paused)
}

func TestCalledOffWhileItCommits(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "head -c 200000000 /dev/urandom > /opt/work/large; touch /tmp/ready")
	s.await("/tmp/ready")
	stopped := errors.New("called off")
	ctx, cancel := context.WithCancelCause(t.Context())
	p := &engine.Proxy{
		Sent: times(1, func(r *http.Request) bool { return is(r, http.MethodPost, "/commit") }, func() { cancel(stopped) }),
	}
	holdCommit(t, p)
	p.Start(t, h.Socket)
	c := h.cloner(func(c *docker.Config) { c.Host = p.Host })
	if _, err := c.Clone(ctx, s.request(""), &story{}); !errors.Is(err, stopped) {
		t.Errorf("%v", err)
	}
	if got := s.state(); got != "running" {
		t.Errorf("the server is %s", got)
	}
	if err := h.left(); err != nil {
		t.Error(err)
	}
}

func TestStandsStillForSoLongAndNoLonger(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "")
	p := &engine.Proxy{}
	holdCommit(t, p)
	p.Start(t, h.Socket)
	// Enough for a busy machine to come to the commit.
	c := h.cloner(func(c *docker.Config) { c.Host, c.MaxPause = p.Host, 5*time.Second })
	since := h.now()
	_, err := c.Clone(t.Context(), s.request(""), &story{})
	if dashboard.KindOf(err) != dashboard.Unavailable || !strings.Contains(err.Error(), "stand still") {
		t.Errorf("%v", err)
	}
	if pauses := s.pauses(since); len(pauses) != 1 || pauses[0] > 30*time.Second {
		t.Errorf("paused for %v", pauses)
	}
	if err := h.left(); err != nil {
		t.Error(err)
	}
}

// A panic lets it go on as well.
func TestPanicWhileItIsPaused(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "")
	c := h.cloner()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("there was no panic")
			}
		}()
		_, _ = c.Clone(t.Context(), s.request(""), &panicking{after: "stood still"})
	}()
	if got := s.state(); got != "running" {
		t.Errorf("the server is %s", got)
	}
	if err := h.left(); err != nil {
		t.Error(err)
	}
}

// panicking is a Reporter that does at a line.
type panicking struct {
	story
	after string
}

func (p *panicking) Log(line string) {
	if strings.Contains(line, p.after) {
		panic(line)
	}
}

func TestTwoClonesOfOneServerAtOnce(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "head -c 30000000 /dev/urandom > /opt/work/large; touch /tmp/ready")
	s.await("/tmp/ready")
	since := h.now()
	// Two cloners, as of two processes that know nothing of each other.
	var both sync.WaitGroup
	for _, c := range []*docker.Cloner{h.cloner(), h.cloner()} {
		both.Go(func() {
			if _, err := c.Clone(t.Context(), s.request(""), &story{}); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	both.Wait()
	if pauses := s.pauses(since); len(pauses) != 2 {
		t.Errorf("it was paused %v", pauses)
	}
	if got := s.state(); got != "running" {
		t.Errorf("the server is %s", got)
	}
}

// Whoever paused a server lets it go on, and nobody else.
func TestPausedByAnAdministrator(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "echo nb > nb.ipynb; touch /tmp/ready")
	s.await("/tmp/ready")
	h.run("pause", s.id)
	c := h.cloner()
	snapshot, _ := h.clone(c, s.request("nb.ipynb"))
	if snapshot.Paused != 0 || s.state() != "paused" {
		t.Errorf("it is %s, and was paused by us for %v", s.state(), snapshot.Paused)
	}
	if err := c.Recover(t.Context(), nil); err != nil || s.state() != "paused" {
		t.Errorf("it is %s: %v", s.state(), err)
	}
	if entries, err := c.Browse(t.Context(), "ada", s.request("").Source, ""); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
	h.run("unpause", s.id)
}

func TestStopped(t *testing.T) {
	h := shared(t)
	s := withVolume(t, "echo nb > nb.ipynb; echo p > /opt/work/package")
	h.run("stop", "--time", "0", s.id)
	snapshot, told := h.clone(h.cloner(), s.request("nb.ipynb"))
	if out := h.shell(snapshot.Ref, "cat nb.ipynb /opt/work/package"); out != "nb\np" || snapshot.Paused != 0 {
		t.Errorf("%q after a pause of %v\n%s", out, snapshot.Paused, told)
	}
	if got := s.state(); got != "exited" {
		t.Errorf("the server is %s", got)
	}
}
