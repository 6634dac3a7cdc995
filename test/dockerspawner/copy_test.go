//go:build e2e

package dockerspawner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// What is shown comes from the volume and from the container, does not change with
// them until Rebuild, and goes without a trace.
func TestADashboardIsACopy(t *testing.T) {
	s := open(t)
	ann := s.startServer("ann")
	ann.install("palette", `NAME = "teal"\n`)
	ann.save("data.csv", "1\n2\n")
	ann.save("Wave.ipynb", notebook("one", "x * x"))

	made, first := s.create(ann.owner, api.New{
		Name:   "Wave",
		Source: api.Source{Kind: dashboard.FromServer},
		App:    api.App{Framework: "voila", Path: "Wave.ipynb"},
	})
	if log := s.log(ann.owner, first); strings.Count(log, "The server stood still for ") != 1 {
		t.Errorf("the log does not say how long the server stood still:\n%s", log)
	}
	s.wantShown(ann.owner, made, "with teal of 2 rows")
	snapshot := s.snapshots(ann.owner, made.ID)[0]
	t.Logf("a snapshot of %d bytes in %v, for which the server stood still for %v; live after %v", snapshot.Bytes,
		snapshot.Finished.Sub(snapshot.Created).Round(time.Millisecond), time.Duration(snapshot.Paused*float64(time.Second)).Round(time.Millisecond),
		first.Finished.Sub(first.Created).Round(time.Millisecond))
	if snapshot.Paused <= 0 || snapshot.Paused > 10 {
		t.Errorf("the server stood still for %v s", snapshot.Paused)
	}

	ann.install("palette", `NAME = "amber"\n`)
	ann.save("data.csv", "1\n2\n3\n")
	s.wantShown(ann.owner, made, "with teal of 2 rows")
	job, err := ann.owner.Rebuild(t.Context(), made.ID)
	s.must(err)
	s.wantDone(ann.owner, job)
	s.wantShown(ann.owner, made, "with amber of 3 rows")
	// One snapshot is kept of each: settings.
	if images := s.images(made.ID); !slices.Equal(images, []string{"dashboards/" + made.ID + ":2"}) {
		t.Errorf("there are the images %q", images)
	}

	s.measureStart(ann.owner, made, "with amber of 3 rows")
	s.delete(ann.owner, made)
	if state := s.state(ann.container); state != "running" {
		t.Errorf("her own server is %s", state)
	}
}

// measureStart says how long it takes from a click on a dashboard that was stopped
// until it shows itself.
func (s *stage) measureStart(owner *house.Person, d api.Dashboard, text string) {
	s.Helper()
	job, err := owner.Stop(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	clicked := time.Now()
	opening, err := owner.Open(s.Context(), d.ID)
	s.must(err)
	if opening.Job == nil {
		s.Fatalf("it was not stopped: %+v", opening)
	}
	s.wantDone(owner, *opening.Job)
	started := time.Since(clicked)
	s.wantShown(owner, d, text)
	s.Logf("the hub had started it %v after the click, and it showed itself after %v",
		started.Round(time.Millisecond), time.Since(clicked).Round(time.Millisecond))
}

// wantShown checks what a dashboard shows to its owner, and that it shows no code.
func (s *stage) wantShown(owner *house.Person, d api.Dashboard, text string) {
	s.Helper()
	if shown := s.shows(owner, d); !strings.Contains(shown, text) || strings.Contains(shown, "NOBODY-SEES-THIS") {
		s.Errorf("it does not show %q:\n%s", text, shown)
	}
}

// snapshots are those of a dashboard, the newest first.
func (s *stage) snapshots(owner *house.Person, id string) []api.Revision {
	s.Helper()
	all, err := owner.Revisions(s.Context(), id)
	s.must(err)
	if len(all) == 0 {
		s.Fatal("there are no snapshots")
	}
	return all
}

// images are the names of a dashboard's, and the identifiers of those without one;
// also those that others hide.
func (s *stage) images(id string) []string {
	s.Helper()
	names := s.run("image", "ls", "--all", "--filter", "label=org.jhsingle.dashboard="+id, "--format",
		`{{if eq .Tag "<none>"}}{{.ID}}{{else}}{{.Repository}}:{{.Tag}}{{end}}`)
	return strings.Fields(names)
}

// state is what Docker calls a container's state.
func (s *stage) state(container string) string {
	s.Helper()
	return s.run("inspect", "--format", "{{.State.Status}}", container)
}

// delete deletes a dashboard, of which nothing may be left.
func (s *stage) delete(owner *house.Person, d api.Dashboard) {
	s.Helper()
	job, err := owner.Delete(s.Context(), d.ID)
	s.must(err)
	// With the dashboard goes what is known of the job.
	s.eventually("the dashboard is deleted", func() error {
		page, err := owner.List(s.Context(), api.Query{})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(page.Items, func(each api.Dashboard) bool { return each.ID == d.ID }) {
			return fmt.Errorf("%s is there, and the job %s", d.Name, job.ID)
		}
		return nil
	})
	s.wantNothingOf(d)
}

// wantNothingOf checks that neither Docker nor the hub nor the service have anything
// of a dashboard.
func (s *stage) wantNothingOf(d api.Dashboard) {
	s.Helper()
	kept, err := s.Service.Store(s.Context())
	s.must(err)
	defer kept.Close()
	revisions, err := kept.Revisions(s.Context(), d.ID)
	s.must(err)
	if _, err := kept.Dashboard(s.Context(), d.ID); !errors.Is(err, dashboard.ErrNotFound) || len(revisions) > 0 {
		s.Errorf("there is a row of it still (%v), and %+v", err, revisions)
	}
	if images := s.images(d.ID); len(images) > 0 {
		s.Errorf("the images %q are left", images)
	}
	s.wantNothingBetween()
	if left := s.run("ps", "--all", "--quiet", "--filter", "name=^/"+containerOf(d)+"$"); left != "" {
		s.Errorf("the container %s is left", left)
	}
	for _, server := range s.servers(d.Owner) {
		if server == d.Detail.Server {
			s.Errorf("the hub has the server %q still", server)
		}
	}
}

// wantNothingBetween checks that nothing is there that only is while a snapshot is
// made.
func (s *stage) wantNothingBetween() {
	s.Helper()
	for _, list := range [][]string{
		{"ps", "--all", "--quiet", "--filter", "name=dashboard-clone-"},
		{"volume", "ls", "--quiet", "--filter", "name=dashboard-pause-"},
		{"ps", "--quiet", "--filter", "status=paused"},
	} {
		if left := s.run(list...); left != "" {
			s.Errorf("docker %s shows %s", strings.Join(list, " "), left)
		}
	}
}
