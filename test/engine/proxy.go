package engine

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
	"testing"
)

// Proxy stands between a client and a daemon, to see what is asked and to
// disturb it.
type Proxy struct {
	// Host is where clients find it, as DOCKER_HOST has it.
	Host string
	// Before sees a request before the daemon does, Sent when the daemon has it, and
	// After when it has answered. With a panic of http.ErrAbortHandler, Before and
	// After break the connection off: the daemon, or the client, hears no more.
	Before, Sent func(*http.Request)
	After        func(*http.Response)
}

// Start opens it before a daemon's socket, until the test ends.
func (p *Proxy) Start(t testing.TB, socket string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "proxy") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, "p.sock"))
	if err != nil {
		t.Fatal(err)
	}
	p.Host = "unix://" + listener.Addr().String()
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "docker"}) },
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // it is there to be disturbed
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
		// As where Docker goes away.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ModifyResponse: func(r *http.Response) error {
			if p.After != nil {
				p.After(r)
			}
			return nil
		},
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.Before != nil {
			p.Before(r)
		}
		if p.Sent != nil {
			asked := r
			r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
				WroteHeaders: func() { p.Sent(asked) },
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
