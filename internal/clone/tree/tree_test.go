//go:build unix

package tree

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func openAt(t *testing.T, path string) *Folder {
	t.Helper()
	folder, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return folder
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSecurityLinksAreNotFollowed(t *testing.T) {
	base := t.TempDir()
	write(t, base+"/outside/secret", "secret")
	if err := os.Mkdir(base+"/in", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"file": "../outside/secret", "folder": "../outside"} {
		if err := os.Symlink(target, base+"/in/"+name); err != nil {
			t.Fatal(err)
		}
	}
	in := openAt(t, base+"/in")
	if _, _, err := in.File("file"); !Swapped(err) {
		t.Errorf("a link to a file: %v", err)
	}
	if _, err := in.Folder("folder"); !Swapped(err) {
		t.Errorf("a link to a folder: %v", err)
	}
	if _, err := in.Create("file"); !errors.Is(err, os.ErrExist) {
		t.Errorf("making a file through a link: %v", err)
	}
	if _, err := in.Create("folder/new"); err != nil {
		t.Errorf("the names of this test lead nowhere: %v", err)
	}
	if err := in.Remove(t.Context(), "folder"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(base + "/outside/secret"); err != nil {
		t.Error("what the link leads to was removed")
	}
}

// What would block, or is no file, is not opened as one.
func TestOnlyFilesAreFiles(t *testing.T) {
	base := t.TempDir()
	if err := unix.Mkfifo(base+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	t.Chdir(base) // the addresses of sockets are short
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "socket"}); err != nil {
		t.Fatal(err)
	}
	in := openAt(t, base)
	for _, name := range []string{"pipe", "socket", "."} {
		if _, _, err := in.File(name); !Swapped(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := in.File("nothing"); !Gone(err) {
		t.Errorf("nothing: %v", err)
	}
}

func TestFinish(t *testing.T) {
	base := t.TempDir()
	in := openAt(t, base)
	file, err := in.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("content"); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if info, err := in.Stat("x"); err != nil || info.Mode != 0 {
		t.Errorf("what is not finished has the mode %v, %v", info.Mode, err)
	}
	at := time.Unix(1234567890, 123456789)
	if err := in.Finish("x", at, 0o4751|os.ModeSetuid|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	info, err := in.Stat("x")
	if err != nil || info.Mode != 0o751 || info.Bytes != 7 || !info.Modified.Equal(at) {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := os.Stat(base + "/x"); err != nil || info.Mode() != 0o751 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// However deep, and whatever permissions it has, it goes, with few descriptors.
func TestRemoveDeep(t *testing.T) {
	base := t.TempDir()
	const levels = 1000
	at, err := unix.Open(base, unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("d", 200)
	for range levels {
		if err := unix.Mkdirat(at, name, 0o700); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(at, name, unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		file, err := unix.Openat(next, "file", unix.O_CREAT|unix.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(file)
		if err := unix.Fchmod(at, 0o500); err != nil {
			t.Fatal(err)
		}
		unix.Close(at)
		at = next
	}
	unix.Close(at)
	if err := os.Chmod(base, 0o700); err != nil {
		t.Fatal(err)
	}
	in := openAt(t, base)
	before := descriptors(t)
	most, stop := before, make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				most = max(most, descriptors(t))
			}
		}
	})
	err = in.Remove(t.Context(), name)
	close(stop)
	watching.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Stat(name); !Gone(err) {
		t.Errorf("it is there: %v", err)
	}
	if most-before > deepest+16 {
		t.Errorf("it took %d descriptors", most-before)
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors are left open", after-before)
	}
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Error(err)
	}
	return len(entries)
}

func TestRemoveEndsWithItsContext(t *testing.T) {
	base := t.TempDir()
	write(t, base+"/x/y", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	in := openAt(t, base)
	if err := in.Remove(ctx, "x"); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	if err := in.Remove(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if err := in.Remove(t.Context(), "x"); err != nil {
		t.Errorf("what is not there: %v", err)
	}
}

// Whoever swaps folders for links while they are removed loses their own files
// only.
func TestSecurityRemoveWhileFoldersAreSwapped(t *testing.T) {
	base := t.TempDir()
	write(t, base+"/outside/precious", "precious")
	in := openAt(t, base)
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.MkdirAll(base+"/x/a/b", 0o700)
				_ = os.Rename(base+"/x/a", base+"/aside")
				_ = os.Symlink("../outside", base+"/x/a")
				_ = os.Remove(base + "/x/a")
				_ = os.Rename(base+"/aside", base+"/x/a")
			}
		}
	})
	for range 300 {
		write(t, base+"/y/a/b/c", "")
		_ = os.Rename(base+"/y", base+"/x/y")
		_ = in.Remove(t.Context(), "x") // may fail, as it fills again
	}
	close(stop)
	swapping.Wait()
	if _, err := os.Stat(base + "/outside/precious"); err != nil {
		t.Error("what a link led to was removed")
	}
	if err := in.Remove(t.Context(), "x"); err != nil {
		t.Error(err)
	}
}
