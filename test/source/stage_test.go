//go:build e2e

// Package source tests what an app is made of, with the real parts: git against
// servers of HTTP, SSH and git-lfs, environments of uv and venv, and our program
// that uses them before it starts the app.
//
//	go test -tags e2e ./test/source
package source

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/git"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 30 * time.Second

// stage is what the tests play on; no test changes it.
type stage struct {
	*bed.Bed
	proxy string // our program
	uv    string // the tool
}

var shared *stage

func TestMain(m *testing.M) {
	if os.Getenv(fullDisk) != "" {
		os.Exit(pullOnFullDisk())
	}
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the source cannot begin:", err)
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
	setup := exec.CommandContext(ctx, filepath.Join(ready.Root, "test", "source", "setup"))
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	if err := setup.Run(); err != nil {
		return nil, fmt.Errorf("test/source/setup: %w", err)
	}
	s := &stage{Bed: ready, uv: filepath.Join(ready.Root, ".cache", "source", "venv", "bin", "uv")}
	// E2E_RACE=1 has the race detector watch our program.
	s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1")
	return s, err
}

// world is a user with a home, and a repository that servers offer.
type world struct {
	t *testing.T
	// home is an empty HOME; repositories holds what servers give out.
	home, repositories string
	folder             string // where the clone goes
	env                []string
	log                *journal
}

// secret is the token of all tests; it may show nowhere.
const secret = "s3cr3t/t%ken+wïth@all"

func newWorld(t *testing.T) *world {
	t.Helper()
	base := t.TempDir()
	w := &world{t: t, home: filepath.Join(base, "home"), repositories: filepath.Join(base, "repositories"), folder: filepath.Join(base, "folder"), log: &journal{}}
	for _, folder := range []string{w.home, w.repositories} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.home, "GIT_CONFIG_NOSYSTEM=1"}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

// journal is a log that can be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// source is the repository at an address, to the world's folder.
func (w *world) source(url string, env ...string) git.Source {
	return git.Source{
		URL: url, Folder: w.folder, Depth: 1, Env: append(w.env[:len(w.env):len(w.env)], env...),
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// pull pulls, and fails the test unless it works.
func (w *world) pull(source git.Source) []string {
	w.t.Helper()
	var steps []string
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := source.Pull(ctx, func(title string, percent int) {
		steps = append(steps, fmt.Sprintf("%s %d", title, percent))
	}); err != nil {
		w.t.Fatal(err)
	}
	return steps
}

// refused pulls, which has to fail with certain words, and without the secret.
func (w *world) refused(source git.Source, mention ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	err := source.Pull(ctx, nil)
	if err == nil {
		w.t.Fatal("it worked")
	}
	for _, words := range mention {
		if !strings.Contains(err.Error(), words) {
			w.t.Errorf("should mention %q: %v", words, err)
		}
	}
	if strings.Contains(err.Error(), secret) {
		w.t.Errorf("shows the secret: %v", err)
	}
	if _, err := os.Stat(w.folder); err == nil {
		w.t.Errorf("the folder was left there")
	}
}

// kept checks that the secret is neither in the log nor anywhere in the clone.
func (w *world) kept() {
	w.t.Helper()
	if strings.Contains(w.log.String(), secret) {
		w.t.Error("the secret is in the log")
	}
	err := filepath.WalkDir(w.folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && bytes.Contains(content, []byte(secret)) {
			w.t.Errorf("the secret is in %s", path)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
}

// git runs git as somebody else does.
func (w *world) git(folder string, args ...string) string {
	w.t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"}, args...)...)
	command.Dir, command.Env = folder, w.env
	out, err := command.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// repository makes a repository with a file of its name, and returns its
// folder.
func (w *world) repository(name string) string {
	w.t.Helper()
	folder := filepath.Join(w.repositories, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.git(folder, "init", "--quiet", "-b", "main")
	w.commit(folder, "name", name)
	return folder
}

func (w *world) commit(folder, name, content string) string {
	w.t.Helper()
	write(w.t, filepath.Join(folder, name), content)
	w.git(folder, "add", "--all")
	w.git(folder, "commit", "--quiet", "-m", "change "+name)
	return w.git(folder, "rev-parse", "HEAD")
}

func (w *world) wants(name, content string) {
	w.t.Helper()
	got, err := os.ReadFile(filepath.Join(w.folder, name))
	if err != nil || string(got) != content {
		w.t.Errorf("%s is %.100q, %v", name, got, err)
	}
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func script(t *testing.T, path, content string) string {
	t.Helper()
	write(t, path, "#!/bin/sh\n"+content+"\n")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// eventually waits until a check passes, and fails with its last complaint.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("after %s: %v", patience, err)
}
