//go:build unix

package git

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// stage has a repository with a first commit, and a cloner that may use it.
type stage struct {
	t            *testing.T
	remote, root string
	env          []string
	config       Config
	cloner       *Cloner
	log          *record
	request      dashboard.CloneRequest
}

// record is a reporter that remembers, and a log.
type record struct {
	mu    sync.Mutex
	lines []string
	bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Buffer.Write(p)
}

func (r *record) Progress(string, int) {}

func (r *record) Log(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *record) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

const id = "abcdefghijkm"

func newStage(t *testing.T) *stage {
	t.Helper()
	base := t.TempDir()
	s := &stage{t: t, remote: base + "/remote", root: base + "/root", log: &record{}}
	s.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + base, "GIT_CONFIG_NOSYSTEM=1"}
	s.config = Config{Root: s.root, Env: s.env, Local: true, Log: slog.New(slog.NewTextHandler(s.log, nil))}
	s.request = dashboard.CloneRequest{Dashboard: id, Revision: 1, Owner: "ada", Source: dashboard.Source{Kind: dashboard.FromGit, Repo: "file://" + s.remote}}
	if err := os.Mkdir(s.remote, 0o755); err != nil {
		t.Fatal(err)
	}
	s.git("init", "--quiet", "-b", "main")
	s.git("config", "uploadpack.allowFilter", "true")
	s.commit("board.ipynb", "notebook")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log.said(), "\n", s.log.String())
		}
	})
	return s
}

// git runs git in the repository, as a user does.
func (s *stage) git(args ...string) string {
	s.t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"}, args...)...)
	command.Dir, command.Env = s.remote, s.env
	out, err := command.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// write makes a file of the repository.
func (s *stage) write(name, content string) {
	s.t.Helper()
	full := filepath.Join(s.remote, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// commit commits a file and whatever else there is.
func (s *stage) commit(name, content string) string {
	s.t.Helper()
	s.write(name, content)
	s.git("add", "--all", "--force")
	s.git("commit", "--quiet", "-m", "change "+name)
	return s.git("rev-parse", "HEAD")
}

func (s *stage) open() *Cloner {
	s.t.Helper()
	if s.cloner == nil {
		var err error
		if s.cloner, err = New(s.config); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.cloner
}

func (s *stage) try(ctx context.Context) (dashboard.Snapshot, error) {
	s.t.Helper()
	return s.open().Clone(ctx, s.request, s.log)
}

// clone clones, which has to work.
func (s *stage) clone() dashboard.Snapshot {
	s.t.Helper()
	made, err := s.try(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// refused clones, which has to fail with an error for people, and to leave nothing.
func (s *stage) refused(kind dashboard.ErrorKind, field string, mention ...string) {
	s.t.Helper()
	_, err := s.try(s.t.Context())
	known, ok := errors.AsType[*dashboard.Error](err)
	if !ok || known.Kind != kind || known.Field != field {
		s.t.Fatalf("it ended with %v %+v, should be %s of %q", err, known, kind, field)
	}
	for _, words := range mention {
		if !strings.Contains(known.Message, words) {
			s.t.Errorf("should mention %q: %s", words, known.Message)
		}
	}
	if strings.Contains(known.Message, s.root) {
		s.t.Errorf("shows a path of the machine: %s", known.Message)
	}
	if s.config.Pin {
		return
	}
	if entries, err := os.ReadDir(s.root); err != nil || len(entries) > 0 {
		s.t.Errorf("there is %v, %v", entries, err)
	}
}

// wants compares what there is in a folder; folders end with a slash, and links show
// where they lead.
func wants(t *testing.T, folder string, names ...string) {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		name, err := filepath.Rel(folder, path)
		switch {
		case entry.IsDir():
			name += "/"
		case entry.Type()&fs.ModeSymlink != 0:
			var target string
			target, err = os.Readlink(path)
			name += " -> " + target
		}
		found = append(found, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	slices.Sort(names)
	if !slices.Equal(found, names) {
		t.Errorf("it has %q, should have %q", found, names)
	}
}
