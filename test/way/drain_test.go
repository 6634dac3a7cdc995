//go:build e2e

package way

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func itoa(n int) string { return strconv.Itoa(n) }

// readFields reads a file of numbers, as /proc has them.
func readFields(t *testing.T, file string) []int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for _, part := range strings.Fields(string(text)) {
		n, err := strconv.Atoi(part)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// terminate asks our program to stop.
func (s *server) terminate() {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
}

// A stop ends websockets at once, finishes what runs, and takes nothing new.
func TestStopFinishesWhatRuns(t *testing.T) {
	s := start(t, []string{"--shutdown-timeout=120"}, shared.echo, "--port={port}")
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url("ws"), "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.ReadMessage() // its hello

	type answer struct {
		status int
		body   string
		err    error
	}
	release := filepath.Join(t.TempDir(), "release")
	path := "slow?until=" + url.QueryEscape(release)
	answers := make(chan answer, 10)
	for range cap(answers) {
		go func() {
			resp, err := http.Get(s.url(path))
			if err != nil {
				answers <- answer{err: err}
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			answers <- answer{resp.StatusCode, string(body), err}
		}()
	}
	s.eventually(func() error {
		if _, _, seen := s.get("seen"); strings.Count(seen, "/slow") < cap(answers) {
			return errNotYet(seen)
		}
		return nil
	})
	s.terminate()
	conn.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1001) {
		t.Errorf("while requests run, the websocket got %v", err)
	}
	for _, path := range []string{"", "api", ".jhsingle/status"} {
		if status, header, body := s.get(path); status != 503 || header.Get("Retry-After") == "" || !strings.Contains(body, "stopping") {
			t.Errorf("%q in the meantime: got %d, %s", path, status, body)
		}
	}
	if err := os.WriteFile(release, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range cap(answers) {
		if got := <-answers; got.err != nil || got.status != 200 || !strings.Contains(got.body, "/"+path) {
			t.Errorf("a request that ran got %d, %v, %s", got.status, got.err, got.body)
		}
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatal("our program waits, though nothing runs any more")
	}
	if code := s.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
