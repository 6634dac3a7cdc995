package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

// together does something many times at once, through two handles in turn.
func together(b bed, other *store.Store, n int, do func(i int, s *store.Store)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		s := b.Store
		if i%2 == 1 {
			s = other
		}
		all.Go(func() {
			<-begin
			do(i, s)
		})
	}
	close(begin)
	all.Wait()
}

func testOneJobWins(t *testing.T, b bed) {
	other := b.open(t)
	for round := range 5 {
		d := b.create(t, fmt.Sprint("dashboard ", round))
		var mu sync.Mutex
		var won, shown []string
		together(b, other, 30, func(i int, s *store.Store) {
			kind := []dashboard.JobKind{dashboard.Build, dashboard.Start, dashboard.Stop, dashboard.Delete}[i%4]
			job, err := s.AddJob(t.Context(), newJob(d.ID, kind, ""))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, job.ID)
			case errors.Is(err, dashboard.ErrBusy):
				shown = append(shown, job.ID)
			default:
				t.Error(err)
			}
		})
		if len(won) != 1 {
			t.Fatalf("%d of 30 won", len(won))
		}
		if slices.ContainsFunc(shown, func(id string) bool { return id != won[0] }) {
			t.Errorf("the losers were shown %v, not the winner %v", shown, won)
		}
	}
}

// testViewersTogether has viewers come while others want the whole dashboard:
// whichever is first, the two kinds never run at once.
func testViewersTogether(t *testing.T, b bed) {
	other := b.open(t)
	d := b.create(t, "Sales")
	var viewers, whole, starts atomic.Int32
	together(b, other, 40, func(i int, s *store.Store) {
		job := newJob(d.ID, dashboard.Stop, "")
		if i%4 > 0 {
			job = newJob(d.ID, dashboard.Start, fmt.Sprint("viewer ", i))
		}
		for range 5 {
			kept, err := s.AddJob(t.Context(), job)
			if errors.Is(err, dashboard.ErrBusy) {
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			if job.Viewer == "" {
				if n := whole.Add(1); n > 1 || viewers.Load() > 0 {
					t.Errorf("%d jobs of the whole dashboard run, and %d of viewers", n, viewers.Load())
				}
				defer whole.Add(-1)
			} else {
				starts.Add(1)
				viewers.Add(1)
				if n := whole.Load(); n > 0 {
					t.Errorf("a viewer's job runs besides %d of the whole dashboard", n)
				}
				defer viewers.Add(-1)
			}
			kept.Done = true
			// Counted down before it is over for the others.
			if job.Viewer == "" {
				whole.Add(-1)
				defer whole.Add(1)
			} else {
				viewers.Add(-1)
				defer viewers.Add(1)
			}
			if err := s.SaveJob(t.Context(), kept); err != nil {
				t.Error(err)
			}
			return
		}
	})
	if starts.Load() == 0 {
		t.Error("no viewer ever came in")
	}
	if open := value(b.OpenJobs(t.Context()))(t); len(open) > 0 {
		t.Errorf("there are still %d jobs", len(open))
	}
}

func testOneClaims(t *testing.T, b bed) {
	other := b.open(t)
	want := map[string]int{}
	for i := range 20 {
		d := b.create(t, fmt.Sprint("dashboard ", i))
		want[value(b.AddJob(t.Context(), newJob(d.ID, dashboard.Stop, "")))(t).ID] = 1
	}
	got := map[string]int{}
	var mu sync.Mutex
	// Not so far in the future that a job that was claimed is stale again.
	stale := time.Now().Add(20 * time.Millisecond)
	for time.Now().Before(stale.Add(time.Millisecond)) {
		if leads, err := b.Lead(t.Context(), "first", time.Hour); err != nil || !leads {
			t.Fatal(err)
		}
	}
	together(b, other, 10, func(i int, s *store.Store) {
		claimed, err := s.ClaimJobs(t.Context(), fmt.Sprint("worker ", i), stale)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, job := range claimed {
			got[job.ID]++
		}
	})
	same(t, "how often each job was claimed", got, want)
}

func testUpdatesTogether(t *testing.T, b bed) {
	other := b.open(t)
	d := b.create(t, "Sales", func(d *dashboard.Dashboard) { d.Revision, d.Access = 0, dashboard.Access{} })
	const n = 40
	together(b, other, n, func(i int, s *store.Store) {
		calls := 0
		_, err := s.Update(t.Context(), d.ID, func(d *dashboard.Dashboard) error {
			calls++
			d.Revision++
			d.Access.Users = append(d.Access.Users, fmt.Sprintf("user %02d", i))
			return nil
		})
		if err != nil || calls != 1 {
			t.Errorf("changed %d times: %v", calls, err)
		}
	})
	got := value(b.Dashboard(t.Context(), d.ID))(t)
	if got.Revision != n || len(got.Access.Users) != n {
		t.Errorf("of %d changes, %d were kept, and %d users", n, got.Revision, len(got.Access.Users))
	}
}

func testCreateTogether(t *testing.T, b bed) {
	other := b.open(t)
	var created atomic.Int32
	together(b, other, 20, func(_ int, s *store.Store) {
		d := New("Sales")
		err := s.Create(t.Context(), d, newJob(d.ID, dashboard.Build, ""))
		if err == nil {
			created.Add(1)
		} else if !errors.Is(err, dashboard.ErrNameTaken) {
			t.Error(err)
		}
	})
	if created.Load() != 1 {
		t.Errorf("%d dashboards of one name were created", created.Load())
	}
}

func testRevisionsTogether(t *testing.T, b bed) {
	other := b.open(t)
	d := b.create(t, "Sales")
	job := value(b.AddJob(t.Context(), newJob(d.ID, dashboard.Build, "")))(t)
	together(b, other, 20, func(_ int, s *store.Store) {
		if _, err := s.AddRevision(t.Context(), dashboard.Revision{Dashboard: d.ID}); err != nil {
			t.Error(err)
		}
		if err := s.AddLog(t.Context(), job.ID, []string{"one", "two"}); err != nil {
			t.Error(err)
		}
	})
	for i, revision := range value(b.Revisions(t.Context(), d.ID))(t) {
		if revision.Number != 20-i {
			t.Errorf("revision %d has the number %d", 20-i, revision.Number)
		}
	}
	lines := value(b.Log(t.Context(), job.ID, 0))(t)
	if len(lines) != 40 {
		t.Fatalf("there are %d lines", len(lines))
	}
	for i, line := range lines {
		if line.Number != i+1 || line.Text != []string{"one", "two"}[i%2] {
			t.Errorf("line %d is %+v", i+1, line)
		}
	}
}

// testMuddle has all that a service does go on at once, among it whole dashboards
// that come and go: nothing waits for ever, and nothing goes wrong that should not.
func testMuddle(t *testing.T, b bed) {
	other := b.open(t)
	var names []dashboard.Dashboard
	for i := range 4 {
		names = append(names, b.create(t, fmt.Sprint("dashboard ", i)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const workers, rounds = 8, 6
	together(b, other, workers, func(i int, s *store.Store) {
		for round := range rounds {
			d := names[(i+round)%len(names)]
			worker := fmt.Sprint("worker ", i)
			check := func(err error, allowed ...error) {
				if err != nil && !slices.ContainsFunc(allowed, func(each error) bool { return errors.Is(err, each) }) {
					t.Error(err)
				}
			}
			job := newJob(d.ID, dashboard.Start, fmt.Sprint("viewer ", i%3))
			job.Worker = worker
			job, err := s.AddJob(ctx, job)
			check(err, dashboard.ErrBusy)
			check(s.AddLog(ctx, job.ID, []string{"a", "b"}))
			_, err = s.Update(ctx, d.ID, func(d *dashboard.Dashboard) error {
				d.Access.Users = append(d.Access.Users, fmt.Sprintf("%d of %d", round, i))
				return nil
			})
			check(err)
			check(s.SetStates(ctx, map[string]dashboard.ServerState{
				names[0].ID: {State: dashboard.Running}, names[1].ID: {State: dashboard.Stopped}, d.ID: {State: dashboard.Stopping, LastUsed: time.Now()},
			}))
			check(s.AddGrant(ctx, d.ID, worker))
			_, err = s.ClaimJobs(ctx, worker, time.Now().Add(-time.Millisecond))
			check(err)
			_, _, err = s.List(ctx, dashboard.Query{Viewer: "eve", Groups: []string{"staff"}, Text: "dash"})
			check(err)
			check(s.Rename(ctx, fmt.Sprint("viewer ", i%3), fmt.Sprint("viewer ", i%3, " again")), dashboard.ErrBusy)
			job.Worker, job.Done = worker, true
			check(s.SaveJob(ctx, job), dashboard.ErrLost, dashboard.ErrNotFound)
			passing := New(fmt.Sprint("passing ", i, " ", round))
			check(s.Create(ctx, passing, newJob(passing.ID, dashboard.Build, "")))
			check(s.Erase(ctx, passing.ID))
		}
	})
	for _, d := range names {
		if users := value(b.Dashboard(t.Context(), d.ID))(t).Access.Users; len(users) != 2+workers*rounds/len(names) {
			t.Errorf("%d users were kept", len(users))
		}
	}
}

// testGivenUp has callers who do not wait.
func testGivenUp(t *testing.T, b bed) {
	d := b.create(t, "Sales")
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := b.Dashboard(ended, d.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v", err)
	}
	if err := b.AddGrant(ended, d.ID, "bob"); !errors.Is(err, context.Canceled) {
		t.Errorf("writing: %v", err)
	}
	// In mid-transaction, also of somebody else who waits for it.
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.Update(ctx, d.ID, func(d *dashboard.Dashboard) error {
		d.Name = "never"
		waiting, giveUp := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer giveUp()
		_, err := b.Update(waiting, d.ID, func(*dashboard.Dashboard) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for somebody who changes the same: %v", err)
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("changing: %v", err)
	}
	same(t, "the dashboard", value(b.Dashboard(t.Context(), d.ID))(t), d)
	value(b.Update(t.Context(), d.ID, func(*dashboard.Dashboard) error { return nil }))(t)
}
