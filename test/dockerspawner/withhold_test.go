//go:build e2e

package dockerspawner

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// withhold has the service use Docker by a proxy that lets no commit come to its end
// for it, so that a server stands still for as long as a test takes. committing tells of
// a commit that Docker is asked for. Once released, what it waits for is broken off, and
// later commits are as ever.
func (s *stage) withhold() (committing <-chan struct{}, release func()) {
	s.Helper()
	folder, err := os.MkdirTemp("", "withhold") // a socket's path is short
	s.must(err)
	s.Cleanup(func() { _ = os.RemoveAll(folder) })
	listener, err := net.Listen("unix", filepath.Join(folder, "docker.sock"))
	s.must(err)
	asked, released := make(chan struct{}, 1), make(chan struct{})
	isCommit := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/commit") }
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "docker"}) },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", s.docker.Socket)
		}},
		FlushInterval: -1,
		ModifyResponse: func(answer *http.Response) error {
			if !isCommit(answer.Request) {
				return nil
			}
			select {
			case <-released:
				return nil
			default:
			}
			select {
			case <-released:
			case <-answer.Request.Context().Done():
			}
			return errors.New("withheld")
		},
		// As where Docker goes away.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isCommit(r) {
			select {
			case asked <- struct{}{}:
			default:
			}
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	s.Cleanup(func() { _ = server.Close() })
	release = sync.OnceFunc(func() { close(released) })
	s.serveWith("--docker-host=unix://" + listener.Addr().String())
	s.Cleanup(release)
	return asked, release
}
