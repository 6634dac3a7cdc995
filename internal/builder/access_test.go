package builder

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func (w *world) edit(t *testing.T, v dashboard.Visitor, id string, change func(*dashboard.Dashboard)) (dashboard.Dashboard, error) {
	t.Helper()
	return w.Edit(t.Context(), v, id, func(d *dashboard.Dashboard) error { change(d); return nil })
}

func TestNamedUsersAreLetInAndOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob", "ada"}})
	if _, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access.Users = []string{"eve"} }); err != nil {
		t.Fatal(err)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"eve"}) {
		t.Errorf("shared with %q", got)
	}
	if granted, _ := w.Store.Grants(t.Context(), d.ID); !slices.Equal(granted, []string{"eve"}) {
		t.Errorf("noted are %q", granted)
	}
}

// Groups and everyone are let in when they come.
func TestGroupsAndEveryoneAreLetInWhenTheyCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Groups: []string{"team"}})
	if got := w.sharedWith(d); len(got) > 0 {
		t.Errorf("before: shared with %q", got)
	}
	opening, err := w.Open(t.Context(), visitor("bob", "team"), d.ID)
	if err != nil || !opening.Ready || opening.URL != "/user/ada/"+d.Server+"/" {
		t.Errorf("got %+v, %v", opening, err)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("shared with %q", got)
	}
	if _, err := w.Open(t.Context(), visitor("eve"), d.ID); dashboard.KindOf(err) != dashboard.NotFound {
		t.Errorf("eve: got %v", err)
	}
	// Who leaves the group loses access by and by, and when the rules change at once.
	w.hub.mu.Lock()
	w.hub.groups["team"] = nil
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	if got := w.sharedWith(d); len(got) > 0 {
		t.Errorf("after: shared with %q", got)
	}
	if _, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{Everyone: true} }); err != nil {
		t.Fatal(err)
	}
	if opening, err := w.Open(t.Context(), visitor("eve"), d.ID); err != nil || !opening.Ready {
		t.Errorf("eve: got %+v, %v", opening, err)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"eve"}) {
		t.Errorf("shared with %q", got)
	}
}

func TestSecurityAccessThatEndsEndsAtTheHubFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		rw.WriteHeader(http.StatusBadGateway)
		return true
	}
	_, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{} })
	if dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("got %v", err)
	}
	if now := w.get(t, d.ID); !slices.Equal(now.Access.Users, []string{"bob"}) {
		t.Errorf("it looks closed, and is open: %+v", now.Access)
	}
}

func TestSecurityWhoMayWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	d.App.Arguments, d.Options = []string{"--secret"}, nil
	change := func(d *dashboard.Dashboard) { d.Name = "Mine now" }
	admin := dashboard.Visitor{Name: "root", Admin: true}
	for name, test := range map[string]struct {
		v    dashboard.Visitor
		kind dashboard.ErrorKind // of what is the owner's only
		see  dashboard.ErrorKind
	}{
		"owner":    {visitor("ada"), "", ""},
		"admin":    {admin, "", ""},
		"shared":   {visitor("bob"), dashboard.Forbidden, ""},
		"stranger": {visitor("eve"), dashboard.NotFound, dashboard.NotFound},
	} {
		ctx := t.Context()
		if _, err := w.Dashboard(ctx, test.v, d.ID); dashboard.KindOf(err) != test.see {
			t.Errorf("%s sees: %v", name, err)
		}
		_, errEdit := w.edit(t, test.v, d.ID, func(d *dashboard.Dashboard) { d.Description = name })
		_, errJobs := w.Jobs(ctx, test.v, d.ID)
		_, errRevisions := w.Revisions(ctx, test.v, d.ID)
		errPicture := w.SetThumbnail(ctx, test.v, d.ID, nil)
		for what, err := range map[string]error{"edit": errEdit, "jobs": errJobs, "revisions": errRevisions, "picture": errPicture} {
			if dashboard.KindOf(err) != test.kind || (test.kind == "" && err != nil) {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		if test.kind == "" {
			continue
		}
		_, errStop := w.Stop(ctx, test.v, d.ID)
		_, errRebuild := w.Rebuild(ctx, test.v, d.ID)
		_, errDelete := w.Delete(ctx, test.v, d.ID)
		_, errRename := w.edit(t, test.v, d.ID, change)
		for what, err := range map[string]error{"stop": errStop, "rebuild": errRebuild, "delete": errDelete, "rename": errRename} {
			if dashboard.KindOf(err) != test.kind {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
	}
	seen, err := w.Dashboard(t.Context(), visitor("bob"), d.ID)
	if err != nil || seen.App.Path != "" || len(seen.Access.Users) > 0 || seen.Name != "Sales" {
		t.Errorf("bob sees %+v, %v", seen, err)
	}
	// An administrator may change it, but is not let in without being named.
	if _, err := w.Open(t.Context(), admin, d.ID); dashboard.KindOf(err) != dashboard.Forbidden {
		t.Errorf("got %v", err)
	}
	for _, id := range []string{"", "../x", "' OR 1=1", "nosuchid1234"} {
		if _, err := w.Dashboard(t.Context(), admin, id); dashboard.KindOf(err) != dashboard.NotFound {
			t.Errorf("%q: got %v", id, err)
		}
	}
}

func TestSecurityAnEditChangesNothingThatIsNotForPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	after, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) {
		d.ID, d.Owner, d.Server, d.Revision, d.State, d.Failure, d.Thumbnail = "x", "bob", "other", 99, dashboard.Stopping, "x", "x"
		d.Description = "better"
	})
	if err != nil || after.Description != "better" {
		t.Fatalf("got %+v, %v", after, err)
	}
	after.Description, after.Updated = d.Description, d.Updated
	if after.Owner != d.Owner || after.Server != d.Server || after.Revision != d.Revision || after.State != d.State || after.ID != d.ID || after.Failure != "" {
		t.Errorf("got %+v, want %+v", after, d)
	}
}

// A hub without shares can share nothing, and says so.
func TestOldHubsDoNotLookAsIfTheyShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hub.version = "4.1.6"
	d := draft("Sales")
	d.Access.Users = []string{"bob"}
	if _, _, err := w.Create(t.Context(), visitor("ada"), d); dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("got %v", err)
	}
	made := w.create(t, "ada", "Sales", dashboard.Access{})
	if _, err := w.edit(t, visitor("ada"), made.ID, func(d *dashboard.Dashboard) { d.Access.Everyone = true }); dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestAStoppedDashboardIsStartedForWhoeverOpensIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Groups: []string{"team"}})
	if job, err := w.Stop(t.Context(), visitor("ada"), d.ID); err != nil || w.await(t, job).Failure != "" {
		t.Fatal(err)
	}
	if now := w.get(t, d.ID); now.State != dashboard.Stopped {
		t.Errorf("got %+v", now)
	}
	first, err := w.Open(t.Context(), visitor("bob", "team"), d.ID)
	if err != nil || first.Ready || first.Job == nil {
		t.Fatalf("got %+v, %v", first, err)
	}
	if lines, err := w.Log(t.Context(), visitor("bob", "team"), first.Job.ID, 0); err != nil || len(lines) > 0 {
		t.Errorf("bob reads %v, %v", lines, err)
	}
	if ended := w.await(t, *first.Job); ended.Failure != "" {
		t.Fatal(ended.Failure)
	}
	if second, err := w.Open(t.Context(), visitor("bob", "team"), d.ID); err != nil || !second.Ready {
		t.Errorf("got %+v, %v", second, err)
	}
}

func TestEachViewerHasAnOwnServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Settings.Servers.PerViewer = "offered" })
	d := draft("Sales")
	d.PerViewer, d.Access = true, dashboard.Access{Users: []string{"bob"}}
	made, job, err := w.Create(t.Context(), visitor("ada"), d)
	if err != nil || w.await(t, job).Failure != "" {
		t.Fatal(err)
	}
	if w.server(made) != nil {
		t.Error("there is a server that nobody asked for")
	}
	opening, err := w.Open(t.Context(), visitor("bob"), made.ID)
	if err != nil || opening.Job == nil || w.await(t, *opening.Job).Failure != "" {
		t.Fatalf("got %+v, %v", opening, err)
	}
	opening, err = w.Open(t.Context(), visitor("bob"), made.ID)
	if err != nil || !opening.Ready || opening.URL != "/user/bob/"+made.Server+"/" {
		t.Errorf("got %+v, %v", opening, err)
	}
	// A new snapshot is started when its viewer comes again.
	if job, err := w.Rebuild(t.Context(), visitor("ada"), made.ID); err != nil || w.await(t, job).Failure != "" {
		t.Fatal(err)
	}
	opening, err = w.Open(t.Context(), visitor("bob"), made.ID)
	if err != nil || opening.Ready || w.await(t, *opening.Job).Failure != "" {
		t.Errorf("got %+v, %v", opening, err)
	}
	if !w.runs(w.account(t, "bob").Servers[made.Server], made.ID, 2) {
		t.Error("the new snapshot does not run")
	}
	if _, err := w.Delete(t.Context(), visitor("ada"), made.ID); err != nil {
		t.Fatal(err)
	}
	w.awaitGone(t, made.ID)
	if len(w.account(t, "bob").Servers) > 0 {
		t.Errorf("left: %v", w.account(t, "bob").Servers)
	}
}

func TestSecurityByRoleTheGateLetsInOnlyWhomItIsSharedWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Settings.Access.ByRole = true })
	w.hub.version = "4.1.6"
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}, Groups: []string{"team"}})
	gate := func() []string {
		t.Helper()
		started, ok := w.ticketOf(w.account(t, "ada").Servers[d.Server])
		if !ok {
			t.Fatal("it was not started by a ticket")
		}
		return started.Arguments
	}
	folder := "/snapshots/" + d.ID + "/1"
	if got, want := gate(), []string{"--workdir", folder, "--allow-user", "ada", "--allow-user", "bob", "--allow-group", "team", "voila", "a.ipynb"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{} }); err != nil {
		t.Fatal(err)
	}
	w.until(t, "it runs again", func() bool { return w.get(t, d.ID).State == dashboard.Running })
	if got, want := gate(), []string{"--workdir", folder, "--allow-user", "ada", "voila", "a.ipynb"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := w.sharedWith(d); len(got) > 0 {
		t.Errorf("shared with %q, on a hub that has no shares", got)
	}
	// With shares, there is no need of it.
	w = newWorld(t, func(c *Config) { c.Settings.Access.ByRole = true })
	d = w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	folder = "/snapshots/" + d.ID + "/1"
	if got, want := gate(), []string{"--workdir", folder, "voila", "a.ipynb"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A build takes minutes: who may come is read when its server is started.
func TestSecurityByRoleAccessThatEndsDuringABuildHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Settings.Access.ByRole = true })
	w.hub.version = "4.1.6"
	cloning, goOn := make(chan struct{}), make(chan struct{})
	w.cloner.clone = func(context.Context, dashboard.CloneRequest) error {
		close(cloning)
		<-goOn
		return nil
	}
	wanted := draft("Sales")
	wanted.Access = dashboard.Access{Users: []string{"bob"}}
	d, job, err := w.Create(t.Context(), visitor("ada"), wanted)
	if err != nil {
		t.Fatal(err)
	}
	<-cloning
	if _, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access.Users = []string{"eve"} }); err != nil {
		t.Error(err)
	}
	close(goOn)
	if ended := w.await(t, job); ended.Failure != "" {
		t.Fatal(ended.Failure)
	}
	started, ok := w.ticketOf(w.account(t, "ada").Servers[d.Server])
	if want := []string{"--allow-user", "ada", "--allow-user", "eve", "voila", "a.ipynb"}; !ok || !slices.Equal(started.Arguments[2:], want) {
		t.Errorf("got %q, want %q", started.Arguments, want)
	}
}

// Whoever waits for a dashboard starts it the moment that it is stopped for its gate
// to be closed, and then that gate is the one of before.
func TestSecurityByRoleAGateThatIsOpenedMeanwhileIsNotTakenForClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Settings.Access.ByRole = true })
	w.hub.version = "4.1.6"
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.Store = &eager{Store: w.Store, before: func() {
		if _, err := w.Open(t.Context(), visitor("bob"), d.ID); err != nil {
			t.Error(err)
		}
		w.until(t, "it runs again", func() bool { return w.get(t, d.ID).State == dashboard.Running })
	}}
	_, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{} })
	if dashboard.KindOf(err) != dashboard.Conflict {
		t.Errorf("got %v", err)
	}
	if now := w.get(t, d.ID); !slices.Equal(now.Access.Users, []string{"bob"}) {
		t.Errorf("it looks closed, and is open: %+v", now.Access)
	}
}

// eager is a store before whose first change of access something else happens.
type eager struct {
	dashboard.Store
	before func()
}

func (s *eager) Grants(ctx context.Context, id string) ([]string, error) {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Store.Grants(ctx, id)
}

// What is kept of a server may be a minute old.
func TestSecurityByRoleAGateIsClosedWhateverIsKeptOfItsServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Settings.Access.ByRole = true })
	w.hub.version = "4.1.6"
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	if err := w.Store.SetStates(t.Context(), map[string]dashboard.ServerState{d.ID: {State: dashboard.Stopped}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{} }); err != nil {
		t.Fatal(err)
	}
	w.until(t, "it runs again", func() bool { return w.get(t, d.ID).State == dashboard.Running })
	started, ok := w.ticketOf(w.account(t, "ada").Servers[d.Server])
	if !ok || slices.Contains(started.Arguments, "bob") {
		t.Errorf("bob is let in by %q", started.Arguments)
	}
}

func TestSecurityAGateThatCannotBeClosedChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Settings.Access.ByRole = true })
	w.hub.version = "4.1.6"
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		w.hub.refuse(rw, http.StatusBadRequest)
		return true
	}
	_, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{} })
	if dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("got %v", err)
	}
	if now := w.get(t, d.ID); !slices.Equal(now.Access.Users, []string{"bob"}) {
		t.Errorf("it looks closed, and is open: %+v", now.Access)
	}
}

// JupyterHub 6 lets an owner rename a server that does not run, and its shares go
// along: who could open the dashboard must not get into what the owner makes of it.
func TestSecurityARenamedServerIsSharedNoLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.hub.mu.Lock()
	servers := w.hub.users["ada"].servers
	servers["notebook"], w.hub.shares["ada/notebook"] = servers[d.Server], w.hub.shares["ada/"+d.Server]
	delete(servers, d.Server)
	delete(w.hub.shares, "ada/"+d.Server)
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	if left := w.hub.shares["ada/notebook"]; len(left) > 0 {
		t.Errorf("it is shared with %q", left)
	}
}
