//go:build e2e

package dashboards

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// missingSettings have frameworks whose programs are nowhere, and one that is set
// wrongly. Owners may write any environment.
const missingSettings = `
presets:
  ghost:
    title: Ghost
    command: [no-such-program, "{target}", "--port={port}"]
    target: {files: [.ghost]}
  phantom:
    title: Phantom
    command: [no-such-tool, "{target}", "--port={port}"]
    target: {files: [.ghost]}
    needs: {program: no-such-tool, install: pip install no-such-tool}
environments: {free: true}
sources: {repositories: ["http://%s"]}
`

// What a launch lacks is said to its owner at once, in words, and to nobody else.
func TestMissingAtLaunch(t *testing.T) {
	t.Parallel()
	repositories := serveRepositories(t)
	s := open(t, house.Options{
		Name: "missing", Settings: strings.ReplaceAll(missingSettings, "%s", repositories.host), Serve: []string{"--git=pin"},
	})
	t.Run("program", func(t *testing.T) { s.in(t).checkPrograms() })
	t.Run("environment", func(t *testing.T) { s.in(t).checkEnvironment() })
	t.Run("file", func(t *testing.T) { s.in(t).checkFile() })
	t.Run("repository", func(t *testing.T) { s.in(t).checkPin(repositories) })
	t.Run("arguments", func(t *testing.T) { s.in(t).checkArguments() })
}

// failing is a dashboard whose launch has to fail.
func failing(framework, environment string) api.New {
	wanted := static("Missing", "site")
	wanted.App = api.App{Framework: framework, Path: "a.ghost", Environment: environment}
	return wanted
}

func (s *stage) checkPrograms() {
	owner := s.person("pam")
	s.write("pam", "site/a.ghost", "boo")
	for framework, words := range map[string][]string{
		"ghost":   {"The program “no-such-program” is not installed where this dashboard runs (looked in /", "press Rebuild"},
		"phantom": {"phantom", "no-such-tool is not installed", "Install it there (pip install no-such-tool)", "press Rebuild"},
	} {
		d, why := s.refused(owner, failing(framework, ""))
		s.wantText(framework, why, words...)
		s.wantNoHub(why)
		s.noServerRuns("pam")
		s.must(s.deleteAs(owner, d))
	}
}

// wantNoHub checks that the hub's own words are none of the owner's.
func (s *stage) wantNoHub(why string) {
	s.Helper()
	for _, word := range []string{"Spawn failed", "HTTP 424", "did not", "didn't", "does not start:"} {
		if strings.Contains(why, word) {
			s.Errorf("it says %q: %s", word, why)
		}
	}
}

func (s *stage) checkEnvironment() {
	owner := s.person("eve")
	s.write("eve", "site/a.ghost", "boo")
	_, why := s.refused(owner, failing("ghost", "gone-by-now"))
	s.wantText("why", why, "The environment “gone-by-now” cannot be used where this dashboard runs: there is no environment of this name", "press Rebuild")
	s.wantNoHub(why)
}

// A file is gone when the dashboard is started again; a viewer does not read where it
// was.
func (s *stage) checkFile() {
	owner, viewer := s.person("fay"), s.person("vin")
	s.write("fay", "site/index.html", "there")
	wanted := static("Fay", "site")
	wanted.Access = &api.Access{Users: []string{"vin"}}
	d := s.create(owner, wanted)
	job, err := owner.Stop(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.must(os.RemoveAll(filepath.Join(s.snapshots(), d.ID, "1")))
	opening, err := viewer.Open(s.Context(), d.ID)
	s.must(err)
	const sentence = "The dashboard could not be started. Ask its owner to look at it."
	if ended := s.follow(viewer, *opening.Job); ended.Failure != sentence {
		s.Errorf("the viewer reads %q", ended.Failure)
	}
	now := s.get(owner, d.ID)
	s.wantText("why", now.Detail.Failure, d.ID, "press Rebuild")
	s.wantNoHub(now.Detail.Failure)
	s.noServerRuns("fay")
	job, err = owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.wantShown(viewer, s.address(owner, d), "there")
}

// A repository that was pinned cannot be fetched when it is to run.
func (s *stage) checkPin(r *repositories) {
	owner := s.person("gus")
	d := s.create(owner, api.New{
		Name: "Pinned", Source: api.Source{Kind: dashboard.FromGit, Repo: "http://" + r.host + "/team/site.git"},
		App: api.App{Framework: "static"},
	})
	s.wantShown(owner, s.address(owner, d), "from git, version 1")
	job, err := owner.Stop(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.must(os.RemoveAll(filepath.Join(s.RunDir(), "home", "gus")))
	s.must(s.Write("gus", map[string]string{"notes": "mine"}))
	r.away.Store(true)
	job, err = owner.Start(s.Context(), d.ID)
	s.must(err)
	ended := s.follow(owner, job)
	s.wantText("why", ended.Failure, r.host, "has trouble of its own", "press Rebuild")
	s.wantNoHub(ended.Failure)
	s.noServerRuns("gus")
	r.away.Store(false)
	job, err = owner.Start(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.wantShown(owner, s.address(owner, d), "from git, version 1")
}

// The operator has set what is no setting: what ran before runs again when that is
// mended.
func (s *stage) checkArguments() {
	owner := s.person("ann")
	s.write("ann", "site/index.html", "there")
	d := s.create(owner, static("Ann", "site"))
	s.must(s.Service.Stop())
	settings := filepath.Join(s.Folder, "wrong.yaml")
	s.must(os.WriteFile(settings, []byte("servers: {arguments: [--verdict-lifetme=60]}\n"), 0o600))
	s.Service.Flags = []string{"--settings=" + settings}
	s.must(s.Service.Start(s.Context()))
	job, err := owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	ended := s.follow(owner, job)
	s.wantText("why", ended.Failure, "--verdict-lifetme is not a flag of ours (did you mean --verdict-lifetime?)", "tell whoever runs this JupyterHub")
	s.wantNoHub(ended.Failure)
	s.must(s.Service.Stop())
	s.Service.Flags = nil
	s.must(s.Service.Start(s.Context()))
	job, err = owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.wantShown(owner, s.address(owner, d), "there")
}
