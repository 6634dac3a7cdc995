//go:build e2e

package chaos

import (
	"errors"
	"fmt"
	"net/http"
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
	const slowOnes, sockets, busy = 30, 50, 3 * time.Second
	s := start(t, setup{flags: []string{"--shutdown-timeout=12", "--no-logs"}, app: []string{"--family"}})

	var running sync.WaitGroup
	begun := make(chan struct{}, slowOnes)
	failures := make(chan error, slowOnes+sockets)
	for range slowOnes {
		running.Go(func() {
			answer, err := once.Get(fmt.Sprintf("%s/slow?ms=%d", s.url, busy.Milliseconds()))
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

	told := make(chan time.Time, sockets)
	for range sockets {
		conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(s.url, "http", "ws", 1)+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		running.Go(func() {
			_ = conn.SetReadDeadline(time.Now().Add(hung)) // fails on a closed connection only
			for {
				_, _, err := conn.ReadMessage()
				if closed := (*websocket.CloseError)(nil); errors.As(err, &closed) && closed.Code == websocket.CloseGoingAway {
					told <- time.Now()
					return
				}
				if err != nil {
					failures <- fmt.Errorf("a websocket ended by %w", err)
					return
				}
			}
		})
	}

	stopped := time.Now()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// Visitors who come while running requests go on.
	late := 0
	eventually(t, 2*time.Second, func() error {
		status, _, err := s.get(t.Context(), "/")
		if err != nil {
			t.Errorf("a late visitor: %v", err)
		} else if status != http.StatusServiceUnavailable {
			return fmt.Errorf("a late visitor was answered %d", status)
		}
		return nil
	})
	for time.Since(stopped) < busy/2 {
		status, _, err := s.get(t.Context(), "/")
		if err != nil || status != http.StatusServiceUnavailable {
			t.Fatalf("a late visitor was answered %d, %v after %s", status, err, time.Since(stopped))
		}
		late++
		time.Sleep(10 * time.Millisecond)
	}
	running.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	close(told)
	var latest time.Duration
	heard := 0
	for at := range told {
		heard++
		latest = max(latest, at.Sub(stopped))
	}
	if heard != sockets || latest > 2*time.Second {
		t.Errorf("%d of %d websockets heard 1001, the last after %s", heard, sockets, latest)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatal("our program does not end")
	}
	took := time.Since(stopped)
	t.Logf("%d running requests ended whole, %d late visitors got 503, %d websockets heard 1001 within %s, and all was over after %s",
		slowOnes, late, heard, latest.Round(time.Millisecond), took.Round(time.Millisecond))
	if code := s.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("our program ended with %d", code)
	}
	if took < busy/2 || took > busy+5*time.Second {
		t.Errorf("it took %s to stop, with requests that take %s", took, busy)
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
	if took := time.Since(begun); took > limit+3*time.Second {
		t.Errorf("it took %s to stop in %s", took, limit)
	}
	if _, err := answer.Body.Read(make([]byte, 100)); err == nil {
		_, err = answer.Body.Read(make([]byte, 100))
		if err == nil {
			t.Error("an answer of ten minutes ended in seconds, and seems whole")
		}
	}
}
