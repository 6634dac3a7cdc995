package house

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// Layer passes the calls of the service on to the hub's API, and lets a test
// interfere.
type Layer struct {
	// URL is the API as the service knows it.
	URL string

	listener net.Listener
	server   *http.Server
	mu       sync.Mutex
	tap      Tap
}

// Tap is told of each call. What returns false has the connection cut, as where a
// network or one of the two ends breaks down.
type Tap struct {
	// Before is told of a call before it is passed to the hub, and After when the hub
	// has answered, before the service hears of that. Either may be nil.
	Before, After func(r *http.Request) bool
}

func newLayer(api string) (*Layer, error) {
	target, err := url.Parse(api)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Layer{URL: "http://" + listener.Addr().String() + target.Path, listener: listener}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		},
		FlushInterval:  -1, // progress comes as it is made
		ModifyResponse: l.answered,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	l.server = &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: proxy.ErrorLog, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := l.now().Before; before != nil && !before(r) {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = l.server.Serve(listener) }()
	return l, nil
}

var errCut = errors.New("cut")

func (l *Layer) answered(answer *http.Response) error {
	if after := l.now().After; after != nil && !after(answer.Request) {
		return errCut
	}
	return nil
}

// Set has a Tap be told from now on, in the place of the one before.
func (l *Layer) Set(tap Tap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tap = tap
}

func (l *Layer) now() Tap {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tap
}

func (l *Layer) close() { _ = l.server.Close() }
