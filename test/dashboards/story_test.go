//go:build e2e

package dashboards

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// storySettings have what was taken back be felt within a second.
const storySettings = `
servers: {arguments: [--verdict-lifetime=1]}
retention: {revisions: 1}
`

// notebook has a slider and what is made of its value, in a cell that nobody is
// to see.
func notebook(version, formula string) string {
	code := "import ipywidgets\n# NOBODY-SEES-THIS\ndef show(x):\n    print('version " + version + ":', " + formula + ")\nipywidgets.interact(show, x=ipywidgets.IntSlider(3, 0, 9))\nNone"
	content, err := json.Marshal(map[string]any{
		"nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]any{"name": "python3", "display_name": "Python 3", "language": "python"}},
		"cells": []any{map[string]any{
			"cell_type": "code", "id": "one", "metadata": map[string]any{}, "outputs": []any{}, "execution_count": nil, "source": code,
		}},
	})
	if err != nil {
		panic(err) // there is nothing in it that JSON has not
	}
	return string(content)
}

// A hub as a data scientist and her colleagues know it: she has a JupyterLab, and
// the hub starts the service.
func TestStory(t *testing.T) {
	t.Parallel()
	s := open(t, house.Options{
		Name: "story", Settings: storySettings, Groups: map[string][]string{"team": {"carol"}}, Managed: true,
		Serve: []string{"--thumbnails=" + (&stage{T: t}).chromium(), "--thumbnails-argument=--no-sandbox"},
	})
	s.write("alice", "work/Wave.ipynb", notebook("one", "x * x"), "work/data.csv", "1,2\n", "notes.txt", "of her own\n")
	s.write("nora", "site/index.html", "the plain page")
	s.must(s.StartServer(t.Context(), "alice", "", bed.Server{}))
	for _, name := range []string{"bob", "carol", "dave", "nora"} {
		s.must(s.AddPerson(t.Context(), name))
	}
	t.Run("in a browser", func(t *testing.T) { s.in(t).checkStory() })
	t.Run("without scripts", func(t *testing.T) { s.in(t).checkPlain() })
	t.Run("by commands", func(t *testing.T) { s.in(t).checkCommands() })
}

// told is what the story's scenario tells.
type told struct {
	Made struct {
		ID, Link, Server, Empty, Log string
		Hidden                       bool
	}
	Seen, SeenByCarol viewed
	Refused           struct {
		Listed string
		Found  map[string]int
	}
	Changed struct {
		Edited                                    int
		Unchanged, Rebuilt, Waited, Started, Name string
	}
	Said struct {
		Unfound, Refused, Failed, Group string
	}
	Ended struct {
		Status, Gone                    int
		RefusedAfter                    float64
		Refusal, Listed, Question, Left string
		Replaced                        bool
	}
}

// viewed is what a colleague saw.
type viewed struct {
	Listed, First, Moved, Again, URL string
	Code                             int
	Source                           bool
	Found                            map[string]int
	Notebook                         int
}

func (s *stage) checkStory() {
	alice := s.person("alice")
	var second any
	s.must(json.Unmarshal([]byte(notebook("two", "x * x * x")), &second))
	var story told
	s.browse("story", map[string]any{"token": alice.All, "second": second}, &story)

	s.wantText("before anything", story.Made.Empty, "You have no dashboards yet", "Make your first dashboard")
	s.wantText("the log", story.Made.Log, "Making snapshot 1")
	if !story.Made.Hidden {
		s.Error("the hub's home page lists the dashboard's server")
	}
	if want := s.Page + "open/" + story.Made.ID; story.Made.Link != want {
		s.Errorf("the link is %q and not %q", story.Made.Link, want)
	}
	s.checkViewed("bob", story.Seen, story.Made.Server)
	s.checkViewed("carol", story.SeenByCarol, story.Made.Server)
	s.wantText("dave's list", story.Refused.Listed, "Nothing has been shared with you yet")
	for what, status := range story.Refused.Found {
		if want := http.StatusNotFound; status != want && !(what == "dashboard" && status == http.StatusForbidden) {
			s.Errorf("dave: %s: %d", what, status)
		}
	}
	if story.Changed.Edited != http.StatusOK {
		s.Errorf("the notebook was not edited: %d", story.Changed.Edited)
	}
	s.wantText("a start", story.Changed.Waited, "It is being started for you")
	s.wantText("the new name", story.Changed.Name, `Wave “2” <b>&amp; 'more'`)
	s.wantText("a search", story.Said.Unfound, "No dashboard matches “nothing like this”")
	s.wantText("a form", story.Said.Refused, "You have a dashboard called “wave “2” <B>&amp; 'More'” already")
	s.wantText("a build", story.Said.Failed, "The last build failed", `no "nowhere.ipynb"`, "Build again")
	s.wantText("a group", story.Said.Group, "Wave “2”", "alice")
	if story.Ended.Status != http.StatusForbidden {
		s.Errorf("bob is refused with %d", story.Ended.Status)
	}
	s.Logf("bob was refused %.0f ms after he was not to come any more", story.Ended.RefusedAfter)
	s.wantText("the gate", story.Ended.Refusal, "You may not open this", "bob")
	s.wantText("bob's list", story.Ended.Listed, "Nothing has been shared with you yet")
	s.wantText("before deleting", story.Ended.Question, "Delete “Wave “2”", "This cannot be undone")
	s.wantText("in the end", story.Ended.Left, "The dashboard was deleted.", "You have no dashboards yet")
	if !story.Ended.Replaced || story.Ended.Gone != http.StatusNotFound {
		s.Errorf("the picture was replaced: %v, the page is gone: %d", story.Ended.Replaced, story.Ended.Gone)
	}
	s.checkNothingLeft("alice", story.Made.ID)
}

// checkViewed checks that somebody saw the dashboard, and nothing but that.
func (s *stage) checkViewed(who string, saw viewed, server string) {
	s.Helper()
	s.wantText(who+"'s list", saw.Listed, "Wave", "Squares, for colleagues.", "alice")
	if saw.Moved == saw.First || !strings.HasPrefix(saw.URL, s.URL+bed.Prefix("alice", server)) {
		s.Errorf("%s: the slider made %q of %q, at %s", who, saw.Moved, saw.First, saw.URL)
	}
	if saw.Code > 0 || saw.Source {
		s.Errorf("%s sees %d cells of code, and the source: %v", who, saw.Code, saw.Source)
	}
	for place, status := range saw.Found {
		if status != http.StatusNotFound && status != http.StatusForbidden && status != http.StatusMethodNotAllowed {
			s.Errorf("%s finds %s below the dashboard: %d", who, place, status)
		}
	}
	if saw.Notebook != http.StatusForbidden {
		s.Errorf("%s finds the notebook server: %d", who, saw.Notebook)
	}
}

func (s *stage) checkPlain() {
	var plain struct{ URL string }
	s.browse("plain", map[string]any{}, &plain)
	if !strings.HasPrefix(plain.URL, s.URL+"/user/nora/dashboard-plain-") {
		s.Errorf("without scripts, it ended at %s", plain.URL)
	}
	s.checkNothingLeft("nora", "")
}

// checkNothingLeft checks that a user has no server of a dashboard, and the
// service nothing of one.
func (s *stage) checkNothingLeft(owner, id string) {
	s.Helper()
	answer, err := s.API(s.Context(), http.MethodGet, "/users/"+owner+"?include_stopped_servers=1", nil)
	s.must(err)
	var account struct{ Servers map[string]bed.Model }
	s.must(answer.JSON(&account))
	for name := range account.Servers {
		if strings.HasPrefix(name, "dashboard-") {
			s.Errorf("the hub has %s's server %q still", owner, name)
		}
	}
	state := filepath.Join(s.RunDir(), "dashboards")
	if id == "" {
		return
	}
	entries, err := os.ReadDir(filepath.Join(state, "snapshots"))
	s.must(err)
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == id }) {
		s.Errorf("a folder of the snapshots of %s is left", id)
	}
	kept, err := store.Open(s.Context(), filepath.Join(state, "dashboards.sqlite"), slog.New(slog.DiscardHandler))
	s.must(err)
	defer kept.Close()
	found, _, err := kept.List(s.Context(), dashboard.Query{Owner: owner})
	s.must(err)
	if slices.ContainsFunc(found, func(d dashboard.Dashboard) bool { return d.ID == id }) {
		s.Errorf("%s is kept still", id)
	}
}
