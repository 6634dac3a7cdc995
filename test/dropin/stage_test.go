//go:build e2e

// Package dropin compares our program with those whose place it takes: the same
// command line, the same request, and what the app and the visitor get of it.
// It keeps the table in docs/differences.md.
//
//	go test -tags e2e ./test/dropin/
package dropin

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 30 * time.Second

// stage is what the tests play on. TestMain builds it, and no test changes it.
type stage struct {
	*bed.Bed
	hub      *bed.Hub
	programs [columns]string
	child    string // test/dropin/child
	output   string // folder for logs, kept to be looked into
}

var shared *stage

func TestMain(m *testing.M) {
	// Whoever runs this may ignore SIGHUP (nohup), and programs inherit that. One
	// that is asked for here is not ignored in what we start.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	os.Exit(play(m))
}

func play(m *testing.M) (code int) {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the side-by-side test cannot begin:", err)
		return 1
	}
	defer func() {
		if err := shared.hub.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "after the side-by-side test:", err)
			code = 1
		}
	}()
	// Most of the time is waiting, and starting bounds the rest.
	if err := flag.Set("test.parallel", "8"); err != nil {
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
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output", "dropin")}
	if err := os.MkdirAll(s.output, 0o755); err != nil {
		return nil, err
	}
	peers := exec.CommandContext(ctx, filepath.Join(s.Root, "test", "attack", "setup"))
	peers.Stdout, peers.Stderr = os.Stderr, os.Stderr
	if err := peers.Run(); err != nil {
		return nil, fmt.Errorf("test/attack/setup could not install the peers (%w); run it to see why", err)
	}
	folder := filepath.Join(s.Root, ".cache", "attack")
	s.programs[old] = filepath.Join(folder, "jhsingle-native-proxy", "bin", "jhsingle-native-proxy")
	s.programs[standalone] = filepath.Join(folder, "jupyter-server-proxy", "bin", "jupyter-standaloneproxy")
	if s.programs[ours], err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1"); err != nil {
		return nil, err
	}
	if s.child, err = s.Build(ctx, "./test/dropin/child", false); err != nil {
		return nil, err
	}
	config := filepath.Join(s.Root, "test", "dropin", "jupyterhub_config.py")
	if s.hub, err = s.StartHub(ctx, bed.Options{Output: s.output, Config: config}); err != nil {
		return nil, err
	}
	for _, user := range []string{owner, stranger, member} {
		if err := s.hub.AddUser(ctx, user); err != nil {
			return nil, errors.Join(err, s.hub.Close())
		}
	}
	return s, nil
}
