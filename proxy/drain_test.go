package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// slowApp answers when it is told to, and says that it was asked.
func slowApp(asked chan<- string, release <-chan struct{}) appServer {
	return withApp(func(rw http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		if r.URL.Path == "/half" {
			io.WriteString(rw, "first half, ")
			http.NewResponseController(rw).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
		io.WriteString(rw, "as asked")
	})
}

// shutdown begins a shutdown that has a time, and tells when it is over.
func (w *world) shutdown(limit time.Duration) <-chan time.Duration {
	over := make(chan time.Duration, 1)
	go func() {
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		w.server.Shutdown(ctx)
		over <- time.Since(start)
	}()
	for !w.server.drain.stopping.Load() {
		time.Sleep(time.Millisecond)
	}
	return over
}

func TestShutdownFinishesWhatRunsAndTakesNothingNew(t *testing.T) {
	asked, release := make(chan string, 10), make(chan struct{})
	w := newWorld(t, slowApp(asked, release), nil)

	// One connection that is kept and idle, two requests that run, one of which
	// is answered in part.
	kept, keptReader := w.raw("GET /user/ada/logout HTTP/1.1\nHost: h\n\n")
	if resp, err := http.ReadResponse(keptReader, nil); err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %v, %v", resp, err)
	} else {
		io.Copy(io.Discard, resp.Body)
	}
	_, waiting := w.raw("GET /user/ada/whole HTTP/1.1\nHost: h\n\n")
	<-asked
	_, begun := w.raw("GET /user/ada/half HTTP/1.1\nHost: h\n\n")
	<-asked
	half, err := http.ReadResponse(begun, nil)
	if err != nil {
		t.Fatal(err)
	}

	over := w.shutdown(patience)
	turnedAway := func(name string, resp *http.Response, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: got %v", name, err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !resp.Close || !strings.Contains(string(body), "stopping") {
			t.Errorf("%s: got %s, %v, %s", name, resp.Status, resp.Header, body)
		}
	}
	io.WriteString(kept, "GET /user/ada/ HTTP/1.1\r\nHost: h\r\n\r\n")
	resp, err := http.ReadResponse(keptReader, nil)
	turnedAway("a kept connection", resp, err)
	if _, err := keptReader.ReadByte(); err != io.EOF {
		t.Errorf("a kept connection stays open: %v", err)
	}
	for name, text := range map[string]string{
		"a new one":       "GET /user/ada/ HTTP/1.1\nHost: h\n\n",
		"the hub's probe": "GET /user/ada/api HTTP/1.1\nHost: h\n\n",
		"a page":          "GET /user/ada/ HTTP/1.1\nHost: h\nSec-Fetch-Mode: navigate\n\n",
		"an upload":       "POST /user/ada/ HTTP/1.1\nHost: h\nContent-Length: 1000000\n\nabc",
		"a websocket":     "GET /user/ada/ HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
	} {
		_, reader := w.raw(text)
		resp, err := http.ReadResponse(reader, nil)
		turnedAway(name, resp, err)
	}
	if len(asked) > 0 {
		t.Errorf("the app was asked for %s", <-asked)
	}
	select {
	case took := <-over:
		t.Fatalf("it was over after %s while two requests ran", took)
	default:
	}

	close(release)
	if resp, err := http.ReadResponse(waiting, nil); err != nil {
		t.Error(err)
	} else if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "as asked" || !resp.Close {
		t.Errorf("got %q, %v, close %v", body, err, resp.Close)
	}
	if body, err := io.ReadAll(half.Body); err != nil || string(body) != "first half, as asked" {
		t.Errorf("got %q, %v", body, err)
	}
	if took := <-over; took > patience/2 {
		t.Errorf("it took %s", took)
	}
	if conn, err := net.Dial("tcp", w.address); err == nil {
		conn.Close()
		t.Error("somebody still listens")
	}
}

func TestShutdownWithNothingToDoIsOverAtOnce(t *testing.T) {
	w := newWorld(t, withApp(func(http.ResponseWriter, *http.Request) {}), nil)
	_, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\n\n") // leaves an idle connection
	if _, err := http.ReadResponse(reader, nil); err != nil {
		t.Fatal(err)
	}
	w.mustEmpty()
	if took := <-w.shutdown(patience); took > patience/2 {
		t.Errorf("it took %s", took)
	}
	if took := <-w.shutdown(patience); took > patience/2 {
		t.Errorf("once more: it took %s", took)
	}
}

func TestShutdownEndsWithItsTime(t *testing.T) {
	asked, release := make(chan string, 1), make(chan struct{})
	defer close(release)
	w := newWorld(t, slowApp(asked, release), nil)
	_, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\n\n")
	<-asked
	if took := <-w.shutdown(200 * time.Millisecond); took < 200*time.Millisecond || took > patience/2 {
		t.Errorf("it took %s", took)
	}
	if _, err := reader.ReadByte(); err == nil {
		t.Error("the request was answered")
	}
	w.mustEmpty()
}

// A websocket whose handshake the app has not answered when the shutdown begins
// is a running request, and hears of it as soon as it is a websocket.
func TestShutdownDuringAHandshake(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		reader := bufio.NewReader(conn)
		http.ReadRequest(reader)
		close(asked)
		<-release
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		io.Copy(io.Discard, reader)
	}}, nil)
	conn, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\n\n")
	<-asked
	over := w.shutdown(patience)
	close(release)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("got %v, %v", resp, err)
	}
	if rest, _ := io.ReadAll(reader); string(rest) != string(closeFrame(1001, stopping)) {
		t.Errorf("got %q", rest)
	}
	conn.Close()
	if took := <-over; took > patience/2 {
		t.Errorf("it took %s", took)
	}
}

func TestShutdownTellsWebsocketsFirst(t *testing.T) {
	asked, release := make(chan string, 1), make(chan struct{})
	echo, slow := echoApp().handler, slowApp(asked, release).handler
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			slow(rw, r)
			return
		}
		echo(rw, r)
	}), nil)
	conn, _ := w.websocket(testPrefix, nil)
	_, reader := w.raw("GET /user/ada/slow HTTP/1.1\nHost: h\n\n")
	<-asked
	over := w.shutdown(patience)
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1001) {
		t.Errorf("got %v", err)
	}
	select {
	case <-over:
		t.Error("it was over while a request ran")
	default: // it was the websocket that was told first
	}
	close(release)
	if resp, err := http.ReadResponse(reader, nil); err != nil || resp.StatusCode != 200 {
		t.Errorf("got %v, %v", resp, err)
	}
	conn.Close()
	<-over
}

func TestShutdownLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		w := newWorld(t, echoApp(), nil)
		for range 5 {
			conn, _ := w.websocket(testPrefix, nil)
			conn.WriteMessage(websocket.TextMessage, []byte("x"))
			conn.ReadMessage()
			w.get(testPrefix + "logout")
			go func() {
				for {
					if _, _, err := conn.ReadMessage(); err != nil {
						conn.Close()
						return
					}
				}
			}()
		}
		<-w.shutdown(patience)
	}()
	const others = 3 // the app's own server, which lives until the test's end, and its listeners
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before+others; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines more:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
