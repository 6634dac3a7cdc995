//go:build e2e

package dashboards

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// faultSettings have a framework whose program is nowhere, and a git server.
const faultSettings = `
presets:
  ghost:
    title: Ghost
    command: [no-such-program, "{target}", "--port={port}"]
    target: {files: [.ghost]}
sources: {repositories: ["http://%s", "https://example.invalid"]}
limits: {builds: 4}
`

// What goes wrong around the service is said to whoever can mend it, and breaks
// nothing else.
func TestFaults(t *testing.T) {
	t.Parallel()
	repositories := serveRepositories(t)
	disk := mountSmall(t)
	s := open(t, house.Options{
		Name: "faults", Settings: fmt.Sprintf(faultSettings, repositories.host), Serve: []string{"--snapshots=" + disk},
	})
	for name, check := range map[string]func(s *stage){
		"a program that is missing":  (*stage).checkMissingProgram,
		"a notebook that is missing": (*stage).checkMissingNotebook,
		"a snapshot that is missing": (*stage).checkMissingSnapshot,
		"a disk that is full":        (*stage).checkFullDisk,
		"repositories":               func(s *stage) { s.checkRepositories(repositories) },
		"two people at once":         (*stage).checkTwoPeople,
		"a server that was deleted":  (*stage).checkDeletedServer,
		"a user who was renamed":     (*stage).checkRenamedUser,
		"names":                      (*stage).checkNames,
		"folders":                    (*stage).checkFolders,
		"a slow hub":                 (*stage).checkSlowHub,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(s.in(t))
		})
	}
}

// mountSmall is a folder on a disk of its own that is soon full.
func mountSmall(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=16m,mode=711"); err != nil {
		t.Fatalf("no disk can be mounted, for which these tests need root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Errorf("the disk cannot be taken away: %v", err)
		}
	})
	return folder
}

// refused waits for a build that fails, and returns why.
func (s *stage) refused(owner *house.Person, wanted api.New) (made api.Dashboard, why string) {
	s.Helper()
	created, err := owner.Create(s.Context(), wanted)
	s.must(err)
	ended := s.follow(owner, created.Job)
	if ended.Failure == "" {
		s.Fatal("it was built")
	}
	d := s.get(owner, created.Dashboard.ID)
	if d.Detail.Failure != ended.Failure || d.State != dashboard.Stopped || d.Detail.Revision != 0 {
		s.Errorf("it failed with %q, and is kept as %+v %+v", ended.Failure, d, d.Detail)
	}
	if revisions, err := owner.Revisions(s.Context(), d.ID); err != nil || len(revisions) > 0 {
		s.Errorf("it has revisions: %+v, %v", revisions, err)
	}
	return d, ended.Failure
}

func (s *stage) checkMissingProgram() {
	owner := s.person("ghost")
	s.write("ghost", "site/a.ghost", "boo")
	wanted := api.New{
		Name: "Ghost", Source: api.Source{Kind: dashboard.FromServer, Folder: "site"},
		App: api.App{Framework: "ghost", Path: "a.ghost"},
	}
	d, why := s.refused(owner, wanted)
	s.wantText("why", why, "no-such-program", "not installed where this dashboard runs", "press Rebuild")
	s.Logf("a program that is missing: %s", why)
	s.noServerRuns("ghost")
	_, err := owner.Open(s.Context(), d.ID)
	s.must(err)
	// Once there is one, it works.
	s.must(s.deleteAs(owner, d))
	s.create(owner, static("Ghost", "site"))
}

// noServerRuns checks that none of a user's servers does.
func (s *stage) noServerRuns(user string) {
	s.Helper()
	answer, err := s.API(s.Context(), http.MethodGet, "/users/"+user+"?include_stopped_servers=1", nil)
	s.must(err)
	var account struct{ Servers map[string]bed.Model }
	s.must(answer.JSON(&account))
	for name, server := range account.Servers {
		if server.Ready || server.Pending != "" {
			s.Errorf("%s's server %q runs: %+v", user, name, server)
		}
	}
}

func (s *stage) checkMissingNotebook() {
	owner := s.person("nell")
	s.write("nell", "site/index.html", "there")
	wanted := static("Nothing", "site")
	wanted.App = api.App{Framework: "voila", Path: "nope.ipynb"}
	d, why := s.refused(owner, wanted)
	s.wantText("why", why, "nope.ipynb")
	s.Logf("a notebook that is missing: %s", why)
	// It is written, and built again.
	s.write("nell", "site/nope.ipynb", notebook("one", "x"))
	job, err := owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.must(s.deleteAs(owner, d))
}

func (s *stage) checkMissingSnapshot() {
	owner := s.person("sal")
	s.write("sal", "site/index.html", "there")
	d := s.create(owner, static("Lost", "site"))
	job, err := owner.Stop(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.must(os.RemoveAll(filepath.Join(s.snapshots(), d.ID)))
	job, err = owner.Start(s.Context(), d.ID)
	s.must(err)
	if ended := s.follow(owner, job); ended.Failure == "" {
		s.Error("it started from nothing")
	} else {
		s.Logf("a snapshot that is missing: %s", ended.Failure)
	}
	s.eventually("it is noticed", func() error {
		if now := s.get(owner, d.ID); !strings.Contains(now.Detail.Failure, "Rebuild") {
			return fmt.Errorf("it says %q", now.Detail.Failure)
		}
		return nil
	})
	job, err = owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.wantShown(owner, s.address(owner, d), "there")
}

// snapshots is the folder in which the service of this house has them.
func (s *stage) snapshots() string {
	for _, flag := range s.Options.Serve {
		if folder, ok := strings.CutPrefix(flag, "--snapshots="); ok {
			return folder
		}
	}
	return s.Service.Snapshots()
}

func (s *stage) checkFullDisk() {
	owner := s.person("max")
	s.write("max", "site/index.html", "small")
	d := s.create(owner, static("Growing", "site"))
	for i := range 20 {
		s.write("max", fmt.Sprintf("site/%d.csv", i), strings.Repeat("1,2,3\n", 1<<20/6))
	}
	job, err := owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	ended := s.follow(owner, job)
	s.wantText("why", ended.Failure, "no space left")
	now := s.get(owner, d.ID)
	if now.Detail.Revision != 1 || now.State != dashboard.Running || now.Detail.Failure != ended.Failure {
		s.Errorf("it is %+v %+v", now, now.Detail)
	}
	s.wantShown(owner, s.address(owner, d), "small")
	entries, err := os.ReadDir(filepath.Join(s.snapshots(), d.ID))
	if err != nil || len(entries) != 1 {
		s.Errorf("on the disk are left: %v, %v", entries, err)
	}
	for i := range 20 {
		s.must(os.Remove(filepath.Join(s.RunDir(), "home", "max", fmt.Sprintf("site/%d.csv", i))))
	}
	job, err = owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	if now := s.get(owner, d.ID); now.Detail.Failure != "" {
		s.Errorf("it still says %q", now.Detail.Failure)
	}
}

// Owner and administrator press the same button: one build comes of it.
func (s *stage) checkTwoPeople() {
	owner, boss := s.person("olga"), s.person("boss")
	s.write("olga", "site/index.html", "hers")
	d := s.create(owner, static("Hers", "site"))
	release := s.hold("olga") // none is done before all have pressed
	type pressed struct {
		job api.Job
		err error
	}
	answers := make(chan pressed)
	for i := range 10 {
		who := []*house.Person{owner, boss}[i%2]
		go func() {
			job, err := who.Rebuild(s.Context(), d.ID)
			answers <- pressed{job, err}
		}()
	}
	jobs := map[string]bool{}
	var last api.Job
	for range 10 {
		answer := <-answers
		s.must(answer.err)
		jobs[answer.job.ID], last = true, answer.job
	}
	release()
	s.wantDone(owner, last)
	s.eventually("all end", func() error {
		found, err := owner.Jobs(s.Context(), d.ID)
		if err == nil && slices.ContainsFunc(found, func(j api.Job) bool { return !j.Done || j.Failure != "" }) {
			err = fmt.Errorf("there are %+v", found)
		}
		return err
	})
	now := s.get(owner, d.ID)
	if len(jobs) != 1 || now.Detail.Revision != 2 {
		s.Errorf("ten presses made %d builds, and revision %d is in force", len(jobs), now.Detail.Revision)
	}
	// An administrator may rebuild it, but is not let in without being named.
	if _, err := boss.Open(s.Context(), d.ID); codeOf(err) != http.StatusForbidden {
		s.Errorf("boss opens it: %v", err)
	}
}

// Somebody deletes the server at the hub, with its shares.
func (s *stage) checkDeletedServer() {
	owner, viewer := s.person("dora"), s.person("vic")
	s.write("dora", "site/index.html", "hers")
	wanted := static("Deleted", "site")
	wanted.Access = &api.Access{Users: []string{"vic"}}
	d := s.create(owner, wanted)
	address := s.address(owner, d)
	s.wantShown(viewer, address, "hers")
	_, err := s.API(s.Context(), http.MethodDelete, "/users/dora/servers/"+d.Detail.Server, map[string]bool{"remove": true})
	s.must(err)
	opening, err := viewer.Open(s.Context(), d.ID)
	s.must(err)
	if opening.Job != nil {
		s.wantDone(viewer, *opening.Job)
	}
	s.wantShown(viewer, address, "hers")
	// Nobody comes: it is noticed all the same.
	_, err = s.API(s.Context(), http.MethodDelete, "/users/dora/servers/"+d.Detail.Server, map[string]bool{"remove": true})
	s.must(err)
	s.eventually("it is noticed", func() error {
		if now := s.get(owner, d.ID); now.State != dashboard.Stopped {
			return fmt.Errorf("it is %s", now.State)
		}
		return nil
	})
}

// The hub gives a user another name, and the servers go along.
func (s *stage) checkRenamedUser() {
	before, viewer := s.person("rita"), s.person("vera")
	s.write("rita", "site/index.html", "hers")
	wanted := static("Hers", "site")
	wanted.Access = &api.Access{Users: []string{"vera"}}
	d := s.create(before, wanted)
	job, err := before.Stop(s.Context(), d.ID)
	s.must(err)
	s.wantDone(before, job)
	answer, err := s.API(s.Context(), http.MethodPatch, "/users/rita", map[string]any{"name": "margarita"})
	s.must(err)
	if answer.Status != http.StatusOK {
		s.Fatalf("the hub answered %d: %s", answer.Status, answer.Body)
	}
	after := s.person("margarita")
	s.eventually("the dashboards follow", func() error {
		page, err := after.List(s.Context(), api.Query{Whose: "mine"})
		if err == nil && (len(page.Items) != 1 || page.Items[0].ID != d.ID || page.Items[0].Owner != "margarita") {
			err = fmt.Errorf("there are %+v", page.Items)
		}
		return err
	})
	opening, err := viewer.Open(s.Context(), d.ID)
	s.must(err)
	s.wantDone(viewer, *opening.Job)
	// Until it is started again, the hub has the servers of who was renamed below the
	// old name (JupyterHub user.py, User.base_url).
	opening, err = viewer.Open(s.Context(), d.ID)
	s.must(err)
	s.wantShown(viewer, s.URL+opening.URL, "hers")
	// The files are where they were, which is not where the new name's are.
	job, err = after.Rebuild(s.Context(), d.ID)
	s.must(err)
	ended := s.follow(after, job)
	s.wantText("why", ended.Failure, "There is no folder")
	s.wantShown(viewer, s.URL+opening.URL, "hers")
}

// A hub that takes five seconds for each answer makes it slow, and nothing else.
func (s *stage) checkSlowHub() {
	owner := s.person("slow")
	s.write("slow", "site/index.html", "slowly")
	s.Layer.Set(house.Tap{Before: func(r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/users/slow") || strings.Contains(r.URL.Path, "/shares/slow") {
			time.Sleep(5 * time.Second) // as slow as the test wants
		}
		return true
	}})
	defer s.Layer.Set(house.Tap{})
	began := time.Now()
	d := s.create(owner, static("Slow", "site"))
	s.Logf("built in %.0f s by a hub that takes 5 s for each answer", time.Since(began).Seconds())
	s.wantShown(owner, s.address(owner, d), "slowly")
}
