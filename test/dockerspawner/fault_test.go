//go:build e2e

package dockerspawner

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// large gives a server so much to commit that Docker is at it for a second or two.
func (n *notebookServer) large() {
	n.Helper()
	program := "mkdir -p work/site && echo shown > work/site/index.html && head -c 400M /dev/urandom > large"
	_, err := n.docker.Try(patience, engine.Command{Args: []string{"exec", n.container, "sh", "-c", program}})
	n.must(err)
}

// begin begins to build a dashboard, and returns when its source stands still, which it
// does until commits are released.
func (n *notebookServer) begin() (made api.Created, release func()) {
	n.Helper()
	committing, release := n.withhold()
	made, err := n.owner.Create(n.Context(), static("Site", "site"))
	n.must(err)
	select {
	case <-committing:
	case <-time.After(patience):
		n.Fatal("no commit is asked for")
	}
	if state := n.state(n.container); state != "paused" {
		n.Errorf("the server is %s while it is committed", state)
	}
	return made, release
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
	n.eventually("the server answers", func() error {
		if answer, err := n.Visit(n.Context(), n.owner, "/user/"+n.owner.Name+"/api/status"); err != nil || answer.Status != http.StatusOK {
			return fmt.Errorf("it answers %+v, %w", answer, err)
		}
		return nil
	})
}

// A service that is killed while it has paused a server lets it go on when it is
// back, and finishes what it was at.
func TestKilledWhileAServerStandsStill(t *testing.T) {
	s := open(t)
	kim := s.startServer("kim")
	kim.large()
	made, release := kim.begin()
	s.Service.Kill()
	release()
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
	made, release := leo.begin()
	s.docker.Kill()
	release()
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
