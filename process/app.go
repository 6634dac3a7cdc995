// Package process owns the life of the wrapped app: its command line, start,
// output, readiness, health, restarts and stop. It knows nothing of HTTP
// requests by visitors, nor of JupyterHub.
package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// hintAfter is how long an app may take to start before we look what it does
// instead, and how often we look again.
const hintAfter = 5 * time.Second

// App is one wrapped app. Make it by New, then call Run once.
type App struct {
	config Config
	ring   Ring
	queue  *queue
	// These are constants, but for tests.
	hintAfter, lookInterval time.Duration
	newCgroup               func() *cgroup

	// Each holds at most one event: a second one says no more than the first.
	wake, restart, retry chan struct{}
	stop                 chan farewell

	mu       sync.RWMutex
	status   Status
	at       place  // where a running app is
	host     string // the value of {origin_host}
	prepared Prepared
}

// New checks the configuration, so far as that is possible before a start: the
// command line's placeholders are known, and its program is there unless a
// preparation can still bring it.
func New(config Config) (*App, error) {
	a := &App{
		config:    config.withDefaults(),
		queue:     newQueue(config.Output, config.Raw),
		hintAfter: hintAfter, lookInterval: lookInterval, newCgroup: newCgroup,
		wake:    make(chan struct{}, 1),
		restart: make(chan struct{}, 1),
		retry:   make(chan struct{}, 1),
		stop:    make(chan farewell, 1),
		status:  Status{State: Waiting, Since: time.Now()},
		host:    config.OriginHost,
	}
	if a.config.Socket != "" && a.config.Socket != Fresh {
		path, err := filepath.Abs(a.config.Socket)
		if err != nil {
			return nil, fmt.Errorf("the unix socket %q has no absolute path: %w", a.config.Socket, err)
		}
		if a.config.Socket = path; len(path) > maxSocketPath {
			return nil, socketTooLong(path)
		}
	}
	if a.config.IdleStop > 0 && a.config.Use == nil {
		return nil, errors.New("an app that is stopped when it is out of use needs to know its use: Config.Use is not set")
	}
	if a.external() {
		if a.config.Socket == Fresh || (a.config.Socket == "" && a.config.Port == 0) {
			return nil, errors.New("no command is given: say what to run, for example: jhsingle-native-proxy -- voila notebook.ipynb --port={port}; or, by --destport or --unix-socket, where an app listens that runs already")
		}
		return a, nil
	}
	sample := place{port: 1, socket: "/unix.sock"}
	c, err := a.render(sample, "localhost")
	if err == nil && a.config.Prepare == nil {
		_, err = c.find()
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// external says whether the app is run by somebody else.
func (a *App) external() bool { return len(a.config.Command) == 0 }

// Status returns where the app is.
func (a *App) Status() Status {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.status
}

// Log returns the last lines that the app wrote, at most max.
func (a *App) Log(max int) []string { return a.ring.Lines(max) }

// Dial connects to the app.
func (a *App) Dial(ctx context.Context) (net.Conn, error) {
	at := a.place()
	if at.nowhere() {
		return nil, errors.New("the app is not running")
	}
	return at.dial(ctx)
}

// Wake tells that a visitor came, and under which host. An app that waits for
// one is started. Only the first host counts; it is the value of
// {origin_host} where that was not configured.
func (a *App) Wake(host string) {
	a.mu.Lock()
	if a.host == "" {
		a.host = host
	}
	a.mu.Unlock()
	tell(a.wake)
}

// Restart stops the app gracefully and starts it anew; that is no failure. An
// app that has failed, or waits for its next start, is started. One that waits
// for a visitor, is being prepared or is not ours is left alone.
func (a *App) Restart() { tell(a.restart) }

// Retry prepares or starts an app that has failed, or waits for its next
// start, at once. It does nothing otherwise.
func (a *App) Retry() { tell(a.retry) }

// Stop ends the app within Config.Grace, and makes Run return. The signal is
// passed on to the app first; SIGTERM follows after half of the grace, SIGKILL
// at its end.
func (a *App) Stop(sig syscall.Signal) { a.StopWithin(sig, a.config.Grace) }

// StopWithin is Stop with another grace.
func (a *App) StopWithin(sig syscall.Signal, grace time.Duration) {
	select {
	case a.stop <- farewell{sig, grace}:
	default:
	}
}

// farewell is how the app is to be ended.
type farewell struct {
	signal syscall.Signal
	grace  time.Duration
}

// Signal passes a signal on to the app's whole group. Nothing happens while
// there is no process.
func (a *App) Signal(sig syscall.Signal) {
	if pid := a.Status().PID; pid != 0 {
		group(pid).signal(sig)
	}
}

func (a *App) change(apply func(*Status)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.status.State
	apply(&a.status)
	if a.status.State != before {
		a.status.Since = time.Now()
	}
}

func (a *App) place() place {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.at
}

// settle says where the app listens from now on, and nowhere with place{}.
func (a *App) settle(at place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = at
	a.status.Port, a.status.Socket = at.port, at.socket
	if at.socket != "" {
		a.status.Port = 0
	}
}

func (a *App) originHost() string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.host
}

// tell leaves an event, unless one is waiting.
func tell(events chan<- struct{}) {
	select {
	case events <- struct{}{}:
	default:
	}
}

// forget drops an event that came when it had no meaning.
func forget(events <-chan struct{}) {
	select {
	case <-events:
	default:
	}
}
