//go:build e2e || attacktable

// Package attack holds the attack suite: a real JupyterHub, our program started
// by it around an app that records every byte, and attackers with raw sockets
// before the hub's proxy and before our own port.
//
//	go test -tags e2e ./test/attack/
package attack

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 30 * time.Second

// owner is whose servers are attacked, stranger who may not enter them, and
// guest who may as long as a test shares a server with him.
const (
	owner    = "alice"
	stranger = "mallory"
	guest    = "carol"
)

// stage is what the tests play on. TestMain builds it before the first test and
// takes it down after the last; no test changes it.
type stage struct {
	*bed.Bed
	hub      *bed.Hub
	proxy    string // our program
	recorder string // test/attack/recorder
	output   string // folder for logs, kept to be looked into
}

var shared *stage

func TestMain(m *testing.M) {
	os.Exit(play(m))
}

func play(m *testing.M) (code int) {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the attack suite cannot begin:", err)
		return 1
	}
	defer func() {
		if err := shared.hub.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "after the attack suite:", err)
			code = 1
		}
	}()
	// Most of the tests' time is waiting, so more may run at once than there
	// are processors.
	if err := flag.Set("test.parallel", "12"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output", "attack")}
	if s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1"); err != nil {
		return nil, err
	}
	if s.recorder, err = s.Build(ctx, "./test/attack/recorder", false); err != nil {
		return nil, err
	}
	if s.hub, err = s.StartHub(ctx, bed.Options{Output: s.output}); err != nil {
		return nil, err
	}
	for _, user := range []string{owner, stranger, guest} {
		if err := s.hub.AddUser(ctx, user); err != nil {
			return nil, errors.Join(err, s.hub.Close())
		}
	}
	return s, nil
}

// server is one of the owner's servers, with the recorder as its app.
type server struct {
	name string
	// prefix is its path, with a slash at both ends.
	prefix string
	// direct is where the attacked program itself listens.
	direct string
	// environment is what the hub gave it, so it holds its secrets.
	environment map[string]string
	// logFile is what it wrote; not mixed with the hub's, as in the hub's log.
	logFile string

	control string // where the record is read
	left    bool   // set when the test itself stopped it
}

// startOurs starts our program as a server and waits for its app.
func startOurs(t *testing.T, name string, flags ...string) *server {
	t.Helper()
	return start(t, name, nil, ours(flags...))
}

// ours is our program's command line around an app.
func ours(flags ...string) commandLine {
	return func(app ...string) []string {
		line := append([]string{shared.proxy, "--debug", "--log-format=json"}, flags...)
		return append(append(line, "--"), app...)
	}
}

// commandLine is how a program is started around an app, in whose arguments it
// replaces {port}.
type commandLine func(app ...string) []string

// start starts a program as the owner's server. A shell before it writes down
// what the hub gave it, and keeps its log apart.
func start(t *testing.T, name string, environment map[string]string, program commandLine) *server {
	t.Helper()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	s := &server{
		name: name, prefix: bed.Prefix(owner, name),
		logFile: filepath.Join(folder, "log"),
		control: fmt.Sprintf("127.0.0.1:%d", ports[0]),
	}
	line := append([]string{"sh", "-c", `env -0 >"$0/environment" && exec "$@" >"$0/log" 2>&1`, folder},
		program(shared.recorder, "-listen=127.0.0.1:{port}", "-control="+s.control)...)
	// The context of a test that is over is cancelled, hence not t.Context.
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	if err := shared.hub.StartServer(ctx, owner, name, bed.Server{Command: line, Environment: environment}); err != nil {
		t.Fatalf("%v\nits own log:\n%s", err, s.log())
	}
	t.Cleanup(func() { s.finish(t) })
	s.readEnvironment(t, filepath.Join(folder, "environment"))
	return s
}

func (s *server) readEnvironment(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.environment = map[string]string{}
	for variable := range strings.SplitSeq(string(text), "\x00") {
		name, value, _ := strings.Cut(variable, "=")
		s.environment[name] = value
	}
	service, err := url.Parse(s.environment["JUPYTERHUB_SERVICE_URL"])
	if err != nil || service.Host == "" {
		t.Fatalf("the hub gave no usable JUPYTERHUB_SERVICE_URL: %v, %v", service, err)
	}
	s.direct = net.JoinHostPort("127.0.0.1", service.Port())
}

// finish stops the server, keeps its log, and shows its end if the test failed.
func (s *server) finish(t *testing.T) {
	if !s.left {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := shared.hub.StopServer(ctx, owner, s.name); err != nil {
			t.Error(err)
		}
	}
	text := s.log()
	if err := os.WriteFile(filepath.Join(shared.output, s.name+".log"), []byte(text), 0o600); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Logf("the end of the log of %s:\n%s", s.prefix, text[max(0, len(text)-4000):])
	}
}

// log is what the program wrote so far.
func (s *server) log() string {
	text, err := os.ReadFile(s.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// secret is the server's own token, from which the keys of its cookies come.
func (s *server) secret() string { return s.environment["JUPYTERHUB_API_TOKEN"] }

// client is the name of the server's login cookie.
func (s *server) client() string { return s.environment["JUPYTERHUB_CLIENT_ID"] }

// visit logs a user in and opens the server's root, so that the session has all
// cookies for it and the app is known to be up.
func visit(t *testing.T, user string, at *server) *bed.Session {
	t.Helper()
	session := shared.hub.NewSession(user)
	eventually(t, func() error {
		answer, err := session.Get(t.Context(), at.prefix)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case answer.Status == http.StatusOK && answer.Header.Get("X-Recorder") != "":
			return nil
		case answer.Status == http.StatusServiceUnavailable:
			return fmt.Errorf("%s is not ready: %.300s", at.prefix, answer.Body)
		}
		t.Fatalf("%s at %s: %d %.300s", user, answer.URL, answer.Status, answer.Body)
		return nil
	})
	return session
}

// cookieLine is a session's Cookie header for the server.
func cookieLine(session *bed.Session, at *server) string {
	var pairs []string
	for _, cookie := range session.Cookies(at.prefix) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return "Cookie: " + strings.Join(pairs, "; ") + "\r\n"
}

// cookieValue is the value of a session's cookie; the test ends without it.
func cookieValue(t *testing.T, session *bed.Session, at *server, name string) string {
	t.Helper()
	for _, cookie := range session.Cookies(at.prefix) {
		if cookie.Name == name && cookie.Value != "" {
			return cookie.Value
		}
	}
	t.Fatalf("the browser of %s has no cookie %s", session.User, name)
	return ""
}

// eventually waits until a check passes, and fails with its last complaint.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	err := errors.New("never tried")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("after %s: %v", patience, err)
}
