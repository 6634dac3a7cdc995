package proxy

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

const testPrefix = "/user/ada/"

// patience is how long what has to come may take: only a test that fails waits
// for so long.
const patience = 30 * time.Second

// world is a whole server before an app, both on real sockets.
type world struct {
	t       *testing.T
	address string
	metrics *Metrics
	log     *lockedBuffer
	server  *Server
	// dials counts connections to the app.
	mu    sync.Mutex
	dials int
	app   *stubApp
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// stubApp is the app's state; the app itself listens for real.
type stubApp struct {
	mu     sync.Mutex
	status process.Status
	lines  []string
	origin string
	// retries counts the calls of Retry since reset.
	retries int
}

func (a *stubApp) Status() process.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status
}

func (a *stubApp) set(status process.Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

// reset puts the app into a state from which nobody has retried.
func (a *stubApp) reset(status process.Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.retries = status, 0
}

// Retry starts the app, a moment later as the real one does.
func (a *stubApp) Retry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retries++
	time.AfterFunc(20*time.Millisecond, func() { a.set(process.Status{State: process.Starting, Since: time.Now()}) })
}

func (a *stubApp) retried() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.retries
}

func (a *stubApp) Log(max int) []string {
	return append([]string(nil), a.lines[:min(max, len(a.lines))]...)
}
func (a *stubApp) Wake(host string)              { a.origin = host }
func (w *world) url(path string) string          { return "http://" + w.address + path }
func ready() process.Status                      { return process.Status{State: process.Ready, Starts: 1} }
func withApp(handler http.HandlerFunc) appServer { return appServer{handler: handler} }

// appServer is either an HTTP handler or a raw function for each connection.
type appServer struct {
	handler http.HandlerFunc
	raw     func(net.Conn)
}

// passGate lets in whoever says so, which is all that these tests need.
type passGate struct{ closed bool }

func (passGate) Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{"logout": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "own logout") }}
}
func (passGate) HidesCookie(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "__Host-"), "jupyterhub-")
}
func (passGate) HasCredentials(r *http.Request) bool { return r.Header.Get("X-Let-Me") != "" }
func (g passGate) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.closed && r.Header.Get("X-Let-Me") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func newWorld(t *testing.T, app appServer, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, metrics: NewMetrics("1.2.3"), log: &lockedBuffer{}, app: &stubApp{status: ready()}}
	appAddress := ""
	if app.raw != nil {
		listener := listen(t)
		appAddress = listener.Addr().String()
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go app.raw(conn)
			}
		}()
	} else {
		server := httptest.NewServer(app.handler)
		t.Cleanup(server.Close)
		appAddress = server.Listener.Addr().String()
	}
	config := Config{
		Prefix: testPrefix, Gate: passGate{}, App: w.app, RequestTimeout: patience,
		Activity: &Activity{}, Metrics: w.metrics, Version: "1.2.3", HomeURL: "/hub/home",
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Dial: func(ctx context.Context) (net.Conn, error) {
			w.mu.Lock()
			w.dials++
			w.mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, "tcp", appAddress)
		},
	}
	if change != nil {
		change(&config)
	}
	w.server = NewServer(config)
	listener := listen(t)
	w.address = listener.Addr().String()
	go w.server.Serve(listener)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		w.server.Shutdown(ctx)
	})
	return w
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func (w *world) dialed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dials
}

// raw sends bytes as they are and returns the connection to read from.
func (w *world) raw(text string) (net.Conn, *bufio.Reader) {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		w.t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// rawStatus sends bytes and returns the status of the answer, 0 for none.
func (w *world) rawStatus(text string) int {
	_, reader := w.raw(text)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// get fetches a path and returns the answer with its body.
func (w *world) get(path string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequest("GET", w.url(path), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Add(name, value)
	}
	return w.do(req)
}

func (w *world) do(req *http.Request) (*http.Response, string) {
	w.t.Helper()
	client := http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       2 * patience,
	}
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("the body broke off after %d bytes: %v", len(body), err)
	}
	return resp, string(body)
}
