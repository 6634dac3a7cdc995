package process

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// serve runs a web server that is not the app's supervisor's.
func serveAt(t *testing.T, network, address string, handler http.Handler) *http.Server {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return server
}

func TestExternalApp(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	for network, address := range map[string]string{"tcp": fmt.Sprintf("127.0.0.1:%d", port), "unix": path} {
		t.Run(network, func(t *testing.T) {
			app, ended := start(t, "", func(c *Config) {
				c.Command, c.Port, c.ReadyTimeout = nil, port, time.Millisecond
				if network == "unix" {
					c.Port, c.Socket = 0, path
				}
			}, func(a *App) { a.lookInterval = 10 * time.Millisecond })
			status := await(t, app, Backoff)
			if !strings.HasPrefix(status.LastExit.String(), "does not answer on ") || !strings.Contains(status.LastExit.String(), "is run by somebody else") {
				t.Errorf("got %q", status.LastExit)
			}
			server := serveAt(t, network, address, http.NotFoundHandler())
			if status := await(t, app, Ready); status.PID != 0 || status.Starts != 0 || status.LastExit != nil || get(t, app, "/") != 404 {
				t.Errorf("got %+v", status)
			}
			app.Restart() // not ours to do
			app.Signal(syscall.SIGKILL)
			server.Close()
			await(t, app, Backoff)
			if _, err := app.Dial(t.Context()); err == nil {
				t.Error("it can be reached")
			}
			serveAt(t, network, address, http.NotFoundHandler())
			await(t, app, Ready)
			app.Stop(syscall.SIGTERM)
			if exit := <-ended; !exit.Success() || app.Status().State != Stopped {
				t.Errorf("got %+v", exit)
			}
			if conn, err := net.Dial(network, address); err != nil {
				t.Errorf("it was ended: %v", err)
			} else {
				conn.Close()
			}
		})
	}
}

func TestExternalAppThatIsSick(t *testing.T) {
	var sick atomic.Bool
	failed := make(chan bool) // tells a check to fail
	path := filepath.Join(t.TempDir(), "s")
	serveAt(t, "unix", path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			<-failed
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	app, _ := start(t, "", func(c *Config) {
		c.Command, c.Socket, c.ReadyTimeout = nil, path, time.Hour
		c.Health = Health{Path: "/", Interval: 10 * time.Millisecond, Timeout: longest, Failures: 3}
	}, func(a *App) { a.lookInterval = 10 * time.Millisecond })
	await(t, app, Ready)
	sick.Store(true)
	failed <- true
	status := app.Status()
	for ; status.Health == "" && status.State == Ready; status = app.Status() {
		time.Sleep(time.Millisecond)
	}
	if status.Health != "it answered with status 502" {
		t.Errorf("got %+v", status)
	}
	close(failed)
	if status := await(t, app, Backoff); !strings.Contains(status.LastExit.String(), "status 502") {
		t.Errorf("got %q", status.LastExit)
	}
	never(t, app, Ready)
	sick.Store(false)
	await(t, app, Ready)
}

func TestExternalAppNeedsAPlace(t *testing.T) {
	for _, config := range []Config{{}, {Socket: Fresh}} {
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), "no command is given") {
			t.Errorf("got %v", err)
		}
	}
}
