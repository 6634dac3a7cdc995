//go:build e2e

package docker

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between a cloner and the daemon, to see what is asked and to
// disturb it.
type proxy struct {
	host string
	// before sees a request before the daemon does, which never does if it panics
	// with http.ErrAbortHandler; sent when the daemon has it,
	// and after when it has answered.
	before, sent func(*http.Request)
	after        func(*http.Response)
}

// is says what a request asks for, without the API's version.
func is(r *http.Request, method, ending string) bool {
	return r.Method == method && strings.HasSuffix(r.URL.Path, ending)
}

// times makes a condition true the n-th time that it is met, and not again.
func times(n int32, met func(*http.Request) bool, do func()) func(*http.Request) {
	var count atomic.Int32
	return func(r *http.Request) {
		if met(r) && count.Add(1) == n {
			do()
		}
	}
}

// holdCommit holds the answer to the commit back until the server goes on, so that
// it is not what the cloner waits for.
func (p *proxy) holdCommit(t *testing.T) {
	goesOn := make(chan struct{})
	p.before = times(1, func(r *http.Request) bool { return is(r, http.MethodPost, "/unpause") }, func() { close(goesOn) })
	p.after = answered(1, func(r *http.Request) bool { return is(r, http.MethodPost, "/commit") }, func() {
		select {
		case <-goesOn:
		case <-time.After(patience):
			t.Error("the server stands still until the commit is done")
		}
	})
}

func (p *proxy) start(t *testing.T, socket string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "proxy") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, "p.sock"))
	if err != nil {
		t.Fatal(err)
	}
	p.host = "unix://" + listener.Addr().String()
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "docker"}) },
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // it is there to be disturbed
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
		ModifyResponse: func(r *http.Response) error {
			if p.after != nil {
				p.after(r)
			}
			return nil
		},
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.before != nil {
			p.before(r)
		}
		if p.sent != nil {
			asked := r
			r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
				WroteHeaders: func() { p.sent(asked) },
			}))
		}
		forward.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = os.RemoveAll(folder)
	})
}

// cut ends an answer early.
func cut(response *http.Response, bytes int64) {
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, bytes), response.Body}
}
