package git

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	folder := t.TempDir()
	first, err := acquire(t.Context(), folder, discard(), func() { t.Error("waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan struct{})
	got := make(chan *lock)
	go func() {
		second, err := acquire(t.Context(), folder, discard(), func() { close(waits) })
		if err != nil {
			t.Error(err)
		}
		got <- second
	}()
	<-waits
	select {
	case <-got:
		t.Fatal("two have the lock")
	case <-time.After(3 * lockPause):
	}
	first.release()
	second := <-got
	if !second.died.IsZero() {
		t.Error("the first one is said to have died")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := acquire(ctx, folder, discard(), func() {}); err == nil {
		t.Error("did not stop waiting")
	}
	second.release()
	wantOnly(t, folder)
}

// The lock of a process that was killed does not block, and tells of it.
func TestLockOfTheDead(t *testing.T) {
	folder := t.TempDir()
	if os.Getenv("LOCK_FOLDER") != "" {
		if _, err := acquire(t.Context(), os.Getenv("LOCK_FOLDER"), discard(), func() {}); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("locked\n")
		select {}
	}
	owner := exec.Command(os.Args[0], "-test.run=^TestLockOfTheDead$")
	owner.Env = append(os.Environ(), "LOCK_FOLDER="+folder)
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Truncate(time.Second)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	waited := false
	held, err := acquire(t.Context(), folder, discard(), func() {
		waited = true
		_ = owner.Process.Kill()
	})
	_ = owner.Wait()
	if err != nil || !waited {
		t.Fatalf("waited: %v, %v", waited, err)
	}
	if held.died.Before(begin) {
		t.Errorf("it died at work begun at %s", held.died)
	}
	held.release()
}

// The file may be removed and made anew at any moment; never have two it.
func TestLockRace(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	var group sync.WaitGroup
	inside := make(chan struct{}, 1)
	for range 8 {
		group.Go(func() {
			for range 50 {
				held, err := acquire(t.Context(), folder, discard(), func() {})
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case inside <- struct{}{}:
				default:
					t.Error("two have the lock")
				}
				<-inside
				held.release()
				_ = os.Remove(folder) // as a clone that failed does
			}
		})
	}
	group.Wait()
}

// What is no folder, and leads to none, is not waited for.
func TestLockOfNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(t.TempDir(), "none"), link); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{file, file + "/x", link, link + "/x"} {
		if _, err := acquire(t.Context(), folder, discard(), func() {}); err == nil || !strings.Contains(err.Error(), "cannot be made") {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

// Servers that start at once on one folder.
func TestPullsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.commit("other.txt", "other\n")
	for range 2 {
		var group sync.WaitGroup
		var mu sync.Mutex
		waited := false
		for range 4 {
			group.Go(func() {
				err := w.source.Pull(t.Context(), func(title string, _ int) {
					mu.Lock()
					defer mu.Unlock()
					waited = waited || strings.HasPrefix(title, "Waiting for another server")
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		w.settled()
		w.wants("other.txt", "other\n")
		w.at(w.folder, "fsck", "--strict")
		if !waited {
			t.Error("nobody said that it waits")
		}
		write(t, w.path("notebook.txt"), "mine\n")
		w.commit("notebook.txt", "theirs\n")
	}
	w.wants("notebook.txt", "mine\n")
}
