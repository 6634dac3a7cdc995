//go:build e2e

package chaos

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// inSmallFolder is a command that runs another with a folder for temporary
// files of a few pages, which only it can see. Whoever is not root needs a user
// namespace for it.
func inSmallFolder(options, script string) []string {
	unshare := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	return append(unshare, "sh", "-c", `mkdir -p "$TMPDIR" && mount -t tmpfs -o `+options+` none "$TMPDIR" && `+script, "sh")
}

// A log that cannot be written, as its disk is full, is nobody's problem but
// its reader's: the app is served all the same.
func TestFullDiskForTheLogStopsNobody(t *testing.T) {
	folder := t.TempDir()
	s := start(t, setup{
		before:      inSmallFolder("size=16k", `exec "$@" >"$TMPDIR/log" 2>&1`),
		environment: []string{"TMPDIR=" + folder},
		app:         []string{"--chatter=4096"},
	})
	app, err := s.app(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 200 { // 800 kB for 16
		status, _, err := s.get(t.Context(), "/")
		if err != nil || status != http.StatusOK {
			t.Fatalf("was answered %d, %v", status, err)
		}
	}
	s.die(t, app, 9)
}

// Without room for the folder of the unix socket the app cannot start, and our
// program says why, to visitors too.
func TestFullDiskForTheSocketIsSaid(t *testing.T) {
	folder := t.TempDir()
	s := start(t, setup{
		// One inode for the folder itself, and none for another.
		before:      inSmallFolder("nr_inodes=1", `exec "$@"`),
		environment: []string{"TMPDIR=" + folder},
		flags:       []string{"--unix-socket=auto", "--restart=on-failure", "--restart-delay=0.1", "--restart-limit=2"},
		app:         []string{"--unix-socket={unix_socket}"},
		unready:     true,
	})
	eventually(t, patience, func() error {
		status, body, err := s.get(t.Context(), "/")
		if err != nil {
			return err
		}
		if status != http.StatusServiceUnavailable || !strings.Contains(body, `"failed"`) {
			return fmt.Errorf("was answered %d: %s", status, body)
		}
		return nil
	})
	eventually(t, patience, func() error {
		if log := s.tail(100); !strings.Contains(log, "no space") {
			return fmt.Errorf("the log does not say what is full:\n%s", log)
		}
		return nil
	})
}

// A machine on which nothing can be mounted shows nothing by the tests above.
func TestSmallFolderCanBeMade(t *testing.T) {
	argv := append(inSmallFolder("size=16k", `exec "$@"`), "sh", "-c", `! head -c 100000 /dev/zero >"$TMPDIR/x"`)
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
}
