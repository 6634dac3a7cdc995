//go:build unix

package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/git"
)

func TestPin(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.config.Pin, s.config.Root = true, ""
	first := s.git("rev-parse", "HEAD")
	s.git("tag", "-a", "-m", "x", "v1")
	if err := os.Symlink("boards", s.remote+"/link"); err != nil {
		t.Fatal(err)
	}
	second := s.commit("boards/sales.ipynb", "x")
	for ref, want := range map[string]string{"": second, "main": second, "v1": first, first: first, first[:8]: first} {
		s.request.Source.Ref = ref
		made := s.clone()
		if made != (dashboard.Snapshot{Kind: dashboard.Commit, Ref: want, Repo: s.request.Source.Repo, Commit: want, Dashboard: id, Revision: 1, Complete: true}) {
			t.Errorf("%q: %+v", ref, made)
		}
	}
	s.request.Source.Ref = ""
	for wanted, folder := range map[string]string{"boards/sales.ipynb": "", "sales.ipynb": "boards", "boards": "", "": "./boards/", "link/anything": "", "anything": "link", "../boards": ""} {
		s.request.Source.Folder, s.request.App.Path = folder, wanted
		if made := s.clone(); made.Folder != strings.Trim(folder, "./") {
			t.Errorf("%+v", made)
		}
	}
	s.request.Source.Folder, s.request.App.Path = "boards", "sale.ipynb"
	s.refused(dashboard.Invalid, "app.path", `There is no "sale.ipynb" in the folder. Did you mean sales.ipynb?`)
	s.request.App.Path = "board.ipynb"
	s.refused(dashboard.Invalid, "app.path", `There is no "board.ipynb"`)
	s.request.Source.Folder = "board.ipynb"
	s.refused(dashboard.Invalid, "source.folder", `no folder "board.ipynb"`)
	s.request.Source.Folder, s.request.App.Path, s.request.Source.Ref = "", "", "nothing"
	s.refused(dashboard.Invalid, "source.ref", "no branch, tag or commit")
	s.request.Source.Ref, s.request.Source.Repo = "", "file://"+t.TempDir()
	s.git("init", "--quiet", "--bare", strings.TrimPrefix(s.request.Source.Repo, "file://"))
	s.refused(dashboard.Invalid, "source.repo", "is empty")
	// There is nothing of it to list or to remove.
	if found, err := s.cloner.Snapshots(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	if err := s.cloner.Remove(t.Context(), dashboard.Snapshot{Kind: dashboard.Commit, Dashboard: id, Revision: 1}); err != nil {
		t.Error(err)
	}
}

func TestBrowse(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, name := range []string{"b/x", "A/y", ".hidden", "b/new\nline"} {
		s.write(name, "x")
	}
	if err := os.Symlink("b", s.remote+"/link"); err != nil {
		t.Fatal(err)
	}
	s.commit("C.py", "x")
	browse := func(folder string) string {
		t.Helper()
		found, err := s.open().Browse(t.Context(), "ada", s.request.Source, folder)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(found)
	}
	if got := browse(""); got != "[{A true 0} {b true 0} {board.ipynb false 0} {C.py false 0}]" {
		t.Error(got)
	}
	if got := browse("b"); got != "[{x false 0}]" {
		t.Error(got)
	}
	// It is remembered for a while, also when it is gone.
	if err := os.Rename(s.remote, s.remote+"-aside"); err != nil {
		t.Fatal(err)
	}
	if got := browse("/A/"); got != "[{y false 0}]" {
		t.Error(got)
	}
	if got := browse("nothing"); got != "[]" {
		t.Error(got)
	}
	s.request.Source.Ref = "other"
	if _, err := s.cloner.Browse(t.Context(), "ada", s.request.Source, ""); dashboard.KindOf(err) != dashboard.Invalid {
		t.Errorf("%v", err)
	}
}

// All who ask at the same time wait for one answer, which is shown for a minute; what
// failed is asked again.
func TestLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var failing error
		l := looks{look: func(ctx context.Context, _ dashboard.Source) (git.Tree, error) {
			asked++
			select {
			case <-time.After(time.Second):
				return git.Tree{Commit: fmt.Sprint(asked)}, failing
			case <-ctx.Done():
				return git.Tree{}, context.Cause(ctx)
			}
		}}
		source := dashboard.Source{Kind: dashboard.FromGit, Repo: "x"}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if tree, err := l.at(t.Context(), source); err != nil || tree.Commit != "1" {
					t.Errorf("%+v, %v", tree, err)
				}
			})
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := l.at(impatient, source); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		all.Wait()
		time.Sleep(fresh - 2*time.Second)
		if _, err := l.at(t.Context(), source); err != nil || asked != 1 {
			t.Errorf("asked %d times, %v", asked, err)
		}
		time.Sleep(2 * time.Second)
		failing = errors.New("away")
		for range 2 {
			if _, err := l.at(t.Context(), source); !errors.Is(err, failing) {
				t.Errorf("%v", err)
			}
		}
		if asked != 3 {
			t.Errorf("asked %d times", asked)
		}
		failing = nil
		for i := range 3 * mostSeen {
			source.Ref = fmt.Sprint(i)
			if _, err := l.at(t.Context(), source); err != nil {
				t.Error(err)
			}
		}
		if len(l.seen) != mostSeen {
			t.Errorf("%d are remembered", len(l.seen))
		}
	})
}

// A repository that does not tell in time is as one that tells nothing.
func TestBrowseThatTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{Pin: true, Env: []string{"PATH=" + os.Getenv("PATH")}})
		if err != nil {
			t.Fatal(err)
		}
		c.looks.look = func(ctx context.Context, _ dashboard.Source) (git.Tree, error) {
			<-ctx.Done()
			return git.Tree{}, context.Cause(ctx)
		}
		found, err := c.Browse(t.Context(), "ada", dashboard.Source{Kind: dashboard.FromGit, Repo: "https://example.org/x"}, "")
		if err != nil || len(found) > 0 {
			t.Errorf("%v, %v", found, err)
		}
	})
}
