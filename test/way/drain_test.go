//go:build e2e

package way

import (
	"io"
	"net/http"
	"os"
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
	s := start(t, []string{"--shutdown-timeout=20"}, shared.echo, "--port={port}")
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
	answers := make(chan answer, 10)
	for range cap(answers) {
		go func() {
			resp, err := http.Get(s.url("slow?ms=3000"))
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
	begun := time.Now()
	s.terminate()
	conn.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1001) || time.Since(begun) > 2*time.Second {
		t.Errorf("after %s the websocket got %v", time.Since(begun), err)
	}
	for _, path := range []string{"", "api", ".jhsingle/status"} {
		if status, header, body := s.get(path); status != 503 || header.Get("Retry-After") == "" || !strings.Contains(body, "stopping") {
			t.Errorf("%q in the meantime: got %d, %s", path, status, body)
		}
	}
	for range cap(answers) {
		if got := <-answers; got.err != nil || got.status != 200 || !strings.Contains(got.body, "/slow?ms=3000") {
			t.Errorf("a request that ran got %d, %v, %s", got.status, got.err, got.body)
		}
	}
	<-s.ended
	if code, took := s.command.ProcessState.ExitCode(), time.Since(begun); code != 0 || took > 10*time.Second {
		t.Errorf("exit code %d after %s", code, took)
	}
}
