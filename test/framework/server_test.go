//go:build e2e

package framework

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// prefix is one that has to be escaped, as JupyterHub does for names that are
// addresses.
const prefix = "/user/ada%40example.org/board/"

// server is our program with an app, without a hub.
type server struct {
	url     string
	port    int
	command *exec.Cmd
	ended   chan struct{}
	log     string
	mark    string // in the environment of all processes
	// ready is how long it took until the app answered.
	ready time.Duration
}

// serve starts our program, and stops it when the test ends: then nothing of it
// is left. The arguments follow our own flags.
func serve(t *testing.T, name string, arguments ...string) *server {
	t.Helper()
	ports, err := bed.FreePorts(1)
	must(t, err)
	s := &server{
		url:   fmt.Sprintf("http://127.0.0.1:%d%s", ports[0], prefix),
		log:   filepath.Join(shared.output, name+".log"),
		ended: make(chan struct{}),
	}
	home := t.TempDir()
	s.port, s.mark = ports[0], "FRAMEWORK_TEST="+home
	log, err := os.Create(s.log)
	must(t, err)
	defer log.Close()
	s.command = exec.Command(shared.proxy, append([]string{
		"--authtype=none", "--ip=127.0.0.1", fmt.Sprintf("--port=%d", ports[0]),
	}, arguments...)...)
	s.command.Dir = shared.apps
	s.command.Env = append(os.Environ(), "PATH="+shared.path(), "JUPYTERHUB_SERVICE_PREFIX="+prefix, "HOME="+home, s.mark)
	s.command.Stdout, s.command.Stderr = log, log
	began := time.Now()
	must(t, s.command.Start())
	go func() {
		_ = s.command.Wait() // how it ended is read from its state
		close(s.ended)
	}()
	t.Cleanup(func() {
		s.stop(t)
		if t.Failed() {
			t.Log(s.tail())
		}
	})
	eventually(t, patience, func() error {
		select {
		case <-s.ended:
			t.Fatalf("our program ended: %v", s.command.ProcessState)
		default:
		}
		status, body, err := s.get("")
		if err == nil && status >= 500 {
			err = fmt.Errorf("%d %.200s", status, body)
		}
		return err
	})
	s.ready = time.Since(began)
	return s
}

func (s *server) stop(t *testing.T) {
	t.Helper()
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		t.Error("our program did not end at SIGTERM")
		_ = s.command.Process.Kill()
		<-s.ended
	}
	left, err := bed.AwaitGone(patience, s.mark)
	if err != nil || len(left) > 0 {
		t.Errorf("after the end there are left: %v %v", left, err)
	}
}

// get asks for a path below the prefix, and follows nothing.
func (s *server) get(path string) (int, string, error) {
	client := http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Get(s.url + path)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

func (s *server) tail() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return s.log + ":\n" + string(bytes.Join(lines[max(0, len(lines)-40):], []byte("\n")))
}

// output is what our program writes when it ends by itself, and its exit code.
func output(t *testing.T, environment []string, arguments ...string) (string, int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), shared.proxy, append([]string{"--authtype=none", "--ip=127.0.0.1"}, arguments...)...)
	command.Dir = shared.apps
	command.Env = append(os.Environ(), append([]string{"PATH=" + shared.path(), "JUPYTERHUB_SERVICE_PREFIX=" + prefix}, environment...)...)
	text, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text)), command.ProcessState.ExitCode()
}
