//go:build e2e

package systemd

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// notebook shows how many rows a file beside it has.
func notebook(version string) string {
	content, err := json.Marshal(map[string]any{
		"nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]any{"name": "python3", "display_name": "Python 3", "language": "python"}},
		"cells": []any{map[string]any{
			"cell_type": "code", "id": "one", "metadata": map[string]any{}, "outputs": []any{}, "execution_count": nil,
			"source": "import getpass\nprint('version', '" + version + "', 'for', getpass.getuser(), 'of', len(open('data.csv').readlines()), 'rows')",
		}},
	})
	if err != nil {
		panic(err) // there is nothing in it that JSON has not
	}
	return string(content)
}

// A notebook's dashboard is a unit of its own, of its owner's user, within the limits
// that the hub has for everybody's servers. Her notebook server runs meanwhile.
func TestADashboardIsAUnit(t *testing.T) {
	s := open(t)
	alice, bob := s.startServer("alice"), s.person("bob")
	s.save("alice", "work/Sales.ipynb", notebook("one"), "work/data.csv", "1\n2\n3\n", "diary.txt", "of her own")
	if mode := s.sh(`stat -c '%a %U' /home/jupyter-alice /home/jupyter-alice/work/data.csv`); mode != "750 jupyter-alice\n600 jupyter-alice" && mode != "700 jupyter-alice\n600 jupyter-alice" {
		t.Errorf("her files are of %s", mode)
	}
	const own = "jupyter-alice.service"
	server := s.unit(own)
	running := func(after string) {
		t.Helper()
		if err := server.same(s.unit(own)); err != nil {
			t.Errorf("after %s, her server: %v", after, err)
		}
	}

	made, _ := s.create(alice, api.New{
		Name:   `Sales in % of {USERNAME}'s "$HOME"`,
		Source: api.Source{Kind: dashboard.FromServer, Folder: "work"},
		App:    api.App{Framework: "voila", Path: "Sales.ipynb"},
		Access: &api.Access{Users: []string{"bob"}},
	})
	running("the build")
	name := "jupyter-alice-" + made.Detail.Server + ".service"
	for _, who := range []*house.Person{alice, bob} {
		if shown := s.shows(who, made); !strings.Contains(shown, "version one for jupyter-alice of 3 rows") {
			t.Errorf("%s sees %s", who.Name, shown)
		}
	}
	if units := s.units("alice"); !slices.Equal(units, []string{name, own}) {
		t.Errorf("she has the units %q", units)
	}
	unit := s.unit(name)
	for property, want := range map[string]string{"ActiveState": "active", "UID": server["UID"], "MemoryMax": "943718400", "CPUQuotaPerSecUSec": "1.500000s"} {
		if unit[property] != want || server[property] != want {
			t.Errorf("%s of the dashboard is %q, of her server %q", property, unit[property], server[property])
		}
	}
	if users := s.users(name); users != "jupyter-alice" {
		t.Errorf("its processes run as %q", users)
	}
	eve := s.person("eve")
	if answer, err := s.Visit(t.Context(), eve, bed.Prefix("alice", made.Detail.Server)); err != nil || answer.Status != http.StatusForbidden {
		t.Errorf("eve gets %d, %v", answer.Status, err)
	}

	s.do(alice, alice.Stop, made)
	running("the stop")
	if units := s.units("alice"); !slices.Equal(units, []string{own}) {
		t.Errorf("after the stop, she has the units %q", units)
	}
	s.do(alice, alice.Start, made)
	running("the start")
	s.save("alice", "work/Sales.ipynb", notebook("two"))
	s.do(alice, alice.Rebuild, made)
	running("the rebuild")
	if shown := s.shows(bob, made); !strings.Contains(shown, "version two for jupyter-alice of 3 rows") {
		t.Errorf("rebuilt, it shows %s", shown)
	}
	s.delete(alice, made)
	running("the deletion")
	s.checkNothingLeft(alice, made, own)
}

// A repository's dashboard, too, is its owner's, although root fetches it.
func TestADashboardOfARepository(t *testing.T) {
	s := open(t)
	gil := s.startServer("gil")
	s.sh(`
		git init --quiet --initial-branch=main /srv/git/site && cd /srv/git/site
		echo shown >index.html && git add . && git -c user.name=gil -c user.email=gil@example.org commit --quiet --message=one
		systemd-run --quiet --unit=git-daemon --uid=nobody git daemon --base-path=/srv/git --export-all
		chown -R nobody /srv/git`)
	t.Cleanup(func() { s.sh("systemctl stop git-daemon && rm -r /srv/git") })
	s.eventually("git answers", func() error { _, err := s.run("git ls-remote git://127.0.0.1/site"); return err })
	made, _ := s.create(gil, api.New{
		Name:   "Site",
		Source: api.Source{Kind: dashboard.FromGit, Repo: "git://127.0.0.1/site"},
		App:    api.App{Framework: "static"},
	})
	if shown := s.shows(gil, made); shown != "shown\n" {
		t.Errorf("it shows %q", shown)
	}
	if owner := s.sh(`stat -c %U "$1"/snapshots/"$2"/1/index.html`, state, made.ID); owner != "jupyter-gil" {
		t.Errorf("the snapshot is of %s", owner)
	}
	s.delete(gil, made)
	s.checkNothingLeft(gil, made, "jupyter-gil.service")
}

// checkNothingLeft checks that nothing is left of a dashboard, and of its owner only
// these units.
func (s *stage) checkNothingLeft(owner *house.Person, d api.Dashboard, units ...string) {
	s.Helper()
	if found := s.units(owner.Name); !slices.Equal(found, units) {
		s.Errorf("%s has the units %q", owner.Name, found)
	}
	if found := s.sh(`ls -A "$1"/snapshots; ls -d /run/jupyter-*"$2"* 2>/dev/null || true`, state, d.Detail.Server); found != "" {
		s.Errorf("there is still %s", found)
	}
	rows := s.sh(`/opt/tljh/hub/bin/python3 - "$1"/dashboards.sqlite "$2" <<'END'
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).iterdump():
    if sys.argv[2] in row:
        print(row)
END`, state, d.ID)
	if rows != "" {
		s.Errorf("the database has still\n%s", rows)
	}
	answer, err := s.API(s.Context(), http.MethodGet, "/users/"+owner.Name+"?include_stopped_servers=1", nil)
	s.must(err)
	if strings.Contains(string(answer.Body), d.Detail.Server) {
		s.Errorf("the hub has still %s", answer.Body)
	}
}
