//go:build hubs

package dashboards

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// versions are the last of the major ones besides the bed's.
var versions = []string{"5.5.4", "4.1.6", "3.1.1", "2.3.1"}

// Dashboards live on every hub that has scopes; sharing one by one begins with
// JupyterHub 5.
func TestDashboardsOnEveryHub(t *testing.T) {
	for _, version := range versions {
		setup(t, version)
		// One after the other: a hub's start takes all that a small machine has.
		t.Run(version, func(t *testing.T) {
			s := open(t, house.Options{
				Name: version, Version: version, PlainForms: hub.Major(version) < 4, Groups: map[string][]string{"team": {"carol"}},
				Subdomains: version == "4.1.6", // as before 5; those of now have a test of their own
			})
			s.checkLife(version)
		})
	}
}

// setup builds a JupyterHub below .cache/hubs, if it is not there.
func setup(t *testing.T, version string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	setup := exec.CommandContext(ctx, filepath.Join(ready.Root, "test", "hubs", "setup"), version) // #nosec G204 -- ours
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	if err := setup.Run(); err != nil {
		t.Fatalf("test/hubs/setup %s: %v", version, err)
	}
}

// checkLife is the life of a dashboard, in browsers' sessions.
func (s *stage) checkLife(version string) {
	shares := hub.Major(version) >= 5
	s.write("alice", "site/index.html", "version 1")
	for _, name := range []string{"alice", "bob", "carol"} {
		s.must(s.AddPerson(s.Context(), name))
	}
	alice := s.script("alice")
	var rules api.Rules
	alice.call(http.MethodGet, "rules", nil, &rules)
	if rules.HubVersion != version || rules.Sharing.Users != shares || rules.Sharing.Groups != shares {
		s.Errorf("the rules are %+v", rules)
	}

	wanted := static("Site", "site")
	wanted.Access = &api.Access{Users: []string{"bob"}, Groups: []string{"team"}}
	if !shares {
		answer := alice.ask(http.MethodPost, "dashboards", wanted)
		if answer.Status != http.StatusServiceUnavailable || !strings.Contains(string(answer.Body), "version 5 is the first that can") {
			s.Errorf("sharing is answered with %d: %s", answer.Status, answer.Body)
		}
		wanted.Access = nil
	}
	var made api.Created
	alice.call(http.MethodPost, "dashboards", wanted, &made)
	alice.finish(made.Job)
	var d api.Dashboard
	alice.call(http.MethodGet, "dashboards/"+made.Dashboard.ID, nil, &d)
	prefix := s.Domain("alice") + bed.Prefix("alice", d.Detail.Server)
	alice.reads(prefix, http.StatusOK, "version 1")

	bob, carol := s.script("bob"), s.script("carol")
	if shares {
		for _, who := range []script{bob, carol} {
			var opening api.Opening
			who.call(http.MethodPost, "dashboards/"+d.ID+"/open", nil, &opening)
			if !opening.Ready {
				s.Errorf("it is not ready for %s: %+v", who.session.User, opening)
			}
			who.reads(opening.URL, http.StatusOK, "version 1")
		}
		alice.call(http.MethodPost, "dashboards/"+d.ID+"/unshare", api.Access{Users: []string{"bob"}}, nil)
	}
	if answer := bob.ask(http.MethodGet, "dashboards/"+d.ID, nil); answer.Status != http.StatusNotFound {
		s.Errorf("bob sees it: %d %s", answer.Status, answer.Body)
	}
	newcomer := s.script("bob")
	newcomer.reads(prefix, http.StatusForbidden, "")

	s.write("alice", "site/index.html", "version 2")
	alice.reads(prefix, http.StatusOK, "version 1")
	var job api.Job
	alice.call(http.MethodPost, "dashboards/"+d.ID+"/rebuild", nil, &job)
	alice.finish(job)
	alice.reads(prefix, http.StatusOK, "version 2")
	alice.call(http.MethodPost, "dashboards/"+d.ID+"/stop", nil, &job)
	alice.finish(job)
	var opening api.Opening
	alice.call(http.MethodPost, "dashboards/"+d.ID+"/open", nil, &opening)
	alice.finish(*opening.Job)
	alice.call(http.MethodPost, "dashboards/"+d.ID+"/open", nil, &opening)
	alice.reads(opening.URL, http.StatusOK, "version 2")

	alice.call(http.MethodDelete, "dashboards/"+d.ID, nil, nil)
	s.eventually("it is gone", func() error {
		if answer := alice.ask(http.MethodGet, "dashboards/"+d.ID, nil); answer.Status != http.StatusNotFound {
			return fmt.Errorf("it answers %d", answer.Status)
		}
		return nil
	})
	answer, err := s.API(s.Context(), http.MethodGet, "/users/alice", nil)
	s.must(err)
	if strings.Contains(string(answer.Body), d.Detail.Server) {
		s.Errorf("the hub has its server still: %s", answer.Body)
	}
	entries, err := os.ReadDir(s.Service.Snapshots())
	if err != nil || len(entries) > 0 {
		s.Errorf("of the snapshots are left: %v, %v", entries, err)
	}
}
