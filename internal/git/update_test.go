package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pull()
	w.commit("notebook.txt", "one\ntwo\nthree\nfour\n")
	w.remove("notebook.txt")
	latest := w.commit("new.txt", "new\n")
	w.pull()
	w.wants("new.txt", "new\n")
	w.gone("notebook.txt")
	if head := w.at(w.folder, "rev-parse", "HEAD"); head != latest {
		t.Errorf("nothing was changed, but HEAD is %s and not the remote's", head)
	}
	if ahead := w.at(w.folder, "status", "--short", "--branch"); ahead != "## main...origin/main" {
		t.Errorf("is on %s", ahead)
	}
}

// What the user changed stays; what the remote changed elsewhere comes.
func TestUpdateKeepsChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("other.txt", "other\n")
	w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
	w.pull()
	write(t, w.path("notebook.txt"), "one\nmine\nthree\n")
	write(t, w.path("long.txt"), "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
	write(t, w.path("untracked.txt"), "untracked\n")
	w.commit("notebook.txt", "one\ntheirs\nthree\n")
	w.commit("other.txt", "news\n")
	w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\ntheirs\n")
	w.pull()
	w.wants("notebook.txt", "one\nmine\nthree\n")
	w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\ntheirs\n")
	w.wants("other.txt", "news\n")
	w.wants("untracked.txt", "untracked\n")
	if author := w.at(w.folder, "log", "-1", "--format=%an <%ae> %cn", "HEAD^1"); author != "jhsingle-native-proxy <jhsingle-native-proxy@localhost> jhsingle-native-proxy" {
		t.Errorf("it was committed by %s", author)
	}
	head := w.at(w.folder, "rev-parse", "HEAD")
	w.pull()
	if again := w.at(w.folder, "rev-parse", "HEAD"); again != head {
		t.Error("a second update changed something")
	}
}

func TestUpdateKeepsStagedAndCommitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pull()
	write(t, w.path("committed.txt"), "committed\n")
	w.at(w.folder, "add", "committed.txt")
	w.at(w.folder, "commit", "--quiet", "-m", "mine")
	write(t, w.path("staged.txt"), "staged\n")
	w.at(w.folder, "add", "staged.txt")
	w.commit("staged.txt", "theirs\n")
	w.commit("committed.txt", "theirs\n")
	w.pull()
	w.wants("committed.txt", "committed\n")
	w.wants("staged.txt", "staged\n")
}

// A file that git does not know, and that the remote adds, is renamed; also if
// git ignores it, where a merge would overwrite it.
func TestUpdateRenamesUntracked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(".gitignore", "ignored.csv\n")
	w.pull()
	write(t, w.path("new.txt"), "mine\n")
	write(t, w.path("ignored.csv"), "mine\n")
	write(t, w.path(".profile"), "mine\n")
	write(t, w.path("same.txt"), "same\n")
	write(t, w.path("folder"), "mine\n")
	write(t, w.path("file/deep/x"), "mine\n")
	symlink(t, t.TempDir(), w.path("link"))
	for _, name := range []string{"new.txt", "ignored.csv", ".profile", "folder/x", "file", "link/x"} {
		w.commit(name, "theirs\n")
	}
	w.commit("same.txt", "same\n")
	w.pull()
	for name, pattern := range map[string]string{
		"new.txt": "new__*.txt", "ignored.csv": "ignored__*.csv", ".profile": ".profile__*",
		"folder/x": "folder__*", "file": "file__*/deep/x",
	} {
		w.wants(name, "theirs\n")
		if kept := read(t, w.aside(pattern)); kept != "mine\n" {
			t.Errorf("%s was kept as %q", name, kept)
		}
	}
	w.wants("same.txt", "same\n")
	if found, _ := filepath.Glob(w.path("same__*")); len(found) > 0 {
		t.Errorf("a file that is the same was renamed: %v", found)
	}
	if info, err := os.Lstat(w.aside("link__*")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was kept as %v, %v", info, err)
	}
	w.wants("link/x", "theirs\n")
}

// A folder of which git knows a part makes way for a file.
func TestUpdateFolderBecomesFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("data/known", "known\n")
	w.pull()
	write(t, w.path("data/deep/mine"), "mine\n")
	w.remove("data")
	w.commit("data", "file now\n")
	w.pull()
	w.wants("data", "file now\n")
	if read(t, w.aside("data__*/deep/mine")) != "mine\n" {
		t.Error("a file is lost")
	}
}

func TestUpdateBringsDeletedBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("removed/a.txt", "a\n")
	w.commit("gone.txt", "gone\n")
	w.commit("sub/b.txt", "b\n")
	w.commit("staged.txt", "staged\n")
	w.pull()
	write(t, w.path("own.txt"), "own\n")
	w.at(w.folder, "add", "own.txt")
	write(t, w.path("notebook.txt"), "mine\n")
	w.pull() // commits both
	for _, name := range []string{"notebook.txt", "removed", "gone.txt", "own.txt", "sub"} {
		if err := os.RemoveAll(w.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	w.at(w.folder, "rm", "--quiet", "staged.txt")
	write(t, w.path("sub"), "a file now") // where the folder was
	w.remove("gone.txt")
	w.commit("removed/a.txt", "news\n")
	w.commit("staged.txt", "news\n")
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n") // a fresh copy
	w.wants("removed/a.txt", "news\n")
	w.wants("staged.txt", "news\n") // the remote changed what was deleted
	w.gone("gone.txt")
	w.gone("own.txt")
	w.wants("sub", "a file now")
}

// Conflicts that -X ours does not decide.
func TestUpdateConflicts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ mine, theirs, check func(w *world) }{
		"changed here, removed there": {
			mine:   func(w *world) { write(w.t, w.path("notebook.txt"), "mine\n") },
			theirs: func(w *world) { w.remove("notebook.txt"); w.commit("x", "x") },
			check:  func(w *world) { w.wants("notebook.txt", "mine\n"); w.wants("x", "x") },
		},
		"removed here, changed there": {
			mine: func(w *world) {
				w.at(w.folder, "rm", "--quiet", "notebook.txt")
				w.at(w.folder, "commit", "--quiet", "-m", "remove")
			},
			theirs: func(w *world) { w.commit("notebook.txt", "news\n") },
			check:  func(w *world) { w.wants("notebook.txt", "news\n") },
		},
		"both renamed": {
			mine:   func(w *world) { w.at(w.folder, "mv", "notebook.txt", "mine.txt") },
			theirs: func(w *world) { w.at(w.remote, "mv", "notebook.txt", "theirs.txt"); w.commit("x", "x") },
			check: func(w *world) {
				w.wants("mine.txt", "one\ntwo\nthree\n")
				w.wants("theirs.txt", "one\ntwo\nthree\n")
				w.gone("notebook.txt")
			},
		},
		"renamed here, removed there": {
			mine:   func(w *world) { w.at(w.folder, "mv", "notebook.txt", "mine.txt") },
			theirs: func(w *world) { w.remove("notebook.txt") },
			check:  func(w *world) { w.wants("mine.txt", "one\ntwo\nthree\n") },
		},
		"renamed here, changed there": {
			mine:   func(w *world) { w.at(w.folder, "mv", "notebook.txt", "mine.txt") },
			theirs: func(w *world) { w.commit("notebook.txt", "one\ntwo\nthree\nfour\n") },
			check:  func(w *world) { w.wants("mine.txt", "one\ntwo\nthree\nfour\n") },
		},
		"folder renamed here, file added there": {
			mine: func(w *world) {
				w.at(w.folder, "mv", "sub", "mine")
				write(w.t, w.path("mine/new.txt"), "untracked\n")
			},
			theirs: func(w *world) { w.commit("sub/new.txt", "theirs\n") },
			check:  func(w *world) { w.wants("mine/new.txt", "untracked\n"); w.wants("sub/new.txt", "theirs\n") },
		},
		"binary": {
			mine:   func(w *world) { write(w.t, w.path("binary"), "\x00\x01mine") },
			theirs: func(w *world) { w.commit("binary", "\x00\x01theirs") },
			check:  func(w *world) { w.wants("binary", "\x00\x01mine") },
		},
		"both added": {
			mine:   func(w *world) { write(w.t, w.path("new"), "mine\n"); w.at(w.folder, "add", "new") },
			theirs: func(w *world) { w.commit("new", "theirs\nmore\n") },
			check:  func(w *world) { w.wants("new", "mine\n") },
		},
		"file here, folder there": {
			mine:   func(w *world) { write(w.t, w.path("new"), "mine\n"); w.at(w.folder, "add", "new") },
			theirs: func(w *world) { w.commit("new/x", "theirs\n") },
			check: func(w *world) {
				w.wants("new/x", "theirs\n")
				if read(w.t, w.aside("new~*")) != "mine\n" {
					w.t.Error("the file is lost")
				}
			},
		},
		"folder here, file there": {
			mine:   func(w *world) { write(w.t, w.path("new/x"), "mine\n"); w.at(w.folder, "add", "new") },
			theirs: func(w *world) { w.commit("new", "theirs\n") },
			check: func(w *world) {
				w.wants("new/x", "mine\n")
				if read(w.t, w.aside("new~*")) != "theirs\n" {
					w.t.Error("the file is lost")
				}
			},
		},
		"link here, file there": {
			mine: func(w *world) {
				if err := os.Remove(w.path("notebook.txt")); err != nil {
					w.t.Fatal(err)
				}
				symlink(w.t, "/etc/hostname", w.path("notebook.txt"))
			},
			theirs: func(w *world) { w.commit("notebook.txt", "news\n") },
			check: func(w *world) {
				found, _ := filepath.Glob(w.path("notebook.txt*"))
				kept := false
				for _, path := range found {
					to, _ := os.Readlink(path)
					kept = kept || to == "/etc/hostname"
				}
				if !kept {
					w.t.Errorf("the link is lost: %v", found)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.commit("binary", "\x00\x01")
			w.commit("sub/a.txt", "a\n1\n2\n3\n")
			w.commit("sub/b.txt", "b\n1\n2\n3\n")
			w.pull()
			test.mine(w)
			test.theirs(w)
			w.pull()
			test.check(w)
			w.pull()
			test.check(w)
		})
	}
}

// The remote forgot its history, which a shallow clone cannot tell from one
// that has none.
func TestUpdateAfterForcedPush(t *testing.T) {
	t.Parallel()
	rewrite := func(w *world) {
		w.at(w.remote, "checkout", "--quiet", "--orphan", "anew")
		w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\nanew\n")
		w.at(w.remote, "branch", "--force", "main", "anew")
		w.at(w.remote, "checkout", "--quiet", "main")
	}
	begin := func(t *testing.T) *world {
		w := newWorld(t)
		w.commit("removed.txt", "removed\n")
		w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
		w.pull()
		w.at(w.remote, "rm", "--quiet", "removed.txt")
		return w
	}
	t.Run("without changes", func(t *testing.T) {
		w := begin(t)
		rewrite(w)
		w.pull()
		w.wants("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\nanew\n")
		w.gone("removed.txt")
		if w.at(w.folder, "rev-parse", "HEAD") != w.at(w.remote, "rev-parse", "main") {
			t.Error("HEAD is not the remote's")
		}
	})
	t.Run("with changes", func(t *testing.T) {
		w := begin(t)
		write(t, w.path("long.txt"), "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
		write(t, w.path("untracked.txt"), "mine\n")
		rewrite(w)
		w.pull()
		w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\nanew\n")
		w.wants("untracked.txt", "mine\n")
		w.gone("removed.txt")
		w.commit("notebook.txt", "more\n")
		w.pull()
		w.wants("notebook.txt", "more\n")
		w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\nanew\n")
	})
	t.Run("back to an older commit", func(t *testing.T) {
		w := newWorld(t)
		w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
		w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\nbad\n")
		w.commit("bad.txt", "bad\n")
		w.pull()
		write(t, w.path("long.txt"), "mine\n2\n3\n4\n5\n6\n7\n8\n9\nbad\n")
		w.at(w.remote, "reset", "--quiet", "--hard", "HEAD~2")
		w.pull()
		w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
		w.gone("bad.txt")
	})
	t.Run("back, and forth again", func(t *testing.T) {
		w := newWorld(t)
		first := w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
		second := w.commit("second.txt", "second\n")
		w.pull()
		write(t, w.path("long.txt"), "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
		w.at(w.remote, "reset", "--quiet", "--hard", first)
		for range 2 {
			w.pull()
			w.gone("second.txt")
		}
		w.at(w.remote, "reset", "--quiet", "--hard", second)
		third := w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\nthird\n")
		for range 2 {
			w.pull()
			w.wants("second.txt", "second\n")
			w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\nthird\n")
		}
		w.at(w.remote, "reset", "--quiet", "--hard", first)
		w.pull()
		w.gone("second.txt")
		w.at(w.remote, "reset", "--quiet", "--hard", third)
		w.pull()
		w.wants("second.txt", "second\n")
		w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\nthird\n")
	})
	t.Run("of a clone by somebody else", func(t *testing.T) {
		w := begin(t)
		if err := os.RemoveAll(w.folder); err != nil {
			t.Fatal(err)
		}
		w.at(filepath.Dir(w.folder), "clone", "--quiet", "--depth=1", w.source.URL, w.folder)
		write(t, w.path("long.txt"), "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
		rewrite(w)
		w.pull()
		w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\nanew\n")
	})
	t.Run("that the user fetched", func(t *testing.T) {
		w := begin(t)
		write(t, w.path("long.txt"), "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
		w.at(w.folder, "update-ref", "-d", "refs/jhsingle/branch/main")
		rewrite(w)
		w.at(w.folder, "fetch", "--quiet", "origin")
		w.pull() // nothing is known of what both have in common
		w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
	})
}

func TestUpdateSwitchesBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(w.remote, "checkout", "--quiet", "-b", "other")
	w.commit("other.txt", "other\n")
	w.at(w.remote, "checkout", "--quiet", "main")
	w.pull()
	write(t, w.path("notebook.txt"), "mine\n")
	write(t, w.path("other.txt"), "untracked\n")
	w.source.Branch = "other"
	w.pull()
	w.wants("notebook.txt", "one\ntwo\nthree\n")
	w.wants("other.txt", "other\n")
	if read(t, w.aside("other__*.txt")) != "untracked\n" {
		t.Error("a file is lost")
	}
	w.commit("more.txt", "more\n")
	w.source.Branch = "main"
	w.pull()
	w.wants("notebook.txt", "mine\n")
	w.wants("more.txt", "more\n")
}

// With tags, the files are those of the tag that is wanted, with the changes.
func TestUpdateSwitchesTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
	w.at(w.remote, "tag", "v1")
	w.commit("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\nv2\n")
	w.commit("v2.txt", "v2\n")
	w.at(w.remote, "tag", "v2")
	w.commit("long.txt", "later\n")
	w.source.Branch = "v1"
	w.pull()
	w.source.Branch = "v2"
	w.pull()
	w.wants("long.txt", "1\n2\n3\n4\n5\n6\n7\n8\nv2\n")
	write(t, w.path("long.txt"), "mine\n2\n3\n4\n5\n6\n7\n8\nv2\n")
	w.source.Branch = "v1"
	w.pull()
	w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\n9\n")
	w.gone("v2.txt")
	w.source.Branch = "v2"
	w.pull()
	w.wants("long.txt", "mine\n2\n3\n4\n5\n6\n7\n8\nv2\n")
	w.wants("v2.txt", "v2\n")
	w.source.Branch = "main"
	w.pull()
	w.wants("long.txt", "later\n")
	if saved := w.saved(); len(saved) != 1 || !strings.HasPrefix(w.at(w.folder, "show", saved[0]+":long.txt"), "mine") {
		t.Errorf("the changes to the tag are not on a branch: %v", saved)
	}
}

func TestUpdateDetachedHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pull()
	w.at(w.folder, "checkout", "--quiet", "--detach")
	write(t, w.path("notebook.txt"), "mine\n")
	w.commit("news.txt", "news\n")
	w.pull()
	w.wants("news.txt", "news\n")
	w.wants("notebook.txt", "one\ntwo\nthree\n")
	if saved := w.saved(); len(saved) != 1 || w.at(w.folder, "show", saved[0]+":notebook.txt") != "mine" {
		t.Errorf("the changes are not on a branch: %v", saved)
	}
}

// What was left half done is taken back, and kept.
func TestUpdateEndsOperations(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w *world){
		"merge": func(w *world) { _, _ = w.try(w.folder, "merge", "side") },
		"rebase": func(w *world) {
			_, _ = w.try(w.folder, "rebase", "side")
		},
		"rebase --apply": func(w *world) { _, _ = w.try(w.folder, "rebase", "--apply", "side") },
		"cherry-pick":    func(w *world) { _, _ = w.try(w.folder, "cherry-pick", "side") },
		"revert":         func(w *world) { _, _ = w.try(w.folder, "revert", "--no-edit", "HEAD~1") },
		"am": func(w *world) {
			w.at(w.folder, "format-patch", "--quiet", "-1", "--output-directory", "..", "side")
			_, _ = w.try(w.folder, "am", "../0001-side.patch")
		},
		"stash pop": func(w *world) {
			write(w.t, w.path("notebook.txt"), "one\nstashed\nthree\n")
			w.at(w.folder, "stash", "--quiet")
			write(w.t, w.path("notebook.txt"), "one\nagain\nthree\n")
			w.at(w.folder, "commit", "--quiet", "-a", "-m", "again")
			_, _ = w.try(w.folder, "stash", "pop")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.pull()
			w.at(w.folder, "checkout", "--quiet", "-b", "side")
			write(t, w.path("notebook.txt"), "one\nside\nthree\n")
			w.at(w.folder, "commit", "--quiet", "-a", "-m", "side")
			w.at(w.folder, "checkout", "--quiet", "main")
			write(t, w.path("notebook.txt"), "one\nmain\nthree\n")
			w.at(w.folder, "commit", "--quiet", "-a", "-m", "main")
			write(t, w.path("notebook.txt"), "one\nmain2\nthree\n")
			w.at(w.folder, "commit", "--quiet", "-a", "-m", "main2")
			begin(w)
			before := w.at(w.folder, "status")
			write(t, w.path("notebook.txt"), "half done\n")
			w.commit("news.txt", "news\n")
			w.pull()
			w.wants("news.txt", "news\n")
			content := read(t, w.path("notebook.txt"))
			if name == "am" { // it puts back only what it had changed itself
				content = strings.Replace(content, "half done", "one", 1)
			}
			if strings.Contains(content, "<<<<") || !strings.HasPrefix(content, "one\n") {
				t.Errorf("the file became %q, after\n%s", content, before)
			}
			saved := w.saved()
			if len(saved) != 1 || w.at(w.folder, "show", saved[0]+":notebook.txt") != "half done" {
				t.Errorf("what was half done is not on a branch: %v, after\n%s", saved, before)
			}
			if status := w.at(w.folder, "status"); strings.Contains(status, "in progress") || strings.Contains(status, "You are currently") {
				t.Errorf("goes on: %s", status)
			}
			if on := w.at(w.folder, "symbolic-ref", "--short", "HEAD"); on != "main" {
				t.Errorf("is on %s", on)
			}
		})
	}
}

// A server was killed while it changed files: what it wrote is not taken for
// somebody's change.
func TestUpdateAfterKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("long.txt", "1\n2\n3\n")
	w.pull()
	w.commit("long.txt", "1\n2\n3\n4\n5\n6\n")
	latest := w.commit("new.txt", "new, and long\n")
	w.at(w.folder, "fetch", "--quiet", "origin")
	w.at(w.folder, "update-ref", moving, latest)
	write(t, w.path("long.txt"), "1\n2\n3\n4\n5")
	write(t, w.path("new.txt"), "new, a")
	write(t, w.path("notebook.txt"), "mine\n")
	write(t, w.path(".git/index.lock"), "")
	write(t, w.path(lockName), "1\n")
	w.pull()
	w.wants("long.txt", "1\n2\n3\n4\n5\n6\n")
	w.wants("new.txt", "new, and long\n")
	w.wants("notebook.txt", "mine\n")
	if saved := w.saved(); len(saved) != 1 || w.at(w.folder, "show", saved[0]+":long.txt") != "1\n2\n3\n4\n5" {
		t.Errorf("what was found is not on a branch: %v", saved)
	}
}

func TestUpdateStaleLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pull()
	w.commit("notebook.txt", "news\n")
	lock := w.path(".git/index.lock")

	// Left long ago.
	write(t, lock, "")
	if err := os.Chtimes(lock, time.Time{}, time.Now().Add(-staleAge-time.Minute)); err != nil {
		t.Fatal(err)
	}
	w.pull()
	w.wants("notebook.txt", "news\n")

	// Of a git that finishes soon.
	w.commit("notebook.txt", "more\n")
	write(t, lock, "")
	waited := false
	err := w.source.Pull(t.Context(), func(title string, _ int) {
		if strings.HasPrefix(title, "Waiting for another git program") {
			waited = true
			os.Remove(lock)
		}
	})
	if err != nil || !waited {
		t.Fatalf("waited: %v, %v", waited, err)
	}
	w.settled()
	w.wants("notebook.txt", "more\n")
}

func TestUpdateLockThatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pull()
	lock := w.path(".git/refs/heads/main.lock")
	write(t, lock, "")
	w.refused("another git program", lock)
}

// A clone of the old program, with all branches and a password in its config.
func TestUpdateOfOldClone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(w.remote, "branch", "other")
	w.at(filepath.Dir(w.folder), "clone", "--quiet", "--depth=1", "--branch=main", "--no-single-branch", w.source.URL, w.folder)
	write(t, w.path("notebook.txt"), "one\nmine\nthree\n")
	w.commit("news.txt", "news\n")
	w.commit("notebook.txt", "one\ntheirs\nthree\n")
	w.pull()
	w.wants("notebook.txt", "one\nmine\nthree\n")
	w.wants("news.txt", "news\n")
}

// Settings of the user that would stop or change a merge.
func TestUpdateWhateverIsConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pull()
	for name, value := range map[string]string{
		"commit.gpgSign": "true", "gpg.program": "false", "merge.ff": "only", "merge.conflictStyle": "diff3",
		"core.hooksPath": "/nowhere", "core.editor": "false", "fetch.prune": "true", "core.quotePath": "true",
		"color.ui": "always", "status.short": "true", "diff.noprefix": "true", "push.default": "nothing",
		"core.fsmonitor": "false-program", "user.useConfigOnly": "true", "branch.main.mergeOptions": "--no-commit --squash",
		"rerere.enabled": "true", "merge.log": "true", "commit.template": "/nowhere", "core.pager": "false",
		"status.showUntrackedFiles": "no", "checkout.defaultRemote": "x", "init.defaultBranch": "trunk", "log.showSignature": "true",
		"diff.ignoreSubmodules": "all", "fetch.output": "compact", "commit.cleanup": "scissors", "merge.renormalize": "true",
	} {
		w.at(w.folder, "config", name, value)
	}
	write(t, w.path("notebook.txt"), "one\nmine\nthree\n")
	w.commit("notebook.txt", "one\ntheirs\nthree\n")
	w.commit("news.txt", "news\n")
	if err := w.tryPull(); err != nil {
		t.Fatal(err)
	}
	w.wants("notebook.txt", "one\nmine\nthree\n")
	w.wants("news.txt", "news\n")
	if parents := w.at(w.folder, "--no-pager", "rev-list", "--parents", "-1", "HEAD"); len(strings.Fields(parents)) != 3 {
		t.Errorf("no merge was made: %s", parents)
	}
}

// Variables of git that point elsewhere.
func TestUpdateWhateverIsInTheEnvironment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := t.TempDir()
	w.source.Env = append(w.env, "GIT_DIR="+elsewhere, "GIT_WORK_TREE="+elsewhere, "GIT_INDEX_FILE="+elsewhere+"/index",
		"GIT_OBJECT_DIRECTORY="+elsewhere, "GIT_AUTHOR_DATE=nonsense", "GIT_TRACE="+elsewhere+"/trace", "GIT_LITERAL_PATHSPECS=1",
		"GIT_NAMESPACE=x", "LANGUAGE=de", "LC_ALL=de_DE.UTF-8", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=x")
	w.pull()
	write(t, w.path("notebook.txt"), "mine\n")
	w.commit("news.txt", "news\n")
	w.pull()
	w.wants("news.txt", "news\n")
	wantOnly(t, elsewhere)
}
