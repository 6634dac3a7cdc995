//go:build e2e

// Package fault tests what happens while the hub does not answer as it should:
// our program runs under a real hub, and asks it through a layer that can
// refuse, hang, break off or answer nonsense. The visitors' own way to the hub
// is the usual one. What is asserted here is told in docs/faults.md.
//
//	go test -tags e2e ./test/fault
package fault

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

const (
	// patience is the bound of every wait for something that should take moments.
	patience = 30 * time.Second
	// healing is how soon everything is well after a fault: our program asks again
	// within five seconds, and believes an address for as long.
	healing = 30 * time.Second
)

// stage is what the tests play on. TestMain builds it before the first test and
// takes it down after the last; no test changes it.
type stage struct {
	*bed.Bed
	hub *theHub
	// proxy is our program, echo the app that it wraps.
	proxy, echo string
	// output is the folder for logs and pictures.
	output string
	// starting bounds how many servers start at once: a hub that starts dozens
	// on a small machine answers some of them with a fault of its own.
	starting chan struct{}
}

// theHub is a hub with what the layers need to know of it.
type theHub struct {
	*bed.Hub
	// folder is where the hub's configuration writes down what we need.
	folder string
}

var shared *stage

func TestMain(m *testing.M) { os.Exit(play(m)) }

func play(m *testing.M) (code int) {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the fault tests cannot begin:", err)
		return 1
	}
	defer func() {
		if err := errors.Join(shared.hub.Close(), os.RemoveAll(shared.hub.folder)); err != nil {
			fmt.Fprintln(os.Stderr, "after the fault tests:", err)
			code = 1
		}
	}()
	// Nearly all of these tests' time is waiting for one timeout or another.
	if err := flag.Set("test.parallel", "40"); err != nil {
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
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output", "fault"), starting: make(chan struct{}, 4)}
	// E2E_RACE=1 has the race detector watch our program.
	if s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1"); err != nil {
		return nil, err
	}
	if s.echo, err = s.Build(ctx, "./test/apps/echo", false); err != nil {
		return nil, err
	}
	s.hub, err = s.startHub(ctx, "hub", bed.Options{})
	return s, err
}

// startHub starts a hub with our configuration; its log is test/output/fault/NAME.
func (s *stage) startHub(ctx context.Context, name string, options bed.Options) (*theHub, error) {
	folder, err := os.MkdirTemp("", "fault-hub-")
	if err != nil {
		return nil, err
	}
	hub, err := s.startHubIn(ctx, folder, name, options)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return hub, nil
}

// startHubIn is startHub with a folder of the caller's.
func (s *stage) startHubIn(ctx context.Context, folder, name string, options bed.Options) (*theHub, error) {
	options.Output = filepath.Join(s.output, name)
	options.Config = filepath.Join(s.Root, "test", "fault", "hub", "jupyterhub_config.py")
	options.Environment = append(options.Environment, "FAULT_FOLDER="+folder)
	hub, err := s.StartHub(ctx, options)
	return &theHub{hub, folder}, err
}

// direct is where the hub itself listens, behind its proxy.
func (h *theHub) direct(t *testing.T) string {
	t.Helper()
	port, err := os.ReadFile(filepath.Join(h.folder, "hub-port"))
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + string(port)
}

// stand is one server of ours whose way to the hub can be disturbed.
type stand struct {
	hub   *theHub
	layer *layer
	// user owns the server, prefix is its path with a slash at both ends.
	user, prefix string
	// metrics is where our program shows its metrics.
	metrics string
	logFile string
}

// setup changes how a stand is made.
type setup struct {
	hub   *theHub
	layer *layer
	// program replaces ours; before is a command that runs it.
	program string
	before  []string
	// host is the name by which our program knows the hub.
	host  string
	flags []string
	// scheme is that of the hub's API.
	scheme string
	// fault is there from the start.
	fault *fault
	// long says that the test waits for long, and should begin to soon.
	long bool
}

// newStand starts the default server of a new user, behind a layer.
func newStand(t *testing.T, user string, wanted setup) *stand {
	t.Helper()
	s := &stand{hub: wanted.hub, layer: wanted.layer, user: user, prefix: bed.Prefix(user, "")}
	if s.hub == nil {
		s.hub = shared.hub
	}
	if s.layer == nil {
		s.layer = newLayer(t, s.hub.direct(t))
	}
	if wanted.fault != nil {
		s.layer.begin(t, *wanted.fault)
	}
	if !wanted.long {
		shared.starting <- struct{}{}
		defer func() { <-shared.starting }()
	}
	s.metrics = freeAddress(t)
	s.logFile = filepath.Join(shared.output, "servers", user+".log")
	if err := os.MkdirAll(filepath.Dir(s.logFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.logFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	api := or(wanted.scheme, "http") + "://" + or(wanted.host, s.layer.address) + "/hub/api"
	server := bed.Server{
		// Our program's log goes to a file of its own. Nothing stays between
		// the hub and our program: each command runs in the place of the last.
		Command: join(
			[]string{"sh", "-c", `exec 2>>"$1"; shift; exec "$@"`, "sh", s.logFile},
			wanted.before,
			[]string{or(wanted.program, shared.proxy), "--no-logs", "--metrics-address=" + s.metrics, "--last-activity-interval=3"},
			wanted.flags,
			[]string{"--", shared.echo, "--port={port}"},
		),
		Environment: map[string]string{
			"JUPYTERHUB_API_URL":      api,
			"JUPYTERHUB_ACTIVITY_URL": api + "/users/" + user + "/activity",
		},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s:\n%s", s.logFile, tail(s.log(t), 8))
		}
	})
	if err := s.hub.StartServer(t.Context(), user, "", server); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if model, err := s.hub.Server(ctx, user, ""); err != nil || model.Stopped {
			return
		}
		if err := s.hub.StopServer(ctx, user, ""); err != nil {
			t.Error(err)
		}
	})
	return s
}

// quietHost is an address of this machine that nothing else uses.
const quietHost = "127.0.0.2"

// freeAddress is one that nothing else takes until our program does, which may be
// seconds: there are thousands of connections here.
func freeAddress(t *testing.T) string {
	t.Helper()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(quietHost, strconv.Itoa(ports[0]))
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func join(parts ...[]string) (all []string) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// log is what our program wrote so far.
func (s *stand) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.logFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// logIn logs the owner in through the browser's way and opens the app, so that
// the session has all cookies for it and our program a verdict on them.
func (s *stand) logIn(t *testing.T) *bed.Session {
	t.Helper()
	session := s.hub.NewSession(s.user)
	// To the hub a server is up before its app is.
	eventually(t, patience, func() error {
		answer, err := session.Get(t.Context(), s.prefix)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusOK {
			return fmt.Errorf("%s answered %d: %.300s", answer.URL, answer.Status, answer.Body)
		}
		return nil
	})
	return session
}

// token makes an API token of the owner, which our program has not seen yet.
func (s *stand) token(t *testing.T) string {
	t.Helper()
	token, err := s.hub.NewToken(t.Context(), s.user)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// eventually waits until a check passes, and fails with its last complaint.
func eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	if err := poll(t.Context(), limit, check); err != nil {
		t.Fatal(err)
	}
}

func poll(ctx context.Context, limit time.Duration, check func() error) error {
	err := errors.New("never tried")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("after %s: %w", limit, err)
}
