package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// headTimeout bounds how slowly a visitor may send a request's head.
	headTimeout = 30 * time.Second
	// idleTimeout is how long an unused connection is kept; the hub's proxy
	// should be the one to close it.
	idleTimeout = 5 * time.Minute
	// maxRequestHead bounds a request's head, in bytes.
	maxRequestHead = 128 << 10
)

// Server serves the app to visitors.
type Server struct {
	http  *http.Server
	drain *drain
	proxy *Proxy
}

// NewServer makes the server; Serve starts it. It panics where config.Check
// returns an error.
func NewServer(config Config) *Server {
	all, stop, pass := handler(config)
	config.Metrics.watch(config.App, &pass.tunnels)
	return &Server{
		drain: stop,
		proxy: pass,
		http: &http.Server{
			Handler:           all,
			ReadHeaderTimeout: headTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxRequestHead,
			ErrorLog:          slog.NewLogLogger(config.Log.Handler(), slog.LevelDebug),
			// "OPTIONS *" is not for us to answer past the gate.
			DisableGeneralOptionsHandler: true,
		},
	}
}

// Serve answers on the listener until Shutdown.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown ends websockets, and gives requests that are being answered until ctx
// ends. In the meantime new ones, on whichever connection, are told to come back
// later. It returns as soon as all is done, when nobody can connect any more; a
// connection that is new and has not asked for anything can hold it up, but for
// five seconds at most. It may be called again, to no effect.
func (s *Server) Shutdown(ctx context.Context) {
	s.drain.begin()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.proxy.tunnels.close(closeGoingAway, stopping)
	}()
	s.drain.wait(ctx)
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
	s.proxy.upstream.close()
}

// Use tells how many requests and websockets to the app are open now, and when
// the last one was active; zero is never. The hub's probes and our own pages do
// not count. A request is open from before the app's state is looked at, so
// whoever takes the app out of use and asks then has missed none.
func (s *Server) Use() (open int, last time.Time) { return s.proxy.use.now() }

// use is how much the app is in use.
type use struct {
	open     atomic.Int64
	activity *Activity
}

func (u *use) now() (open int, last time.Time) {
	return int(u.open.Load()), u.activity.Last()
}
