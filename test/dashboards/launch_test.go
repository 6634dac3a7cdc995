//go:build e2e

package dashboards

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// launched is a "dashboard-builder launch" that runs without a hub.
type launched struct {
	*testing.T
	address, scratch string
	command          *exec.Cmd
	said             bytes.Buffer
	ended            chan struct{}
}

// launch starts one with a folder for temporary files of its own.
func launch(t *testing.T, args ...string) *launched {
	t.Helper()
	program, err := ready.Build(t.Context(), "./cmd/dashboard-builder", false)
	if err != nil {
		t.Fatal(err)
	}
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := os.MkdirTemp("", "launch-") // a short name, as a kernel's sockets are in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(scratch); err != nil {
			t.Error(err)
		}
	})
	l := &launched{T: t, address: fmt.Sprintf("http://127.0.0.1:%d/", ports[0]), scratch: scratch, ended: make(chan struct{})}
	l.command = exec.Command(program, append([]string{"launch", "--authtype=none", fmt.Sprintf("--port=%d", ports[0])}, args...)...) // #nosec G204 -- ours
	l.command.Env = []string{"PATH=" + ready.Path(), "HOME=" + l.scratch, "TMPDIR=" + l.scratch}
	l.command.Stdout, l.command.Stderr = &l.said, &l.said
	l.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := l.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = l.command.Wait()
		close(l.ended)
	}()
	t.Cleanup(func() {
		_ = l.command.Process.Kill()
		<-l.ended
		if t.Failed() {
			t.Logf("%s", l.said.String())
		}
	})
	return l
}

// shows waits until a path shows some text.
func (l *launched) shows(path, text string) {
	l.Helper()
	err := house.Await(l.Context(), patience, func() error {
		select {
		case <-l.ended:
			return house.Final(errors.New("it ended"))
		default:
		}
		answer, err := http.Get(l.address + path)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), text)) {
			err = fmt.Errorf("%d %.300s", answer.StatusCode, body)
		}
		return err
	})
	if err != nil {
		l.Fatalf("%s does not show %q: %v", path, text, err)
	}
}

// stop asks it to stop, as a spawner does, and checks that it does so as it should
// and leaves nothing.
func (l *launched) stop() {
	l.Helper()
	if err := l.command.Process.Signal(syscall.SIGTERM); err != nil {
		l.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	select {
	case <-l.ended:
	case <-ctx.Done():
		l.Fatal("it does not stop")
	}
	if code := l.command.ProcessState.ExitCode(); code != 0 {
		l.Errorf("it ended with %d", code)
	}
	for _, left := range l.copies() {
		l.Errorf("%s is left", left)
	}
	left, err := bed.AwaitGone(patience, "TMPDIR="+l.scratch)
	if err != nil || len(left) > 0 {
		l.Errorf("these run still: %v, %v", left, err)
	}
}

// copies are the copies that it has made.
func (l *launched) copies() []string {
	found, _ := filepath.Glob(filepath.Join(l.scratch, "dashboard-*"))
	return found
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Without a hub: a snapshot is made, and served, and gone at the end.
func TestLaunchWithoutAHub(t *testing.T) {
	t.Parallel()
	t.Run("static", func(t *testing.T) {
		work := filepath.Join(t.TempDir(), "work")
		writeFile(t, filepath.Join(work, "index.html"), "as it was")
		writeFile(t, filepath.Join(work, ".env"), "SECRET=1")
		l := launch(t, "--clone", work, "static")
		l.shows("", "as it was")
		if len(l.copies()) != 1 {
			t.Errorf("the copies are %q", l.copies())
		}
		writeFile(t, filepath.Join(work, "index.html"), "as it became")
		l.shows("", "as it was")
		if answer, err := http.Get(l.address + ".env"); err != nil || answer.StatusCode == http.StatusOK {
			t.Errorf("a secret is shown: %+v, %v", answer, err)
		}
		l.stop()
	})
	t.Run("voila", func(t *testing.T) {
		work := filepath.Join(t.TempDir(), "work")
		writeFile(t, filepath.Join(work, "Wave.ipynb"), notebook("one", "x * x"))
		l := launch(t, "--clone", work, "voila", "Wave.ipynb")
		l.shows("", "Wave")
		l.stop()
	})
	t.Run("nothing there", func(t *testing.T) {
		l := launch(t, "--clone", filepath.Join(t.TempDir(), "nowhere"), "static")
		<-l.ended
		if code := l.command.ProcessState.ExitCode(); code == 0 || !strings.Contains(l.said.String(), "nowhere") {
			t.Errorf("it ended with %d: %s", code, l.said.String())
		}
		for _, left := range l.copies() {
			t.Errorf("%s is left", left)
		}
	})
}
