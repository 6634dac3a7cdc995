// Package engine starts Docker daemons for tests and benchmarks. The daemon of
// the person who runs them, if there is one, is neither asked nor touched: the
// images here carry names of official ones, which would shadow the real ones.
//
// It needs root, Debian's docker.io and debootstrap.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Engine is a Docker daemon of our own.
type Engine struct {
	// Host is where it listens, as the command line and the client have it.
	Host string
	// Socket is the file of it.
	Socket string

	// Flags are further ones of dockerd, for its next start.
	Flags []string

	cache, data, scratch string
	daemon               *process
	// containerd is where one of its own listens, and runtime that one; else the
	// daemon starts it.
	containerd string
	runtime    *process
}

const (
	pidFile     = "dockerd.pid"
	scratchName = "engine-test"
	leftovers   = "leftovers" // names the scratch folder of the last run
)

// Start starts a daemon whose data stays in the folder for the next run. The
// caller has the folder to itself: see OpenCache.
func Start(cache string) (*Engine, error) {
	e, err := prepare(cache)
	if err != nil {
		return nil, err
	}
	if err := e.Restart(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func prepare(cache string) (*Engine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a Docker daemon of our own must be started by root")
	}
	e := &Engine{cache: cache, data: filepath.Join(cache, "docker")}
	if err := e.clearLeftovers(); err != nil {
		return nil, err
	}
	// The path of a Unix socket may have 107 bytes at most, so it is not here.
	var err error
	if e.scratch, err = os.MkdirTemp("", scratchName); err != nil {
		return nil, err
	}
	e.Socket = filepath.Join(e.scratch, "docker.sock")
	e.Host = "unix://" + e.Socket
	return e, os.WriteFile(filepath.Join(cache, leftovers), []byte(e.scratch), 0o600)
}

// Restart starts the daemon again on the same data and socket after it was
// killed.
func (e *Engine) Restart() error {
	daemon, err := exec.LookPath("dockerd")
	if err != nil {
		return errors.New("no dockerd on this machine: install Debian's package docker.io (or Docker's own engine)")
	}
	args := []string{
		"--host", e.Host,
		"--data-root", e.data,
		"--exec-root", filepath.Join(e.scratch, "exec"),
		// In the cache, so that a second daemon on the same data is refused.
		"--pidfile", filepath.Join(e.cache, pidFile),
		"--shutdown-timeout", "5",
		// Containers use the machine's own network: the tests need no bridge, no
		// address range and no firewall rule, and leave none behind.
		"--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
	}
	if e.containerd != "" {
		args = append(args, "--containerd", e.containerd)
	}
	args = append(args, e.Flags...)
	if e.daemon, err = start(exec.Command(daemon, args...), e.logFile()); err != nil {
		return err
	}
	return e.awaitReady()
}

// Kill ends the daemon at once, as if the machine had lost it: its containers
// stay without one until the next Restart.
func (e *Engine) Kill() {
	e.daemon.kill()
	_ = os.Remove(filepath.Join(e.cache, pidFile))
}

// Data is the folder where the daemon keeps everything.
func (e *Engine) Data() string { return e.data }

// CPU is the processor time that the daemon and its children have taken; zero if
// that cannot be told.
func (e *Engine) CPU() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.daemon.command.Process.Pid))
	_, rest, ok := strings.Cut(string(stat), ") ")
	if fields := strings.Fields(rest); err == nil && ok && len(fields) > 14 {
		var ticks int64 // utime, stime, cutime, cstime: proc_pid_stat(5)
		for _, field := range fields[11:15] {
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
		return time.Duration(ticks) * time.Second / 100 // USER_HZ, the same on all that run Docker
	}
	return 0
}

// Close stops the daemon with all its containers, and cleans up behind it.
func (e *Engine) Close() error {
	var failed error
	if e.daemon != nil {
		if !e.daemon.runs() {
			failed = e.Restart() // to end the containers that it left
		}
		failed = errors.Join(failed, e.daemon.stop())
	}
	if e.runtime != nil {
		failed = errors.Join(failed, e.runtime.stop())
	}
	failed = errors.Join(failed, unmountBelow(e.data, e.scratch), os.RemoveAll(e.scratch))
	return errors.Join(failed, os.Remove(filepath.Join(e.cache, leftovers)))
}

func (e *Engine) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if !e.daemon.runs() {
			return fmt.Errorf("dockerd ended at once (is this root, in a machine that may mount?):\n%s", e.Log())
		}
		if _, err := e.Try(5*time.Second, Command{Args: []string{"version", "--format", "{{.Server.Version}}"}}); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("dockerd does not answer within a minute:\n%s", e.Log())
}

func (e *Engine) logFile() string { return filepath.Join(e.cache, "dockerd.log") }

// Log is the end of what the daemon said.
func (e *Engine) Log() string {
	text, _ := os.ReadFile(e.logFile())
	return tail(string(text), 20)
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
