package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// workshop is where the targets are built and started.
type workshop struct {
	ctx    context.Context
	root   string // of the module
	cache  string // kept for the next run
	folder string // removed at the end
	log    *os.File
}

func openWorkshop(ctx context.Context) (*workshop, error) {
	file, err := output(ctx, "go", "env", "GOMOD")
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(root, "bench", "app")); err != nil {
		return nil, errors.New("call it inside the project: go run ./bench")
	}
	w := &workshop{ctx: ctx, root: root, cache: filepath.Join(root, ".cache", "bench")}
	if err := os.MkdirAll(w.cache, 0o755); err != nil {
		return nil, err
	}
	if w.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	// What the servers print; the last run's is kept to look into.
	if w.log, err = os.Create(filepath.Join(w.cache, "servers.log")); err != nil {
		return nil, err
	}
	return w, w.compile()
}

// compile builds the programs as they are released.
func (w *workshop) compile() error {
	for _, program := range []string{"bench/app", "bench/reverseproxy", "cmd/jhsingle-native-proxy"} {
		cmd := exec.CommandContext(w.ctx, "go", "build", "-trimpath", "-ldflags", "-s -w",
			"-o", w.binary(filepath.Base(program)), "./"+program)
		cmd.Dir = w.root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot build %s: %w\n%s", program, err, out)
		}
	}
	return nil
}

func (w *workshop) binary(name string) string { return filepath.Join(w.folder, name) }

func (w *workshop) close() {
	_ = w.log.Close()
	_ = os.RemoveAll(w.folder)
}

// launch starts a server at a port of its own and waits until it listens.
func (w *workshop) launch(env []string, command func(address string) []string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	line := command(address)
	began := time.Now()
	p, err := start(w.log, append(os.Environ(), env...), line[0], line[1:]...)
	if err != nil {
		return nil, err
	}
	if err := p.awaitListening(w.ctx, address); err != nil {
		p.stop()
		return nil, fmt.Errorf("%w; see %s", err, w.log.Name())
	}
	return &server{
		base:    "http://" + address + "/",
		pids:    []int{p.cmd.Process.Pid},
		startUp: time.Since(began),
		close:   p.stop,
	}, nil
}

// behind starts an app and a server that proxies to it.
func (w *workshop) behind(command func(address, upstream string) []string) (*server, error) {
	app, err := startApp(w)
	if err != nil {
		return nil, err
	}
	s, err := w.launch(nil, func(address string) []string {
		return command(address, strings.TrimSuffix(app.base, "/"))
	})
	if err != nil {
		app.close()
		return nil, err
	}
	stop := s.close
	s.close = func() { stop(); app.close() }
	return s, nil
}

// output runs a program to its end and returns what it prints.
func output(ctx context.Context, program string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}
