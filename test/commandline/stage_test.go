//go:build e2e

// Package commandline uses dashboards from the command line, with a real hub, the
// real service and its real work.
//
//	go test -tags e2e ./test/commandline/
package commandline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every command.
const patience = time.Minute

// stage is a hub with dashboards, and the program that a person has on a laptop.
type stage struct {
	*bed.Hub
	program string
	homes   string
}

var shared *stage

func TestMain(m *testing.M) {
	os.Exit(play(m))
}

func play(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "commandline-")
	if err == nil {
		defer os.RemoveAll(folder)
		shared, err = build(ctx, folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the command line cannot begin:", err)
		return 1
	}
	defer func() {
		if err := shared.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "after the tests of the command line:", err)
			code = 1
		}
	}()
	return m.Run()
}

func build(ctx context.Context, folder string) (*stage, error) {
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &stage{homes: filepath.Join(folder, "home")}
	if s.program, err = ready.Build(ctx, "./cmd/dashboard-builder", false); err != nil {
		return nil, err
	}
	if _, err = ready.Build(ctx, "./cmd/jhsingle-native-proxy", false); err != nil {
		return nil, err
	}
	ports, err := bed.FreePorts(1)
	if err != nil {
		return nil, err
	}
	printed, err := exec.CommandContext(ctx, s.program, "hub-config", "--spawner", "process", "--url", fmt.Sprintf("http://127.0.0.1:%d", ports[0]),
		"--", "--state", filepath.Join(folder, "state"), "--homes", s.home("{username}")).Output()
	if err != nil {
		return nil, err
	}
	snippet := filepath.Join(folder, "dashboards.py")
	if err := os.WriteFile(snippet, printed, 0o600); err != nil {
		return nil, err
	}
	s.Hub, err = ready.StartHub(ctx, bed.Options{
		Output:      filepath.Join(ready.Root, "test", "output", "commandline"),
		Config:      filepath.Join(ready.Root, "test", "commandline", "jupyterhub_config.py"),
		Environment: []string{"COMMANDLINE_SNIPPET=" + snippet, "COMMANDLINE_HOMES=" + s.home("{username}")},
	})
	return s, err
}

// home is the home of a user.
func (s *stage) home(user string) string { return filepath.Join(s.homes, user) }

// service is the address of the service.
func (s *stage) service() string { return s.URL + "/services/dashboards/" }

// person is somebody with a terminal.
type person struct {
	*stage
	name string
	env  []string
}

// person is a user of the hub with a token for the service, as they make one on the
// hub's page.
func (s *stage) person(t *testing.T, name string, scopes ...string) *person {
	t.Helper()
	if err := s.AddUser(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if scopes == nil {
		scopes = []string{"access:services!service=dashboards"}
	}
	token, err := s.NewToken(t.Context(), name, scopes...)
	if err != nil {
		t.Fatal(err)
	}
	return &person{s, name, []string{"DASHBOARD_BUILDER_URL=" + s.service(), "DASHBOARD_BUILDER_TOKEN=" + token}}
}

// run runs the program.
func (p *person) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, p.program, args...)
	command.Env = p.env
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); !ok && err != nil || ctx.Err() != nil {
		t.Fatalf("%q: %v, %v", args, err, failed)
	}
	t.Logf("%s: %s\n%s%s", p.name, strings.Join(args, " "), out.String(), errs.String())
	return command.ProcessState.ExitCode(), out.String(), errs.String()
}

// must is run for what has to be done.
func (p *person) must(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := p.run(t, args...)
	if code != 0 {
		t.Fatalf("%q ends with %d: %s\n%s", args, code, stderr, p.LogTail(40))
	}
	return stdout
}
