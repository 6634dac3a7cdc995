//go:build e2e

package dashboards

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// A thousand dashboards of fifty owners, and two hundred people who open the page
// at once: each sees what is for them, and nobody an error. How long that takes is
// measured by bench/dashboards.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const dashboards, visitors, rounds = 1000, 200, 3
	s := open(t, house.Options{Name: "crowd"})
	s.must(s.Service.Stop())
	people, err := s.Populate(t.Context(), dashboards, visitors)
	s.must(err)
	s.must(s.Service.Start(t.Context()))
	defer people.Leave()
	look := func(who *house.Resident) {
		want := fmt.Sprintf(`From others <span class="count">%d</span>`, people.Shared(who))
		status, body, _, err := who.Look(t.Context(), s.Page+"?whose=others")
		if err != nil || status != http.StatusOK {
			t.Errorf("%s: %d, %v: %.300s", who.Name, status, err, body)
		} else if !strings.Contains(string(body), want) || strings.Count(string(body), `<li class="card">`) != 50 {
			t.Errorf("%s does not see %q and 50 cards", who.Name, want)
		}
	}
	var all sync.WaitGroup
	// The hub tells one after the other who somebody is, and with two hundred at once
	// the last of them would wait for that longer than the service does.
	turns := make(chan struct{}, 8)
	for _, who := range people.Visitors {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			look(who)
		})
	}
	all.Wait()
	for _, who := range people.Visitors {
		all.Go(func() {
			for range rounds {
				look(who)
			}
		})
	}
	all.Wait()
	// A request is counted just after its answer.
	want := fmt.Sprintf(`dashboards_request_duration_seconds_count{code="200",route="{$}"} %d`, (1+rounds)*visitors)
	s.eventually("all are counted", func() error {
		answer, err := s.Service.ReadMetrics(t.Context())
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		metrics, err := io.ReadAll(answer.Body)
		if err == nil && !strings.Contains(string(metrics), want+"\n") {
			err = fmt.Errorf("the metrics have no %s but %q", want, regexp.MustCompile(`.*_count\{.*`).FindAll(metrics, -1))
		}
		return err
	})
}
