package proxy

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// guest is a hub that knows one token until it is revoked, and the gate that
// asks it again every moment.
type guest struct {
	gate    *auth.Gate
	revoked atomic.Bool
}

func newGuest(t *testing.T) *guest {
	t.Helper()
	g := &guest{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.revoked.Load() {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"status":403}`)
			return
		}
		io.WriteString(w, `{"name":"ada","scopes":["access:servers!user=ada"],"groups":["g"]}`)
	}))
	t.Cleanup(server.Close)
	env, err := auth.ParseEnvironment(func(name string) (string, bool) {
		value, ok := map[string]string{
			"JUPYTERHUB_API_TOKEN": "0123456789abcdef0123456789abcdef", "JUPYTERHUB_API_URL": server.URL,
			"JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada", "JUPYTERHUB_USER": "ada", "JUPYTERHUB_SERVICE_PREFIX": testPrefix,
			"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:servers!user=ada"]`,
			"JUPYTERHUB_ALLOW_TOKEN_IN_URL":  "1",
		}[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := hub.NewClient(env.APIURL, env.APIToken.Reveal(), http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	g.gate, err = auth.NewGate(auth.Config{
		Environment: env, Hub: client, Log: slog.New(slog.DiscardHandler), VerdictLifetime: 50 * time.Millisecond,
		Identity: auth.Identity{User: true, Groups: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var withToken = http.Header{"Authorization": {"token t"}}

func TestSecurityWebsocketIsClosedWithAReasonWhenAccessEnds(t *testing.T) {
	g := newGuest(t)
	ended := make(chan error, 1)
	upgrader := websocket.Upgrader{}
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				ended <- err
				return
			}
			conn.WriteMessage(kind, data)
		}
	}), func(c *Config) { c.Gate = g.gate })
	conn, _ := w.websocket(testPrefix, withToken)
	// It outlives several verdicts, and nothing is lost.
	for until := time.Now().Add(200 * time.Millisecond); time.Now().Before(until); {
		if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, data, err := conn.ReadMessage(); err != nil || string(data) != "hello" {
			t.Fatalf("got %q, %v", data, err)
		}
	}
	g.revoked.Store(true)
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1008) || !strings.Contains(err.Error(), "access has ended") {
		t.Errorf("the visitor got %v", err)
	}
	if err := <-ended; !websocket.IsCloseError(err, 1008) {
		t.Errorf("the app got %v", err)
	}
	awaitNone(t, w)
}

// In the middle of a frame, the goodbye waits for its end; and whoever never
// ends it is cut off.
func TestSecurityWebsocketWithAFrameUnderWayIsEndedToo(t *testing.T) {
	const goodbye = "\x88\x12\x03\xf0access has ended"
	for _, ends := range []bool{true, false} {
		g := newGuest(t)
		w := newWorld(t, appServer{raw: func(conn net.Conn) {
			defer conn.Close()
			reader := bufio.NewReader(conn)
			if _, err := http.ReadRequest(reader); err != nil {
				return
			}
			// A text frame of five bytes, of which three come at once, and the others
			// when the app has read the goodbye, which the visitor is to get first.
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05abc")
			io.ReadFull(reader, make([]byte, len(masked([]byte(goodbye)))))
			if ends {
				io.WriteString(conn, "de\x81\x01X")
			}
			io.Copy(io.Discard, reader)
		}}, func(c *Config) { c.Gate = g.gate })
		if w.server.proxy.farewell = 100 * time.Millisecond; ends {
			w.server.proxy.farewell = patience
		}
		conn, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\nAuthorization: token t\nUpgrade: websocket\nConnection: Upgrade\n\n")
		if resp, err := http.ReadResponse(reader, nil); err != nil || resp.StatusCode != 101 {
			t.Fatalf("got %v, %v", resp, err)
		}
		if _, err := io.ReadFull(reader, make([]byte, len("\x81\x05abc"))); err != nil {
			t.Fatal(err)
		}
		g.revoked.Store(true)
		got, err := io.ReadAll(reader)
		want := ""
		if ends {
			want = "de" + goodbye
		}
		if string(got) != want || err != nil {
			t.Errorf("ends %v: got %q, %v, want %q", ends, got, err, want)
		}
		conn.Close()
		awaitNone(t, w)
	}
}

// A frame of many pieces goes on to its end, also when that is long after.
func TestWebsocketEndsAfterTheWholeFrame(t *testing.T) {
	const size = 8 << 20
	g := newGuest(t)
	upgrader := websocket.Upgrader{WriteBufferSize: 64 << 10}
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		var ended atomic.Bool
		go func() {
			conn.ReadMessage() // comes with the goodbye
			ended.Store(true)
		}()
		message, err := websocket.NewPreparedMessage(websocket.BinaryMessage, make([]byte, size)) // one frame
		for err == nil && !ended.Load() {
			err = conn.WritePreparedMessage(message)
		}
	}), func(c *Config) { c.Gate = g.gate })
	w.server.proxy.farewell = patience
	conn, _ := w.websocket(testPrefix, withToken)
	var err error
	for n := 0; err == nil; n++ {
		var data []byte
		if _, data, err = conn.ReadMessage(); err == nil && len(data) != size {
			t.Fatalf("a message of %d bytes", len(data))
		}
		if n == 2 {
			g.revoked.Store(true)
		}
	}
	if !websocket.IsCloseError(err, 1008) || !strings.Contains(err.Error(), "access has ended") {
		t.Errorf("got %v", err)
	}
}

func TestSecurityLongAnswerIsBrokenOffWhenAccessEnds(t *testing.T) {
	for _, kind := range []string{"text/event-stream", "application/octet-stream"} {
		g := newGuest(t)
		gone := make(chan struct{})
		w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", kind)
			for r.Context().Err() == nil {
				if kind == "text/event-stream" {
					io.WriteString(rw, "data: x\n\n")
					http.NewResponseController(rw).Flush()
					time.Sleep(10 * time.Millisecond)
				} else {
					rw.Write(make([]byte, 1<<20)) // never pauses
				}
			}
			close(gone)
		}), func(c *Config) { c.Gate = g.gate })
		req, _ := http.NewRequest("GET", w.url(testPrefix), nil)
		req.Header = withToken
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		time.AfterFunc(200*time.Millisecond, func() { g.revoked.Store(true) })
		// Of events, there is no last; a file must not look whole.
		if _, err := io.Copy(io.Discard, resp.Body); (err == nil) != (kind == "text/event-stream") {
			t.Errorf("%s: the answer ended with %v", kind, err)
		}
		resp.Body.Close()
		if took := time.Since(begun); took < 200*time.Millisecond {
			t.Errorf("%s: broken off after %s, before access ended", kind, took)
		}
		<-gone
	}
}

func TestAppIsToldWhoAsksOnBothWays(t *testing.T) {
	g := newGuest(t)
	heads := make(chan string, 1)
	w := newWorld(t, recordHead(heads), func(c *Config) { c.Gate = g.gate })
	for _, upgrade := range []string{"", "Upgrade: websocket\nConnection: Upgrade\n"} {
		w.rawStatus("GET /user/ada/?CDSDASHBOARDS_JH_USER=boss&a=1 HTTP/1.1\nHost: h\nAuthorization: token t\n" +
			"X-Forwarded-User: boss\nX_Forwarded_User: boss\nX-Forwarded-Identity: forged\nX-Forwarded-Email: boss@x\n" + upgrade + "\n")
		head := <-heads
		for _, want := range []string{"X-Forwarded-User: ada\r\n", "X-Forwarded-Groups: g\r\n", "GET /?a=1 HTTP"} {
			if !strings.Contains(head, want) {
				t.Errorf("%q: %q lacks %q", upgrade, head, want)
			}
		}
		if strings.Contains(head, "boss") || strings.Contains(head, "forged") {
			t.Errorf("%q: a visitor's own word reached the app: %q", upgrade, head)
		}
	}
}

func TestContentSecurityPolicyIsADefault(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/own" {
			rw.Header().Set("Content-Security-Policy", "default-src 'self'")
		}
	}), func(c *Config) { c.Policy = "frame-ancestors 'none'" })
	for path, want := range map[string]string{"": "frame-ancestors 'none'", "own": "default-src 'self'"} {
		if resp, _ := w.get(testPrefix + path); strings.Join(resp.Header["Content-Security-Policy"], "|") != want {
			t.Errorf("%q: got %q", path, resp.Header["Content-Security-Policy"])
		}
	}
}

// awaitNone waits until no websocket is open any more.
func awaitNone(t *testing.T, w *world) {
	t.Helper()
	for deadline := time.Now().Add(patience); w.server.proxy.tunnels.count() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a websocket is left open")
		}
	}
}

func TestSecurityAccessThatEndsDuringTheHandshake(t *testing.T) {
	g := newGuest(t)
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		g.revoked.Store(true)
		io.Copy(io.Discard, conn) // until that is felt
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello")
	}}, func(c *Config) { c.Gate, c.RequestTimeout = g.gate, 0 })
	_, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\nAuthorization: token t\nUpgrade: websocket\nConnection: Upgrade, close\n\n")
	if got, err := io.ReadAll(reader); !strings.HasPrefix(string(got), "HTTP/1.1 502 ") || strings.Contains(string(got), "hello") || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
