//go:build e2e

package dashboards

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// repositories is a git server with one repository, team/site.git, and with
// team/private.git, which nobody may read.
type repositories struct {
	t      *testing.T
	host   string
	folder string
	away   atomic.Bool
}

func serveRepositories(t *testing.T) *repositories {
	t.Helper()
	r := &repositories{t: t, folder: t.TempDir()}
	r.git(r.folder, "init", "--quiet", "--initial-branch=main", "work")
	r.commit("from git, version 1")
	r.git(r.folder, "clone", "--quiet", "--bare", "work", "team/site.git")
	where, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(where)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + r.folder, "GIT_HTTP_EXPORT_ALL=1"},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		switch {
		case r.away.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.HasPrefix(request.URL.Path, "/team/private.git"):
			w.Header().Set("WWW-Authenticate", `Basic realm="private"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			backend.ServeHTTP(w, request)
		}
	}))
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

func (r *repositories) git(folder string, args ...string) {
	r.t.Helper()
	command := exec.Command("git", args...) // #nosec G204 -- a test's
	command.Dir = folder
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	if out, err := command.CombinedOutput(); err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// commit writes a new version of the site, and a link that leads out of it.
func (r *repositories) commit(text string) {
	r.t.Helper()
	work := filepath.Join(r.folder, "work")
	if err := os.WriteFile(filepath.Join(work, "index.html"), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	_ = os.Symlink("/etc/passwd", filepath.Join(work, "passwd"))
	r.git(work, "add", "--all")
	r.git(work, "commit", "--quiet", "-m", text)
}

func (r *repositories) push() {
	r.t.Helper()
	r.git(filepath.Join(r.folder, "work"), "push", "--quiet", filepath.Join(r.folder, "team", "site.git"), "main")
}

func (s *stage) checkRepositories(r *repositories) {
	owner := s.person("gina")
	from := func(name, repo string) api.New {
		return api.New{Name: name, Source: api.Source{Kind: dashboard.FromGit, Repo: repo}, App: api.App{Framework: "static"}}
	}
	for _, repo := range []string{
		"ext::sh -c id", "file:///etc", "/etc", "-u./x", "--upload-pack=id", "http://evil.example.org/x.git",
		"http://user:secret@" + r.host + "/team/site.git", "http://" + r.host + "/team/../../x", "https://example.invalid/a b",
		"http://" + r.host + "\n/x", "ssh://-oProxyCommand=id/x", "git@-oProxyCommand=id:x",
	} {
		if _, err := owner.Create(s.Context(), from("Hostile", repo)); codeOf(err) != http.StatusUnprocessableEntity {
			s.Errorf("%q is taken: %v", repo, err)
		}
	}
	for repo, word := range map[string]string{
		"http://" + r.host + "/team/gone.git":    "",
		"http://" + r.host + "/team/private.git": "",
		"https://example.invalid/team/site.git":  "",
	} {
		d, why := s.refused(owner, from("Fails", repo))
		s.Logf("%s: %s", repo, why)
		s.wantText("why", why, word)
		if strings.Contains(why, "not yours to mend") {
			s.Errorf("%s: that says nothing: %s", repo, why)
		}
		s.must(s.deleteAs(owner, d))
	}

	d := s.create(owner, from("Good", "http://"+r.host+"/team/site.git"))
	address := s.address(owner, d)
	s.wantShown(owner, address, "from git, version 1")
	if answer, err := s.Visit(s.Context(), owner, strings.TrimPrefix(address, s.URL)+"passwd"); err != nil || answer.Status != http.StatusNotFound && answer.Status != http.StatusForbidden {
		s.Errorf("the link leads out: %+v, %v", answer, err)
	}
	r.commit("from git, version 2")
	r.push()
	job, err := owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	s.wantDone(owner, job)
	s.wantShown(owner, address, "from git, version 2")

	// The server goes away: what runs stays.
	r.away.Store(true)
	job, err = owner.Rebuild(s.Context(), d.ID)
	s.must(err)
	ended := s.follow(owner, job)
	if ended.Failure == "" || strings.Contains(ended.Failure, "not yours to mend") {
		s.Errorf("without its repository: %q", ended.Failure)
	}
	s.Logf("a repository that is away: %s", ended.Failure)
	s.wantShown(owner, address, "from git, version 2")
	if now := s.get(owner, d.ID); now.State != dashboard.Running || now.Detail.Revision != 2 {
		s.Errorf("it is %+v %+v", now, now.Detail)
	}
}
