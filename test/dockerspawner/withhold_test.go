//go:build e2e

package dockerspawner

import (
	"net/http"
	"strings"
	"sync"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// withhold has the service use Docker by a proxy that lets no commit come to its end
// for it, so that a server stands still for as long as a test takes. committing tells of
// a commit that Docker is asked for. Once released, what it waits for is broken off, and
// later commits are as ever.
func (s *stage) withhold() (committing <-chan struct{}, release func()) {
	s.Helper()
	asked, released := make(chan struct{}, 1), make(chan struct{})
	isCommit := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/commit") }
	proxy := &engine.Proxy{
		Before: func(r *http.Request) {
			if isCommit(r) {
				select {
				case asked <- struct{}{}:
				default:
				}
			}
		},
		After: func(answer *http.Response) {
			if !isCommit(answer.Request) {
				return
			}
			select {
			case <-released:
				return
			default:
			}
			select {
			case <-released:
			case <-answer.Request.Context().Done():
			}
			_ = answer.Body.Close()
			panic(http.ErrAbortHandler)
		},
	}
	proxy.Start(s.T, s.docker.Socket)
	release = sync.OnceFunc(func() { close(released) })
	s.serveWith("--docker-host=" + proxy.Host)
	s.Cleanup(release)
	return asked, release
}
