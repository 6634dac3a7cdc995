package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// maxOutput bounds what git prints for us to read. The names of a million
	// files fit.
	maxOutput = 256 << 20
	// stopGrace is what git gets to remove its temporary files.
	stopGrace = 3 * time.Second
)

// client runs the git command line in one folder.
type client struct {
	redactor
	program string
	folder  string
	env     []string
	log     *slog.Logger
	meter   *meter
	// secret is for commands that talk to the remote, and only for its site.
	secret credential
	site   string
	// patience is for how long a command that talks to the remote may say
	// nothing.
	patience time.Duration
}

// call is one command.
type call struct {
	args   []string
	stdin  []byte
	env    []string // added to the client's
	remote bool     // it talks to the remote: with credentials, and not for ever
	quiet  bool     // what it says is no news
	talks  bool     // it says so on its standard output
}

// failure is a git that ended with an error.
type failure struct {
	command string
	code    int // -1 when it did not end by itself
	said    []string
	silent  time.Duration // what it was ended for, if it was
}

func (f *failure) Error() string { return "git " + f.command + ": " + explain(f) }

// run runs a command and returns what it printed.
func (c *client) run(ctx context.Context, what call) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	args := make([]string, 0, 2*len(settings)+len(what.args))
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	args = append(args, what.args...)

	command := exec.CommandContext(ctx, c.program, args...) // #nosec G204 -- our own words; what comes from outside is behind --
	command.Dir = c.folder
	command.Env = slices.Concat(c.env, what.env)
	if what.remote {
		command.Env = withConfig(append(command.Env, c.secret.env()...), c.secret.config(c.site))
	}
	if what.stdin != nil {
		command.Stdin = bytes.NewReader(what.stdin)
	}
	stdout := &limited{max: maxOutput}
	stderr := &listener{client: c, quiet: what.quiet}
	stderr.heard.Store(time.Now().UnixNano())
	command.Stdout, command.Stderr = stdout, stderr
	if what.talks {
		command.Stdout = stderr
	}
	command.SysProcAttr = attributes()
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = stopGrace

	c.log.Debug("git", "arguments", c.redact(strings.Join(what.args, " ")))
	if what.remote {
		stop := c.watch(ctx, stderr, cancel)
		defer stop()
	}
	err := c.start(command)
	if ctx.Err() != nil && command.Process != nil {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // those that git left behind
	}
	stderr.flush()
	if stdout.full {
		return nil, fmt.Errorf("git %s printed more than %d bytes", what.args[0], maxOutput)
	}
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		// A credential daemon that it started may hold its output for longer.
		return stdout.Bytes(), nil
	}
	said := &failure{command: what.args[0], code: -1, said: stderr.tail}
	if silence := (silentError{}); errors.As(context.Cause(ctx), &silence) {
		said.silent = silence.since
		return stdout.Bytes(), said
	}
	if ctx.Err() != nil {
		return stdout.Bytes(), context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		said.code = exit.ExitCode()
		return stdout.Bytes(), said
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errNoGit
	}
	return stdout.Bytes(), fmt.Errorf("git cannot be run: %w", err)
}

// start runs it to its end on one thread, whose death is what the kernel takes
// for ours.
func (c *client) start(command *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return command.Run()
}

type silentError struct{ since time.Duration }

func (e silentError) Error() string { return fmt.Sprintf("it said nothing for %s", e.since) }

// watch ends a command that says nothing for too long: a server can accept a
// connection and never answer, and git's own protocol has no time limit.
func (c *client) watch(ctx context.Context, said *listener, cancel context.CancelCauseFunc) (stop func()) {
	ticker := time.NewTicker(max(c.patience/8, time.Millisecond))
	done := make(chan struct{})
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-ticker.C:
				if time.Since(time.Unix(0, said.heard.Load())) > c.patience {
					cancel(silentError{c.patience})
				}
			}
		}
	}()
	return func() { close(done) }
}

// do is run for commands that print nothing of interest.
func (c *client) do(ctx context.Context, args ...string) error {
	_, err := c.run(ctx, call{args: args})
	return err
}

// text is the only line that a command prints; empty if it failed.
func (c *client) text(ctx context.Context, args ...string) (string, error) {
	out, err := c.run(ctx, call{args: args, quiet: true})
	return strings.TrimSpace(string(out)), err
}

// holds is for commands that answer by their exit code: 0 is yes, 1 is no.
func (c *client) holds(ctx context.Context, args ...string) (bool, error) {
	_, err := c.run(ctx, call{args: args, quiet: true})
	if failed := (*failure)(nil); errors.As(err, &failed) && failed.code == 1 {
		return false, nil
	}
	return err == nil, err
}

// names are the names that a command prints with -z.
func (c *client) names(ctx context.Context, args ...string) ([]string, error) {
	out, err := c.run(ctx, call{args: args, quiet: true})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// commit is the id of the commit that a revision is, or empty if there is none.
func (c *client) commit(ctx context.Context, revision string) string {
	id, err := c.text(ctx, "rev-parse", "--quiet", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return ""
	}
	return id
}

// limited is a buffer with an end.
type limited struct {
	bytes.Buffer
	max  int
	full bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.max {
		l.full = true
		return 0, errors.New("too much output")
	}
	return l.Buffer.Write(p)
}

// listener takes what git says on its standard error.
type listener struct {
	client *client
	quiet  bool
	line   []byte
	tail   []string
	heard  atomic.Int64 // Unix nanoseconds of its last word
}

const (
	maxLine = 4 << 10 // of a line the rest is dropped
	maxTail = 64      // lines, to find out why it failed
)

// Write splits what comes into lines. Progress overwrites its line, so that it
// ends with a carriage return; it is no news when it comes to its end.
func (l *listener) Write(p []byte) (int, error) {
	l.heard.Store(time.Now().UnixNano())
	for _, b := range p {
		switch {
		case b == '\n' || b == '\r':
			l.flush()
		case len(l.line) < maxLine:
			l.line = append(l.line, b)
		}
	}
	return len(p), nil
}

func (l *listener) flush() {
	text := l.client.redact(clean(l.line))
	l.line = l.line[:0]
	if text == "" {
		return
	}
	if title, percent, ok := parseProgress(text); ok {
		l.client.meter.report(title, percent)
		return
	}
	if len(l.tail) == maxTail {
		l.tail = append(l.tail[:0], l.tail[1:]...)
	}
	l.tail = append(l.tail, text)
	if !l.quiet {
		l.client.log.Info("git: " + text)
	}
}
