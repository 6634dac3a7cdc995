//go:build e2e

package dashboards

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// Who follows a job, on its page or on a command line, hears of its end also when
// the service was killed meanwhile. The hub's proxy does not tell: it keeps the
// stream open, and nothing comes any more.
func TestWhoFollowsAJobIsToldThoughTheServiceWasKilled(t *testing.T) {
	t.Parallel()
	s := open(t, house.Options{Name: "follow"})
	s.write("alice", "site/index.html", "followed")
	alice := s.person("alice")
	release := s.hold("alice")

	typed := make(chan typed, 1)
	follows := make(chan struct{})
	go func() {
		console := s.terminal(alice, alice.Token).when("Starting the dashboard", func() { close(follows) })
		typed <- console.run("create", "Followed", "--folder", "site", "--framework", "static")
	}()
	var made api.Dashboard
	s.eventually("it is being made", func() error {
		page, err := alice.List(t.Context(), api.Query{})
		if err == nil && len(page.Items) != 1 {
			err = fmt.Errorf("there are %d dashboards", len(page.Items))
		}
		if err == nil {
			made = page.Items[0]
		}
		return err
	})

	rung := make(chan struct{}, 2)
	bell := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { rung <- struct{}{} }))
	defer bell.Close()
	seen := make(chan error, 1)
	go func() {
		tell := map[string]any{"dashboard": made.ID, "bell": bell.URL}
		_, err := s.Browse(t.Context(), "test/dashboards/browser/follow.mjs", tell, &struct{}{})
		seen <- err
	}()
	s.await("somebody watches", rung)
	s.await("somebody follows on a command line", follows)
	s.Service.Kill()
	s.must(s.Service.Start(t.Context()))
	s.await("the browser asks again", rung)
	release()

	if err := <-seen; err != nil {
		t.Errorf("in the browser: %v", err)
	}
	if did := <-typed; did.code != 0 {
		t.Errorf("create ended with %d: %s", did.code, did.said)
	} else {
		s.wantText("the progress", did.said, "Followed is ready.")
	}
	if now := s.get(alice, made.ID); now.State != dashboard.Running {
		t.Errorf("it is %s", now.State)
	}
}
