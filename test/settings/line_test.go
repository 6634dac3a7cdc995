//go:build e2e

package settings

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// line is what a server talks to the hub over. It counts the questions who a
// visitor is, and can be cut.
type line struct {
	address string
	asked   atomic.Int64
	forward http.Handler
	server  *http.Server
}

func newLine(t *testing.T, h *hub) *line {
	t.Helper()
	to := mustParse(fmt.Sprintf("http://127.0.0.1:%d", h.ports[1]))
	// One that the kernel gives nobody else while the line is cut.
	ports, err := bed.FreePorts(1)
	must(t, err)
	l := &line{address: fmt.Sprintf("127.0.0.1:%d", ports[0]), forward: httputil.NewSingleHostReverseProxy(to)}
	l.connect(t)
	t.Cleanup(l.cut)
	return l
}

// url is what JUPYTERHUB_API_URL is to be.
func (l *line) url(h *hub) string {
	return "http://" + l.address + mustParse(h.public).Path + "/hub/api"
}

func (l *line) connect(t *testing.T) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", l.address)
	must(t, err)
	l.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/hub/api/user") {
			l.asked.Add(1)
		}
		l.forward.ServeHTTP(w, r)
	})}
	go func(server *http.Server) { _ = server.Serve(listener) }(l.server) // until it is cut
}

// cut refuses new connections and breaks those that there are.
func (l *line) cut() { _ = l.server.Close() }
