package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/auth"
)

func raw(c *Config) { c.RawSocket = true }

// echoSocket sends back what it gets, and closes when its input ends.
func echoSocket() appServer {
	return appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		io.Copy(conn, conn)
	}}
}

// socket opens a websocket to an app that speaks no HTTP.
func (w *world) socket(subprotocols ...string) *websocket.Conn {
	w.t.Helper()
	dialer := websocket.Dialer{Subprotocols: subprotocols, HandshakeTimeout: patience}
	conn, resp, err := dialer.Dial("ws://"+w.address+testPrefix+"websockify", nil)
	if err != nil {
		w.t.Fatalf("%v (%v)", err, resp)
	}
	w.t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(patience))
	return conn
}

func readBytes(t *testing.T, conn *websocket.Conn, n int) []byte {
	t.Helper()
	var all []byte
	for len(all) < n {
		conn.SetReadDeadline(time.Now().Add(patience))
		kind, got, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("after %d bytes of %d: %v", len(all), n, err)
		}
		if kind != websocket.BinaryMessage {
			t.Fatalf("a message of kind %d", kind)
		}
		all = append(all, got...)
	}
	return all
}

func TestRawSocket(t *testing.T) {
	w := newWorld(t, echoSocket(), raw)
	conn := w.socket("base64", "mqtt", "binary")
	if conn.Subprotocol() != "binary" {
		t.Errorf("subprotocol %q", conn.Subprotocol())
	}
	for _, test := range []struct {
		kind    int
		message []byte
	}{
		{websocket.TextMessage, []byte("grüße\n")}, {websocket.BinaryMessage, []byte{0, 255, 10, 13}}, {websocket.BinaryMessage, nil},
		{websocket.BinaryMessage, bytes.Repeat([]byte("0123456789"), 100_000)},
	} {
		written := make(chan error, 1)
		go func() { written <- conn.WriteMessage(test.kind, test.message) }()
		if got := readBytes(t, conn, len(test.message)); !bytes.Equal(got, test.message) {
			t.Fatalf("%d bytes: got %d others", len(test.message), len(got))
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
	}
	// In fragments, with a ping that is answered.
	pong := make(chan string, 3)
	conn.SetPongHandler(func(data string) error { pong <- data; return nil })
	writer, _ := conn.NextWriter(websocket.TextMessage)
	for i := range 3 {
		fmt.Fprint(writer, strings.Repeat(fmt.Sprint(i), 5000))
		conn.WriteControl(websocket.PingMessage, []byte("here?"), time.Time{})
	}
	writer.Close()
	if got := readBytes(t, conn, 15_000); string(got) != strings.Repeat("0", 5000)+strings.Repeat("1", 5000)+strings.Repeat("2", 5000) {
		t.Errorf("fragments: got %.20q...", got)
	}
	if w.server.proxy.tunnels.total.Load() != 1 {
		t.Error("it was not counted")
	}
	// The visitor's close ends the app's input, and is answered.
	conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Time{})
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1000) {
		t.Errorf("got %v", err)
	}
	if len(pong) != 3 || <-pong != "here?" {
		t.Errorf("%d pongs came for 3 pings", len(pong))
	}
	w.mustEmpty()
}

func TestRawSubprotocols(t *testing.T) {
	w := newWorld(t, echoSocket(), raw)
	for want, offered := range map[string][]string{"binary": {"base64", "binary"}, "mqtt": {"mqtt", "other"}, "": nil} {
		if got := w.socket(offered...).Subprotocol(); got != want {
			t.Errorf("%q: got %q", offered, got)
		}
	}
	if got := rawSubprotocols(&http.Request{Header: http.Header{"Sec-Websocket-Protocol": {"base64"}}}); len(got) != 0 {
		t.Errorf("base64 alone: got %q", got)
	}
}

func TestRawSocketTakesNoPlainHTTP(t *testing.T) {
	w := newWorld(t, echoSocket(), raw)
	for _, method := range []string{"GET", "POST", "PUT", "OPTIONS"} {
		req, _ := http.NewRequest(method, w.url(testPrefix+"x"), strings.NewReader("body"))
		resp, body := w.do(req)
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET" || !strings.Contains(body, "websocket") {
			t.Errorf("%s: got %s, %s", method, resp.Status, body)
		}
	}
	if resp, _ := w.get(testPrefix + statusRoute); resp.StatusCode != 200 {
		t.Errorf("the status route: got %s", resp.Status)
	}
	if resp, _ := w.get(testPrefix + "api"); resp.StatusCode != 200 {
		t.Errorf("the hub's probe: got %s", resp.Status)
	}
	if w.dialed() != 0 {
		t.Error("the app was connected to")
	}
	if _, last := w.server.Use(); !last.IsZero() {
		t.Error("it counts as activity")
	}
	for name, head := range map[string]string{
		"a body":     "Content-Length: 3\n\nabc",
		"no key":     "Sec-WebSocket-Version: 13\n\n",
		"no version": "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
	} {
		if code := w.rawStatus("GET /user/ada/ HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\n" + head); code != 400 {
			t.Errorf("a handshake with %s: got %d", name, code)
		}
	}
	w.mustEmpty()
}

func TestRawSocketAppThatIsGone(t *testing.T) {
	w := newWorld(t, echoSocket(), func(c *Config) {
		c.RawSocket = true
		c.Dial = func(context.Context) (net.Conn, error) { return nil, errors.New("refused, as a test") }
	})
	_, resp, err := websocket.DefaultDialer.Dial("ws://"+w.address+testPrefix, nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusBadGateway {
		t.Errorf("got %v, %v", resp, err)
	}
}

// The end of what the app says is the end of the websocket; but what it still
// takes, it gets.
func TestRawSocketHalfClose(t *testing.T) {
	got := make(chan string, 1)
	release := make(chan struct{})
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		io.WriteString(conn, "all that I say")
		conn.(*net.TCPConn).CloseWrite()
		<-release
		rest, _ := io.ReadAll(conn)
		got <- string(rest)
	}}, raw)
	conn := w.socket()
	closing := make(chan struct{})
	conn.SetCloseHandler(func(code int, _ string) error {
		if code != 1000 {
			t.Errorf("code %d", code)
		}
		close(closing)
		return nil // not answered yet
	})
	if text := readBytes(t, conn, 14); string(text) != "all that I say" {
		t.Errorf("got %q", text)
	}
	conn.ReadMessage()
	<-closing
	conn.WriteMessage(websocket.TextMessage, []byte("one more "))
	close(release)
	conn.WriteMessage(websocket.TextMessage, []byte("thing"))
	conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Time{})
	if text := <-got; text != "one more thing" {
		t.Errorf("the app got %q", text)
	}
	w.mustEmpty()
}

// The visitor's close is not the end of what was sent before it.
func TestRawSocketVisitorClosesAtOnce(t *testing.T) {
	got := make(chan int, 1)
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		go io.Copy(conn, zeroes{}) // the app talks, and nobody listens
		time.Sleep(50 * time.Millisecond)
		n, _ := io.Copy(io.Discard, conn)
		got <- int(n)
	}}, raw)
	conn := w.socket()
	for range 10 {
		conn.WriteMessage(websocket.BinaryMessage, make([]byte, 100_000))
	}
	conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Time{})
	select {
	case n := <-got:
		if n != 1_000_000 {
			t.Errorf("the app got %d bytes", n)
		}
	case <-time.After(patience):
		t.Error("the app's input did not end")
	}
	w.mustEmpty() // though the visitor's end is still there, and does not read
}

// An app that reads only after it has talked is not stuck when the visitor goes,
// and neither are we.
func TestRawSocketVisitorGoesWhileAllIsFull(t *testing.T) {
	ended := make(chan struct{})
	var talked, listened atomic.Bool
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer close(ended)
		defer conn.Close()
		io.CopyN(conn, zeroes{}, 32<<20)
		talked.Store(true)
		n, _ := io.Copy(io.Discard, conn)
		listened.Store(n > 0)
	}}, raw)
	conn := w.socket()
	conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)) // until all buffers are full
	for conn.WriteMessage(websocket.BinaryMessage, make([]byte, 1<<20)) == nil {
	}
	conn.Close()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatalf("the app is stuck; talked: %v", talked.Load())
	}
	if !talked.Load() || !listened.Load() {
		t.Errorf("talked: %v, listened: %v", talked.Load(), listened.Load())
	}
	w.mustEmpty()
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

func TestRawSocketAppThatBreaksOff(t *testing.T) {
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		conn.Read(make([]byte, 1))
		conn.(*net.TCPConn).SetLinger(0) // a reset
		conn.Close()
	}}, raw)
	conn := w.socket()
	conn.WriteMessage(websocket.TextMessage, []byte("x"))
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1011) {
		t.Errorf("got %v", err)
	}
	w.mustEmpty()
}

func TestRawSocketMessageLimit(t *testing.T) {
	got := make(chan int, 1)
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		conn.Write(make([]byte, 100_000))
		n, _ := io.Copy(io.Discard, conn)
		got <- int(n)
	}}, func(c *Config) { c.RawSocket, c.MaxMessage = true, 1000 })
	conn := w.socket()
	for total := 0; total < 100_000; {
		_, message, err := conn.ReadMessage()
		if err != nil || len(message) > 1000 {
			t.Fatalf("got %d bytes, %v", len(message), err)
		}
		total += len(message)
	}
	conn.WriteMessage(websocket.BinaryMessage, make([]byte, 1000))
	conn.WriteMessage(websocket.BinaryMessage, make([]byte, 1001))
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1009) {
		t.Errorf("got %v", err)
	}
	conn.Close()
	if n := <-got; n != 1000 {
		t.Errorf("the app got %d bytes", n)
	}
	w.mustEmpty()
}

// Who does not read holds up the other, and nothing is heaped up in between.
func TestRawSocketBackpressure(t *testing.T) {
	for _, slow := range []string{"the visitor", "the app"} {
		t.Run(slow, func(t *testing.T) {
			var sent atomic.Int64
			resume := make(chan struct{})
			received := make(chan int64, 1)
			const total = 64 << 20
			w := newWorld(t, appServer{raw: func(conn net.Conn) {
				defer conn.Close()
				if slow == "the app" {
					<-resume
					n, _ := io.Copy(io.Discard, conn)
					received <- n
					return
				}
				for sent.Load() < total {
					n, err := conn.Write(make([]byte, 64<<10))
					if sent.Add(int64(n)); err != nil {
						return
					}
				}
			}}, raw)
			conn := w.socket()
			if slow == "the app" {
				go func() {
					for sent.Load() < total {
						if conn.WriteMessage(websocket.BinaryMessage, make([]byte, 64<<10)) != nil {
							return
						}
						sent.Add(64 << 10)
					}
					conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Time{})
				}()
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			stuck := int64(-1) // until it moves no more
			for now := sent.Load(); now != stuck || now == 0; now = sent.Load() {
				stuck = now
				time.Sleep(200 * time.Millisecond)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if stuck >= total {
				t.Errorf("all of %d bytes were taken though nobody reads", stuck)
			}
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
				t.Errorf("%d bytes more are in memory", grown)
			}
			close(resume)
			if slow == "the visitor" {
				if got := readBytes(t, conn, total); len(got) != total {
					t.Errorf("got %d bytes", len(got))
				}
				return
			}
			if n := <-received; n != total {
				t.Errorf("got %d bytes", n)
			}
		})
	}
}

func TestSecurityRawSocketIsEndedWithAReason(t *testing.T) {
	for name, reads := range map[string]bool{"who reads": true, "who does not read": false} {
		t.Run(name, func(t *testing.T) {
			g := newGuest(t)
			ended := make(chan error, 1)
			w := newWorld(t, appServer{raw: func(conn net.Conn) {
				defer conn.Close()
				if !reads {
					go io.Copy(conn, zeroes{})
				}
				_, err := io.Copy(io.Discard, conn)
				ended <- err
			}}, func(c *Config) { c.RawSocket, c.Gate = true, g.gate })
			if !reads {
				w.server.proxy.farewell = 500 * time.Millisecond
			}
			conn, resp, err := websocket.DefaultDialer.Dial("ws://"+w.address+testPrefix, withToken)
			if err != nil {
				t.Fatalf("%v (%v)", err, resp)
			}
			defer conn.Close()
			conn.WriteMessage(websocket.TextMessage, []byte("x"))
			if !reads {
				time.Sleep(200 * time.Millisecond) // until all buffers are full
			}
			g.revoked.Store(true)
			if reads {
				conn.SetReadDeadline(time.Now().Add(patience))
				if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1008) || !strings.Contains(err.Error(), "access has ended") {
					t.Errorf("got %v", err)
				}
				conn.Close()
			}
			select {
			case <-ended:
			case <-time.After(patience):
				t.Error("the app's connection stays open")
			}
			w.mustEmpty()
		})
	}
}

func TestSecurityRawSocketPassesTheGate(t *testing.T) {
	w := newWorld(t, echoSocket(), func(c *Config) { c.RawSocket, c.Gate = true, passGate{closed: true} })
	if _, resp, err := websocket.DefaultDialer.Dial("ws://"+w.address+testPrefix, nil); err == nil || resp.StatusCode != 401 || w.dialed() != 0 {
		t.Errorf("got %v, %v, %d connections", resp, err, w.dialed())
	}
}

func TestShutdownEndsRawSockets(t *testing.T) {
	w := newWorld(t, echoSocket(), raw)
	conn := w.socket()
	conn.WriteMessage(websocket.TextMessage, []byte("x"))
	readBytes(t, conn, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		w.server.Shutdown(ctx)
	}()
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1001) {
		t.Errorf("got %v", err)
	}
	w.mustEmpty()
}

// A hub that cannot be asked is no reason of the visitor's.
func TestCloseCodes(t *testing.T) {
	if closeCode(auth.Ending{}) != 1008 || closeCode(auth.Ending{Unknown: true}) != 1013 {
		t.Error("the codes are mixed up")
	}
}

func TestRawSocketsCountAsActivityAndUse(t *testing.T) {
	w := newWorld(t, echoSocket(), raw)
	conn := w.socket()
	conn.WriteMessage(websocket.TextMessage, []byte("x"))
	readBytes(t, conn, 1)
	open, before := w.server.Use()
	if open != 1 || before.IsZero() {
		t.Errorf("%d are open, active at %s", open, before)
	}
	for _, kind := range []int{websocket.TextMessage, websocket.PingMessage} {
		time.Sleep(2 * time.Millisecond)
		conn.WriteControl(kind, []byte("y"), time.Time{})
		if kind == websocket.TextMessage {
			conn.WriteMessage(kind, []byte("y"))
		}
		for deadline := time.Now().Add(patience); ; {
			if _, last := w.server.Use(); last.After(before) {
				before = last
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("kind %d is no activity", kind)
			}
		}
	}
	conn.Close()
	w.mustEmpty()
}

func TestRawSocketOverAUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "raw") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	listener, err := net.Listen("unix", dir+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go echoSocket().raw(conn)
		}
	}()
	w := newWorld(t, echoSocket(), func(c *Config) {
		c.RawSocket = true
		c.Dial = func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "unix", dir+"/s") }
	})
	conn := w.socket()
	conn.WriteMessage(websocket.TextMessage, []byte("hello"))
	if got := readBytes(t, conn, 5); string(got) != "hello" {
		t.Errorf("got %q", got)
	}
	conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Time{})
	w.mustEmpty()
}
