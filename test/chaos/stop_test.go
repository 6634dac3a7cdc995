//go:build e2e

package chaos

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A stop under load drops nothing that was accepted: who comes later is
// answered 503, running requests end whole, and websockets hear 1001 at once.
func TestStopDropsNothingThatWasAccepted(t *testing.T) {
	const slowOnes, sockets, lateOnes = 30, 50, 100
	s := start(t, setup{flags: []string{"--shutdown-timeout=300", "--no-logs"}, app: []string{"--family"}})
	// Running requests go on until the test has seen the rest.
	release := filepath.Join(t.TempDir(), "release")
	visitor := http.Client{Transport: once.Transport, Timeout: 10 * patience}

	var running sync.WaitGroup
	begun := make(chan struct{}, slowOnes)
	failures := make(chan error, slowOnes)
	for range slowOnes {
		running.Go(func() {
			answer, err := visitor.Get(s.url + "/slow?until=" + url.QueryEscape(release))
			begun <- struct{}{}
			if err != nil {
				failures <- err
				return
			}
			defer answer.Body.Close()
			whole := make([]byte, 100)
			n := 0
			for err == nil && n < len(whole) {
				var more int
				more, err = answer.Body.Read(whole[n:])
				n += more
			}
			if text := string(whole[:n]); answer.StatusCode != http.StatusOK || text != "half, and half" {
				failures <- fmt.Errorf("a running request ended as %d %q, %v", answer.StatusCode, text, err)
			}
		})
	}
	for range slowOnes {
		<-begun // its head and half of its answer are there
	}

	told := make(chan error, sockets)
	for range sockets {
		conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(s.url, "http", "ws", 1)+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		running.Go(func() {
			_ = conn.SetReadDeadline(time.Now().Add(10 * patience)) // fails on a closed connection only
			var err error
			for err == nil {
				_, _, err = conn.ReadMessage()
			}
			told <- err
		})
	}

	stopped := time.Now()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// Visitors who come while running requests go on.
	eventually(t, patience, func() error {
		status, _, err := s.get(t.Context(), "/")
		if err != nil {
			t.Errorf("a late visitor: %v", err)
		} else if status != http.StatusServiceUnavailable {
			return fmt.Errorf("a late visitor was answered %d", status)
		}
		return nil
	})
	for range lateOnes {
		status, _, err := s.get(t.Context(), "/")
		if err != nil || status != http.StatusServiceUnavailable {
			t.Fatalf("a late visitor was answered %d, %v", status, err)
		}
	}
	for range sockets {
		if err := <-told; !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			t.Errorf("while requests run, a websocket ended by %v", err)
		}
	}
	t.Logf("%d late visitors got 503, and %d websockets ended, within %s", lateOnes, sockets, time.Since(stopped).Round(time.Millisecond))
	select {
	case <-s.ended:
		t.Error("our program ended before the requests that run")
	default:
	}
	if err := os.WriteFile(release, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	running.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatal("our program does not end")
	}
	if code := s.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("our program ended with %d", code)
	}
}

// Requests that do not end in time are broken off, and the stop takes no longer
// for them.
func TestStopIsOverInTime(t *testing.T) {
	const limit = 4 * time.Second
	s := start(t, setup{flags: []string{fmt.Sprintf("--shutdown-timeout=%d", int(limit.Seconds())), "--no-logs"}, app: []string{"--family"}})
	answer, err := http.Get(s.url + "/slow?ms=600000")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	begun := time.Now()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatal("our program does not end")
	}
	if took := time.Since(begun); took > limit+10*time.Second {
		t.Errorf("it took %s to stop in %s", took, limit)
	}
	if _, err := answer.Body.Read(make([]byte, 100)); err == nil {
		_, err = answer.Body.Read(make([]byte, 100))
		if err == nil {
			t.Error("an answer of ten minutes ended in seconds, and seems whole")
		}
	}
}
