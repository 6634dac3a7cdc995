//go:build e2e

// Package way tests the ways to an app that our program can be told to go, with
// real apps: Python's own web server, a plain socket, the echo app.
//
//	go test -tags e2e ./test/way
package way

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 30 * time.Second

// prefix is where the app is.
const prefix = "/user/ada%40x/"

// stage is what the tests play on; no test changes it.
type stage struct {
	*bed.Bed
	proxy, echo, output string
}

var shared *stage

func TestMain(m *testing.M) {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the way cannot begin:", err)
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
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output", "way")}
	// E2E_RACE=1 has the race detector watch our program.
	if s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1"); err != nil {
		return nil, err
	}
	s.echo, err = s.Build(ctx, "./test/apps/echo", false)
	return s, err
}

// server is our program with an app behind it, and no hub.
type server struct {
	t       *testing.T
	address string
	folder  string
	command *exec.Cmd
	ended   chan struct{}
	log     *buffer
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// launch starts our program, in a folder of its own, and waits until it listens.
func launch(t *testing.T, flags []string, app ...string) *server {
	t.Helper()
	return launchWith(t, func(*server) {}, flags, app...)
}

// launchWith is launch with a command that is changed before.
func launchWith(t *testing.T, change func(*server), flags []string, app ...string) *server {
	t.Helper()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, address: "127.0.0.1:" + strconv.Itoa(ports[0]), folder: t.TempDir(), ended: make(chan struct{}), log: &buffer{}}
	arguments := append([]string{"--authtype=none", "--ip=127.0.0.1", "--port=" + strconv.Itoa(ports[0])}, flags...)
	s.command = exec.Command(shared.proxy, append(append(arguments, "--"), app...)...)
	s.command.Dir = s.folder
	s.command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "PYTHONUNBUFFERED=1", "JUPYTERHUB_SERVICE_PREFIX=" + prefix, "JUPYTERHUB_BASE_URL=/"}
	s.command.Stdout, s.command.Stderr = s.log, s.log
	s.command.WaitDelay = 5 * time.Second
	change(s)
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.command.Wait() // how it ended is in ProcessState
		close(s.ended)
	}()
	t.Cleanup(s.stop)
	s.eventually(func() error {
		resp, err := http.Get(s.url("api"))
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
	return s
}

// start launches, and waits until the app is ready.
func start(t *testing.T, flags []string, app ...string) *server {
	t.Helper()
	s := launch(t, flags, app...)
	s.awaitState("ready")
	return s
}

func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.command.Process.Kill() // as above
		<-s.ended
		s.t.Error("our program did not end")
	}
	if s.t.Failed() {
		log := s.log.String()
		s.t.Logf("the log ends:\n%s", log[max(0, len(log)-4000):])
	}
}

func (s *server) url(path string) string { return "http://" + s.address + prefix + path }

func (s *server) awaitState(state string) {
	s.t.Helper()
	s.eventually(func() error {
		if _, _, body := s.get(".jhsingle/status"); !strings.Contains(body, `"state":"`+state+`"`) {
			return errors.New(body)
		}
		return nil
	})
}

// get fetches a path below the prefix, and follows nothing. Headers are name,
// value, name, ...
func (s *server) get(path string, headers ...string) (status int, header http.Header, body string) {
	s.t.Helper()
	return s.send(http.MethodGet, path, headers...)
}

func (s *server) send(method, path string, headers ...string) (status int, header http.Header, body string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url(path), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}
	resp, err := client.Do(request)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Errorf("%s: the body broke off: %v", path, err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

// eventually waits until a check passes, and fails with its last complaint.
func (s *server) eventually(check func() error) {
	s.t.Helper()
	err := errors.New("never tried")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
		select {
		case <-s.ended:
			s.t.Fatalf("our program has ended: %s", s.log)
		default:
		}
	}
	s.t.Fatalf("after %s: %v\n%s", patience, err, s.log)
}

func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is missing. Install it (Debian: apt install python3)")
	}
	return path
}
