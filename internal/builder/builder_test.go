package builder

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

func TestCreateBuildsAndStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	if d.Revision != 1 || d.State != dashboard.Running || d.Failure != "" || d.Owner != "ada" {
		t.Errorf("got %+v", d)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("shared with %q", got)
	}
	server := w.server(d)
	var options map[string]string
	if err := json.Unmarshal(server.options, &options); err != nil {
		t.Fatal(err)
	}
	got, err := ticket.NewSigner(serviceToken).Verify(options[ticket.Option], "ada", d.Server)
	want := []string{"--workdir", "/snapshots/" + d.ID + "/1", "voila", "a.ipynb"}
	if err != nil || got.Dashboard != d.ID || got.Revision != 1 || !slices.Equal(got.Arguments, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What is the visitor's own to do is done in their name, and the rest in ours.
func TestWhoActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Everyone: true})
	if job, err := w.Stop(t.Context(), visitor("ada"), d.ID); err != nil || w.await(t, job).Failure != "" {
		t.Fatal(err)
	}
	if opening, err := w.Open(t.Context(), visitor("bob"), d.ID); err != nil || w.await(t, *opening.Job).Failure != "" {
		t.Fatal(err)
	}
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	var acted []string
	for _, call := range w.hub.calls {
		if strings.HasPrefix(call, "GET") {
			continue
		}
		acted = append(acted, strings.Replace(call, d.Server, "X", 1))
	}
	want := []string{
		"POST /users/ada/servers/X as token-of-ada",
		"DELETE /users/ada/servers/X as token-of-ada",
		"POST /users/ada/servers/X as " + serviceToken,
	}
	if !slices.Equal(acted, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(acted, "\n"), strings.Join(want, "\n"))
	}
}

// A token without the scopes for servers is no reason to fail.
func TestTheServiceActsWhereTheTokenDoesNotDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "token token-of-ada" {
			return false
		}
		w.hub.refuse(rw, http.StatusForbidden)
		return true
	}
	if d := w.create(t, "ada", "Sales", dashboard.Access{}); d.State != dashboard.Running {
		t.Errorf("got %+v", d)
	}
}

func TestRebuildKeepsTheOldOneUntilTheNewOneIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	cloning, goOn := make(chan struct{}), make(chan struct{})
	w.cloner.clone = func(ctx context.Context, _ dashboard.CloneRequest) error {
		close(cloning)
		<-goOn
		return nil
	}
	job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	<-cloning
	if now := w.get(t, d.ID); now.Revision != 1 || !w.server(d).ready {
		t.Errorf("while it is cloned: %+v", now)
	}
	second, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
	if err != nil || second.ID != job.ID {
		t.Errorf("pressed twice: %+v, %v", second, err)
	}
	close(goOn)
	if ended := w.await(t, job); ended.Failure != "" {
		t.Fatal(ended.Failure)
	}
	if now := w.get(t, d.ID); now.Revision != 2 || now.State != dashboard.Running {
		t.Errorf("got %+v", now)
	}
	if !w.runs(w.account(t, "ada").Servers[d.Server], d.ID, 2) {
		t.Error("what runs is not the new snapshot")
	}
}

func TestOldSnapshotsAreRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	for range 3 {
		job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
		if err != nil || w.await(t, job).Failure != "" {
			t.Fatal(err)
		}
	}
	want := []string{"/snapshots/" + d.ID + "/3", "/snapshots/" + d.ID + "/4"}
	if got := w.cloner.names(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if known, err := w.Store.Revisions(t.Context(), d.ID); err != nil || len(known) != 2 || known[0].Number != 4 {
		t.Errorf("got %+v, %v", known, err)
	}
}

func TestACloneThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	w.cloner.clone = func(context.Context, dashboard.CloneRequest) error {
		return dashboard.InvalidField("app.path", "There is no a.ipynb.")
	}
	job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	ended := w.await(t, job)
	now := w.get(t, d.ID)
	if ended.Failure != "There is no a.ipynb." || now.Failure != ended.Failure || now.Revision != 1 || now.State != dashboard.Running {
		t.Errorf("got %+v, %+v", ended, now)
	}
	if known, _ := w.Store.Revisions(t.Context(), d.ID); len(known) != 1 {
		t.Errorf("left behind: %+v", known)
	}
	if lines, err := w.Log(t.Context(), visitor("ada"), job.ID, 0); err != nil || !hasLine(lines, "There is no a.ipynb.") || !hasLine(lines, "copied nothing") {
		t.Errorf("the log is %v, %v", lines, err)
	}
}

func TestSecurityAFaultOfOursIsNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cloner.clone = func(context.Context, dashboard.CloneRequest) error { return errTest }
	made, job, err := w.Create(t.Context(), visitor("ada"), draft("Sales"))
	if err != nil {
		t.Fatal(err)
	}
	ended := w.await(t, job)
	if ended.Failure == "" || strings.Contains(ended.Failure, errTest.Error()) || !strings.Contains(ended.Failure, job.ID) {
		t.Errorf("got %q", ended.Failure)
	}
	if lines, _ := w.Log(t.Context(), visitor("ada"), job.ID, 0); hasLine(lines, errTest.Error()) {
		t.Error("the log tells it")
	}
	if d := w.get(t, made.ID); d.Revision != 0 || d.State != dashboard.Stopped || d.Failure != ended.Failure {
		t.Errorf("got %+v", d)
	}
}

func TestAStartThatFailsGoesBackToTheSnapshotBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	refusals := 0
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || refusals > 0 {
			return false
		}
		refusals++
		refuseWith(rw, http.StatusInternalServerError, "no such image")
		return true
	}
	job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	ended := w.await(t, job)
	now := w.get(t, d.ID)
	if !strings.Contains(ended.Failure, "no such image") || now.Revision != 1 || now.State != dashboard.Running || now.Failure != ended.Failure {
		t.Errorf("got %+v, %+v", ended, now)
	}
	if !w.runs(w.account(t, "ada").Servers[d.Server], d.ID, 1) {
		t.Error("the snapshot before does not run")
	}
	if got := w.cloner.names(); len(got) != 1 {
		t.Errorf("left behind: %q", got)
	}
}

func TestAHubThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	away := 3
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || away == 0 {
			return false
		}
		away--
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	if d := w.create(t, "ada", "Sales", dashboard.Access{}); d.State != dashboard.Running {
		t.Errorf("got %+v", d)
	}
}

func TestTheHubsLimitsAreSaid(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusTooManyRequests: "starts no more servers right now: no",
		http.StatusBadRequest:      "refused",
		http.StatusForbidden:       "lacks a scope",
	} {
		w := newWorld(t)
		w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				return false
			}
			w.hub.refuse(rw, status)
			return true
		}
		_, job, err := w.Create(t.Context(), visitor("ada"), draft("Sales"))
		if err != nil {
			t.Fatal(err)
		}
		if ended := w.await(t, job); !strings.Contains(ended.Failure, want) {
			t.Errorf("%d: got %q", status, ended.Failure)
		}
	}
}

func TestStopCallsOffABuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloning := make(chan struct{})
	w.cloner.clone = func(ctx context.Context, _ dashboard.CloneRequest) error {
		close(cloning)
		<-ctx.Done()
		return ctx.Err()
	}
	made, job, err := w.Create(t.Context(), visitor("ada"), draft("Sales"))
	if err != nil {
		t.Fatal(err)
	}
	<-cloning
	stopping, err := w.Stop(t.Context(), visitor("ada"), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if ended := w.await(t, job); ended.Failure != "It was called off." {
		t.Errorf("got %q", ended.Failure)
	}
	if ended := w.await(t, stopping); ended.Failure != "" {
		t.Errorf("got %q", ended.Failure)
	}
	if d := w.get(t, made.ID); d.Failure != "" {
		t.Errorf("it looks failed: %+v", d)
	}
}

func TestDeleteLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	job, err := w.Delete(t.Context(), visitor("ada"), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.awaitGone(t, d.ID) // the job goes with it
	if _, err := w.Job(t.Context(), visitor("ada"), job.ID); dashboard.KindOf(err) != dashboard.NotFound {
		t.Errorf("the job is left: %v", err)
	}
	if w.server(d) != nil || len(w.cloner.names()) > 0 || len(w.sharedWith(d)) > 0 {
		t.Errorf("left: %v, %q, %q", w.server(d), w.cloner.names(), w.sharedWith(d))
	}
	if _, err := w.Dashboard(t.Context(), visitor("ada"), d.ID); dashboard.KindOf(err) != dashboard.NotFound {
		t.Errorf("got %v", err)
	}
	// The name is free again.
	w.create(t, "ada", "Sales", dashboard.Access{})
}

func TestNamesAreTakenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "ada", "Sales", dashboard.Access{})
	if _, _, err := w.Create(t.Context(), visitor("ada"), draft("sAlEs ")); dashboard.KindOf(err) != dashboard.Conflict {
		t.Errorf("got %v", err)
	}
	w.create(t, "bob", "Sales", dashboard.Access{})
}

func hasLine(lines []dashboard.LogLine, text string) bool {
	return slices.ContainsFunc(lines, func(line dashboard.LogLine) bool { return strings.Contains(line.Text, text) })
}

// A hub without our part of its configuration starts an ordinary server: it must
// not stay, and nobody may be let in to it.
func TestSecurityAnOrdinaryServerIsNotTakenForADashboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hub.plain = true
	d := draft("Sales")
	d.Access.Users = []string{"bob"}
	made, job, err := w.Create(t.Context(), visitor("ada"), d)
	if err != nil {
		t.Fatal(err)
	}
	if ended := w.await(t, job); !strings.Contains(ended.Failure, "hub-config") {
		t.Errorf("got %q", ended.Failure)
	}
	if server := w.server(made); server != nil && server.ready {
		t.Error("it runs")
	}
	if got := w.sharedWith(made); len(got) > 0 {
		t.Errorf("it is shared with %q", got)
	}
	if now := w.get(t, made.ID); now.State != dashboard.Stopped || now.Revision != 0 {
		t.Errorf("got %+v", now)
	}
}

func TestAServerThatHasToRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.NeedsRunning = true })
	wanted := draft("Sales")
	for server, why := range map[string]string{"": "The server “My server” does not run. Start it first, or choose another one.", "gpu": "You have no server “gpu” that can be cloned. Choose another one."} {
		wanted.Source.Server = server
		_, _, err := w.Create(t.Context(), visitor("ada"), wanted)
		if refused, ok := err.(*dashboard.Error); !ok || refused.Field != "source.server" || refused.Message != why {
			t.Errorf("%q: %v", server, err)
		}
	}
	w.hub.mu.Lock()
	w.hub.users["ada"].servers["gpu"] = &stubServer{ready: true}
	wanted.Source.Server = "gpu"
	w.hub.mu.Unlock()
	_, job, err := w.Create(t.Context(), visitor("ada"), wanted)
	if err != nil {
		t.Fatal(err)
	}
	w.await(t, job)
}
