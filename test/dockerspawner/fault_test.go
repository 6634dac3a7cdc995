//go:build e2e

package dockerspawner

import (
	"fmt"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

// large has a server stand still for a second or two, as it has much to commit.
func (n *notebookServer) large() {
	n.Helper()
	n.exec(n.container, "mkdir -p work/site && echo shown > work/site/index.html && head -c 400M /dev/urandom > large")
}

// begin begins to build a dashboard, and returns when its source is paused.
func (n *notebookServer) begin() api.Created {
	n.Helper()
	made, err := n.owner.Create(n.Context(), static("Site", "site"))
	n.must(err)
	n.eventually("the server stands still", func() error {
		if state := n.state(n.container); state != "paused" {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
	return made
}

// wantRunning waits until a server goes on, and says how long that took.
func (n *notebookServer) wantRunning(began time.Time) {
	n.Helper()
	n.eventually("the server goes on", func() error {
		if state, err := n.docker.Docker("inspect", "--format", "{{.State.Status}}", n.container); err != nil || state != "running" {
			return fmt.Errorf("it is %s: %w", state, err)
		}
		return nil
	})
	n.Logf("the server went on after %v", time.Since(began).Round(10*time.Millisecond))
	if answer, err := n.Visit(n.Context(), n.owner, "/user/"+n.owner.Name+"/api/status"); err != nil || answer.Status != 200 {
		n.Errorf("it answers %+v, %v", answer, err)
	}
}

// A service that is killed while it has paused a server lets it go on when it is
// back, and finishes what it was at.
func TestKilledWhileAServerStandsStill(t *testing.T) {
	s := open(t)
	kim := s.startServer("kim")
	kim.large()
	made := kim.begin()
	s.Service.Kill()
	if state := s.state(kim.container); state != "paused" {
		t.Errorf("the server is %s without anybody to let it go on", state)
	}
	began := time.Now()
	s.must(s.Service.Start(t.Context()))
	kim.wantRunning(began)
	s.wantDone(kim.owner, made.Job)
	d := s.get(kim.owner, made.Dashboard.ID)
	if shown := s.shows(kim.owner, d); shown != "shown\n" {
		t.Errorf("it shows %q", shown)
	}
	s.wantNothingBetween()
	s.delete(kim.owner, d)
}

// Docker goes away in the middle of a build. Its containers live on without it
// (live-restore), so that the server stands still when it is back. (Those that are to
// be removed when they end, Docker 20.10 ends then by itself.)
func TestDockerIsKilledWhileAServerStandsStill(t *testing.T) {
	s := open(t)
	s.docker.Flags = []string{"--live-restore"}
	t.Cleanup(func() { s.docker.Flags = nil })
	leo := s.startServer("leo")
	leo.large()
	made := leo.begin()
	s.docker.Kill()
	s.must(s.docker.Restart())
	leo.wantRunning(time.Now())
	const sentence = "Docker cannot be reached at the moment, so no snapshot was made. Try again later; if it stays so, tell your administrator."
	if ended := s.follow(leo.owner, made.Job); ended.Failure != sentence {
		t.Errorf("the build ended with %q", ended.Failure)
	}
	s.eventually("nothing of it is left", func() error {
		if images := s.images(made.Dashboard.ID); len(images) > 0 {
			return fmt.Errorf("there are the images %q", images)
		}
		return nil
	})
	s.wantNothingBetween()

	job, err := leo.owner.Rebuild(t.Context(), made.Dashboard.ID)
	s.must(err)
	s.wantDone(leo.owner, job)
	d := s.get(leo.owner, made.Dashboard.ID)
	if shown := s.shows(leo.owner, d); shown != "shown\n" {
		t.Errorf("it shows %q", shown)
	}
	s.delete(leo.owner, d)
}
