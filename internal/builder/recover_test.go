package builder

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
)

// awaitGone waits until a dashboard is deleted.
func (w *world) awaitGone(t *testing.T, id string) {
	t.Helper()
	w.until(t, "it is gone", func() bool {
		_, err := w.Store.Dashboard(t.Context(), id)
		return err != nil
	})
}

// awaitJobs waits for the end of all jobs.
func (w *world) awaitJobs(t *testing.T) {
	t.Helper()
	w.until(t, "all jobs end", func() bool {
		open, err := w.Store.OpenJobs(t.Context())
		return err == nil && len(open) == 0
	})
}

func (w *world) until(t *testing.T, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// A process that ends takes nothing with it: the next one goes on.
func TestAJobOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	for name, breakAt := range map[string]func(w *world, reached chan<- struct{}){
		"while cloning": func(w *world, reached chan<- struct{}) {
			w.cloner.clone = func(ctx context.Context, _ dashboard.CloneRequest) error {
				close(reached)
				<-ctx.Done()
				return ctx.Err()
			}
		},
		"while asking the hub to start": func(w *world, reached chan<- struct{}) {
			w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/servers/") {
					return false
				}
				select {
				case reached <- struct{}{}:
				default:
				}
				rw.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			reached := make(chan struct{})
			breakAt(w, reached)
			made, job, err := w.Create(t.Context(), visitor("ada"), draft("Sales"))
			if err != nil {
				t.Fatal(err)
			}
			<-reached
			w.Builder.jobs.stop()
			if kept, err := w.Store.Job(t.Context(), job.ID); err != nil || kept.Done {
				t.Fatalf("got %+v, %v", kept, err)
			}
			w.hub.mu.Lock()
			w.hub.fault = nil
			w.hub.mu.Unlock()
			w.cloner.clone = nil
			w.restart(t)
			w.takeUp(t.Context())
			if ended := w.await(t, job); ended.Failure != "" {
				t.Fatal(ended.Failure)
			}
			d := w.get(t, made.ID)
			if d.Revision != 1 || d.State != dashboard.Running || len(w.cloner.names()) != 1 {
				t.Errorf("got %+v, %q", d, w.cloner.names())
			}
		})
	}
}

func TestADeletionIsFinishedByTheNextProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	reached := make(chan struct{}, 1)
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		select {
		case reached <- struct{}{}:
		default:
		}
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	if _, err := w.Delete(t.Context(), visitor("ada"), d.ID); err != nil {
		t.Fatal(err)
	}
	<-reached
	w.Builder.jobs.stop()
	w.hub.mu.Lock()
	w.hub.fault = nil
	w.hub.mu.Unlock()
	w.restart(t)
	w.takeUp(t.Context())
	w.awaitGone(t, d.ID)
	if w.server(d) != nil || len(w.cloner.names()) > 0 {
		t.Errorf("left: %v, %q", w.server(d), w.cloner.names())
	}
}

// slowStore stalls for some seconds while it claims jobs, between asking the database
// for the time and reckoning from it.
type slowStore struct{ dashboard.Store }

func (s slowStore) ClaimJobs(ctx context.Context, worker string, stale time.Time) ([]dashboard.Job, error) {
	return s.Store.ClaimJobs(ctx, worker, stale.Add(-5*time.Second))
}

// What another process has just been at is taken up at once however slow the machine
// is, as nobody else can be at it.
func TestAJobIsTakenUpByOneThatStalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Store = slowStore{c.Store} })
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	job := dashboard.Job{Dashboard: d.ID, Kind: dashboard.Stop, By: "ada"}
	w.prepare(&job)
	job.Worker = "the dead"
	if _, err := w.Store.AddJob(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	w.takeUp(t.Context())
	if taken, err := w.Store.Job(t.Context(), job.ID); err != nil || taken.Worker != w.worker {
		t.Fatalf("it is left undone: %+v, %v", taken, err)
	}
	if ended := w.await(t, job); ended.Failure != "" {
		t.Error(ended.Failure)
	}
}

// What was deleted, stopped or left behind the service's back is seen.
func TestReconcile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.cloner.made["/snapshots/nobodys00000/1"] = dashboard.Snapshot{Kind: dashboard.Folder, Ref: "/snapshots/nobodys00000/1", Dashboard: "nobodys00000", Revision: 1}
	w.hub.mu.Lock()
	w.hub.users["ada"].servers[d.Server].ready = false
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	if now := w.get(t, d.ID); now.State != dashboard.Stopped {
		t.Errorf("got %+v", now)
	}
	if got := w.cloner.names(); !slices.Equal(got, []string{"/snapshots/" + d.ID + "/1"}) {
		t.Errorf("there is %q", got)
	}

	// The server is gone with its shares, and both come again.
	w.hub.mu.Lock()
	delete(w.hub.users["ada"].servers, d.Server)
	delete(w.hub.shares, "ada/"+d.Server)
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	opening, err := w.Open(t.Context(), visitor("bob"), d.ID)
	if err != nil || w.await(t, *opening.Job).Failure != "" {
		t.Fatalf("got %+v, %v", opening, err)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("shared with %q", got)
	}

	// The snapshot is gone.
	w.cloner.made = map[string]dashboard.Snapshot{}
	w.reconcile(t.Context())
	if now := w.get(t, d.ID); !strings.Contains(now.Failure, "Rebuild") {
		t.Errorf("got %+v", now)
	}
	if job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID); err != nil || w.await(t, job).Failure != "" {
		t.Fatal(err)
	}
	if now := w.get(t, d.ID); now.Failure != "" || now.Revision < 2 {
		t.Errorf("got %+v", now)
	}
}

func TestAnOwnerWhoIsRenamedKeepsTheirDashboards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.create(t, "ada", "Sales", dashboard.Access{})
	w.hub.mu.Lock()
	w.hub.users["lovelace"] = w.hub.users["ada"]
	delete(w.hub.users, "ada")
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	if now := w.get(t, d.ID); now.Owner != "lovelace" {
		t.Errorf("got %+v", now)
	}
	// Somebody else's server of the same name is no proof.
	w.hub.mu.Lock()
	w.hub.users["mallory"] = &stubUser{servers: map[string]*stubServer{d.Server: {ready: true, options: []byte(`{"dashboard_ticket":"x"}`)}}}
	delete(w.hub.users, "lovelace")
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	if now := w.get(t, d.ID); now.Owner != "lovelace" || !strings.Contains(now.Failure, "no user") {
		t.Errorf("got %+v", now)
	}
}

// Two processes on one store: a job is done by one of them.
func TestSomebodyElsesJobIsLeftToThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloning, goOn := make(chan struct{}), make(chan struct{})
	w.cloner.clone = func(context.Context, dashboard.CloneRequest) error {
		close(cloning)
		<-goOn
		return nil
	}
	made, job, err := w.Create(t.Context(), visitor("ada"), draft("Sales"))
	if err != nil {
		t.Fatal(err)
	}
	<-cloning
	config := w.config
	config.Alone = false
	other := New(config)
	other.takeUp(t.Context())
	if other.jobs.has(job.ID) {
		t.Error("it took a job whose process lives")
	}
	if _, err := other.Delete(t.Context(), visitor("ada"), made.ID); dashboard.KindOf(err) != dashboard.Conflict {
		t.Errorf("got %v", err)
	}
	watched, err := other.Watch(t.Context(), visitor("ada"), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	close(goOn)
	var last dashboard.Job
	for last = range watched {
	}
	if !last.Done || last.Failure != "" {
		t.Errorf("got %+v", last)
	}
}

func TestWhatNobodyUsesIsStoppedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) {
		c.Settings.Limits.Idle = settings.Duration(time.Hour)
		c.Settings.Retention.Unused = settings.Duration(10 * time.Hour)
	})
	used := func(d dashboard.Dashboard, ago time.Duration) {
		w.hub.mu.Lock()
		defer w.hub.mu.Unlock()
		w.hub.users["ada"].servers[d.Server].activity = time.Now().Add(-ago)
	}
	idle, busy := w.create(t, "ada", "Idle", dashboard.Access{}), w.create(t, "ada", "Busy", dashboard.Access{})
	used(idle, 2*time.Hour)
	w.reconcile(t.Context())
	w.awaitJobs(t) // what has a job is left alone
	if now := w.get(t, idle.ID); now.State != dashboard.Stopped {
		t.Errorf("got %+v", now)
	}
	if now := w.get(t, busy.ID); now.State != dashboard.Running {
		t.Errorf("got %+v", now)
	}
	// Never changed since, and never used.
	_, err := w.Store.Update(t.Context(), idle.ID, func(d *dashboard.Dashboard) error {
		d.Updated, d.LastUsed = time.Now().Add(-11*time.Hour), time.Now().Add(-11*time.Hour)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	used(idle, 11*time.Hour)
	w.reconcile(t.Context())
	w.awaitGone(t, idle.ID)
	if now := w.get(t, busy.ID); now.State != dashboard.Running {
		t.Errorf("got %+v", now)
	}
}
