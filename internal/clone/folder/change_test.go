//go:build unix

package folder

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/shelf"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"golang.org/x/sys/unix"
)

// during does something over and over until the test's main part is done.
func during(t *testing.T, change func()) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				change()
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

// contains looks for a content in all files of a folder.
func contains(t *testing.T, folder, content string) bool {
	t.Helper()
	found := false
	if err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		has, err := os.ReadFile(path)
		found = found || bytes.Contains(has, []byte(content))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// Whoever swaps folders and files for links while they are copied gets nothing of
// what is elsewhere.
func TestSecurityLinkRace(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const private = "what is nobody's business"
	elsewhere := t.TempDir()
	for _, name := range []string{"/x", "/sub/x"} {
		if err := os.MkdirAll(filepath.Dir(elsewhere+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(elsewhere+name, []byte(private), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"a", "a/sub", "b", "c/d/e"} {
		s.write(folder+"/x", "mine")
	}
	at := func(name string) string { return filepath.Join(s.home, name) }
	stop := during(t, func() {
		for _, name := range []string{"a", "b", "a/sub", "c/d", "b/x"} {
			target := elsewhere
			if strings.HasSuffix(name, "x") {
				target += "/x"
			}
			_ = os.Rename(at(name), at("c/aside"))
			_ = os.Symlink(target, at(name))
			_ = os.Remove(at(name))
			_ = os.Rename(at("c/aside"), at(name))
		}
	})
	defer stop()
	s.open()
	whole := 0
	for range 100 {
		copied := s.copyOnly(func(folder string) {
			if contains(t, folder, private) {
				t.Error("it copied what a link led to")
			}
			if contains(t, folder, "mine") {
				whole++
			}
		})
		if copied != nil {
			t.Fatal(copied)
		}
	}
	if whole == 0 {
		t.Error("nothing was copied at all, so this proves nothing")
	}
	if _, err := os.Stat(elsewhere + "/sub/x"); err != nil {
		t.Error(err)
	}
}

// copyOnly copies without waiting for the disk, and shows what came of it.
func (s *stage) copyOnly(look func(folder string)) error {
	source, err := s.cloner.source(s.request.Owner, s.request.Source.Folder)
	if err != nil {
		return err
	}
	defer source.Top.Close()
	survey, err := selection.Look(s.t.Context(), source, Limits{}, "", "")
	if err != nil {
		return err
	}
	draft, err := s.cloner.shelf.Begin(s.t.Context(), id, 1, nil, false)
	if err != nil {
		return err
	}
	defer draft.Drop()
	if err := newCopier(s.t.Context(), draft.Tree, survey, Limits{}, &record{}).run(source, false); err != nil {
		return err
	}
	look(draft.Path())
	return nil
}

// Files that come, go, grow and shrink do not stop a copy, nor make it endless.
func TestSourceThatChanges(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, name := range []string{"a", "b", "c", "log"} {
		s.write("work/"+name+"/x", strings.Repeat(name, 3000))
	}
	s.write("steady", "steady")
	turn := 0
	stop := during(t, func() {
		turn++
		_ = os.RemoveAll(s.home + "/work/a")
		_ = os.Remove(s.home + "/work/b/x")
		_ = os.Truncate(s.home+"/work/c/x", int64(turn%5000))
		_ = os.MkdirAll(s.home+"/work/a", 0o755)
		for _, name := range []string{"a", "b"} {
			_ = os.WriteFile(s.home+"/work/"+name+"/x", make([]byte, 2000), 0o644)
		}
		if log, err := os.OpenFile(s.home+"/work/log/x", os.O_APPEND|os.O_WRONLY, 0); err == nil {
			_, _ = log.Write(make([]byte, 100))
			log.Close()
		}
	})
	defer stop()
	for revision := range 20 {
		s.request.Revision = revision + 1
		made, err := s.try(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(made.Folder + "/steady"); err != nil || string(content) != "steady" {
			t.Errorf("%q, %v", content, err)
		}
	}
}

// content copies a file as the copier does, which was changed since it was opened.
func content(t *testing.T, ctx context.Context, from string, change func() error) (string, error) {
	t.Helper()
	folder, err := tree.Open(filepath.Dir(from))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	file, info, err := folder.File(filepath.Base(from))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	to, err := os.Create(filepath.Join(t.TempDir(), "to"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if err := change(); err != nil {
		t.Fatal(err)
	}
	c := &copier{ctx: ctx, roomy: true, progress: progress{reporter: &record{}}}
	_, err = c.content(file, to, info)
	return to.Name(), err
}

func TestFileThatChanges(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for name, test := range map[string]struct{ becomes, want int64 }{
		"grows":   {9 << 20, 3 << 20},
		"shrinks": {1<<20 + 5, 1<<20 + 5},
		"empties": {0, 0},
	} {
		from := s.write(name, strings.Repeat("x", 3<<20))
		to, err := content(t, t.Context(), from, func() error { return os.Truncate(from, test.becomes) })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(to); err != nil || info.Size() != test.want {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), err)
		}
	}
}

func TestHoles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const size = 8 << 20
	for name, at := range map[string][]int64{"front": {0}, "back": {size - 5}, "middle": {3 << 20, 5 << 20}, "none": nil} {
		from := s.write(name, "")
		file, err := os.OpenFile(from, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range at {
			if _, err := file.WriteAt([]byte("data!"), place); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Truncate(size); err != nil {
			t.Fatal(err)
		}
		file.Close()
		to, err := content(t, t.Context(), from, func() error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		want, _ := os.ReadFile(from)
		got, err := os.ReadFile(to)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the copy is another, %v", name, err)
		}
		var before, after unix.Stat_t
		if err := errors.Join(unix.Stat(from, &before), unix.Stat(to, &after)); err != nil {
			t.Fatal(err)
		}
		if before.Blocks*512 < size && after.Blocks > before.Blocks+64 {
			t.Errorf("%s: %d blocks became %d", name, before.Blocks, after.Blocks)
		}
	}
}

// It stops before the next piece of a large file, and leaves nothing.
func TestStop(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("large", strings.Repeat("x", 8*piece))
	s.write("small", "x")
	enough := errors.New("enough")
	for title, when := range map[string]func(title string, percent int) bool{
		"while looking": func(string, int) bool { return true },
		"while copying": func(_ string, percent int) bool { return percent == 0 },
		"at the end":    func(title string, _ int) bool { return strings.HasPrefix(title, "Writing") },
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		s.log.during = func(now string, percent int) {
			if ctx.Err() != nil {
				t.Errorf("%s: it went on to %q, %d%%", title, now, percent)
			}
			if when(now, percent) {
				cancel(enough)
			}
		}
		_, err := s.try(ctx)
		if !errors.Is(err, enough) {
			t.Errorf("%s: %v", title, err)
		}
		s.nothing()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := content(t, ctx, s.home+"/large", func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("within a file: %v", err)
	}
}

// resume makes what a killed process leaves: a draft with a part of the copy.
func (s *stage) resume(prepare func(folder string)) {
	s.t.Helper()
	kept, err := shelf.New(s.root)
	if err != nil {
		s.t.Fatal(err)
	}
	draft, err := kept.Begin(s.t.Context(), id, s.request.Revision, nil, true)
	if err != nil {
		s.t.Fatal(err)
	}
	prepare(draft.Path())
	// As the kernel leaves it: nothing is tidied up.
	if err := os.Rename(filepath.Dir(draft.Path()), s.root+"/aside"); err != nil {
		s.t.Fatal(err)
	}
	place := filepath.Dir(draft.Path())
	draft.Drop()
	if err := os.MkdirAll(filepath.Dir(place), 0o711); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(s.root+"/aside", place); err != nil {
		s.t.Fatal(err)
	}
}

// What was copied whole and is as before is kept, and nothing else.
func TestResume(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	old := time.Unix(1e9, 5)
	at := func(name string, mode fs.FileMode) {
		t.Helper()
		if err := errors.Join(os.Chmod(name, mode), os.Chtimes(name, old, old)); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"whole", "half", "unfinished", "changed", "size", "mode", "sub/whole", "folder-now/x", "file-now", "link-now", "new/x"}
	for _, name := range names {
		at(s.write(name, "source"), 0o644)
	}
	s.link("whole", "link")
	s.link("whole", "other-link")
	s.resume(func(folder string) {
		put := func(name, content string, mode fs.FileMode) {
			t.Helper()
			if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			at(filepath.Join(folder, name), mode)
		}
		put("whole", "before", 0o644)
		put("sub/whole", "before", 0o644)
		put("unfinished", "before", 0)
		put("half", "befo", 0)
		put("size", "befo", 0o644)
		put("mode", "before", 0o600)
		put("changed", "before", 0o644)
		if err := os.Chtimes(folder+"/changed", old, old.Add(1)); err != nil {
			t.Fatal(err)
		}
		put("folder-now", "before", 0o644)
		put("file-now/x", "before", 0o644)
		put("link-now/x", "before", 0o644)
		put("link", "before", 0o644)
		put("gone", "before", 0o644)
		put("gone-folder/x", "before", 0o644)
		put("sub/gone", "before", 0o644)
		if err := errors.Join(os.Symlink("elsewhere", folder+"/other-link"), os.Chmod(folder+"/sub", 0o500)); err != nil {
			t.Fatal(err)
		}
	})
	if found, err := s.open().Snapshots(t.Context()); err != nil || len(found) != 1 || found[0].Complete || found[0].Revision != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	made := s.clone()
	for _, name := range names {
		want := "source"
		if strings.HasSuffix(name, "whole") {
			want = "before"
		}
		if content, err := os.ReadFile(made + "/" + name); err != nil || string(content) != want {
			t.Errorf("%s has %q, %v", name, content, err)
		}
	}
	wants(t, made, append(names, "sub/", "folder-now/", "new/", "link -> whole", "other-link -> whole")...)
	if !strings.Contains(s.log.said(), "Of these, 2 were there from a copy that broke off.") {
		t.Error(s.log.said())
	}
}

// What was made before the machine was started anew may not be on the disk.
func TestNoResumeAfterAnotherStart(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(draft string) error{
		"another start": func(draft string) error { return os.WriteFile(draft+"/boot", []byte("before"), 0o600) },
		"unknown":       func(draft string) error { return os.Remove(draft + "/boot") },
		"another owner": func(draft string) error { return os.Lchown(draft+"/tree", os.Geteuid()+1, -1) },
	} {
		if name == "another owner" && os.Geteuid() != 0 {
			continue // nobody else can give a folder away
		}
		s := newStage(t)
		file := s.write("x", "source")
		s.resume(func(folder string) {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.WriteFile(folder+"/x", []byte("before"), 0o644), os.Chtimes(folder+"/x", info.ModTime(), info.ModTime()), spoil(filepath.Dir(folder))); err != nil {
				t.Fatal(err)
			}
		})
		if content, err := os.ReadFile(s.clone() + "/x"); err != nil || string(content) != "source" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
	}
}

// A clone that is done again, as its end was not noted, begins anew.
func TestAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("x", "one")
	s.clone()
	if err := os.Remove(s.home + "/x"); err != nil {
		t.Fatal(err)
	}
	s.write("y", "two")
	wants(t, s.clone(), "y")
}

// Two at once, as by a job that was taken over: one waits for the other.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("x", "x")
	s.open()
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			if _, err := s.cloner.Clone(t.Context(), s.request, &record{}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	s.settled()
	found, err := s.cloner.Snapshots(t.Context())
	if err != nil || len(found) != 1 || !found[0].Complete {
		t.Errorf("%+v, %v", found, err)
	}
}
