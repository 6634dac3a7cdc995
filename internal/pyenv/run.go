package pyenv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
)

// run runs a program and returns its output.
func run(ctx context.Context, limit time.Duration, environ []string, program string, args ...string) ([]byte, error) {
	command := exec.Command(program, args...) // #nosec G204 -- each argument is one word, and no shell reads them
	command.Env = environ
	var out buffer
	command.Stdout = &out
	if err := wait(ctx, limit, command); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// wait runs a command in a group of its own, all of which ends with it, or
// with its time.
func wait(ctx context.Context, limit time.Duration, command *exec.Cmd) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var said buffer
	command.Stderr = &said
	command.SysProcAttr = attributes()
	command.WaitDelay = time.Second
	// The kernel ends it with the thread that started it; see attributes.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		return err
	}
	group := command.Process.Pid
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-group, syscall.SIGKILL) })
	err := command.Wait()
	stop()
	_ = syscall.Kill(-group, syscall.SIGKILL) // whom it left behind
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("it took longer than %s", limit)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	}
	if text := lastLine(said.String()); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
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

// buffer keeps the beginning of what is written, and takes all of it.
type buffer struct{ bytes.Buffer }

func (b *buffer) Write(p []byte) (int, error) {
	if room := maxOutput - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
