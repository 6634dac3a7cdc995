//go:build e2e

// Package doctor tests that the subcommand of that name finds what is wrong
// with a server under a real hub, and nothing where nothing is.
//
//	go test -tags e2e ./test/doctor
package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 30 * time.Second

// stage is what the tests play on. TestMain builds it before the first test and
// takes it down after the last; no test changes it.
type stage struct {
	*bed.Bed
	hub *bed.Hub
	// proxy is our program, echo the app that it wraps.
	proxy, echo string
	output      string
}

var shared *stage

func TestMain(m *testing.M) { os.Exit(play(m)) }

func play(m *testing.M) (code int) {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the doctor's tests cannot begin:", err)
		return 1
	}
	defer func() {
		if err := shared.hub.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "after the doctor's tests:", err)
			code = 1
		}
	}()
	return m.Run()
}

func build(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output", "doctor")}
	// E2E_RACE=1 has the race detector watch our program.
	if s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1"); err != nil {
		return nil, err
	}
	if s.echo, err = s.Build(ctx, "./test/apps/echo", false); err != nil {
		return nil, err
	}
	s.hub, err = s.StartHub(ctx, bed.Options{Output: filepath.Join(s.output, "hub")})
	return s, err
}

// patient is a server that a real hub started.
type patient struct {
	hub        *bed.Hub
	user, name string
	// environ is what the hub gave it.
	environ []string
	// inside is what the doctor said there, before the server began to listen.
	inside report
	stdout string
}

// admit starts a server by the hub that has the doctor look at itself first,
// and then serves.
func admit(t *testing.T, hub *bed.Hub, user, name string) *patient {
	t.Helper()
	folder := t.TempDir()
	environ, stdout := filepath.Join(folder, "environ"), filepath.Join(folder, "stdout")
	script := `env -0 >"$1"; "$2" doctor --json -- "$4" --port="{port}" >"$3" 2>&1; exec "$2" -- "$4" --port="{port}"`
	if err := hub.StartServer(t.Context(), user, name, bed.Server{
		Command: []string{"sh", "-c", script, "sh", environ, shared.proxy, stdout, shared.echo},
	}); err != nil {
		t.Fatal(err)
	}
	p := &patient{hub: hub, user: user, name: name}
	t.Cleanup(func() { p.discharge(t) })
	text, err := os.ReadFile(environ)
	if err != nil {
		t.Fatal(err)
	}
	p.environ = strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	said, err := os.ReadFile(stdout)
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = string(said)
	if err := json.Unmarshal(said, &p.inside); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return p
}

// discharge stops the server, if it runs, and with it goes its token.
func (p *patient) discharge(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if model, err := p.hub.Server(ctx, p.user, p.name); err != nil || model.Stopped {
		return
	}
	if err := p.hub.StopServer(ctx, p.user, p.name); err != nil {
		t.Error(err)
	}
}

func (p *patient) variable(name string) string { return value(p.environ, name) }

func value(environ []string, name string) string {
	for _, pair := range environ {
		if found, ok := strings.CutPrefix(pair, name+"="); ok {
			return found
		}
	}
	return ""
}

// with is an environment with some variables changed: name, value, name, …
func with(environ []string, pairs ...string) []string {
	changed := slices.Clone(environ)
	for i := 0; i < len(pairs); i += 2 {
		changed = slices.DeleteFunc(changed, func(pair string) bool { return strings.HasPrefix(pair, pairs[i]+"=") })
		changed = append(changed, pairs[i]+"="+pairs[i+1])
	}
	return changed
}

// report is the doctor's JSON.
type report struct {
	OK       bool      `json:"ok"`
	Findings []finding `json:"findings"`
}

type finding struct{ Check, Status, Message, Advice string }

func (f finding) String() string {
	return fmt.Sprintf("%-8s %s: %s → %s", f.Status, f.Check, f.Message, f.Advice)
}

// of are the findings with one of the statuses.
func (r report) of(statuses ...string) (found []finding) {
	for _, f := range r.Findings {
		if slices.Contains(statuses, f.Status) {
			found = append(found, f)
		}
	}
	return found
}

// examine runs the doctor in an environment and returns what it said, and its
// exit code. It must be done soon, whatever is wrong.
func examine(t *testing.T, environ []string, args ...string) (report, int) {
	t.Helper()
	begun := time.Now()
	output, code := call(t, environ, append([]string{"doctor", "--json"}, args...)...)
	if took := time.Since(begun); took > patience {
		t.Errorf("it took %s", took)
	}
	var said report
	if err := json.Unmarshal([]byte(output), &said); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if secret := value(environ, "JUPYTERHUB_API_TOKEN"); secret != "" && strings.Contains(output, secret) {
		t.Errorf("it shows the token: %s", output)
	}
	if said.OK != (code == 0) || said.OK != (len(said.of("failed")) == 0) {
		t.Errorf("ok is %v, the exit code %d, and there are the failures %v", said.OK, code, said.of("failed"))
	}
	return said, code
}

// call runs our program to its end and returns what it wrote to its standard
// output.
func call(t *testing.T, environ []string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, shared.proxy, args...)
	command.Env = environ
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if stderr.Len() > 0 {
		t.Errorf("it complained: %s", stderr.Bytes())
	}
	return stdout.String(), command.ProcessState.ExitCode()
}
