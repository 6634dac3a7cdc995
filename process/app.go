// Package process owns the life of the wrapped app: its command line, start,
// output, readiness, restarts and stop. It knows nothing of HTTP requests by
// visitors, nor of JupyterHub.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// sweepGrace is what each kind of leftover of an app gets to end by
	// itself.
	sweepGrace = time.Second
	// reapInterval is how long an orphan that has ended may stay a zombie: one
	// look at all processes is enough for many that end together.
	reapInterval = time.Second
)

// Config is what an App needs.
type Config struct {
	// Command is the program and its arguments, with {placeholders}.
	Command []string
	// Variables are the placeholders' values, but for {port} and
	// {origin_host}, which are known later.
	Variables Variables
	// OriginHost is the value of {origin_host}. If it is empty and the
	// command needs it, the start waits for SetOriginHost.
	OriginHost string
	// Port is where the app is to listen; 0 takes a free one at every start.
	Port int
	// Env is the app's whole environment.
	Env []string
	// ReadyPath is asked until the app gives any HTTP answer, for at most
	// ReadyTimeout.
	ReadyPath    string
	ReadyTimeout time.Duration
	Restart      RestartPolicy
	// Grace is how long the app has to end when it is asked to, before it is
	// killed.
	Grace time.Duration
	// Orphans says that every child of this program is the app's: what is
	// left of them when the app has ended is ended too. See AdoptOrphans.
	Orphans bool
	Log     *slog.Logger
	// Output, if set, takes the app's output.
	Output Sink
}

// App is one wrapped app. Make it by New, then call Run once.
type App struct {
	config Config
	ring   Ring
	origin chan string // holds the first origin host that is told
	stop   chan syscall.Signal

	mu     sync.RWMutex
	status Status
}

// New checks the command line, so far as that is possible before a start: its
// placeholders are known and its program is there.
func New(config Config) (*App, error) {
	if len(config.Command) == 0 {
		return nil, errors.New("no command is given: say what to run, for example: jhsingle-native-proxy -- voila notebook.ipynb --port={port}")
	}
	a := &App{
		config: config,
		origin: make(chan string, 1),
		stop:   make(chan syscall.Signal, 1),
		status: Status{State: Waiting, Since: time.Now()},
	}
	argv, err := a.commandLine(1, "localhost")
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath(argv[0]); err != nil {
		return nil, fmt.Errorf("cannot run %q: %w (is it installed, and on PATH, in the environment that this program was started in?)", argv[0], lookupReason(err))
	}
	if config.OriginHost != "" {
		a.origin <- config.OriginHost
	}
	return a, nil
}

// lookupReason leaves out the name that exec.Error repeats.
func lookupReason(err error) error {
	var wrapped *exec.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

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
	port := a.Status().Port
	if port == 0 {
		return nil, errors.New("the app is not running")
	}
	return dial(ctx, port)
}

func dial(ctx context.Context, port int) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// SetOriginHost tells the value of {origin_host}, for a start that waits for
// it. Only the first call counts.
func (a *App) SetOriginHost(host string) {
	select {
	case a.origin <- host:
	default:
	}
}

// Stop ends the app and makes Run return. The signal is passed on to the app
// first; SIGTERM follows after half of the grace, SIGKILL at its end.
func (a *App) Stop(sig syscall.Signal) {
	select {
	case a.stop <- sig:
	default:
	}
}

// Signal passes a signal on to the app's whole group. Nothing happens while
// there is no process.
func (a *App) Signal(sig syscall.Signal) {
	if pid := a.Status().PID; pid != 0 {
		group(pid).signal(sig)
	}
}

// Run starts the app and looks after it until Stop is called or, with the
// restart policy Never, until the app ends by itself. It returns how the app
// ended last; nothing of it is left then.
func (a *App) Run() Exit {
	// The kernel ends the child when the thread that started it ends, so
	// this thread has to last as long (prctl(2), PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var host string
	if Uses(a.config.Command, "origin_host") {
		select {
		case host = <-a.origin:
		case <-a.stop:
			return a.end(Exit{}, Stopped)
		}
	}
	for failures := 0; ; {
		exit, readyFor, stopped := a.once(host)
		if stopped {
			return a.end(exit, Stopped)
		}
		if readyFor > healthyAfter {
			failures = 0
		}
		failures++
		a.config.Log.Warn("the app "+exit.String(), "starts", a.Status().Starts, "ready_for", readyFor.Round(time.Millisecond))
		switch {
		case a.config.Restart == Never:
			return a.end(exit, Failed)
		case !a.config.Restart.wants(exit) || failures > maxFailures:
			a.end(exit, Failed)
			a.config.Log.Error("the app is not started again", "policy", a.config.Restart, "failures", failures)
			<-a.stop
			return a.end(exit, Stopped)
		}
		pause := backoff(failures)
		a.change(func(s *Status) {
			s.State, s.PID, s.Port, s.LastExit, s.NextStart = Backoff, 0, 0, &exit, time.Now().Add(pause)
		})
		select {
		case <-time.After(pause):
		case <-a.stop:
			return a.end(exit, Stopped)
		}
	}
}

// once runs the process one time. It returns how it ended, how long it was
// ready, and whether it ended because Stop was called.
func (a *App) once(host string) (exit Exit, readyFor time.Duration, stopped bool) {
	port, err := a.port()
	if err != nil {
		return Exit{Code: 1, Reason: "could not be started: " + err.Error()}, 0, false
	}
	argv, err := a.commandLine(port, host)
	if err != nil {
		return Exit{Code: 1, Reason: "could not be started: " + err.Error()}, 0, false
	}
	out, err := newOutput()
	if err != nil {
		return Exit{Code: 1, Reason: "could not be started: " + err.Error()}, 0, false
	}
	cmd := exec.Command(argv[0], argv[1:]...) // #nosec G204 -- starting the operator's command is what this is for
	cmd.Env, cmd.SysProcAttr = a.config.Env, attributes()
	cmd.Stdout, cmd.Stderr = out.write[0], out.write[1]
	a.config.Log.Info("starting the app", "command", argv, "port", port)
	err = cmd.Start()
	out.closeWrite()
	out.drain(func(_ string, line []byte) { a.ring.Add(line) }, a.sink())
	if err != nil {
		out.finish(0)
		return Exit{Code: 127, Reason: "could not be started: " + err.Error()}, 0, false
	}
	started := time.Now()
	members := group(cmd.Process.Pid)
	a.change(func(s *Status) {
		s.State, s.PID, s.Port = Starting, cmd.Process.Pid, port
		s.Starts++
	})

	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is read from the process's state
		close(ended)
	}()
	defer func() {
		members.sweep(sweepGrace)
		if a.config.Orphans {
			endOrphans(sweepGrace)
		}
		out.finish(sweepGrace)
	}()

	ctx, cancel := context.WithTimeout(context.Background(), a.config.ReadyTimeout)
	defer cancel()
	ready := make(chan error, 1)
	go func() {
		ready <- awaitReady(ctx, func(ctx context.Context) (net.Conn, error) { return dial(ctx, port) }, a.config.ReadyPath)
	}()

	// A child that ends is either the app, which is waited for, or an orphan.
	died := make(chan os.Signal, 1)
	if a.config.Orphans {
		signal.Notify(died, syscall.SIGCHLD)
		defer signal.Stop(died)
	}
	var reap <-chan time.Time
	var readySince time.Time
	for {
		select {
		case <-died:
			if reap == nil {
				reap = time.After(reapInterval)
			}
		case <-reap:
			reap = nil
			reapOrphans(cmd.Process.Pid)
		case err := <-ready:
			if err != nil {
				a.terminate(members, ended, syscall.SIGTERM)
				return Exit{Code: -1, Reason: fmt.Sprintf("gave no HTTP answer on port %d, path %s, within %s (--ready-timeout)", port, a.config.ReadyPath, a.config.ReadyTimeout)}, 0, false
			}
			readySince = time.Now()
			a.change(func(s *Status) { s.State = Ready })
			a.config.Log.Info("the app is ready", "after", readySince.Sub(started).Round(time.Millisecond))
			ready = nil
		case <-ended:
			if !readySince.IsZero() {
				readyFor = time.Since(readySince)
			}
			return exitOf(cmd), readyFor, false
		case sig := <-a.stop:
			a.change(func(s *Status) { s.State = Stopping })
			a.terminate(members, ended, sig)
			return exitOf(cmd), 0, true
		}
	}
}

// terminate ends a running group: the signal, SIGTERM, SIGKILL.
func (a *App) terminate(members group, ended <-chan struct{}, sig syscall.Signal) {
	for _, step := range []syscall.Signal{sig, syscall.SIGTERM} {
		members.signal(step)
		select {
		case <-ended:
			return
		case <-time.After(a.config.Grace / 2):
		}
	}
	a.config.Log.Warn("the app did not end in time and is killed", "grace", a.config.Grace)
	members.signal(syscall.SIGKILL)
	<-ended
}

// port returns the configured port, or a free one. Between our look and the
// app's start another process can take it; then the app fails, and its
// restart gets another.
func (a *App) port() (int, error) {
	if a.config.Port != 0 {
		return a.config.Port, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("cannot find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (a *App) commandLine(port int, host string) ([]string, error) {
	variables := Variables{"port": strconv.Itoa(port), "origin_host": host, "-": "-", "--": "--"}
	for name, value := range a.config.Variables {
		variables[name] = value
	}
	return variables.RenderAll(a.config.Command)
}

func (a *App) sink() Sink {
	if a.config.Output == nil {
		return func(string, []byte) {}
	}
	return a.config.Output
}

// end records the end of the process.
func (a *App) end(exit Exit, state State) Exit {
	a.change(func(s *Status) {
		s.State, s.PID, s.Port, s.LastExit = state, 0, 0, &exit
	})
	return exit
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

// Environ returns an environment without the named variables.
func Environ(all []string, without ...string) []string {
	kept := make([]string, 0, len(all))
next:
	for _, pair := range all {
		for _, name := range without {
			if len(pair) > len(name) && pair[:len(name)] == name && pair[len(name)] == '=' {
				continue next
			}
		}
		kept = append(kept, pair)
	}
	return kept
}
