//go:build e2e

package dashboards

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// A hub where each user and each service has a domain below the hub's
// (c.JupyterHub.subdomain_host), as is advised where people do not trust each other.
func TestSecuritySubdomains(t *testing.T) {
	t.Parallel()
	s := open(t, house.Options{
		Name: "subdomains", Subdomains: true, Managed: true, Settings: storySettings,
		Serve: []string{"--thumbnails=" + (&stage{T: t}).chromium(), "--thumbnails-argument=--no-sandbox"},
		// As the manual has it, so that people's terminals can use the service.
		Sections: map[string]map[string]any{"Spawner": {"server_token_scopes": []string{
			"users:activity!user", "access:servers!server", "access:services!service=dashboards",
		}}},
	})
	s.write("alice", "site/index.html", "<!DOCTYPE html><title>Site</title><p>version 1</p>")
	for _, name := range []string{"alice", "bob"} {
		s.must(s.AddPerson(t.Context(), name))
	}
	t.Run("in a browser", func(t *testing.T) { s.in(t).checkSubdomains() })
	t.Run("guards", func(t *testing.T) { s.in(t).checkGuards() })
	t.Run("by commands in a server", func(t *testing.T) { s.in(t).checkFromServer() })
}

func (s *stage) checkSubdomains() {
	var saw struct {
		Listed, Logo, Link, Opened, Entered, Home string
		Pictured, Status                          int
		Forged                                    struct {
			Read     map[string]string
			Status   int
			At, Text string
		}
	}
	s.browse("subdomains", nil, &saw)
	service := s.Domain("dashboards--service") + "/services/dashboards/"
	if s.Page != service || saw.Listed != service || !strings.HasPrefix(saw.Link, service+"open/") {
		s.Errorf("the page is at %s, and the link %s", saw.Listed, saw.Link)
	}
	if saw.Logo != s.URL+"/hub/logo" || saw.Pictured == 0 {
		s.Errorf("the logo is %s, and the picture %d wide", saw.Logo, saw.Pictured)
	}
	for _, at := range []string{saw.Opened, saw.Entered} {
		if !strings.HasPrefix(at, s.Domain("alice")+"/user/alice/dashboard-site-") {
			s.Errorf("the dashboard was found at %s", at)
		}
	}
	if saw.Status != http.StatusForbidden || saw.Home != s.URL+"/hub/home" {
		s.Errorf("bob is refused with %d, and led to %s", saw.Status, saw.Home)
	}
	for name, said := range saw.Forged.Read {
		if said != "" {
			s.Errorf("a script in a dashboard, %s: %s", name, said)
		}
	}
	if saw.Forged.Status != http.StatusForbidden || saw.Forged.At != service+"new" {
		s.Errorf("a form in a dashboard was answered %d at %s", saw.Forged.Status, saw.Forged.At)
	}
	list, err := s.person("bob").List(s.Context(), api.Query{Whose: "mine"})
	s.must(err)
	if list.Total > 0 {
		s.Errorf("bob has %+v by now", list.Items)
	}
}

// checkGuards sends what pages of other domains can have a visitor's browser send: all
// are of one site, so their cookies come along.
func (s *stage) checkGuards() {
	bob := s.script("bob")
	for _, from := range []string{s.Domain("alice"), s.URL} {
		for name, headers := range map[string]map[string]string{
			"a browser of today":  {"Origin": from, "Sec-Fetch-Site": "same-site"},
			"a browser of before": {"Origin": from, "Sec-Fetch-Site": "", "Sec-Fetch-Mode": "", "Sec-Fetch-Dest": ""},
		} {
			for _, path := range []string{"new", api.Path + "dashboards"} {
				// Whatever it shows as ours, which no such page can read.
				request := bob.session.NewRequest(s.Context(), http.MethodPost, s.Page+path, url.Values{"csrf_token": {bob.csrf}}.Encode())
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				request.Header.Set(api.CSRFHeader, bob.csrf)
				for name, value := range headers {
					request.Header.Del(name)
					if value != "" {
						request.Header.Set(name, value)
					}
				}
				answer, err := bob.session.Once(request)
				s.must(err)
				if answer.Status != http.StatusForbidden {
					s.Errorf("%s, from %s to %s: %s", name, from, path, describe(answer))
				}
			}
		}
	}
	if answer := bob.ask(http.MethodGet, "user", nil); answer.Status != http.StatusOK {
		s.Errorf("our own page is answered %s", describe(answer))
	}
}

// checkFromServer types commands in a terminal of a notebook server, and elsewhere.
func (s *stage) checkFromServer() {
	s.must(s.StartServer(s.Context(), "alice", "", bed.Server{}))
	person := s.person("bob")
	alice, bob := s.terminalOf("alice"), s.terminal(person, person.Token)
	bob.environment = append(bob.environment, "HTTP_PROXY="+s.forwardProxy())
	made := alice.run("create", "Typed", "--folder", "site", "--framework", "static", "--user", "bob")
	if made.code != 0 || !strings.HasPrefix(strings.TrimSpace(made.out), s.Page+"open/") {
		s.Fatalf("create ended with %d: %s%s", made.code, made.out, made.said)
	}
	link := bob.does("open", "alice/typed")
	if !strings.HasPrefix(link, s.Domain("alice")+"/user/alice/dashboard-typed-") {
		s.Errorf("it is opened at %s", link)
	}
	s.eventually("bob's browser shows it", func() error {
		answer, err := s.Visit(s.Context(), person, link)
		if err == nil && !bytes.Contains(answer.Body, []byte("version 1")) {
			err = errors.New(describe(answer))
		}
		return err
	})
	alice.does("unshare", "typed", "bob")
	bob.fails(66, "alice/typed", "open", "alice/typed")

	bob.environment = bob.environment[len(bob.environment)-1:]
	s.wantText("a list by flags", bob.does("list", "--url", s.Page, "--token-file", s.tokenFile(s.person("alice").Token)), "Typed")
	alice.does("delete", "typed", "--yes")
}

// terminalOf is a terminal in somebody's notebook server, which has what the hub gave
// that, and this machine's way to names that browsers know by themselves.
func (s *stage) terminalOf(user string) terminal {
	s.Helper()
	running, err := s.Processes(user, "")
	s.must(err)
	if len(running) == 0 {
		s.Fatalf("%s has no server", user)
	}
	given, err := running[0].Environment()
	s.must(err)
	return terminal{stage: s, environment: append(given, "HTTP_PROXY="+s.forwardProxy())}
}

// forwardProxy leads to the hub's proxy by whatever name.
func (s *stage) forwardProxy() string {
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: s.Client().Transport, Rewrite: func(*httputil.ProxyRequest) {},
	})
	s.Cleanup(proxy.Close)
	return proxy.URL
}
