package pyenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// maxOutput bounds what a tool prints. An environment of megabytes cannot
	// be given to a program (execve(2)).
	maxOutput = 16 << 20
	// maxSaid is how much of a complaint is shown.
	maxSaid = 300
	// outputPatience is how long output is read for after the end of its program,
	// if somebody else still holds it open.
	outputPatience = 5 * time.Second
)

// run runs a program and returns its output.
func run(ctx context.Context, limit time.Duration, environ []string, program string, args ...string) ([]byte, error) {
	out, err := newOutput()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, args...) // #nosec G204 -- each argument is one word, and no shell reads them
	command.Env = environ
	command.Stdout = out.write
	err = wait(ctx, limit, command, out)
	return out.content, err
}

// wait runs a command in a group of its own, all of which ends with it, or
// with its time. Then out is read to its end.
func wait(ctx context.Context, limit time.Duration, command *exec.Cmd, out *output) error {
	said, err := newOutput()
	if err != nil {
		out.end(time.Now())
		return err
	}
	command.Stderr = said.write
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = waitForGroup(ctx, command)
	until := time.Now().Add(outputPatience)
	out.end(until)
	said.end(until)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("it took longer than %s", limit)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		return nil
	}
	if text := lastLine(string(said.content)); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

func waitForGroup(ctx context.Context, command *exec.Cmd) error {
	command.SysProcAttr = attributes()
	// The kernel ends it with the thread that started it; see attributes.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		return err
	}
	group := command.Process.Pid
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-group, syscall.SIGKILL) })
	err := command.Wait() // for the program only: its output is files
	stop()
	_ = syscall.Kill(-group, syscall.SIGKILL) // whom it left behind
	return err
}

// lastLine is the last thing that was said, in which the reason is.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := strings.TrimSpace(strings.ToValidUTF8(lines[len(lines)-1], "?"))
	if len(last) > maxSaid {
		last = strings.ToValidUTF8(last[:maxSaid], "") + "..."
	}
	return last
}

// output takes all that a program writes to a pipe, and keeps the beginning.
type output struct {
	read, write *os.File
	content     []byte
	done        chan struct{}
}

func newOutput() (*output, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o := &output{read: read, write: write, done: make(chan struct{})}
	go func() {
		defer close(o.done)
		o.content, _ = io.ReadAll(io.LimitReader(read, maxOutput))
		_, _ = io.Copy(io.Discard, read)
	}()
	return o, nil
}

// end waits for the end of the output. What the program put into a session of its
// own can hold it back; all that counts was written when the program ended.
func (o *output) end(until time.Time) {
	o.write.Close()
	_ = o.read.SetReadDeadline(until)
	<-o.done
	o.read.Close()
}
