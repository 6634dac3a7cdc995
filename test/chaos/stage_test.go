//go:build e2e

// Package chaos ends the app, our program's peace, and our program itself, over
// and over under load, and counts what is hung, orphaned, leaked or dropped.
//
//	go test -tags e2e ./test/chaos
package chaos

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments,
// and of every request: what takes longer hangs.
const patience = 20 * time.Second

// stage is what the tests play on; no test changes it.
type stage struct {
	*bed.Bed
	proxy, victim, output string
}

var shared *stage

func TestMain(m *testing.M) {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the chaos tests cannot begin:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func build(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output", "chaos")}
	if err := os.MkdirAll(s.output, 0o755); err != nil {
		return nil, err
	}
	// E2E_RACE=1 has the race detector watch our program.
	if s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1"); err != nil {
		return nil, err
	}
	if s.victim, err = s.Build(ctx, "./test/chaos/victim", false); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, errors.New("wrk is missing. Install it (Debian: apt install wrk)")
	}
	return s, nil
}

// server is our program with the victim behind it.
type server struct {
	command *exec.Cmd
	// url is where visitors find it, metrics where its metrics are.
	url, address, metrics string
	// mark is in the environment of all that runs below it.
	mark    string
	logFile string
	ended   chan struct{}
}

// setup changes how a server is started.
type setup struct {
	// flags are ours, app are the victim's.
	flags, app []string
	// before is a command that runs ours.
	before []string
	// environment is added, as NAME=value.
	environment []string
	// log is where our program writes, if not into a file of the test.
	log *os.File
	// unready says not to wait for the app.
	unready bool
}

// start starts a server without a hub, as it is the app and our program that
// are ended here, and kills all that is left of it when the test ends.
func start(t *testing.T, wanted setup) *server {
	t.Helper()
	ports, err := bed.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{
		address: fmt.Sprintf("127.0.0.1:%d", ports[0]), metrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", ports[1]),
		mark: "CHAOS=" + rand.Text(), ended: make(chan struct{}),
		logFile: filepath.Join(shared.output, strings.ReplaceAll(t.Name(), "/", "-")+".log"),
	}
	s.url = "http://" + s.address
	log := wanted.log
	if log == nil {
		if log, err = os.Create(s.logFile); err != nil {
			t.Fatal(err)
		}
		defer log.Close()
	}
	var argv []string
	argv = append(append(argv, wanted.before...), shared.proxy,
		"--authtype=none", "--ip=127.0.0.1", fmt.Sprintf("--port=%d", ports[0]), fmt.Sprintf("--metrics-address=127.0.0.1:%d", ports[1]))
	argv = append(append(argv, wanted.flags...), "--", shared.victim)
	if !hasPrefix(wanted.app, "--unix-socket") {
		argv = append(argv, "--port={port}")
	}
	argv = append(argv, wanted.app...)
	s.command = exec.Command(argv[0], argv[1:]...)
	s.command.Env = append(append(os.Environ(), s.mark), wanted.environment...)
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.command.Wait() // how it ended is in its state
		close(s.ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of %s:\n%s", s.logFile, s.tail(15))
		}
		if ours, err := s.own(); err == nil {
			_ = syscall.Kill(ours, syscall.SIGTERM)
		}
		select {
		case <-s.ended:
		case <-time.After(patience):
			t.Errorf("our program does not stop")
			_ = s.command.Process.Kill()
		}
		left, err := bed.AwaitGone(patience, s.mark)
		if err != nil {
			t.Error(err)
		}
		for _, process := range left {
			t.Errorf("our program left behind %s", process)
			_ = syscall.Kill(process.ID, syscall.SIGKILL)
		}
	})
	if !wanted.unready {
		eventually(t, patience, func() error { _, err := s.app(t.Context()); return err })
	}
	return s
}

// own is our program's own process, be it below the command that was to run it.
func (s *server) own() (int, error) {
	all, err := bed.ProcessesWith(s.mark)
	if err != nil {
		return 0, err
	}
	for _, process := range all {
		if strings.HasPrefix(process.Command, shared.proxy) {
			return process.ID, nil
		}
	}
	return 0, fmt.Errorf("our program does not run: %v", all)
}

func hasPrefix(all []string, prefix string) bool {
	for _, one := range all {
		if strings.HasPrefix(one, prefix) {
			return true
		}
	}
	return false
}

func (s *server) tail(lines int) string {
	text, err := os.ReadFile(s.logFile)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// once is a client that keeps no connection, so that none of ours counts as
// something that was leaked.
var once = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

// get asks for a path and reads the whole answer.
func (s *server) get(ctx context.Context, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return 0, "", err
	}
	answer, err := once.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// app is the process of the app that answers now.
func (s *server) app(ctx context.Context) (int, error) {
	status, body, err := s.get(ctx, "/pid")
	if err != nil {
		return 0, err
	}
	if status != http.StatusOK {
		return 0, fmt.Errorf("/pid was answered %d: %.200s", status, body)
	}
	return strconv.Atoi(body)
}

// awaitOther waits for another process than the given one to answer.
func (s *server) awaitOther(t *testing.T, before int) int {
	t.Helper()
	var now int
	eventually(t, patience, func() (err error) {
		if now, err = s.app(t.Context()); err == nil && now == before {
			err = fmt.Errorf("process %d still answers", before)
		}
		return err
	})
	return now
}

// measures are some of our program's own metrics.
type measures struct {
	goroutines, descriptors, memory, heap float64
}

func (m measures) String() string {
	return fmt.Sprintf("%.0f goroutines, %.0f descriptors, %.1f MiB resident, %.1f MiB heap", m.goroutines, m.descriptors, m.memory/(1<<20), m.heap/(1<<20))
}

func (s *server) measure(t *testing.T) measures {
	t.Helper()
	answer, err := once.Get(s.metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var m measures
	targets := map[string]*float64{
		"go_goroutines": &m.goroutines, "process_open_fds": &m.descriptors,
		"process_resident_memory_bytes": &m.memory, "go_memstats_heap_inuse_bytes": &m.heap,
	}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if target := targets[name]; target != nil {
			if *target, err = strconv.ParseFloat(value, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	if m.goroutines == 0 || m.descriptors == 0 {
		t.Fatalf("the metrics have no goroutines or descriptors: %+v", m)
	}
	return m
}

// zombies are our program's children that ended and were not waited for.
func (s *server) zombies(t *testing.T) (count int) {
	t.Helper()
	parent, err := s.own()
	if err != nil {
		t.Fatal(err)
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // gone in the meantime
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) > 1 && fields[0] == "Z" && fields[1] == strconv.Itoa(parent) {
			count++
		}
	}
	return count
}

// eventually waits until a check passes, and fails with its last complaint.
func eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	err := errors.New("never tried")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("after %s: %v", limit, err)
}

// isTimeout says whether something took too long, which is what must not be.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}
