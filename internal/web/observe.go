package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// observer sees every request first and last: it counts it, logs it, and keeps a
// panic from ending more than this one request.
type observer struct {
	next http.Handler
	site *site
}

// record is what is noted of one request.
type record struct {
	http.ResponseWriter
	// route is the path of the table of routes; empty if it is none of them.
	route  string
	status int
}

type recordKey struct{}

func (o observer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start, path := time.Now(), r.URL.Path
	noted := &record{ResponseWriter: w}
	r = r.WithContext(context.WithValue(r.Context(), recordKey{}, noted))
	o.site.secure(w.Header())
	defer func() {
		fault := recover()
		aborted := fault == http.ErrAbortHandler //nolint:errorlint // net/http compares it so, too
		if fault != nil && !aborted {
			o.site.Log.Error("a request failed by a fault of this program", "path", path, "fault", fault, "stack", string(debug.Stack()))
			if noted.status == 0 {
				fault = nil // there is still an answer to give
				w.Header().Set("Connection", "close")
				http.Error(noted, "This is a fault of the Dashboards service. Its log says more.", http.StatusInternalServerError)
			}
		}
		if noted.status == 0 {
			noted.status = http.StatusOK
			if aborted {
				noted.status = 499 // the visitor went, by nginx's custom
			}
		}
		took := time.Since(start)
		if o.site.Observe != nil {
			o.site.Observe(noted.route, noted.status, took)
		}
		// The query is left out: it can hold tokens and codes.
		o.site.Log.LogAttrs(context.Background(), level(noted.status), "request",
			slog.String("method", r.Method), slog.String("path", path), slog.Int("status", noted.status),
			slog.Duration("took", took.Round(time.Microsecond)), slog.String("remote", r.RemoteAddr))
		if fault != nil {
			panic(http.ErrAbortHandler) // the connection's state is unknown
		}
	}()
	o.next.ServeHTTP(noted, r)
}

// level keeps the log of a healthy service quiet: why something went wrong is
// said elsewhere.
func level(status int) slog.Level {
	if status >= 400 && status != http.StatusServiceUnavailable {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

func (n *record) WriteHeader(status int) {
	if status >= 200 && n.status == 0 {
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *record) Write(p []byte) (int, error) {
	if n.status == 0 {
		n.WriteHeader(http.StatusOK)
	}
	return n.ResponseWriter.Write(p)
}

// Unwrap is how http.ResponseController finds what else the writer can.
func (n *record) Unwrap() http.ResponseWriter { return n.ResponseWriter }
