package git

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestClone(t *testing.T) {
	w := newWorld(t)
	w.commit("sub/more.txt", "more\n")
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n")
	w.wants("sub/more.txt", "more\n")
	if count := w.at(w.folder, "rev-list", "--count", "HEAD"); count != "1" {
		t.Errorf("%s commits were fetched with a depth of 1", count)
	}
	if on := w.at(w.folder, "status", "--short", "--branch"); on != "## main...origin/main" {
		t.Errorf("is on %s", on)
	}
	if origin := w.at(w.folder, "config", "remote.origin.url"); origin != w.source.URL {
		t.Errorf("has the origin %s", origin)
	}
	if len(w.steps) == 0 {
		t.Error("nothing was reported")
	}
}

func TestCloneDepth(t *testing.T) {
	for depth, want := range map[int]string{0: "4", 2: "2"} {
		w := newWorld(t)
		for _, content := range []string{"a", "b", "c"} {
			w.commit("file", content)
		}
		w.source.Depth = depth
		w.pull()
		if count := w.at(w.folder, "rev-list", "--count", "HEAD"); count != want {
			t.Errorf("depth %d fetched %s commits", depth, count)
		}
	}
}

// A name is first a branch, then a tag, then a commit.
func TestCloneWhat(t *testing.T) {
	w := newWorld(t)
	first := w.at(w.remote, "rev-parse", "HEAD")
	w.at(w.remote, "tag", "-a", "-m", "x", "v1")
	w.at(w.remote, "update-ref", "refs/pull/7/head", first)
	w.commit("file", "main")
	w.at(w.remote, "checkout", "--quiet", "-b", "feature/x")
	w.commit("file", "feature")
	w.at(w.remote, "checkout", "--quiet", "main")
	for branch, want := range map[string]struct{ head, file string }{
		"":                         {"refs/heads/main", "main"},
		"main":                     {"refs/heads/main", "main"},
		"feature/x":                {"refs/heads/feature/x", "feature"},
		"refs/heads/main":          {"refs/heads/main", "main"},
		"v1":                       {"", ""},
		"refs/pull/7/head":         {"", ""},
		first:                      {"", ""},
		first[:9]:                  {"", ""},
		strings.ToUpper(first[:9]): {"", ""},
	} {
		t.Run(branch, func(t *testing.T) {
			w := *w
			w.t, w.folder = t, filepath.Join(t.TempDir(), "x")
			w.source.Folder, w.source.Branch = w.folder, branch
			w.pull()
			w.pull() // and the update is of the same
			if head, _ := w.try(w.folder, "symbolic-ref", "--quiet", "HEAD"); strings.TrimSpace(head) != want.head {
				t.Errorf("HEAD is %q, should be %q", head, want.head)
			}
			if want.file == "" {
				w.gone("file")
				return
			}
			w.wants("file", want.file)
		})
	}
}

func TestCloneUnknownBranch(t *testing.T) {
	w := newWorld(t)
	w.at(w.remote, "branch", "development")
	w.at(w.remote, "tag", "v1")
	w.source.Branch = "develpment"
	w.refused(`"develpment"`, "did you mean development?", "main", "v1")
	w.source.Branch = "0123456789abcdef"
	w.refused(`"0123456789abcdef"`, "main")
	w.source.Branch = "master"
	w.refused("main")
	w.gone("")
}

func TestCloneEmptyRemote(t *testing.T) {
	w := newWorld(t)
	empty := t.TempDir()
	w.at(empty, "init", "--quiet", "--bare", "-b", "trunk")
	w.source.URL = "file://" + empty
	w.pull()
	w.pull()
	if !strings.Contains(w.log.String(), "is empty") {
		t.Error("did not warn")
	}
	write(t, w.path("notes"), "mine")
	w.at(w.remote, "push", "--quiet", empty, "main:trunk")
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n")
	w.wants("notes", "mine")
}

// Servers can name a default branch that is not there.
func TestCloneWithoutDefault(t *testing.T) {
	w := newWorld(t)
	w.at(w.remote, "symbolic-ref", "HEAD", "refs/heads/gone")
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n")

	w = newWorld(t)
	w.at(w.remote, "branch", "--move", "main", "a")
	w.at(w.remote, "branch", "b")
	w.at(w.remote, "symbolic-ref", "HEAD", "refs/heads/gone")
	w.refused("default", "a, b", "--repobranch")

	w = newWorld(t)
	w.at(w.remote, "checkout", "--quiet", "--detach")
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n")
}

func TestCloneIntoFolder(t *testing.T) {
	t.Run("empty", func(t *testing.T) {
		w := newWorld(t)
		mkdir(t, w.path("lost+found"))
		w.pull()
		w.wants("notebook.txt", "one\ntwo\nthree\n")
	})
	t.Run("parents", func(t *testing.T) {
		w := newWorld(t)
		w.folder = w.path("a/b")
		w.source.Folder = w.folder
		w.pull()
		w.wants("notebook.txt", "one\ntwo\nthree\n")
	})
	t.Run("link", func(t *testing.T) {
		w := newWorld(t)
		real := t.TempDir()
		symlink(t, real, w.folder)
		w.pull()
		if read(t, filepath.Join(real, "notebook.txt")) == "" {
			t.Error("the link was not followed")
		}
		w.commit("notebook.txt", "news\n")
		w.pull()
		w.wants("notebook.txt", "news\n")
	})
	t.Run("dangling link", func(t *testing.T) {
		w := newWorld(t)
		symlink(t, "nowhere", w.folder)
		w.refused("link", "not there")
	})
	t.Run("file", func(t *testing.T) {
		w := newWorld(t)
		write(t, w.folder, "mine")
		w.refused("is a file")
		if read(t, w.folder) != "mine" {
			t.Error("the file was touched")
		}
	})
	t.Run("below a file", func(t *testing.T) {
		w := newWorld(t)
		write(t, w.folder, "mine")
		w.source.Folder = w.path("sub")
		w.refused("folder")
	})
	t.Run("occupied", func(t *testing.T) {
		w := newWorld(t)
		write(t, w.path("mine"), "mine")
		w.refused("has files", "--repofolder")
		wantOnly(t, w.folder, "mine")
	})
	t.Run("another repository", func(t *testing.T) {
		w := newWorld(t)
		mkdir(t, w.folder)
		w.at(w.folder, "init", "--quiet")
		w.refused("without a remote")
		w.at(w.folder, "remote", "add", "origin", "https://ada:secret@example.org/other.git")
		if said := w.refused("is a clone of https://***@example.org/other.git"); strings.Contains(said, "secret") {
			t.Errorf("shows a password: %s", said)
		}
		wantOnly(t, w.folder, ".git")
	})
	t.Run("bare repository", func(t *testing.T) {
		w := newWorld(t)
		mkdir(t, w.folder)
		w.at(w.folder, "init", "--quiet", "--bare")
		w.refused("has files")
	})
	t.Run("damaged repository", func(t *testing.T) {
		w := newWorld(t)
		write(t, w.path(".git/HEAD"), "nonsense")
		w.refused("none that git understands")
	})
	t.Run("below another repository", func(t *testing.T) {
		w := newWorld(t)
		mkdir(t, w.folder)
		w.at(w.folder, "init", "--quiet")
		w.folder = w.path("within")
		w.source.Folder = w.folder
		w.pull()
		w.wants("notebook.txt", "one\ntwo\nthree\n")
	})
	t.Run("read only", func(t *testing.T) {
		w := newWorld(t)
		w.source.Folder = "/proc/repository"
		w.refused("cannot be made")
	})
}

// A clone that failed leaves nothing, not even the folder.
func TestCloneFailureLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.source.URL = "file://" + w.remote + "-not"
	w.refused("no such repository")
	w.gone("")
	mkdir(t, w.folder)
	w.refused("no such repository")
	wantOnly(t, w.folder)
}

// What a killed clone left is taken away, or finished if all is there.
func TestCloneBrokenOff(t *testing.T) {
	w := newWorld(t)
	write(t, w.path(scratch+"/tree/.git/objects/pack/tmp_pack"), "half")
	write(t, w.path(lockName), "1\n")
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n")

	w = newWorld(t)
	w.commit("second.txt", "second\n")
	w.pull()
	// As if it had been killed between two moves.
	mkdir(t, w.path(scratch+"/tree"))
	for _, name := range []string{".git", "second.txt"} {
		if err := os.Rename(w.path(name), w.path(scratch+"/tree/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, w.path(scratch+"/"+complete), "")
	write(t, w.path("second.txt"), "somebody's")
	w.source.URL += "/" // not asked for anything
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n")
	w.wants("second.txt", "second\n")
	if read(t, w.aside("second__*.txt")) != "somebody's" {
		t.Error("a file was overwritten")
	}
}

// The working directory is only taken when it is free, or has it already.
func TestTarget(t *testing.T) {
	for name, prepare := range map[string]func(w *world) string{
		"free":  func(w *world) string { return w.folder },
		"clone": func(w *world) string { w.pull(); return w.folder },
		"home": func(w *world) string {
			write(w.t, w.path(".bashrc"), "")
			return w.path("remote")
		},
		"another repository": func(w *world) string {
			w.at(w.folder, "init", "--quiet")
			return w.path("remote")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			mkdir(t, w.folder)
			want := prepare(w)
			t.Chdir(w.folder)
			for _, folder := range []string{"", ".", "./", w.folder} {
				w.source.Folder = folder
				if at, err := w.source.Target(); err != nil || at != want {
					t.Errorf("%q is %s, %v, should be %s", folder, at, err, want)
				}
			}
			if err := w.tryPull(); err != nil {
				t.Fatal(err)
			}
			if at, err := w.source.Target(); err != nil || at != want {
				t.Errorf("afterwards it is %s, %v", at, err)
			}
			if _, err := os.Stat(filepath.Join(want, "notebook.txt")); err != nil {
				t.Error(err)
			}
			w.source.Folder = "elsewhere"
			if at, err := w.source.Target(); err != nil || at != w.path("elsewhere") {
				t.Errorf("elsewhere is %s, %v", at, err)
			}
		})
	}
}

func TestSecurityFileNames(t *testing.T) {
	w := newWorld(t)
	names := []string{"-rf", "line\nbreak", "tab\tand \"quotes\"", "$(touch pwned)", "ünï", ":(exclude)x", "a b/c d", "\xff\xfe"}
	for _, name := range names {
		write(t, filepath.Join(w.remote, name), "first")
	}
	symlink(t, "/etc/passwd", filepath.Join(w.remote, "out"))
	symlink(t, "../../..", filepath.Join(w.remote, "up"))
	w.commit("x", "x")
	w.pull()
	for _, name := range names {
		write(t, w.path(name), "mine")
		w.commit(name, "theirs")
	}
	w.commit("up.txt", "x")
	w.pull()
	for _, name := range names {
		w.wants(name, "mine")
		if err := os.Remove(w.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	w.pull()
	for _, name := range names {
		w.wants(name, "theirs")
	}
}

// Trees can hold any name; git refuses to write some, and we may not follow
// them out of the folder or into .git.
func TestSecurityPathsOutOfTheFolder(t *testing.T) {
	for _, name := range []string{"..", ".git", ".GIT", "."} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.pull()
			outside := filepath.Join(filepath.Dir(w.folder), "outside")
			write(t, outside, "outside")
			config := read(t, w.path(".git/config"))
			blob := w.at(w.remote, "hash-object", "-w", "notebook.txt")
			// mktree does not check names within a subtree's object.
			tree := w.mktree("100644", "blob", blob, "outside")
			if name == ".git" || name == ".GIT" {
				tree = w.mktree("100644", "blob", blob, "config")
			}
			top := w.mktree("040000", "tree", tree, name)
			commit := w.at(w.remote, "commit-tree", "-p", "HEAD", "-m", "hostile", top)
			w.at(w.remote, "update-ref", "refs/heads/main", commit)
			err := w.tryPull()
			if err == nil {
				t.Error("such a name was accepted")
			} else if !strings.Contains(err.Error(), "name") {
				t.Errorf("does not say why: %v", err)
			}
			if read(t, outside) != "outside" || read(t, w.path(".git/config")) != config {
				t.Error("a file outside was touched")
			}
			w.wants("notebook.txt", "one\ntwo\nthree\n")
		})
	}
}

// mktree makes a tree of one entry, whatever its name.
func (w *world) mktree(mode, kind, id, name string) string {
	w.t.Helper()
	raw := []byte(strings.TrimPrefix(mode, "0") + " " + name + "\x00")
	for i := 0; i < len(id); i += 2 {
		raw = append(raw, unhex(id[i])<<4|unhex(id[i+1]))
	}
	file := filepath.Join(w.t.TempDir(), "tree")
	write(w.t, file, string(raw))
	return w.at(w.remote, "hash-object", "-w", "-t", "tree", "--literally", file)
}

func unhex(b byte) byte {
	if b >= 'a' {
		return b - 'a' + 10
	}
	return b - '0'
}

// Nothing that the repository or its folder brings runs.
func TestSecurityHooksDoNotRun(t *testing.T) {
	w := newWorld(t)
	template := t.TempDir()
	hook := "#!/bin/sh\ntouch " + filepath.Join(t.TempDir(), "ran")
	write(t, filepath.Join(template, "hooks/post-checkout"), hook)
	w.env = append(w.env, "GIT_TEMPLATE_DIR="+template)
	w.source.Env = w.env
	w.pull()
	ran := strings.Fields(hook)[2]
	for _, name := range []string{"post-checkout", "post-merge", "pre-commit", "post-commit", "pre-merge-commit", "reference-transaction", "commit-msg"} {
		write(t, w.path(".git/hooks/"+name), hook)
		if err := os.Chmod(w.path(".git/hooks/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, w.path("notebook.txt"), "mine\n")
	w.commit("notebook.txt", "theirs\n")
	w.source.Env = w.env
	if err := w.tryPull(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a hook ran")
	}
}

func TestPullStops(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	slow := filepath.Join(t.TempDir(), "ssh")
	pid := filepath.Join(t.TempDir(), "pid")
	write(t, slow, "#!/bin/sh\necho $$ >"+pid+"\nsleep 300 & wait")
	if err := os.Chmod(slow, 0o755); err != nil {
		t.Fatal(err)
	}
	// A git that notes how each git has ended, if it is not killed with it.
	ends := filepath.Join(t.TempDir(), "ends")
	noting := filepath.Join(t.TempDir(), "git")
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	write(t, noting, "#!/bin/sh\ntrap : TERM\n"+real+" \"$@\"\ncode=$?\necho $code >>"+ends+"\nexit $code\n")
	if err := os.Chmod(noting, 0o755); err != nil {
		t.Fatal(err)
	}
	w.source.Env = append(w.env, "GIT_SSH="+slow, "PATH="+filepath.Dir(noting)+":"+os.Getenv("PATH"))
	w.source.URL = "ssh://example.org/x"
	done := make(chan error, 1)
	go func() { done <- w.source.Pull(ctx, nil) }()
	wait(t, func() bool { content, _ := os.ReadFile(pid); return len(content) > 1 })
	cancel()
	select {
	case err := <-done:
		if ended := read(t, ends); !strings.HasSuffix(ended, "\n143\n") { // 128 and SIGTERM
			t.Errorf("it was not asked to end, but killed: %q", ended)
		}
		if err == nil || !strings.Contains(err.Error(), "stopped") {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("goes on")
	}
	w.gone("")
	wait(t, func() bool {
		_, err := os.Stat("/proc/" + strings.TrimSpace(read(t, pid)) + "/exe")
		return err != nil
	})
}

// A remote that accepts and says nothing is given up.
func TestPullOfSilence(t *testing.T) {
	w := newWorld(t)
	slow := filepath.Join(t.TempDir(), "ssh")
	write(t, slow, "#!/bin/sh\nsleep 300")
	if err := os.Chmod(slow, 0o755); err != nil {
		t.Fatal(err)
	}
	w.source.Env = append(w.env, "GIT_SSH="+slow)
	w.source.URL = "ssh://example.org/x"
	w.source.patience = 300 * time.Millisecond
	w.refused("said nothing")
	w.gone("")
}

func wait(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited too long")
		}
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

func wantOnly(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	if strings.Join(found, " ") != strings.Join(names, " ") {
		t.Errorf("%s has %v, should have %v", folder, found, names)
	}
}
