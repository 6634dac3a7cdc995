package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
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
	proxy *Proxy
}

// NewServer makes the server; Serve starts it.
func NewServer(config Config) *Server {
	all, pass := handler(config)
	config.Metrics.watch(config.App, &pass.tunnels)
	return &Server{
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

// Shutdown takes no more requests, ends websockets, and gives requests that
// are being answered until ctx ends.
func (s *Server) Shutdown(ctx context.Context) {
	var ended sync.WaitGroup
	ended.Go(func() { s.proxy.tunnels.close(1001, "the server is stopping") })
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	ended.Wait()
	s.proxy.upstream.close()
}
