//go:build e2e || hubs

package dashboards

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// eachTheirOwn is the service's settings where each viewer has an own server.
const eachTheirOwn = "servers: {per_viewer: always}"

// checkViewers: bob is named, and carol is in a group. Each has a server of their own,
// which nobody else gets into and which ends with their access.
func (s *stage) checkViewers() {
	s.write("alice", "site/index.html", "version 1")
	alice, bob, carol := s.script("alice"), s.script("bob"), s.script("carol")
	wanted := static("Site", "site")
	wanted.Access = &api.Access{Users: []string{"bob"}, Groups: []string{"team"}}
	var made api.Created
	alice.call(http.MethodPost, "dashboards", wanted, &made)
	alice.finish(made.Job)
	at := "dashboards/" + made.Dashboard.ID
	var d api.Dashboard
	alice.call(http.MethodGet, at, nil, &d)

	opened := map[string]string{}
	for _, who := range []script{bob, carol, alice} {
		opened[who.session.User] = who.opens(at)
		if want := bed.Prefix(who.session.User, d.Detail.Server); !strings.HasSuffix(opened[who.session.User], want) {
			s.Errorf("%s finds it at %s, and not at %s", who.session.User, opened[who.session.User], want)
		}
		who.reads(opened[who.session.User], http.StatusOK, "version 1")
	}
	for _, who := range []script{carol, alice} {
		who.reads(opened["bob"], http.StatusForbidden, "")
	}

	// A new snapshot is theirs when they come again.
	s.write("alice", "site/index.html", "version 2")
	var job api.Job
	alice.call(http.MethodPost, at+"/rebuild", nil, &job)
	alice.finish(job)
	for _, who := range []script{bob, carol} {
		who.reads(who.opens(at), http.StatusOK, "version 2")
	}

	alice.call(http.MethodPost, at+"/unshare", api.Access{Users: []string{"bob"}}, nil)
	if answer := bob.ask(http.MethodPost, at+"/open", nil); answer.Status != http.StatusNotFound {
		s.Errorf("bob opens it: %s", describe(answer))
	}
	s.eventually("bob's server is gone", func() error { return s.lacksServer("bob", d.Detail.Server) })
	carol.reads(opened["carol"], http.StatusOK, "version 2")

	alice.call(http.MethodDelete, at, nil, nil)
	for _, user := range []string{"alice", "carol"} {
		s.eventually(user+"'s server is gone", func() error { return s.lacksServer(user, d.Detail.Server) })
	}
}

// opens opens a dashboard, waits until it is there, and returns where.
func (s script) opens(at string) string {
	s.Helper()
	var opening api.Opening
	s.eventually("it is there for "+s.session.User, func() error {
		opening = api.Opening{}
		if s.call(http.MethodPost, at+"/open", nil, &opening); !opening.Ready {
			return fmt.Errorf("it is on its way: %+v", opening.Job)
		}
		return nil
	})
	return opening.URL
}

// lacksServer checks that the hub does not know a server.
func (s *stage) lacksServer(user, name string) error {
	answer, err := s.API(s.Context(), http.MethodGet, "/users/"+user+"?include_stopped_servers=1", nil)
	if err != nil {
		return err
	}
	var account struct{ Servers map[string]bed.Model }
	if err := answer.JSON(&account); err != nil {
		return err
	}
	if is, there := account.Servers[name]; there {
		return fmt.Errorf("it is there: %+v", is)
	}
	return nil
}
