package proxy

import (
	"bufio"
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

const requestIDHeader = "X-Request-Id"

// observer sees every request first and last: it names it, counts it, logs
// it, and keeps a panic from ending more than this one request.
type observer struct {
	next    http.Handler
	log     *slog.Logger
	metrics *Metrics
	// last, once true, says that no other request may follow on a connection.
	last  *atomic.Bool
	boot  string
	count atomic.Uint64
}

func newObserver(next http.Handler, log *slog.Logger, metrics *Metrics) *observer {
	return &observer{next: next, log: log, metrics: metrics, last: &atomic.Bool{}, boot: rand.Text()[:8]}
}

func (o *observer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id := r.Header.Get(requestIDHeader)
	if !validID(id) {
		id = o.boot + "-" + strconv.FormatUint(o.count.Add(1), 36)
		r.Header[requestIDHeader] = []string{id}
	}
	path := r.URL.Path // before anybody changes the request
	recorder := &recorder{ResponseWriter: w, last: o.last}
	if r.ContentLength != 0 {
		recorder.awaitBody()
	}
	o.metrics.inFlight.Inc()
	defer func() {
		o.metrics.inFlight.Dec()
		failure := recover()
		aborted := failure == http.ErrAbortHandler //nolint:errorlint // net/http compares it so, too
		if failure != nil && !aborted {
			o.log.Error("a request failed by a fault of this program", "id", id, "fault", failure, "stack", string(debug.Stack()))
			if recorder.code == 0 {
				failure = nil // there is still an answer to give
				w.Header().Set("Connection", "close")
				page.Write(recorder, r, page.Page{
					Status: http.StatusInternalServerError, State: "fault", Title: "Something went wrong here",
					Message: "This is a fault of the program between you and the app.", Hint: "Request " + id,
				})
			}
		}
		code := recorder.code
		if code == 0 {
			code = http.StatusOK
			if aborted {
				code = 499 // the visitor went, by nginx's custom
			}
		}
		took := time.Since(start)
		o.metrics.request(r.Method, code, took)
		if level := logLevel(code); o.log.Enabled(context.Background(), level) {
			// The query is left out: it can hold tokens and codes.
			o.log.LogAttrs(context.Background(), level, "request",
				slog.String("id", id), slog.String("method", r.Method), slog.String("path", path),
				slog.Int("status", code), slog.Duration("took", took.Round(time.Microsecond)),
				slog.String("remote", r.RemoteAddr), slog.Bool("aborted", aborted))
		}
		if failure != nil {
			panic(http.ErrAbortHandler) // the connection's state is unknown
		}
	}()
	o.next.ServeHTTP(recorder, r)
}

// logLevel keeps the log of a healthy server quiet, as the hub's own servers
// do: what went well is for debugging.
func logLevel(code int) slog.Level {
	switch {
	case code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests:
		return slog.LevelDebug // why is said once, elsewhere
	case code >= 500:
		return slog.LevelWarn
	case code >= 400:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// validID says whether a request id from outside can be kept: short, and with
// nothing that a log or an app could stumble over.
func validID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	code int
	last *atomic.Bool // the observer's
	// unread says that the request has a body, and that nobody wants it yet.
	unread bool
}

// awaitBody bounds how long a body may take that nobody wants: the server reads
// what is left of it, before the answer's head and after its end.
func (r *recorder) awaitBody() {
	r.unread = true
	_ = http.NewResponseController(r.ResponseWriter).SetReadDeadline(time.Now().Add(headTimeout)) // as below
}

// EnableFullDuplex is called by whoever reads the body while the answer is
// written, which then may take as long as it takes.
func (r *recorder) EnableFullDuplex() error {
	controller := http.NewResponseController(r.ResponseWriter)
	if r.unread {
		r.unread = false
		_ = controller.SetReadDeadline(time.Time{}) // a connection that cannot is closed
	}
	return controller.EnableFullDuplex()
}

func (r *recorder) WriteHeader(code int) {
	if code >= 200 && r.code == 0 {
		r.code = code
		if r.unread || r.last.Load() {
			// The answer does not wait for a body that may never come; where
			// that ends is not known then, so nothing can follow. Nor does
			// anything where we are stopping.
			r.Header().Set("Connection", "close")
		}
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.code == 0 {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap is how http.ResponseController finds what else the writer can.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Hijack notes that the connection was taken over, which is for a websocket.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil {
		r.code = http.StatusSwitchingProtocols
	}
	return conn, buffered, err
}
