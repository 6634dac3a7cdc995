package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func dialer(app *App) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) { return app.Dial(ctx) }
}

// unixRole makes an app listen on its unix socket.
func unixRole(c *Config) { c.Command = []string{os.Args[0], "{unix_socket}"} }

func TestFreshSocket(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	app, ended := start(t, "unix", unixRole)
	status := await(t, app, Ready)
	if status.Port != 0 || status.Socket == "" || get(t, app, "/") != 404 {
		t.Errorf("got %+v", status)
	}
	folder := filepath.Dir(status.Socket)
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info, err)
	}
	app.Signal(syscall.SIGKILL)
	<-ended
	if exists(folder) {
		t.Errorf("%s is left", folder)
	}
}

func TestFreshSocketForTheEnvironment(t *testing.T) {
	app, _ := start(t, "environment", func(c *Config) {
		c.Environment = map[string]string{"A": "{unix_socket}", "B": "{port}"}
	})
	await(t, app, Starting)
	awaitLog(t, app, "A="+app.Status().Socket+" B=")
}

func TestFolderOfAKilledSupervisorIsRemoved(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	living, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer living.remove()
	stale, other := filepath.Join(parent, folderPrefix+"1"), filepath.Join(parent, "other")
	for _, path := range []string{stale, other} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * staleAfter)
	for _, path := range []string{living.path, stale, other} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	next, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer next.remove()
	if exists(stale) || !exists(other) || !exists(living.path) || !exists(next.path) {
		t.Errorf("left: stale %t, other %t, living %t, next %t", exists(stale), exists(other), exists(living.path), exists(next.path))
	}
}

func TestNoPlaceForAFreshSocket(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	_, ended := start(t, "unix", unixRole)
	if got := (<-ended).String(); !strings.Contains(got, "cannot make a folder for the app's unix socket in") {
		t.Errorf("got %q", got)
	}
}

func TestGivenSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	app, ended := start(t, "unix", func(c *Config) { unixRole(c); c.Socket = path })
	if status := await(t, app, Ready); status.Socket != path {
		t.Errorf("got %+v", status)
	}
	app.Signal(syscall.SIGKILL)
	<-ended
	if exists(path) {
		t.Error("the socket is left")
	}
}

func TestGivenSocketThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "taken")
	listener, err := net.Listen("unix", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for path, want := range map[string]string{
		file:                     "something else is there (a file)",
		dir:                      "something else is there (a folder)",
		link:                     "something else is there (a symbolic link)",
		taken:                    "is taken by process " + fmt.Sprint(os.Getpid()),
		filepath.Join(file, "x"): "is not a folder",
		dir + "/no/app.sock":     "no such file or directory",
	} {
		_, ended := start(t, "unix", func(c *Config) { unixRole(c); c.Socket = path })
		if exit := <-ended; !strings.Contains(exit.String(), want) || exit.Success() {
			t.Errorf("%s: got %q, want %q", path, exit, want)
		}
	}
	if got, _ := os.ReadFile(file); string(got) != "precious" {
		t.Error("the file was changed")
	}
	long := filepath.Join(dir, strings.Repeat("x", maxSocketPath))
	if _, err := New(Config{Command: []string{"/bin/sh"}, Socket: long}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("at most %d", maxSocketPath)) {
		t.Errorf("got %v", err)
	}
}

func TestSecurityFolderThatOthersCanWriteIsToldOf(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	log := &logged{}
	app, _ := start(t, "unix", func(c *Config) { unixRole(c); c.Socket, c.Log = filepath.Join(dir, "s"), log.logger() })
	await(t, app, Ready)
	if !strings.Contains(log.String(), "other users of this machine can put a socket of their own") {
		t.Errorf("got %s", log)
	}
}

func TestEveryLoopbackAddressIsFound(t *testing.T) {
	for _, role := range []string{"IPv6", "every address"} {
		app, _ := start(t, role, nil)
		await(t, app, Ready)
		if got := get(t, app, "/"); got != 404 {
			t.Errorf("%s: got %d", role, got)
		}
	}
}

func TestTakenOnIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	if err := checkPort(port); !errors.As(err, &takenError{}) {
		t.Errorf("got %v", err)
	}
}

func TestStaleAppIsNotTakenForTheNewOne(t *testing.T) {
	// One that another of us has started goes on listening where this one is to.
	stale, _ := start(t, "web", nil)
	port := await(t, stale, Ready).Port
	app, _ := start(t, "web", func(c *Config) {
		c.Port, c.Restart = port, OnFailure
		c.Backoff = BackoffConfig{First: time.Millisecond, Last: time.Millisecond, Limit: 1}
	})
	status := await(t, app, Failed)
	if want := fmt.Sprintf("port %d is taken by process %d (", port, stale.Status().PID); !strings.Contains(status.LastExit.String(), want) || status.Starts != 0 {
		t.Errorf("got %+v, want %q", status.LastExit, want)
	}
}

func TestPlainErrors(t *testing.T) {
	for err, want := range map[error]string{
		syscall.EMFILE: "ulimit -n",
		syscall.ENFILE: "on this machine",
		syscall.ENOSPC: "no space",
		syscall.EDQUOT: "quota",
		syscall.EROFS:  "read-only",
		os.ErrClosed:   "closed",
	} {
		if got := plain(&os.PathError{Op: "mkdir", Path: "/x", Err: err}).Error(); !strings.Contains(got, want) {
			t.Errorf("%v: got %q", err, got)
		}
	}
}
