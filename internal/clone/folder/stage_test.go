//go:build unix

package folder

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// stage is a hub's owner ada with a home, and a cloner.
type stage struct {
	t          *testing.T
	home, root string
	config     Config
	cloner     *Cloner
	log        *record
	request    dashboard.CloneRequest
}

// record is a reporter that remembers, and a log.
type record struct {
	mu       sync.Mutex
	lines    []string
	percents []int
	bytes.Buffer
	// during is called with each progress.
	during func(title string, percent int)
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Buffer.Write(p)
}

func (r *record) Progress(title string, percent int) {
	r.mu.Lock()
	r.percents = append(r.percents, percent)
	during := r.during
	r.mu.Unlock()
	if during != nil {
		during(title, percent)
	}
}

func (r *record) Log(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *record) said() string { return strings.Join(r.lines, "\n") }

const id = "abcdefghijkm"

func newStage(t *testing.T) *stage {
	t.Helper()
	base := t.TempDir()
	s := &stage{t: t, home: base + "/homes/ada", root: base + "/root", log: &record{}}
	if err := os.MkdirAll(s.home, 0o755); err != nil {
		t.Fatal(err)
	}
	s.config = Config{Root: s.root, Homes: base + "/homes/{username}", Log: slog.New(slog.NewTextHandler(s.log, nil))}
	s.request = dashboard.CloneRequest{Dashboard: id, Revision: 1, Owner: "ada", Source: dashboard.Source{Kind: dashboard.FromServer}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log.said(), "\n", s.log.String())
		}
	})
	return s
}

// open makes the cloner, once.
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

// write makes a file of the home.
func (s *stage) write(name, content string) string {
	s.t.Helper()
	full := filepath.Join(s.home, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return full
}

func (s *stage) link(target, name string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(s.home, name)), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(s.home, name)); err != nil {
		s.t.Fatal(err)
	}
}

// give makes all of the home somebody's.
func (s *stage) give(to account.Account) {
	s.t.Helper()
	if err := filepath.WalkDir(s.home, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, to.UID, to.GID))
	}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) try(ctx context.Context) (dashboard.Snapshot, error) {
	s.t.Helper()
	return s.open().Clone(ctx, s.request, s.log)
}

// clone clones, which has to work.
func (s *stage) clone() string {
	s.t.Helper()
	made, err := s.try(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	want := filepath.Join(s.root, id, "1")
	if made.Kind != dashboard.Folder || made.Ref != want || made.Folder != want || made.Dashboard != id || made.Revision != 1 || !made.Complete {
		s.t.Errorf("it made %+v", made)
	}
	s.settled()
	return made.Folder
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
	for _, private := range []string{s.root, filepath.Dir(s.home)} {
		if strings.Contains(known.Message, private) {
			s.t.Errorf("shows a path of the machine: %s", known.Message)
		}
	}
	s.nothing()
}

// settled says that no draft is left.
func (s *stage) settled() {
	s.t.Helper()
	found, err := s.open().Snapshots(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, snapshot := range found {
		if !snapshot.Complete {
			s.t.Errorf("there is a half one: %+v", snapshot)
		}
	}
}

// nothing says that nothing is left.
func (s *stage) nothing() {
	s.t.Helper()
	entries, err := os.ReadDir(s.root)
	if err != nil || len(entries) > 0 {
		s.t.Errorf("there is %v, %v", entries, err)
	}
}

// listing is what there is in a folder, sorted; folders end with a slash, and links
// show where they lead.
func listing(t *testing.T, folder string) []string {
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
	return found
}

func wants(t *testing.T, folder string, names ...string) {
	t.Helper()
	slices.Sort(names)
	if got := listing(t, folder); !slices.Equal(got, names) {
		t.Errorf("it has %q, should have %q", got, names)
	}
}
