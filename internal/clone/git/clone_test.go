//go:build unix

package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// A snapshot is what a branch was then; the next one moves on.
func TestClone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	first := s.git("rev-parse", "HEAD")
	s.git("tag", "-a", "-m", "x", "v1")
	second := s.commit("sub/data.csv", "1,2")
	for i, test := range []struct{ ref, commit string }{
		{"", second}, {"main", second}, {"v1", first}, {first, first}, {first[:8], first},
	} {
		s.request.Source.Ref, s.request.Revision, s.request.App.Path = test.ref, i+1, "board.ipynb"
		made := s.clone()
		want := filepath.Join(s.root, id, fmt.Sprint(i+1))
		if made.Kind != dashboard.Folder || made.Ref != want || made.Folder != want || made.Commit != test.commit || !made.Complete || made.Bytes < 8 {
			t.Errorf("%+v", made)
		}
		if test.commit == first {
			wants(t, made.Folder, "board.ipynb")
		} else {
			wants(t, made.Folder, "board.ipynb", "sub/", "sub/data.csv")
		}
	}
	if !strings.Contains(s.log.said(), "Cloned commit "+second+", with 3 files and folders of 11 bytes.") {
		t.Error(s.log.said())
	}
	third := s.commit("more", "more")
	s.request.Source.Ref, s.request.Revision = "main", 9
	if made := s.clone(); made.Commit != third {
		t.Errorf("%+v", made)
	}
	// It is there when the repository is gone.
	if err := os.RemoveAll(s.remote); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(s.root + "/" + id + "/9/more"); err != nil || string(content) != "more" {
		t.Errorf("%q, %v", content, err)
	}
	found, err := s.cloner.Snapshots(t.Context())
	if err != nil || len(found) != 6 {
		t.Errorf("%v, %v", found, err)
	}
	for _, one := range found {
		if err := s.cloner.Remove(t.Context(), one); err != nil {
			t.Error(err)
		}
	}
	s.request.Revision = 10
	s.refused(dashboard.Invalid, "source.repo", "not there, or it is private")
}

// A folder of a repository begins there, and has the rest beside it.
func TestFolderOfARepository(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.commit("boards/sales.ipynb", "x")
	s.request.Source.Folder, s.request.App.Path = "boards", "sales.ipynb"
	made := s.clone()
	if made.Folder != made.Ref+"/boards" {
		t.Errorf("%+v", made)
	}
	wants(t, made.Ref, "board.ipynb", "boards/", "boards/sales.ipynb")
	if err := s.cloner.Remove(t.Context(), made); err != nil {
		t.Error(err)
	}
	s.request.App.Path = "sale.ipynb"
	s.refused(dashboard.Invalid, "app.path", `There is no "sale.ipynb" in the folder. Did you mean sales.ipynb?`)
	s.request.Source.Folder = "nothing"
	s.refused(dashboard.Invalid, "source.folder", `no folder "nothing"`)
	s.request.Source.Folder = "board.ipynb"
	s.refused(dashboard.Invalid, "source.folder", `"board.ipynb" is no folder`)
}

// What is committed is no secret, and links stay inside.
func TestSecurityHostileRepository(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for name, target := range map[string]string{
		"near": "board.ipynb", "sub/up": "../board.ipynb", "out": "../../root", "etc": "/etc/passwd", "sub/odd": "./../sub/../board.ipynb", "folder": "sub",
	} {
		s.write("sub/x", "x")
		if err := os.Symlink(target, filepath.Join(s.remote, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"new\nline", "-rf", "\xff", " ", "$(touch x)", "é", `back\slash`, ".env", "raw/x", "deep/.git2/x"} {
		s.write(name, name)
	}
	s.write(".dashboardignore", "raw/\n")
	if err := os.Chmod(s.remote+"/board.ipynb", 0o755); err != nil {
		t.Fatal(err)
	}
	s.commit("more", "more")
	s.request.App.Path = "folder/x"
	made := s.clone()
	wants(t, made.Folder, "board.ipynb", "more", "near -> board.ipynb", "sub/", "sub/x", "sub/up -> ../board.ipynb", "sub/odd -> ../board.ipynb", "folder -> sub",
		"new\nline", "-rf", "\xff", " ", "$(touch x)", "é", `back\slash`, ".env", ".dashboardignore", "deep/", "deep/.git2/", "deep/.git2/x")
	if !strings.Contains(s.log.said(), "Left out 2 that lead out of the folder, as links: etc, out.") {
		t.Error(s.log.said())
	}
	if info, err := os.Stat(made.Folder + "/board.ipynb"); err != nil || info.Mode() != 0o755 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestSecurityAddresses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.config.Local = false
	for repo, mention := range map[string]string{
		"https://ada:hunter2@example.org/x":            "a user, a password or a token",
		"https://ghp_abcdefghijklmnopqrst@example.org": "a user, a password or a token",
		"https://example.org/x?private_token=hunter2":  "a user, a password or a token",
		"ext::sh -c touch% x":                          "not the address of a repository",
		"file://" + s.remote:                           "on the hub's own machine",
		"FILE://" + s.remote:                           "on the hub's own machine",
		s.remote:                                       "on the hub's own machine",
		"../remote":                                    "on the hub's own machine",
		"--upload-pack=touch x":                        "not the address of a repository",
		"ssh://-oProxyCommand=touch/x":                 "not the address of a repository",
		"-oProxyCommand=x:y":                           "not the address of a repository",
		"git@-oProxyCommand=x:y":                       "not the address of a repository",
		"":                                             "not the address of a repository",
		"ftp://example.org/x":                          "not the address of a repository",
		"https://":                                     "not the address of a repository",
		"https://example.org/x\nhttps://example.org/y": "not the address of a repository",
	} {
		s.request.Source.Repo = repo
		s.refused(dashboard.Invalid, "source.repo", mention)
		if _, err := s.cloner.Browse(t.Context(), "ada", s.request.Source, ""); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%q can be looked at: %v", repo, err)
		}
	}
	if all := s.log.said() + s.log.String(); strings.Contains(all, "hunter2") || strings.Contains(all, "ghp_") {
		t.Error("the log has a secret")
	}
	s.config.Local, s.cloner = true, nil
	for _, ref := range []string{"-x", "a..b", "a b", "@{1}", "x^", "x:y", "--upload-pack=x"} {
		s.request.Source.Repo, s.request.Source.Ref = "file://"+s.remote, ref
		s.refused(dashboard.Invalid, "source.ref", "is no name of a branch")
	}
}

// Also a repository that a redirect or a submodule leads to is none of this machine.
func TestSecurityProtocols(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env   []string
		local bool
		want  string
	}{
		{nil, false, "https:http:ssh:git"}, {nil, true, "https:http:ssh:git:file"},
		{[]string{"GIT_ALLOW_PROTOCOL=file:https"}, false, "https"}, {[]string{"GIT_ALLOW_PROTOCOL=file:https"}, true, "https:file"},
	} {
		env := environ(append([]string{"PATH=/bin"}, test.env...), test.local)
		if got := env[len(env)-1]; got != "GIT_ALLOW_PROTOCOL="+test.want {
			t.Errorf("%v, %v: %s", test.env, test.local, got)
		}
	}
}

// What proves who the hub is goes neither to git nor to hosts that owners choose.
func TestSecurityEnvironment(t *testing.T) {
	for _, name := range []string{"JUPYTERHUB_API_TOKEN", "GIT_TOKEN", "JHSINGLE_REPO_TOKEN", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "hunter2")
	}
	t.Setenv("GIT_ASKPASS", "/bin/ask")
	for _, entry := range environ(nil, false) {
		if strings.Contains(entry, "hunter2") {
			t.Errorf("git gets %s", entry)
		}
	}
	if !strings.Contains(strings.Join(environ(nil, false), "\n"), "GIT_ASKPASS=/bin/ask") {
		t.Error("git does not get what it needs")
	}
	given := environ([]string{"GIT_TOKEN=hunter2", "JHSINGLE_REPO_TOKEN=hunter2", "OTHER=x"}, false)
	if strings.Contains(strings.Join(given, "\n"), "hunter2") || given[0] != "OTHER=x" {
		t.Errorf("%q", given)
	}
	c, err := New(Config{Pin: true, Tokens: map[string]string{"example.org": "/token", "git.example.org:8443": "/other"}})
	if err != nil {
		t.Fatal(err)
	}
	for repo, want := range map[string]string{
		"https://example.org/x": "/token", "https://Example.org:443/x": "/token", "https://git.example.org:8443/x": "/other",
		"http://example.org/x": "", "https://example.org:8443/x": "", "https://example.org.evil.org/x": "", "https://evil.org/example.org": "", "ssh://example.org/x": "",
	} {
		source, err := c.source(dashboard.Source{Kind: dashboard.FromGit, Repo: repo})
		if err != nil || source.TokenFile != want {
			t.Errorf("%s gets %q, %v", repo, source.TokenFile, err)
		}
	}
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.request.Source.Ref = "mian"
	s.refused(dashboard.Invalid, "source.ref", `has no branch, tag or commit "mian" (did you mean main?)`)
	s.request.Source.Ref = "0123456789"
	s.refused(dashboard.Invalid, "source.ref", `"0123456789"`)
	s.git("tag", "blob", s.git("rev-parse", "HEAD:board.ipynb"))
	s.request.Source.Ref = "blob"
	s.refused(dashboard.Invalid, "source.ref", `has no branch, tag or commit "blob"`)
	s.request.Source.Ref, s.request.Source.Repo = "", "file://"+t.TempDir()
	s.refused(dashboard.Invalid, "source.repo", "not there, or it is private")
	s.git("init", "--quiet", "--bare", strings.TrimPrefix(s.request.Source.Repo, "file://"))
	s.refused(dashboard.Invalid, "source.repo", "is empty")
	s.request.Source.Repo = "http://127.0.0.1:1/x"
	s.refused(dashboard.Unavailable, "", "cannot be reached")
	s.request.Source = dashboard.Source{Kind: dashboard.FromServer}
	if _, err := s.try(t.Context()); err == nil {
		t.Error("a server is a repository")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 20 {
		s.write(fmt.Sprintf("many/%d", i), strings.Repeat("x", 1000))
	}
	s.commit("more", "more")
	s.config.Limits = Limits{Files: 10}
	s.refused(dashboard.Limit, "", "more than 10 files", "many")
	s.config.Limits, s.cloner = Limits{Bytes: 20000}, nil
	s.refused(dashboard.Limit, "", "20.0 kB", "limit") // also if it was noticed on the way
	// What git has for itself while it fetches counts on the way, so room for that.
	s.config.Limits, s.cloner = Limits{Bytes: 200_000, Files: 23}, nil
	s.clone()
}

// A repository that is too large is not fetched to its end.
func TestWatch(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ctx, stop := watch(t.Context(), folder, Limits{Bytes: 1000, Files: 50})
	defer stop()
	put := func(name string, bytes int) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), make([]byte, bytes), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("clone/tree/.git/pack", 900)
	put("clone/tree/file", 900)
	if err := measure(folder, Limits{Bytes: 1000, Files: 50}); err != nil {
		t.Errorf("each is small: %v", err)
	}
	put("clone/tree/.git/more", 900)
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("nobody noticed")
	}
	if err := context.Cause(ctx); dashboard.KindOf(err) != dashboard.Limit || !strings.Contains(err.Error(), "1.0 kB") {
		t.Errorf("%v", err)
	}
	for i := range 200 {
		put(fmt.Sprintf("tree/%d", i), 0)
	}
	if err := measure(folder, Limits{Files: 50}); dashboard.KindOf(err) != dashboard.Limit {
		t.Errorf("%v", err)
	}
	stop()
	stop()
}

func TestStop(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := s.try(ctx); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	if entries, err := os.ReadDir(s.root); err != nil || len(entries) > 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
}

// What a killed process left is taken away first.
func TestLeftover(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, name := range []string{".making-1/tree/old", ".making-1/tree/.git", "1/old"} {
		if err := os.MkdirAll(filepath.Join(s.root, id, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, s.clone().Folder, "board.ipynb")
	if entries, err := os.ReadDir(s.root + "/" + id); err != nil || len(entries) != 1 {
		t.Errorf("there is %v, %v", entries, err)
	}
}
