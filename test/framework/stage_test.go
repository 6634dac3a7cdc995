//go:build e2e

// Package framework holds the tests of the presets: every framework is the real
// one, started by "run" of our program below a prefix, and used in a browser.
//
//	go test -tags e2e ./test/framework/
package framework

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments:
// frameworks take seconds to start, and longer when all do at once.
const patience = 90 * time.Second

// stage is what the tests share; no test changes it.
type stage struct {
	*bed.Bed
	proxy    string // our program
	programs string // folder of the frameworks' programs
	apps     string // folder of the apps
	output   string // folder for logs and pictures
}

var shared *stage

func TestMain(m *testing.M) {
	os.Exit(play(m))
}

func play(m *testing.M) int {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the presets cannot begin:", err)
		return 1
	}
	// Starts keep a processor busy each.
	if err := flag.Set("test.parallel", "2"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	setup := exec.CommandContext(ctx, filepath.Join(ready.Root, "test", "framework", "setup"))
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	if err := setup.Run(); err != nil {
		return nil, fmt.Errorf("test/framework/setup could not install the frameworks (%w); run it to see why", err)
	}
	s := &stage{
		Bed:      ready,
		programs: filepath.Join(ready.Root, ".cache", "framework", "venv", "bin"),
		apps:     filepath.Join(ready.Root, "test", "framework", "apps"),
		output:   filepath.Join(ready.Root, "test", "output", "framework"),
	}
	if err := os.MkdirAll(s.output, 0o755); err != nil {
		return nil, err
	}
	// E2E_RACE=1 has the race detector watch our program.
	s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1")
	return s, err
}

// path is a PATH on which the frameworks come first, and then Voila.
func (s *stage) path() string {
	return s.programs + ":" + filepath.Join(s.Folder, "venv", "bin") + ":" + os.Getenv("PATH")
}

// eventually waits until a check passes, and fails with its last complaint.
func eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	err := errors.New("never tried")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("after %s: %v", limit, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
