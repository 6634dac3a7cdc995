package builder

import (
	"context"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// awayAt has the hub be away for calls of a method below a path, for so many
// calls; negative is for ever.
func (w *world) awayAt(method, path string, times int) (asked *atomic.Int64) {
	asked = &atomic.Int64{}
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || !strings.HasPrefix(r.URL.Path, "/hub/api"+path) {
			return false
		}
		if count := asked.Add(1); times >= 0 && count > int64(times) {
			return false
		}
		rw.WriteHeader(http.StatusBadGateway)
		return true
	}
	return asked
}

// A process that is no longer the one that does a job leaves everything to the one
// that is.
func TestALostJobTouchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	cloning := make(chan struct{})
	w.cloner.clone = func(ctx context.Context, _ dashboard.CloneRequest) error {
		close(cloning)
		<-ctx.Done()
		return ctx.Err()
	}
	job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	<-cloning
	ended := w.jobs.get(job.ID).done
	if taken, err := w.Store.ClaimJobs(t.Context(), "another", time.Now().Add(time.Hour)); err != nil || len(taken) != 1 {
		t.Fatalf("got %+v, %v", taken, err)
	}
	<-ended
	if now := w.get(t, d.ID); now.Failure != "" || now.Revision != 1 {
		t.Errorf("got %+v", now)
	}
	known, err := w.Store.Revisions(t.Context(), d.ID)
	if err != nil || len(known) != 2 || known[0].State != dashboard.Making {
		t.Errorf("the revision of the other process: %+v, %v", known, err)
	}
	if now, err := w.Store.Job(t.Context(), job.ID); err != nil || now.Done || now.Worker != "another" {
		t.Errorf("got %+v, %v", now, err)
	}
}

// What one that was killed has left is taken up at once where no other can be at it.
func TestTheLeaseOfTheDeadIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if leads, err := w.Store.Lead(t.Context(), "the dead", time.Hour); err != nil || !leads {
		t.Fatalf("%v, %v", leads, err)
	}
	made, job := draft("Sales"), dashboard.Job{}
	made.ID, made.Owner, made.Server, made.State = dashboard.NewID(), "ada", "dashboard-sales", dashboard.Stopped
	made.Created, made.Updated = now(), now()
	job.Dashboard, job.Kind, job.By = made.ID, dashboard.Build, "ada"
	w.prepare(&job)
	job.Worker = "the dead"
	if err := w.Store.Create(t.Context(), made, job); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	w.until(t, "it is built", func() bool { return w.get(t, made.ID).State == dashboard.Running })
	stop()
	<-ended
}

// A job is done once in a process, however often it is found.
func TestAJobIsRunOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	var clones atomic.Int64
	goOn := make(chan struct{})
	w.cloner.clone = func(context.Context, dashboard.CloneRequest) error {
		clones.Add(1)
		<-goOn
		return nil
	}
	job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.run(job, "")
	w.until(t, "it clones", func() bool { return clones.Load() > 0 })
	close(goOn)
	if ended := w.await(t, job); ended.Failure != "" {
		t.Fatal(ended.Failure)
	}
	w.jobs.all.Wait()
	if clones.Load() != 1 {
		t.Errorf("cloned %d times", clones.Load())
	}
	// One that has ended in the meantime is not begun again either.
	w.run(job, "")
	w.jobs.all.Wait()
	if now := w.get(t, d.ID); now.Failure != "" || now.Revision != 2 || clones.Load() != 1 || !slices.Contains(w.cloner.names(), "/snapshots/"+d.ID+"/2") {
		t.Errorf("got %+v, %q", now, w.cloner.names())
	}
}

// The hub goes away when the dashboard runs already: its snapshot stays, and who
// may open it is told the hub when it is back.
func TestAHubThatIsAwayAtSharingIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.awayAt(http.MethodPost, "/shares/", 2)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	if asked.Load() < 3 || d.Failure != "" || d.Revision != 1 {
		t.Errorf("asked %d times: %+v", asked.Load(), d)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("shared with %q", got)
	}
}

func TestASnapshotInForceStaysWhateverFailsAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		w.hub.refuse(rw, http.StatusForbidden)
		return true
	}
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	if err := w.Store.AddGrant(t.Context(), d.ID, "eve"); err != nil {
		t.Fatal(err)
	}
	job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if ended := w.await(t, job); ended.Failure == "" {
		t.Fatal("it did not fail")
	}
	now := w.get(t, d.ID)
	if now.Revision != 2 || now.Failure == "" || !slices.Contains(w.cloner.names(), "/snapshots/"+d.ID+"/2") {
		t.Errorf("got %+v, %q", now, w.cloner.names())
	}
}

// A server that somebody deleted took its shares with it.
func TestAServerThatIsMadeAnewIsSharedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.hub.mu.Lock()
	delete(w.hub.users["ada"].servers, d.Server)
	delete(w.hub.shares, "ada/"+d.Server)
	w.hub.mu.Unlock()
	opening, err := w.Open(t.Context(), visitor("bob"), d.ID)
	if err != nil || opening.Job == nil || w.await(t, *opening.Job).Failure != "" {
		t.Fatalf("got %+v, %v", opening, err)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("shared with %q", got)
	}
}

// Whoever opens a dashboard gets in, whatever became of an earlier share.
func TestOpeningSharesAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.hub.mu.Lock()
	delete(w.hub.shares, "ada/"+d.Server)
	w.hub.mu.Unlock()
	if opening, err := w.Open(t.Context(), visitor("bob"), d.ID); err != nil || !opening.Ready {
		t.Fatalf("got %+v, %v", opening, err)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("shared with %q", got)
	}
}

func TestSecurityAccessEndsAlsoWhenTheHubsVersionIsNotKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.hub.mu.Lock()
	w.hub.fault = func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(http.StatusBadGateway)
		return true
	}
	w.hub.mu.Unlock()
	w.config.Hub = w.newClient(t) // which has not heard it yet
	w.restart(t)
	_, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{} })
	if dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("got %v", err)
	}
	if now := w.get(t, d.ID); !slices.Equal(now.Access.Users, []string{"bob"}) {
		t.Errorf("it looks closed, and is open: %+v", now.Access)
	}
}

// What a build has made between two looks of a pass is not taken for what is left.
func TestReconcileLeavesWhatABuildHasJustMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	w.cloner.snapshots = func() { // as it is looked at
		w.cloner.snapshots = nil
		job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID)
		if err != nil || w.await(t, job).Failure != "" {
			t.Errorf("%+v, %v", job, err)
		}
	}
	if err := w.reconcileSnapshots(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := w.get(t, d.ID)
	known, err := w.Store.Revisions(t.Context(), d.ID)
	if err != nil || now.Failure != "" || now.Revision != 2 || len(known) != 2 {
		t.Errorf("got %+v, %+v, %v", now, known, err)
	}
}

// A hub that starts many servers at once asks for patience, and says how much.
func TestABusyHubIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked atomic.Int64
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/servers/") || asked.Add(1) > 2 {
			return false
		}
		rw.Header().Set("Retry-After", "1")
		w.hub.refuse(rw, http.StatusTooManyRequests)
		return true
	}
	if d := w.create(t, "ada", "Sales", dashboard.Access{}); d.State != dashboard.Running || asked.Load() != 3 {
		t.Errorf("asked %d times: %+v", asked.Load(), d)
	}
}

// A hub says 500 of a server that has died, and only later why it does not come.
func TestAServerThatDiesAtOnceIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		known := w.hub.users["ada"].servers
		switch {
		case r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/servers/"):
			known[path.Base(r.URL.Path)] = &stubServer{pending: "spawn"}
			refuseWith(rw, http.StatusInternalServerError, "Internal Server Error")
		case strings.HasSuffix(r.URL.Path, "/progress"):
			known[path.Base(path.Dir(r.URL.Path))].pending = ""
			failSpawn(rw, "Spawn failed: it never showed up")
		default:
			return false
		}
		return true
	}
	made, job, err := w.Create(t.Context(), visitor("ada"), draft("Sales"))
	if err != nil {
		t.Fatal(err)
	}
	ended := w.await(t, job)
	if !strings.Contains(ended.Failure, "it never showed up") || !strings.Contains(ended.Failure, "framework") {
		t.Errorf("it failed with %q", ended.Failure)
	}
	if now := w.get(t, made.ID); now.State != dashboard.Stopped || now.Failure != ended.Failure || len(w.cloner.names()) > 0 {
		t.Errorf("got %+v, %q", now, w.cloner.names())
	}
}
