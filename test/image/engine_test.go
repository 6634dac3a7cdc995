//go:build e2e

package image

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// engine is a Docker daemon of the test's own. The daemon of the person who runs
// the test, if there is one, is neither asked nor touched: the images here carry
// names of official images, which would shadow the real ones.
type engine struct {
	t      *testing.T
	host   string
	config string
	log    string
}

// startEngine starts a daemon whose data stays in cache for the next run, and
// stops it when the test ends.
func startEngine(t *testing.T, cache string) *engine {
	t.Helper()
	daemon, err := exec.LookPath("dockerd")
	if err != nil {
		t.Fatal("no dockerd on this machine: install Debian's package docker.io (or Docker's own engine)")
	}
	data := filepath.Join(cache, "docker")
	clearLeftovers(t, cache, data)
	// Not t.TempDir: the path of a Unix socket may have 107 bytes at most.
	scratch, err := os.MkdirTemp("", scratchName)
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{
		t:      t,
		host:   "unix://" + filepath.Join(scratch, "docker.sock"),
		config: filepath.Join(scratch, "config"),
		log:    filepath.Join(cache, "dockerd.log"),
	}
	if err := os.WriteFile(filepath.Join(cache, leftovers), []byte(scratch), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon,
		"--host", e.host,
		"--data-root", data,
		"--exec-root", filepath.Join(scratch, "exec"),
		// In the cache, so that a second daemon on the same data is refused.
		"--pidfile", filepath.Join(cache, pidFile),
		"--shutdown-timeout", "5",
		// Containers use the machine's own network: the test needs no bridge, no
		// address range and no firewall rule, and leaves none behind.
		"--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
	)
	e.run(cmd, data, scratch)
	return e
}

const (
	pidFile     = "dockerd.pid"
	scratchName = "image-test"
	leftovers   = "leftovers" // names the scratch folder of the last run
)

// clearLeftovers ends what a run left that was killed: its daemon may still be
// stopping containers, and does not remove all its mounts. The caller has the
// cache to itself, so whatever uses it is such a leftover.
func clearLeftovers(t *testing.T, cache, data string) {
	t.Helper()
	if text, err := os.ReadFile(filepath.Join(cache, pidFile)); err == nil {
		awaitEnd(t, strings.TrimSpace(string(text)), data)
		_ = os.Remove(filepath.Join(cache, pidFile))
	}
	text, err := os.ReadFile(filepath.Join(cache, leftovers))
	scratch := string(text)
	if err != nil || !strings.HasPrefix(filepath.Base(scratch), scratchName) {
		return // never remove a folder that only a broken file names
	}
	unmountBelow(t, data, scratch)
	_ = os.RemoveAll(scratch)
}

// awaitEnd waits until no daemon on our data has the process id, and kills one
// that stays.
func awaitEnd(t *testing.T, pid, data string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		line, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
		if err != nil || !strings.Contains(string(line), data) {
			return
		}
		if time.Now().After(deadline) {
			number, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("killing dockerd %d, left by a run that was killed", number)
			_ = syscall.Kill(number, syscall.SIGKILL)
			deadline = time.Now().Add(10 * time.Second)
		}
	}
}

// run keeps the daemon alive until the end of the test and cleans up behind it.
func (e *engine) run(cmd *exec.Cmd, data, scratch string) {
	e.t.Helper()
	log, err := os.Create(e.log)
	if err != nil {
		e.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	// A test that is killed must not leave a daemon behind. The kernel sends the
	// signal when the thread that started the daemon ends, hence the locked one.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		e.t.Fatalf("cannot start %s: %v", cmd.Path, err)
	}
	e.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			e.t.Error("dockerd does not stop within 30 s of SIGTERM")
			_ = cmd.Process.Kill()
			<-ended
		}
		_ = log.Close()
		unmountBelow(e.t, data, scratch)
		_ = os.RemoveAll(scratch)
		_ = os.Remove(filepath.Join(filepath.Dir(data), leftovers))
	})
	e.awaitReady(ended)
}

func (e *engine) awaitReady(ended <-chan struct{}) {
	e.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case <-ended:
			e.t.Fatalf("dockerd ended at once (is this root, in a machine that may mount?):\n%s", e.logTail())
		default:
		}
		if _, err := e.try(5*time.Second, command{args: []string{"version", "--format", "{{.Server.Version}}"}}); err == nil {
			return
		}
	}
	e.t.Fatalf("dockerd does not answer within a minute:\n%s", e.logTail())
}

func (e *engine) logTail() string {
	text, _ := os.ReadFile(e.log)
	return tail(string(text), 20)
}

// command is one call of the docker command line.
type command struct {
	cli   string // a particular docker command, else the one in PATH
	env   []string
	stdin io.Reader
	both  bool // return what it said on standard error, too
	args  []string
}

// try runs a docker command and returns its standard output; the error carries
// the end of what it said on standard error.
func (e *engine) try(limit time.Duration, c command) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if c.cli == "" {
		c.cli = "docker"
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, c.cli, c.args...)
	cmd.Env = append(e.environment(), c.env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, &out, &errs
	if c.both {
		cmd.Stderr = &out
	}
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("not done within %v", limit)
	}
	if err != nil {
		err = fmt.Errorf("docker %s: %w\n%s", strings.Join(c.args, " "), err, tail(out.String()+errs.String(), 25))
	}
	return strings.TrimSpace(out.String()), err
}

// docker runs a docker command that must succeed.
func (e *engine) docker(t *testing.T, limit time.Duration, args ...string) string {
	t.Helper()
	out, err := e.try(limit, command{args: args})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// environment is the process's own without what would lead the command line to
// another daemon or to a person's settings.
func (e *engine) environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "DOCKER_") && !strings.HasPrefix(kv, "BUILDX_") && !strings.HasPrefix(kv, "BUILDKIT_") {
			env = append(env, kv)
		}
	}
	return append(env, "DOCKER_HOST="+e.host, "DOCKER_CONFIG="+e.config)
}

// unmountBelow removes the mounts that a daemon leaves behind: its bind mount of
// the data folder if it was killed, and a network namespace in any case.
func unmountBelow(t *testing.T, folders ...string) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Error(err)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(mounts)), "\n")
	for i := len(lines) - 1; i >= 0; i-- { // the innermost come last
		point := strings.Fields(lines[i])[4]
		for _, folder := range folders {
			if point != folder && !strings.HasPrefix(point, folder+"/") {
				continue
			}
			if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil {
				t.Errorf("cannot unmount %s: %v", point, err)
			}
			break
		}
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
