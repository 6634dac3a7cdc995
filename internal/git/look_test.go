package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// look looks at the world's remote, and says what it has.
func (w *world) look(branch string) (Tree, error) {
	w.t.Helper()
	source := w.source
	source.Branch, source.Folder = branch, filepath.Join(w.t.TempDir(), "look")
	found, err := source.Look(w.t.Context(), 100)
	if _, left := os.Stat(source.Folder); left == nil {
		w.t.Error("the folder was left there")
	}
	return found, err
}

func (t Tree) String() string {
	var names []string
	for _, entry := range t.Entries {
		name := entry.Path
		if entry.Folder {
			name += "/"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// What is wanted is found by all its names, on servers that can leave files out and
// on those that cannot.
func TestLook(t *testing.T) {
	for _, filters := range []string{"true", "false"} {
		w := newWorld(t)
		w.at(w.remote, "config", "uploadpack.allowFilter", filters)
		first := w.commit("a/b/c.ipynb", "large")
		w.at(w.remote, "tag", "-a", "-m", "x", "v1")
		second := w.commit("d", "d")
		w.at(w.remote, "branch", "other", first)
		for branch, want := range map[string]string{
			"": second, "main": second, "v1": first, "other": first, "refs/heads/other": first, first: first, second: second,
			first[:9]: first, strings.ToUpper(second[:8]): second,
		} {
			found, err := w.look(branch)
			if err != nil || found.Commit != want || !found.Complete {
				t.Errorf("%q: %+v, %v, should be %s", branch, found, err, want)
			}
			names := "a/ a/b/ a/b/c.ipynb notebook.txt"
			if want == second {
				names = "a/ a/b/ a/b/c.ipynb d notebook.txt"
			}
			if found.String() != names {
				t.Errorf("%q has %s", branch, found)
			}
		}
	}
}

// Servers of the old protocol do not give out what no name leads to.
func TestLookAtHiddenCommit(t *testing.T) {
	w := newWorld(t)
	first := w.commit("a", "a")
	w.commit("b", "b")
	w.env = append(w.env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.version", "GIT_CONFIG_VALUE_0=0")
	w.source.Env = w.env
	found, err := w.look(first)
	if err != nil || found.Commit != first {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestLookThatFails(t *testing.T) {
	w := newWorld(t)
	if _, err := w.look("mian"); KindOf(err) != NoBranch || !strings.Contains(Choice(err), "did you mean main?") {
		t.Errorf("%v", err)
	}
	if _, err := w.look("0123456"); KindOf(err) != NoBranch {
		t.Errorf("%v", err)
	}
	blob := w.at(w.remote, "rev-parse", "HEAD:notebook.txt")
	w.at(w.remote, "tag", "blob", blob)
	if _, err := w.look("blob"); KindOf(err) != NoBranch {
		t.Errorf("%v", err)
	}
	w.source.URL += "-not"
	if _, err := w.look(""); KindOf(err) != Closed {
		t.Errorf("%v", err)
	}
	w.source.URL = "file://" + t.TempDir()
	w.at(strings.TrimPrefix(w.source.URL, "file://"), "init", "--quiet", "--bare")
	if found, err := w.look(""); err != nil || found.Commit != "" {
		t.Errorf("an empty one: %+v, %v", found, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	source := w.source
	source.Folder = filepath.Join(t.TempDir(), "look")
	if _, err := source.Look(ctx, 1); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}

// A repository of a few bytes can have more files than there is memory.
func TestSecurityLookIsBounded(t *testing.T) {
	w := newWorld(t)
	tree := w.at(w.remote, "rev-parse", "HEAD^{tree}")
	for range 12 {
		var lines strings.Builder
		for i := range 10 {
			fmt.Fprintf(&lines, "040000 tree %s\td%d\n", tree, i)
		}
		if err := os.WriteFile(w.remote+"/../tree", []byte(lines.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		tree = w.at(w.remote, "-c", "alias.make=!git mktree <../tree", "make")
	}
	commit := w.at(w.remote, "commit-tree", "-m", "large", tree)
	w.at(w.remote, "update-ref", "refs/heads/large", commit)
	found, err := w.look("large")
	if err != nil || found.Commit != commit || found.Complete || len(found.Entries) != 100 {
		t.Errorf("%d entries, %v", len(found.Entries), err)
	}
}

func TestHead(t *testing.T) {
	w := newWorld(t)
	commit := w.commit("a", "a")
	w.pull()
	if head, err := w.source.Head(t.Context()); err != nil || head != commit {
		t.Errorf("%s, %v", head, err)
	}
	empty := t.TempDir()
	w.at(empty, "init", "--quiet", "--bare", "-b", "trunk")
	w.source.URL, w.source.Folder = "file://"+empty, filepath.Join(t.TempDir(), "x")
	if err := w.source.Pull(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if head, err := w.source.Head(t.Context()); err != nil || head != "" {
		t.Errorf("%s, %v", head, err)
	}
}

// Each advice has its kind, so that a new one is not forgotten.
func TestKinds(t *testing.T) {
	for _, fault := range faults {
		found := 0
		for _, known := range kinds {
			if strings.HasPrefix(fault.advice, known.advice) {
				found++
				filled := strings.NewReplacer("$0", "certificate expired", "$1", "x", "$2", "").Replace(fault.advice)
				if got := KindOf(fmt.Errorf("the repository https://x cannot be read: %s", filled)); got != known.kind {
					t.Errorf("%q is of the kind %d", filled, got)
				}
			}
		}
		if found != 1 {
			t.Errorf("%q has %d kinds", fault.advice, found)
		}
	}
	if KindOf(nil) != Unknown || KindOf(errors.New("whatever")) != Unknown {
		t.Error("nothing has a kind")
	}
}

// The words of each of git's parts for a disk that is full.
func TestFullDiskIsKnown(t *testing.T) {
	for _, said := range []string{
		"fatal: write error: No space left on device", "fatal: sha1 file '/x/.git/index.lock' write error. Out of diskspace",
		"error: copy-fd: write returned: Disk quota exceeded",
	} {
		if err := errors.New(explain(&failure{said: []string{said}})); KindOf(err) != Full {
			t.Errorf("%q is explained by %v", said, err)
		}
	}
}

func TestSite(t *testing.T) {
	for url, want := range map[string]string{
		"https://user:pw@Example.org:8443/x": "https example.org:8443", "git@example.org:x/y": "ssh example.org", "/srv/x": "file ", "ext::sh": " ",
	} {
		scheme, host, err := Site(url)
		if scheme+" "+host != want || (err != nil) != (want == " ") {
			t.Errorf("%s is %s %s, %v", url, scheme, host, err)
		}
		if err != nil && strings.Contains(err.Error(), "sh:") {
			t.Errorf("%v", err)
		}
	}
}
