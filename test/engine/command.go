package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Command is one call of the docker command line.
type Command struct {
	CLI   string // a particular docker command, else the one in PATH
	Env   []string
	Stdin io.Reader
	Both  bool // return what it said on standard error, too
	Args  []string
}

// Try runs a docker command and returns its standard output; the error carries
// the end of what it said on standard error.
func (e *Engine) Try(limit time.Duration, c Command) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if c.CLI == "" {
		c.CLI = "docker"
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, c.CLI, c.Args...)
	cmd.Env = append(e.environment(), c.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, &out, &errs
	if c.Both {
		cmd.Stderr = &out
	}
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("not done within %v", limit)
	}
	if err != nil {
		err = fmt.Errorf("docker %s: %w\n%s", strings.Join(c.Args, " "), err, tail(out.String()+errs.String(), 25))
	}
	return strings.TrimSpace(out.String()), err
}

// Docker runs a docker command for half a minute at most.
func (e *Engine) Docker(args ...string) (string, error) {
	return e.Try(30*time.Second, Command{Args: args})
}

// environment is the process's own without what would lead the command line to
// another daemon or to a person's settings.
func (e *Engine) environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "DOCKER_") && !strings.HasPrefix(kv, "BUILDX_") && !strings.HasPrefix(kv, "BUILDKIT_") {
			env = append(env, kv)
		}
	}
	return append(env, "DOCKER_HOST="+e.Host, "DOCKER_CONFIG="+filepath.Join(e.scratch, "config"))
}
