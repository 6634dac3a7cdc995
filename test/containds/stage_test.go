//go:build e2e

// Package containds_test reads databases that the real ContainDS Dashboards wrote,
// of each version of its tables, in SQLite and in PostgreSQL.
package containds_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// cache is where setup installs ContainDS.
const cache = "../../.cache/containds"

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	setup := exec.CommandContext(ctx, "./setup")
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	err := setup.Run()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/containds/setup could not install ContainDS Dashboards:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// python is the command that does something to a database with a version of
// ContainDS: see hub.py.
func python(t *testing.T, version, url, action string) *exec.Cmd {
	t.Helper()
	folder, err := filepath.Abs(cache)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(folder, "venv", "bin", "python"), "hub.py", url, action)
	command.Env = append(os.Environ(), "SQLALCHEMY_SILENCE_UBER_WARNING=1", "PYTHONDONTWRITEBYTECODE=1")
	if version != "0.6.3" { // which the environment has
		command.Env = append(command.Env, "PYTHONPATH="+filepath.Join(folder, version))
	}
	return command
}

// run does something to a database.
func run(t *testing.T, version, url, action string) {
	t.Helper()
	if out, err := python(t, version, url, action).CombinedOutput(); err != nil {
		t.Fatalf("ContainDS %s: %s: %v\n%s", version, action, err, out)
	}
}
