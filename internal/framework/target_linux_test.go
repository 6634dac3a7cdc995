package framework

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestCheckTargetWithoutRights(t *testing.T) {
	// Not t.TempDir, whose parent is closed to others, too.
	folder, err := os.MkdirTemp("", "rights-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	closed, inside := filepath.Join(folder, "closed.ipynb"), filepath.Join(folder, "inside")
	if err := os.WriteFile(closed, nil, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(inside, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		// Root may read everything; this thread is nobody to the file system,
		// and ends with the test.
		runtime.LockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	for _, path := range []string{closed, inside} {
		err := start(t, "voila", filepath.Base(path)).CheckTarget(path)
		if err == nil || !strings.Contains(err.Error(), "which cannot be read: permission denied") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
