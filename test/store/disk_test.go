//go:build e2e

package store

import (
	"bytes"
	"database/sql"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

// apart, in the environment, says that a test runs where it may mount.
const apart = "STORE_TEST_APART"

// inNamespace runs a test again in a mount namespace of its own, in which whoever
// runs it is root, and says whether this is that run. What it mounts is gone with
// it.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(apart) != "" {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), apart+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	output, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, output)
	}
	return false
}

// mount makes a file system of so much room.
func mount(t *testing.T, options string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// TestFullDisk fills the disk: what was kept stays, what is not kept is said to be
// not, and it goes on when there is room.
func TestFullDisk(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	folder := mount(t, "size=2m")
	ballast := filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 512<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "dashboards.sqlite")
	s := open(t, file)
	var kept []dashboard.Dashboard
	var err error
	for range 10_000 {
		var d dashboard.Dashboard
		if d, err = keep(t, s); err != nil {
			break
		}
		kept = append(kept, d)
	}
	if dashboard.KindOf(err) != dashboard.Unavailable || !strings.Contains(err.Error(), "full") {
		t.Fatalf("after %d dashboards: %v", len(kept), err)
	}
	check := func() {
		t.Helper()
		found, total, err := s.List(t.Context(), dashboard.Query{})
		if err != nil || total != len(kept) || len(found[0].Access.Users) != len(kept[0].Access.Users) {
			t.Errorf("there are %d dashboards (%v), want %d", total, err, len(kept))
		}
	}
	check()
	picture := dashboard.Picture{Type: "image/png", Content: bytes.Repeat([]byte{1}, dashboard.MaxThumbnail)}
	if err := s.SetThumbnail(t.Context(), kept[0].ID, picture); dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("a picture: %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(folder, "backup")); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("a backup: %v", err)
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) != 4 { // the ballast, and the database's
		t.Errorf("left over is %v (%v)", names, err)
	}
	if opened, err := store.Open(t.Context(), filepath.Join(folder, "other"), slog.New(slog.DiscardHandler)); err == nil {
		opened.Close()
		t.Error("a new database can be made on a full disk")
	} else if !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("a new database: %v", err)
	}
	check()

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	d, err := keep(t, s)
	if err != nil {
		t.Fatalf("when there is room again: %v", err)
	}
	kept = append(kept, d)
	check()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var sound string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the database is %q (%v)", sound, err)
	}
}

// TestReadOnlyDisk has a database where nothing can be written.
func TestReadOnlyDisk(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	folder := mount(t, "size=2m")
	file := filepath.Join(folder, "dashboards.sqlite")
	s := open(t, file)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, filepath.Join(folder, "new.sqlite")} {
		opened, err := store.Open(t.Context(), name, slog.New(slog.DiscardHandler))
		if err == nil {
			opened.Close()
			t.Errorf("%s can be opened", name)
		} else if !strings.Contains(err.Error(), "must be writable") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
