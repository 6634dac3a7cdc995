//go:build hubs

package dashboards

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// Before JupyterHub 5, a role lets people into all servers of others, as the manual
// has it (docs/dashboards.md, "Who gets in"): it is a dashboard's own gate that lets
// in only whom it is shared with.
func TestSecurityByRoleOldHubsLetInOnlyWhomADashboardIsSharedWith(t *testing.T) {
	for _, version := range []string{"4.1.6", "2.3.1"} {
		setup(t, version)
		// One after the other: a hub's start takes all that a small machine has.
		t.Run(version, func(t *testing.T) {
			s := open(t, house.Options{
				Name: "by-role-" + version, Version: version, PlainForms: version < "4", Settings: "access: {by_role: true}",
				Groups: map[string][]string{"dashboard-owners": {"alice"}, "everybody": {"bob", "carol", "dave"}, "team": {"carol", "eve"}},
				Roles: []map[string]any{{
					"name": "dashboard-viewers", "scopes": []string{"access:servers!group=dashboard-owners"}, "groups": []string{"everybody"},
				}},
			})
			s.checkByRole()
		})
	}
}

// Where each viewer has an own server, also the oldest hub can have dashboards shared.
func TestSecurityEachViewersServerIsTheirOwnOnOldHubs(t *testing.T) {
	const version = "2.3.1"
	setup(t, version)
	open(t, house.Options{
		Name: "viewers-" + version, Version: version, PlainForms: true, Settings: eachTheirOwn, Groups: map[string][]string{"team": {"carol"}},
	}).checkViewers()
}

// checkByRole: bob is named, carol is in a group, dave has nothing but the role, and
// eve is in the group and lacks the role.
func (s *stage) checkByRole() {
	s.write("alice", "site/index.html", "version 1")
	alice, bob, carol, dave, eve := s.script("alice"), s.script("bob"), s.script("carol"), s.script("dave"), s.script("eve")
	var rules api.Rules
	alice.call(http.MethodGet, "rules", nil, &rules)
	if can := rules.Sharing; !can.Users || !can.Groups || !can.Everyone {
		s.Errorf("the rules are %+v", rules)
	}
	alice.shows("new", `name="access.users"`, `name="access.groups"`, `name="access" value="everyone"`, "to whom its administrators gave access to your servers")

	wanted := static("Site", "site")
	wanted.Access = &api.Access{Users: []string{"bob"}, Groups: []string{"team"}}
	var made api.Created
	alice.call(http.MethodPost, "dashboards", wanted, &made)
	alice.finish(made.Job)
	at := "dashboards/" + made.Dashboard.ID
	var d api.Dashboard
	alice.call(http.MethodGet, at, nil, &d)
	prefix := bed.Prefix("alice", d.Detail.Server)
	alice.shows("dashboard/"+d.ID, "bob", "team")

	alice.reads(prefix, http.StatusOK, "version 1")
	for _, who := range []script{bob, carol} {
		var opening api.Opening
		who.call(http.MethodPost, at+"/open", nil, &opening)
		if !opening.Ready {
			s.Errorf("it is not ready for %s: %+v", who.session.User, opening)
		}
		who.reads(opening.URL, http.StatusOK, "version 1")
	}
	for _, who := range []script{dave, eve} {
		known := http.StatusNotFound
		if who.session.User == "eve" {
			known = http.StatusOK // the service knows her group, and the hub of no role of hers
		}
		if answer := who.ask(http.MethodGet, at, nil); answer.Status != known {
			s.Errorf("%s asks for it: %d %s", who.session.User, answer.Status, answer.Body)
		}
	}
	dave.isRefused(prefix, "You may not open this")
	eve.isRefusedByHub(prefix)

	// What else is done to a dashboard leaves its gate as it is.
	alice.call(http.MethodPatch, at, map[string]string{"name": "Site anew"}, nil)
	carol.reads(prefix, http.StatusOK, "version 1")
	s.write("alice", "site/index.html", "version 2")
	var job api.Job
	alice.call(http.MethodPost, at+"/rebuild", nil, &job)
	alice.finish(job)
	bob.reads(prefix, http.StatusOK, "version 2")
	s.script("carol").reads(prefix, http.StatusOK, "version 2")
	dave.isRefused(prefix, "You may not open this")

	// When the call has come back, who is out is out, in the sessions that were in.
	alice.call(http.MethodPost, at+"/unshare", api.Access{Users: []string{"bob"}}, nil)
	bob.isOut(prefix)
	alice.runsAgain(at)
	bob.isRefused(prefix, "You may not open this")
	carol.reads(prefix, http.StatusOK, "version 2")
	if answer := bob.ask(http.MethodGet, at, nil); answer.Status != http.StatusNotFound {
		s.Errorf("bob sees it: %d %s", answer.Status, answer.Body)
	}

	alice.call(http.MethodPost, at+"/share", api.Access{Everyone: true}, nil)
	alice.runsAgain(at)
	for _, who := range []script{bob, carol, dave, alice} {
		who.reads(prefix, http.StatusOK, "version 2")
	}
	eve.isRefusedByHub(prefix) // everyone are those who have the role

	alice.call(http.MethodPost, at+"/unshare", api.Access{Everyone: true, Groups: []string{"team"}}, nil)
	for _, who := range []script{bob, carol, dave} {
		who.isOut(prefix)
	}
	alice.runsAgain(at)
	for _, who := range []script{bob, carol, dave} {
		who.isRefused(prefix, "You may not open this")
	}
	alice.reads(prefix, http.StatusOK, "version 2")

	// Stopped, it is started with the gate as it is to be.
	alice.call(http.MethodPost, at+"/stop", nil, &job)
	alice.finish(job)
	alice.call(http.MethodPost, at+"/share", api.Access{Users: []string{"dave"}}, nil)
	var opening api.Opening
	dave.call(http.MethodPost, at+"/open", nil, &opening)
	dave.finish(*opening.Job)
	dave.reads(prefix, http.StatusOK, "version 2")
	carol.isRefused(prefix, "You may not open this")
}

// shows checks what a page of the service's has.
func (s script) shows(page string, parts ...string) {
	s.Helper()
	answer, err := s.session.Get(s.Context(), "/services/dashboards/"+page)
	s.must(err)
	for _, part := range parts {
		if !strings.Contains(string(answer.Body), part) {
			s.Errorf("the page %s (%d) lacks %q: %s", page, answer.Status, part, answer.Body)
		}
	}
}

// isRefused checks that a dashboard's own gate refuses somebody whom the hub lets in.
func (s script) isRefused(prefix, text string) {
	s.Helper()
	answer, err := s.session.Get(s.Context(), prefix)
	s.must(err)
	if answer.Status != http.StatusForbidden || !strings.HasPrefix(answer.URL.Path, prefix) || !strings.Contains(string(answer.Body), text) {
		s.Errorf("%s was answered %d at %s: %.2000s", s.session.User, answer.Status, answer.URL, answer.Body)
	}
}

// isRefusedByHub checks that the hub itself refuses somebody.
func (s script) isRefusedByHub(prefix string) {
	s.Helper()
	answer, err := s.session.Get(s.Context(), prefix)
	s.must(err)
	if answer.Status != http.StatusForbidden || strings.HasPrefix(answer.URL.Path, prefix) {
		s.Errorf("%s was answered %d at %s: %.2000s", s.session.User, answer.Status, answer.URL, answer.Body)
	}
}

// isOut checks that somebody does not get in this very moment, whatever is said
// instead: the server may be on its way.
func (s script) isOut(prefix string) {
	s.Helper()
	answer, err := s.session.Once(s.session.NewRequest(s.Context(), http.MethodGet, prefix, ""))
	s.must(err)
	if answer.Status == http.StatusOK && strings.HasPrefix(string(answer.Body), "version") {
		s.Errorf("%s is in still", s.session.User)
	}
}

// runsAgain waits until a dashboard runs.
func (s script) runsAgain(at string) {
	s.Helper()
	s.eventually("it runs again", func() error {
		var d api.Dashboard
		s.call(http.MethodGet, at, nil, &d)
		if d.State != dashboard.Running {
			return fmt.Errorf("it is %s", d.State)
		}
		return nil
	})
}
