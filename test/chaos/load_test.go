//go:build e2e

package chaos

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// hung is how long an answer, or a message's way back, may take at most. Much
// longer than any of them needs, on a busy machine too, and shorter than any
// timeout of ours that would end a wait by itself.
const hung = 15 * time.Second

// load is visitors of every kind, who do not go away.
type load struct {
	server *server
	cancel context.CancelFunc
	done   sync.WaitGroup
	wrk    *exec.Cmd
	report bytes.Buffer

	// answered and broken count requests that were answered whole, with any
	// status, and those that broke off; unanswered those that did neither.
	answered, broken, unanswered atomic.Int64
	// opened, messages, closed and stuck are the same for websockets.
	opened, messages, closed, stuck atomic.Int64
	// reading and talking count the slow answers and the websockets that the app is
	// at now.
	reading, talking atomic.Int64

	mu      sync.Mutex
	longest time.Duration
	strange map[string]int
}

// visit starts wrk, twenty visitors of slow pages, and fifty websockets.
func (s *server) visit(t *testing.T) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{server: s, cancel: cancel, strange: map[string]int{}}
	// Few connections, because each of them takes all that it gets, and two
	// processors are all there is.
	l.wrk = exec.Command("wrk", "--threads=1", "--connections=2", "--duration=600s", fmt.Sprintf("--timeout=%ds", int(hung.Seconds())), s.url+"/")
	l.wrk.Stdout, l.wrk.Stderr = &l.report, &l.report
	if err := l.wrk.Start(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		l.done.Go(func() { l.read(ctx) })
	}
	for range 50 {
		l.done.Go(func() { l.talk(ctx) })
	}
	t.Cleanup(func() { cancel(); _ = l.wrk.Process.Kill() })
	return l
}

// read asks for slow pages, one after the other.
func (l *load) read(ctx context.Context) {
	for ctx.Err() == nil {
		begun := time.Now()
		// Not ended with the load: a request that is under way is waited for.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), hung)
		var begins atomic.Bool
		limited = httptrace.WithClientTrace(limited, &httptrace.ClientTrace{GotFirstResponseByte: func() {
			begins.Store(true)
			l.reading.Add(1)
		}})
		status, body, err := l.server.get(limited, "/slow?ms=100")
		cancel()
		if begins.Load() {
			l.reading.Add(-1)
		}
		l.took(time.Since(begun))
		switch {
		case err == nil && (status == http.StatusOK && body == "half, and half" || status == http.StatusServiceUnavailable || status == http.StatusBadGateway):
			l.answered.Add(1)
		case isTimeout(err):
			l.unanswered.Add(1)
		case err != nil:
			l.broken.Add(1)
		default:
			l.odd(fmt.Sprintf("%d %.30q", status, body))
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// talk holds a websocket, and opens another when it ends.
func (l *load) talk(ctx context.Context) {
	dialer := websocket.Dialer{HandshakeTimeout: hung}
	address := strings.Replace(l.server.url, "http", "ws", 1) + "/ws"
	for ctx.Err() == nil {
		conn, answer, err := dialer.DialContext(context.WithoutCancel(ctx), address, nil)
		if err != nil {
			if answer == nil && isTimeout(err) {
				l.stuck.Add(1)
			}
			pause(ctx, 50*time.Millisecond)
			continue
		}
		l.opened.Add(1)
		l.talking.Add(1)
		for ctx.Err() == nil {
			begun := time.Now()
			_ = conn.SetReadDeadline(begun.Add(hung)) // fails on a closed connection only, as does what follows
			if err = conn.WriteMessage(websocket.TextMessage, []byte("hello")); err == nil {
				_, _, err = conn.ReadMessage()
			}
			l.took(time.Since(begun))
			if err != nil {
				break
			}
			l.messages.Add(1)
			pause(ctx, 100*time.Millisecond)
		}
		l.talking.Add(-1)
		if isTimeout(err) {
			l.stuck.Add(1)
		} else if err != nil {
			l.closed.Add(1)
		}
		conn.Close()
	}
}

// isThere says whether there is somebody of each kind for the app to end.
func (l *load) isThere() error {
	if reading, talking := l.reading.Load(), l.talking.Load(); reading < 3 || talking < 30 {
		return fmt.Errorf("only %d slow answers and %d websockets are under way", reading, talking)
	}
	return nil
}

func (l *load) took(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.longest = max(l.longest, d)
}

func (l *load) odd(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strange[what]++
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// outcome is what the load saw, and wrk with it.
type outcome struct {
	// requests were answered, of which turnedAway by another status than 200.
	requests, turnedAway, timeouts, refused int
	text                                    string
}

// end sends the visitors away and waits until the last has left.
func (l *load) end(t *testing.T) outcome {
	t.Helper()
	l.cancel()
	_ = l.wrk.Process.Signal(os.Interrupt) // prints its report
	if err := l.wrk.Wait(); err != nil {
		t.Fatalf("wrk: %v: %s", err, l.report.Bytes())
	}
	l.done.Wait()
	o := outcome{text: l.report.String()}
	o.requests = find(o.text, `(\d+) requests in`)
	o.turnedAway = find(o.text, `Non-2xx or 3xx responses: (\d+)`)
	o.refused, o.timeouts = find(o.text, `connect (\d+)`), find(o.text, `timeout (\d+)`)
	if o.requests == 0 {
		t.Fatalf("wrk says nothing of its requests: %s", o.text)
	}
	return o
}

func find(text, pattern string) int {
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	value, _ := strconv.Atoi(found[1]) // digits, by the pattern
	return value
}
