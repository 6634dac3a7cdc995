//go:build e2e

package dockerspawner

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// viewed is what a colleague saw.
type viewed struct {
	Listed, First, Moved, Again, URL string
	Code                             int
	Source                           bool
	Found                            map[string]int
	Notebook                         int
}

// The whole story with two people in a real browser.
func TestStory(t *testing.T) {
	s := open(t)
	chromium, err := bed.Chromium()
	s.must(err)
	s.serveWith("--thumbnails="+chromium, "--thumbnails-argument=--no-sandbox")
	alice := s.startServer("alice")
	s.person("bob")
	alice.install("palette", `NAME = "teal"\n`)
	alice.exec(alice.container, "mkdir work/work")
	alice.save("work/data.csv", "1\n2\n")
	alice.save("work/Wave.ipynb", notebook("one", "x * x"))

	var told struct {
		Made struct {
			ID, Link, Server string
			Hidden           bool
		}
		Log     string
		Seen    viewed
		Changed struct{ Edited int }
		Ended   struct {
			Status, Gone int
			Left         string
		}
	}
	s.browse("story", map[string]any{"token": alice.owner.All, "second": asJSON(notebook("two", "x * x * x"))}, &told)
	if !told.Made.Hidden || told.Made.Link != s.Page+"open/"+told.Made.ID {
		t.Errorf("made: %+v", told.Made)
	}
	if !strings.Contains(told.Log, "The server stood still for ") {
		t.Errorf("the log does not say how long the server stood still:\n%s", told.Log)
	}
	t.Logf("the log:\n%s", told.Log)
	s.checkViewed(told.Seen, bed.Prefix("alice", told.Made.Server))
	if told.Changed.Edited != http.StatusOK {
		t.Errorf("the notebook was not edited: %d", told.Changed.Edited)
	}
	if told.Ended.Status != http.StatusForbidden || told.Ended.Gone != http.StatusNotFound {
		t.Errorf("ended: %+v", told.Ended)
	}
	s.wantNothingOf(api.Dashboard{ID: told.Made.ID, Owner: "alice", Detail: &api.Detail{Server: told.Made.Server}})
	if state := s.state(alice.container); state != "running" {
		t.Errorf("alice's own server is %s", state)
	}
}

// checkViewed checks that somebody saw the dashboard, and nothing but that.
func (s *stage) checkViewed(saw viewed, prefix string) {
	s.Helper()
	if saw.Moved == saw.First || !strings.HasPrefix(saw.URL, s.URL+prefix) {
		s.Errorf("the slider made %q of %q, at %s", saw.Moved, saw.First, saw.URL)
	}
	if saw.Code > 0 || saw.Source || len(saw.Found) == 0 {
		s.Errorf("there are %d cells of code, and the source: %v; looked for %v", saw.Code, saw.Source, saw.Found)
	}
	for place, status := range saw.Found {
		if status != http.StatusNotFound && status != http.StatusForbidden && status != http.StatusMethodNotAllowed {
			s.Errorf("%s is found below the dashboard: %d", place, status)
		}
	}
	if saw.Notebook != http.StatusForbidden {
		s.Errorf("the notebook server is found: %d", saw.Notebook)
	}
}

// A container that is not there cannot be cloned, and whoever has none is told so.
func TestAServerThatDoesNotRunCannotBeChosen(t *testing.T) {
	s := open(t)
	zoe := s.person("zoe")
	const why, sentence = "It does not run. Start it first.", "The server “My server” does not run. Start it first, or choose another one."
	var told struct {
		Form    string
		Refused int
		Wrong   string
		Choices []struct {
			Text     string
			Disabled bool
		}
	}
	s.browse("choose", nil, &told)
	if len(told.Choices) != 1 || !told.Choices[0].Disabled || !strings.Contains(told.Choices[0].Text, why) {
		t.Errorf("the form says %+v in\n%s", told.Choices, told.Form)
	}
	if told.Refused != http.StatusUnprocessableEntity || !strings.Contains(told.Wrong, sentence) {
		t.Errorf("the form is refused with %d:\n%s", told.Refused, told.Wrong)
	}
	servers, err := zoe.Servers(t.Context())
	s.must(err)
	if len(servers) != 1 || !strings.Contains(servers[0].Why, why) {
		t.Errorf("the servers are %+v", servers)
	}
	// Nothing is made of it, whoever asks all the same.
	_, err = zoe.Create(t.Context(), static("Site", ""))
	if err == nil || !strings.Contains(err.Error(), sentence) {
		t.Errorf("it is refused with %v", err)
	}
	page, err := zoe.List(t.Context(), api.Query{})
	s.must(err)
	if page.Total != 0 {
		t.Errorf("there are the dashboards %+v", page.Items)
	}
}

// browse plays a scenario of the folder browser. The service's own pages must give
// no reason to complain.
func (s *stage) browse(scenario string, tell map[string]any, result any) {
	s.Helper()
	complaints, err := s.Browse(s.Context(), "test/dockerspawner/browser/"+scenario+".mjs", tell, result)
	for _, each := range complaints {
		if each.Ours() {
			s.Errorf("%s: %v", scenario, each)
		} else {
			s.Logf("%s: elsewhere, %v", scenario, each)
		}
	}
	s.must(err)
}
