package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// echoApp echoes messages, and agrees to the subprotocol "v2".
func echoApp() appServer {
	upgrader := websocket.Upgrader{Subprotocols: []string{"v2"}, CheckOrigin: func(*http.Request) bool { return true }, EnableCompression: true}
	return withApp(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, http.Header{"Set-Cookie": {"a=1", "jupyterhub-session-id=x"}, "X-Path": {r.RequestURI}})
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if string(data) == "close" {
				conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4321, "as asked"))
				return
			}
			if conn.WriteMessage(kind, data) != nil {
				return
			}
		}
	})
}

func (w *world) websocket(path string, header http.Header) (*websocket.Conn, *http.Response) {
	w.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"v1", "v2"}, EnableCompression: true, HandshakeTimeout: patience}
	conn, resp, err := dialer.Dial("ws://"+w.address+path, header)
	if err != nil {
		w.t.Fatalf("%v (%v)", err, resp)
	}
	w.t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(patience))
	return conn, resp
}

func TestWebsocket(t *testing.T) {
	w := newWorld(t, echoApp(), nil)
	conn, resp := w.websocket(testPrefix+"ws%2F?a=%20", nil)
	if conn.Subprotocol() != "v2" || resp.Header.Get("X-Path") != "/ws%2F?a=%20" {
		t.Errorf("subprotocol %q, path %q", conn.Subprotocol(), resp.Header.Get("X-Path"))
	}
	if got := strings.Join(resp.Header["Set-Cookie"], "|"); got != "a=1" {
		t.Errorf("cookies %q", got)
	}
	for _, message := range [][]byte{[]byte("hello"), {}, bytes.Repeat([]byte{0, 255}, 1<<20)} {
		if err := conn.WriteMessage(websocket.BinaryMessage, message); err != nil {
			t.Fatal(err)
		}
		kind, got, err := conn.ReadMessage()
		if err != nil || kind != websocket.BinaryMessage || !bytes.Equal(got, message) {
			t.Fatalf("%d bytes: got %d, %v", len(message), len(got), err)
		}
	}
	conn.WriteMessage(websocket.TextMessage, []byte("close"))
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 4321) {
		t.Errorf("got %v", err)
	}
	if w.server.proxy.tunnels.total.Load() != 1 {
		t.Error("it was not counted")
	}
}

func TestBytesRightAfterTheHandshakeAreNotLost(t *testing.T) {
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		reader := bufio.NewReader(conn)
		if _, err := http.ReadRequest(reader); err != nil {
			return
		}
		// The app, too, speaks right away.
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfrom the app.")
		io.Copy(conn, reader)
	}}, nil)
	conn, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\n\nfrom the visitor.")
	resp, err := http.ReadResponse(reader, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("got %v, %v", resp, err)
	}
	conn.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(reader)
	if err != nil || string(got) != "from the app.from the visitor." {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAppRefusesAWebsocket(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(rw, "too old", http.StatusUpgradeRequired)
	}), nil)
	_, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 7\n\n")
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusUpgradeRequired || resp.Header.Get("Sec-WebSocket-Version") != "13" || string(body) != "too old\n" {
		t.Errorf("got %s, %q", resp.Status, body)
	}
}

func TestOtherUpgradesAreNotPassedOn(t *testing.T) {
	heads := make(chan string, 1)
	w := newWorld(t, recordHead(heads), nil)
	for _, upgrade := range []string{"h2c", "websocket, h2c", "TLS/1.0"} {
		if code := w.rawStatus("GET /user/ada/ HTTP/1.1\nHost: h\nUpgrade: " + upgrade + "\nConnection: Upgrade\n\n"); code != 200 {
			t.Errorf("%s: got %d", upgrade, code)
		}
		if head := <-heads; strings.Contains(head, "Upgrade") {
			t.Errorf("%s: the app got %q", upgrade, head)
		}
	}
}

func TestShutdownEndsWebsockets(t *testing.T) {
	w := newWorld(t, echoApp(), nil)
	conn, _ := w.websocket(testPrefix, nil)
	over := w.shutdown(patience)
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("got %v", err)
	}
	conn.Close()
	if took := <-over; took > patience/2 {
		t.Errorf("the shutdown took %s", took)
	}
}

// A visitor who does not go is not waited for when the time is over.
func TestShutdownEndsWithItsTimeBeforeAFarewell(t *testing.T) {
	w := newWorld(t, echoApp(), nil)
	w.server.proxy.farewell = patience
	conn, _ := w.websocket(testPrefix, nil)
	if took := <-w.shutdown(200 * time.Millisecond); took > patience/2 {
		t.Errorf("the shutdown took %s", took)
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("got %v", err)
	}
}

// onePipe is an end of a connection in memory that goes on reading after it has
// ended its own side.
type onePipe struct{ net.Conn }

func (onePipe) CloseWrite() error { return nil }

// A frame under way may take seconds to its end, and the goodbye still follows.
func TestGoodbyeAfterAFrameThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		visitor, toVisitor := net.Pipe()
		app, toApp := net.Pipe()
		defer app.Close()
		tun := &tunnel{proxy: &Proxy{activity: &Activity{}, farewell: farewell}, app: &tunnelEnd{conn: onePipe{toApp}}}
		tun.meet(toVisitor)
		go tun.relay(bufio.NewReader(toVisitor), bufio.NewReader(toApp))
		go io.Copy(io.Discard, app)
		go io.WriteString(app, "\x82\x05abc")
		if _, err := io.ReadFull(visitor, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		tun.end(closeGoingAway, stopping)
		time.Sleep(3 * time.Second)
		go func() {
			defer app.Close()
			io.WriteString(app, "de")
		}()
		want := "de" + string(closeFrame(closeGoingAway, stopping))
		if got, err := io.ReadAll(visitor); string(got) != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
}

func TestWebsocketsCountAsActivity(t *testing.T) {
	activity := &Activity{}
	w := newWorld(t, echoApp(), func(c *Config) { c.Activity = activity })
	conn, _ := w.websocket(testPrefix, nil)
	before := activity.Last()
	time.Sleep(2 * time.Millisecond)
	conn.WriteMessage(websocket.TextMessage, []byte("x"))
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	if before.IsZero() || !activity.Last().After(before) {
		t.Errorf("before %s, after %s", before, activity.Last())
	}
}
