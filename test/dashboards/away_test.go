//go:build e2e

package dashboards

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// narrow is a hub that starts one server at a time, has room for four, and gives
// each user two besides their own.
var narrow = map[string]any{
	"concurrent_spawn_limit": 1, "active_server_limit": 4, "named_server_limit_per_user": 2,
	"spawn_throttle_retry_range": []int{1, 2}, "tornado_settings": map[string]any{"slow_spawn_timeout": 1},
}

// A hub that goes away and comes back, and one that has limits.
func TestHubThatIsAway(t *testing.T) {
	t.Parallel()
	s := open(t, house.Options{Name: "away", Hub: narrow})
	for _, part := range []struct {
		name  string
		check func(s *stage)
	}{
		{"before it is asked", (*stage).checkAwayBefore},
		{"while it starts a server", (*stage).checkAwayMeanwhile},
		{"while it is asked", (*stage).checkAwayAtAsking},
		{"while a dashboard is stopped", (*stage).checkAwayAtStopping},
		{"limits", (*stage).checkLimits},
	} {
		t.Run(part.name, func(t *testing.T) { part.check(s.in(t)) })
	}
}

// begin asks for a dashboard.
func (s *stage) begin(owner *house.Person, name string) api.Created {
	s.Helper()
	s.write(owner.Name, "site/index.html", "by "+owner.Name)
	made, err := owner.Create(s.Context(), static(name, "site"))
	s.must(err)
	return made
}

// ends waits for a dashboard to run, and deletes it.
func (s *stage) ends(owner *house.Person, made api.Created, words ...string) {
	s.Helper()
	s.wantDone(owner, made.Job)
	s.wantText("the log", s.log(owner, made.Job), words...)
	s.wantShown(owner, s.address(owner, made.Dashboard), "by "+owner.Name)
	s.must(s.deleteAs(owner, made.Dashboard))
	s.noServerRuns(owner.Name)
}

// reached is a call of the hub's API that the service makes.
func (s *stage) reached(method, part string) <-chan struct{} {
	reached := make(chan struct{}, 100)
	s.Layer.Set(house.Tap{Before: func(r *http.Request) bool {
		if r.Method == method && strings.Contains(r.URL.Path, part) {
			select {
			case reached <- struct{}{}:
			default:
			}
		}
		return true
	}})
	s.Cleanup(func() { s.Layer.Set(house.Tap{}) })
	return reached
}

// await waits for something that has to come.
func (s *stage) await(what string, event <-chan struct{}) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	select {
	case <-event:
	case <-ctx.Done():
		s.Fatalf("it never came: %s", what)
	}
}

// The hub is away when a dashboard is asked for: it is copied, and waits.
func (s *stage) checkAwayBefore() {
	owner := s.person("early")
	_, err := owner.List(s.Context(), api.Query{}) // the gate knows her by now
	s.must(err)
	s.must(s.Kill())
	made := s.begin(owner, "Early")
	s.eventually("it waits", func() error {
		job, err := owner.Job(s.Context(), made.Job.ID)
		if err == nil && job.Title != "Waiting for JupyterHub" {
			err = fmt.Errorf("the job is at %q", job.Title)
		}
		return err
	})
	page, err := owner.List(s.Context(), api.Query{})
	if err != nil || len(page.Items) != 1 {
		s.Errorf("without the hub, the list is %+v, %v", page, err)
	}
	if _, err := owner.Open(s.Context(), made.Dashboard.ID); codeOf(err) != http.StatusServiceUnavailable {
		s.Errorf("without the hub, opening ends with %v", err)
	}
	s.must(s.Again(s.Context()))
	s.ends(owner, made)
}

// The hub is restarted while it starts a dashboard's server, and forgets that.
func (s *stage) checkAwayMeanwhile() {
	owner := s.person("mid")
	progress := s.reached(http.MethodGet, "/progress")
	release := s.hold("mid")
	made := s.begin(owner, "Mid")
	s.await("the progress is asked for", progress)
	s.must(s.Kill())
	release()
	s.must(s.Again(s.Context()))
	s.ends(owner, made, "JupyterHub was restarted in between")
}

// The hub dies before it has answered.
func (s *stage) checkAwayAtAsking() {
	owner := s.person("asked")
	asking := s.reached(http.MethodPost, "/servers/")
	release := s.hold("asked")
	made := s.begin(owner, "Asked")
	s.await("the start is asked for", asking)
	s.must(s.Kill())
	release()
	s.must(s.Again(s.Context()))
	s.ends(owner, made)
}

func (s *stage) checkAwayAtStopping() {
	owner := s.person("late")
	made := s.begin(owner, "Late")
	s.wantDone(owner, made.Job)
	stopping := s.reached(http.MethodDelete, "/servers/")
	job, err := owner.Stop(s.Context(), made.Dashboard.ID)
	s.must(err)
	s.await("the stop is asked for", stopping)
	s.must(s.Kill())
	s.must(s.Again(s.Context()))
	s.wantDone(owner, job)
	if now := s.get(owner, made.Dashboard.ID); now.State != dashboard.Stopped {
		s.Errorf("it is %s", now.State)
	}
	s.noServerRuns("late")
	s.must(s.deleteAs(owner, made.Dashboard))
}

func (s *stage) checkLimits() {
	// Two of one user's, and no third.
	owner := s.person("carl")
	for _, name := range []string{"One", "Two"} {
		s.wantDone(owner, s.begin(owner, name).Job)
	}
	third := s.begin(owner, "Three")
	ended := s.follow(owner, third.Job)
	s.wantText("a third", ended.Failure, "refused", "2")
	s.Logf("a limit of named servers: %s", ended.Failure)
	// It can be deleted, though it has no server.
	s.must(s.deleteAs(owner, third.Dashboard))

	// One start at a time: the second waits, as long as the hub says.
	first, second := s.person("dan"), s.person("eve")
	release := s.hold("dan")
	slow := s.begin(first, "Slow")
	s.eventually("the hub starts it", func() error {
		model, err := s.Server(s.Context(), "dan", s.get(first, slow.Dashboard.ID).Detail.Server)
		if err == nil && model.Pending != "spawn" {
			err = fmt.Errorf("it is %+v", model)
		}
		return err
	})
	waits := s.begin(second, "Waits")
	s.eventually("the second one waits", func() error {
		job, err := second.Job(s.Context(), waits.Job.ID)
		if err == nil && !strings.Contains(job.Title, "starting many servers") {
			err = fmt.Errorf("the job is at %q", job.Title)
		}
		return err
	})
	release()
	s.wantDone(first, slow.Job)
	s.wantDone(second, waits.Job)

	// Four of all users, and no fifth, until one of them is stopped.
	last := s.person("fay")
	fifth := s.begin(last, "Fifth")
	ended = s.follow(last, fifth.Job)
	s.wantText("a fifth", ended.Failure, "limit")
	s.Logf("a limit of active servers: %s", ended.Failure)
	job, err := first.Stop(s.Context(), slow.Dashboard.ID)
	s.must(err)
	s.wantDone(first, job)
	began := time.Now()
	job, err = last.Rebuild(s.Context(), fifth.Dashboard.ID)
	s.must(err)
	s.wantDone(last, job)
	s.Logf("then it was built within %.1f s", time.Since(began).Seconds())
	s.wantShown(last, s.address(last, fifth.Dashboard), "by fay")
}
