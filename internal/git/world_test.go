package git

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// world is a remote, and a folder for its clone.
type world struct {
	t      *testing.T
	remote string // a work tree; it is fetched from as it is
	folder string
	env    []string
	source Source
	log    *record
	// steps is what was reported.
	steps []string
}

// record is a log that can be read.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

// newWorld has a remote with a first commit on its branch main.
func newWorld(t *testing.T) *world {
	t.Helper()
	base := t.TempDir()
	w := &world{
		t: t, remote: filepath.Join(base, "remote"), folder: filepath.Join(base, "folder"), log: &record{},
		env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + base, "GIT_CONFIG_NOSYSTEM=1",
		},
	}
	w.source = Source{
		URL: "file://" + w.remote, Folder: w.folder, Depth: 1, Env: w.env,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if err := os.Mkdir(w.remote, 0o755); err != nil {
		t.Fatal(err)
	}
	w.at(w.remote, "init", "--quiet", "-b", "main")
	w.commit("notebook.txt", "one\ntwo\nthree\n")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

// at runs git somewhere, as a user does.
func (w *world) at(folder string, args ...string) string {
	w.t.Helper()
	out, err := w.try(folder, args...)
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func (w *world) try(folder string, args ...string) (string, error) {
	command := exec.Command("git", append([]string{
		"-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always", "-c", "core.editor=true",
	}, args...)...)
	command.Dir = folder
	command.Env = w.env
	out, err := command.CombinedOutput()
	return string(out), err
}

// commit writes a file at the remote, and commits it.
func (w *world) commit(name, content string) string {
	w.t.Helper()
	write(w.t, filepath.Join(w.remote, name), content)
	w.at(w.remote, "add", "--all", "--force")
	w.at(w.remote, "commit", "--quiet", "--allow-empty", "-m", "change "+name)
	return w.at(w.remote, "rev-parse", "HEAD")
}

func (w *world) remove(name string) {
	w.t.Helper()
	w.at(w.remote, "rm", "--quiet", "-r", name)
	w.at(w.remote, "commit", "--quiet", "-m", "remove "+name)
}

// pull pulls, which has to work.
func (w *world) pull() {
	w.t.Helper()
	if err := w.tryPull(); err != nil {
		w.t.Fatal(err)
	}
	w.settled()
}

func (w *world) tryPull() error {
	return w.source.Pull(w.t.Context(), func(title string, percent int) {
		w.steps = append(w.steps, title)
	})
}

// refused pulls, which may not work, and wants certain words.
func (w *world) refused(mention ...string) string {
	w.t.Helper()
	err := w.tryPull()
	if err == nil {
		w.t.Fatal("it worked")
	}
	for _, words := range mention {
		if !strings.Contains(err.Error(), words) {
			w.t.Errorf("should mention %q: %v", words, err)
		}
	}
	return err.Error()
}

// settled says that nothing half is left in the folder.
func (w *world) settled() {
	w.t.Helper()
	for _, name := range []string{lockName, scratch, ".git/index.lock", ".git/MERGE_HEAD", ".git/" + moving, ".git/index.jhsingle"} {
		if _, err := os.Lstat(filepath.Join(w.folder, name)); err == nil {
			w.t.Errorf("%s was left there", name)
		}
	}
	if status := w.at(w.folder, "status", "--porcelain", "--untracked-files=no"); status != "" {
		w.t.Errorf("the folder is not clean: %s", status)
	}
}

func (w *world) path(name string) string { return filepath.Join(w.folder, name) }

// wants compares a file of the folder.
func (w *world) wants(name, content string) {
	w.t.Helper()
	if got := read(w.t, w.path(name)); got != content {
		w.t.Errorf("%s is %q, should be %q", name, got, content)
	}
}

// aside returns the one file that was renamed.
func (w *world) aside(pattern string) string {
	w.t.Helper()
	found, err := filepath.Glob(w.path(pattern))
	if err != nil || len(found) != 1 {
		w.t.Fatalf("%s: found %v, %v, should be one", pattern, found, err)
	}
	return found[0]
}

// saved returns the branches on which something was kept.
func (w *world) saved() []string {
	return slices.DeleteFunc(strings.Fields(w.at(w.folder, "for-each-ref", "--format=%(refname:short)", "refs/heads/saved-*")),
		func(name string) bool { return name == "" })
}

func (w *world) gone(name string) {
	w.t.Helper()
	if _, err := os.Lstat(w.path(name)); err == nil {
		w.t.Errorf("%s is there", name)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
