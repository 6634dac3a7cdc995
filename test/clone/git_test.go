//go:build e2e

package clone

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// A snapshot of a repository is its owner's, as that of a home is.
func TestRepositoryForAnOwner(t *testing.T) {
	t.Parallel()
	r := newRepositories(t)
	r.make("sub")
	r.git(r.folder, "submodule", "--quiet", "add", r.base+"/served/sub", "sub")
	r.git(r.folder, "config", "--file", ".gitmodules", "submodule.sub.url", "../sub")
	commit := r.commit("boards.ipynb", []byte("notebook"))
	s := r.serve(true, "")
	r.config.As = lookup(t)
	r.request.Source.Repo, r.request.App.Path = s.URL+"/x", "boards.ipynb"
	made := r.clone()
	if made.Commit != commit {
		t.Errorf("%+v", made)
	}
	me, other := ids(t, owner), ids(t, stranger)
	var names []string
	if err := filepath.WalkDir(made.Folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if stat := info.Sys().(*syscall.Stat_t); int(stat.Uid) != me.UID || int(stat.Gid) != me.GID {
			t.Errorf("%s is of %d:%d", path, stat.Uid, stat.Gid)
		}
		name, err := filepath.Rel(made.Folder, path)
		names = append(names, name)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(names); got != "[. .gitmodules boards.ipynb name sub sub/name]" {
		t.Errorf("it has %s", got)
	}
	if out, err := as(me, "cat", made.Folder+"/sub/name"); err != nil || out != "sub" {
		t.Errorf("the owner gets %q, %v", out, err)
	}
	if out, err := as(other, "cat", made.Folder+"/name"); err == nil {
		t.Errorf("a stranger gets %q", out)
	}
	if err := r.open().Remove(t.Context(), made); err != nil {
		t.Error(err)
	}
	empty(t, r.config.Root)
}

// A token opens a private repository of its host, and goes nowhere else.
func TestSecurityTokens(t *testing.T) {
	t.Parallel()
	for _, pin := range []bool{false, true} {
		r := newRepositories(t)
		s := r.serve(true, secret)
		r.request.Source.Repo = s.URL + "/x"
		r.config.Root = r.base + "/snapshots"
		if err := os.Mkdir(r.config.Root, 0o711); err != nil {
			t.Fatal(err)
		}
		r.config.Pin = pin
		r.refused(dashboard.Invalid, "it is not there, or it is private")
		r.config.Tokens = map[string]string{"example.org": r.token()}
		r.refused(dashboard.Invalid, "it is not there, or it is private")
		if sent := s.passwords(); len(sent) > 0 {
			t.Errorf("a token of another host was sent: %q", sent)
		}
		r.config.Tokens = map[string]string{s.host(t): r.token()}
		made := r.clone()
		if !pin {
			if content, err := os.ReadFile(made.Folder + "/name"); err != nil || string(content) != "x" {
				t.Errorf("%q, %v", content, err)
			}
			if out, err := filepath.Glob(made.Folder + "/.git*"); err != nil || len(out) > 0 {
				t.Errorf("there is %v, %v", out, err)
			}
		}
		if err := filepath.WalkDir(r.base+"/snapshots", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("the secret is in %s", path)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		r.shows(1)
	}
}

func TestSecurityTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		r := newRepositories(t)
		s := r.serve(false, secret)
		if err := os.Mkdir(r.config.Root, 0o711); err != nil {
			t.Fatal(err)
		}
		r.config.Tokens = map[string]string{s.host(t): r.token()}
		r.request.Source.Repo = s.URL + "/x"
		r.refused(dashboard.Invalid, "it is private")
		if sent := s.passwords(); len(sent) > 0 || s.asked == 0 {
			t.Errorf("%q was sent in the clear", sent)
		}
	})
	t.Run("redirect and submodule", func(t *testing.T) {
		t.Parallel()
		r := newRepositories(t)
		other := r.serve(false, secret) // so that it asks
		s := r.serve(true, secret)
		r.make("far")
		r.git(r.folder, "submodule", "--quiet", "add", r.base+"/served/far", "far")
		r.git(r.folder, "config", "--file", ".gitmodules", "submodule.far.url", other.URL+"/far")
		r.commit("more", nil)
		r.config.Tokens = map[string]string{s.host(t): r.token()}
		r.request.Source.Repo = s.URL + "/x"
		r.clone()
		if !strings.Contains(r.log.said(), "Warning: a submodule cannot be fetched") || !strings.Contains(r.log.said(), "submodule far") {
			t.Error(r.log.said())
		}
		s.mu.Lock()
		s.before = func(w http.ResponseWriter, request *http.Request) bool {
			http.Redirect(w, request, other.URL+request.URL.String(), http.StatusFound)
			return true
		}
		s.mu.Unlock()
		r.request.Revision = 2
		if _, err := r.open().Clone(t.Context(), r.request, r.log); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%v", err)
		}
		if sent := other.passwords(); len(sent) > 0 || other.asked < 2 {
			t.Errorf("the other host was asked %d times and got %q", other.asked, sent)
		}
	})
}

// Submodules of this machine, and programs as addresses, come with no repository.
func TestSecurityNothingOfThisMachine(t *testing.T) {
	t.Parallel()
	r := newRepositories(t)
	private := r.make("private")
	r.git(r.folder, "submodule", "--quiet", "add", private, "sub")
	r.git(r.folder, "config", "--file", ".gitmodules", "submodule.ext.path", "ext")
	r.git(r.folder, "config", "--file", ".gitmodules", "submodule.ext.url", "ext::touch "+r.base+"/pwned")
	r.git(r.folder, "update-index", "--add", "--cacheinfo", "160000,"+r.git(r.folder, "rev-parse", "HEAD")+",ext")
	r.commit("more", nil)
	s := r.serve(true, "")
	s.before = func(w http.ResponseWriter, request *http.Request) bool {
		if strings.HasPrefix(request.URL.Path, "/redirect") {
			http.Redirect(w, request, "file://"+private+strings.TrimPrefix(request.URL.String(), "/redirect"), http.StatusFound)
			return true
		}
		return false
	}
	r.request.Source.Repo = s.URL + "/x"
	made := r.clone()
	for _, path := range []string{made.Folder + "/sub/name", r.base + "/pwned"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
	r.request.Source.Repo, r.request.Revision = s.URL+"/redirect", 2
	if made, err := r.open().Clone(t.Context(), r.request, r.log); err == nil {
		t.Errorf("it followed to %+v", made)
	}
}

// A repository that is too large is not fetched to its end: the server never sends
// it.
func TestHugeRepository(t *testing.T) {
	t.Parallel()
	r := newRepositories(t)
	r.commit("huge", random(50<<20))
	r.config.Limits.Bytes = 10 << 20
	if err := os.Mkdir(r.config.Root, 0o711); err != nil {
		t.Fatal(err)
	}
	s := r.serve(true, "")
	s.most = 20 << 20
	r.request.Source.Repo = s.URL + "/x"
	r.refused(dashboard.Limit, "The repository is larger than 10.5 MB")
	// Nor are its files, where only names are wanted.
	r.shows(2)
	s.most = 0
	r.config.Limits.Bytes = 0
	r.clone()
}

// A host that accepts and says nothing holds nobody up.
func TestSilentHost(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r := newRepositories(t)
	r.request.Source.Repo = "http://" + listener.Addr().String() + "/x"
	cloner := r.open()
	begin := time.Now()
	if found, err := cloner.Browse(t.Context(), owner, r.request.Source, ""); err != nil || len(found) > 0 || time.Since(begin) > patience {
		t.Errorf("%v, %v after %s", found, err, time.Since(begin))
	}
	stopped(t, r.log, func(title string, _ int) bool { return title == "Asking the remote" }, func(ctx context.Context) error {
		_, err := cloner.Clone(ctx, r.request, r.log)
		return err
	})
	empty(t, r.config.Root)
}

// A service that is killed leaves no half snapshot, and no git.
func TestKillWhileFetching(t *testing.T) {
	t.Parallel()
	r := newRepositories(t)
	r.commit("large", random(20<<20))
	r.config.Local = true
	r.request.Source.Repo = "file://" + r.folder
	cloner := r.open()
	for _, title := range []string{"Asking the remote", "Receiving objects", "Looking at the files", "Writing to the disk"} {
		killAt(t, part(t, "git", r.config.Root, r.request.Source.Repo), func(now string, _ int) bool { return now == title })
		if unfinished, whole := sorted(t, cloner); len(unfinished) != 1 || len(whole) > 0 {
			t.Errorf("%s: %v are unfinished, and %v whole", title, unfinished, whole)
		}
		deadline := time.Now().Add(patience)
		for working(t, r.config.Root) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: git goes on", title)
			}
			time.Sleep(20 * time.Millisecond)
		}
		made := r.clone()
		run(t, "cmp", r.folder+"/large", made.Folder+"/large")
		if err := cloner.Remove(t.Context(), made); err != nil {
			t.Error(err)
		}
		empty(t, r.config.Root)
	}
}

// working says whether a process works in a folder.
func working(t *testing.T, folder string) bool {
	t.Helper()
	places, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil || len(places) == 0 {
		t.Fatalf("%v, %v", places, err)
	}
	for _, place := range places {
		if at, err := os.Readlink(place); err == nil && strings.HasPrefix(at, folder) {
			return true
		}
	}
	return false
}
