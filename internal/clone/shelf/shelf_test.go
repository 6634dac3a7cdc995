//go:build unix

package shelf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const id = "abcdefghijkm"

func newShelf(t *testing.T) *Shelf {
	t.Helper()
	s, err := New(t.TempDir() + "/snapshots")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Shelf) begin(t *testing.T, revision int) *Draft {
	t.Helper()
	d, err := s.Begin(t.Context(), id, revision, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wants compares the snapshots: those that are not whole have a question mark.
func (s *Shelf) wants(t *testing.T, want ...string) {
	t.Helper()
	found, err := s.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, one := range found {
		name := fmt.Sprintf("%s/%d", one.Dashboard, one.Revision)
		if one.Ref != filepath.Join(s.root, name) || one.Folder != one.Ref || one.Kind != dashboard.Folder {
			t.Errorf("%+v", one)
		}
		if !one.Complete {
			name += "?"
		}
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("there are %q, should be %q", got, want)
	}
}

func make1(t *testing.T, folder string) {
	t.Helper()
	if err := os.WriteFile(folder+"/x", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeepAndRemove(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	d := s.begin(t, 1)
	s.wants(t, id+"/1?")
	make1(t, d.Path())
	made, err := d.Keep(t.Context())
	if err != nil || made.Ref != filepath.Join(s.root, id, "1") || !made.Complete {
		t.Fatalf("%+v, %v", made, err)
	}
	s.wants(t, id+"/1")
	for path, mode := range map[string]os.FileMode{s.root: 0o711, filepath.Dir(made.Ref): 0o711, made.Ref: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if _, err := os.Stat(made.Ref + "/x"); err != nil {
		t.Error(err)
	}
	s.begin(t, 2).Drop()
	s.wants(t, id+"/1")
	for range 2 { // the second has nothing to do
		if err := s.Remove(t.Context(), id, 1); err != nil {
			t.Error(err)
		}
	}
	s.wants(t)
	if entries, err := os.ReadDir(s.root); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestKeepThatIsStopped(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := s.begin(t, 1).Keep(ctx); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	s.wants(t)
}

// What killed processes leave is seen, and is no snapshot.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for _, path := range []string{".making-1/tree/sub", ".removing-2/x", "3/x", ".removing-3", "4", "04", "-5", "6x", ".making-0", ".making-x", "7 "} {
		if err := os.MkdirAll(filepath.Join(s.root, id, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"lost+found/1", "ABCDEFGHIJKM/1", "other"} { // somebody else's
		if err := os.MkdirAll(filepath.Join(s.root, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.root, "bcdefghijkmn"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.wants(t, id+"/1?", id+"/2?", id+"/3", id+"/4")
	for revision := range 5 {
		if revision > 0 {
			if err := s.Remove(t.Context(), id, revision); err != nil {
				t.Error(err)
			}
		}
	}
	s.wants(t)
	for _, path := range []string{"lost+found/1", "ABCDEFGHIJKM/1", "other", "bcdefghijkmn", id + "/04"} {
		if _, err := os.Stat(filepath.Join(s.root, path)); err != nil {
			t.Error(err)
		}
	}
}

// A whole one of the same revision is of a job that is done again.
func TestBeginAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	d := s.begin(t, 1)
	make1(t, d.Path())
	if _, err := d.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	d = s.begin(t, 1)
	s.wants(t, id+"/1?")
	if d.Resumed {
		t.Error("it goes on with a whole one")
	}
	d.Drop()
	s.wants(t)
}

// One works at a dashboard's snapshots at a time, and who waits can be stopped.
func TestLock(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	d := s.begin(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 3*lockPause)
	defer cancel()
	if _, err := s.Begin(ctx, id, 2, nil, true); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := s.Remove(ctx, id, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	waiting := make(chan error, 1)
	go func() {
		other, err := s.Begin(t.Context(), id, 2, nil, true)
		if err == nil {
			_, err = other.Keep(t.Context())
		}
		waiting <- err
	}()
	select {
	case err := <-waiting:
		t.Errorf("it did not wait: %v", err)
	case <-time.After(3 * lockPause):
	}
	d.Drop() // the folder goes as well, which the other notices
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	s.wants(t, id+"/2")
}

func TestSecurityNoOtherPlaces(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	outside := filepath.Dir(s.root) + "/precious"
	if err := os.MkdirAll(outside+"/1", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../precious", "a/b", "abcdefghijk/", "abcdefghijkM"} {
		if err := s.Remove(t.Context(), name, 1); err == nil {
			t.Errorf("%q can be removed", name)
		}
		if _, err := s.Begin(t.Context(), name, 1, nil, true); err == nil {
			t.Errorf("%q can be begun", name)
		}
	}
	for _, revision := range []int{0, -1} {
		if err := s.Remove(t.Context(), id, revision); err == nil {
			t.Errorf("%d can be removed", revision)
		}
	}
	if _, err := os.Stat(outside + "/1"); err != nil {
		t.Error(err)
	}
	for _, root := range []string{"", "relative", "./x"} {
		if _, err := New(root); err == nil {
			t.Errorf("%q is taken", root)
		}
	}
	if err := os.WriteFile(outside+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(outside + "/file"); err == nil {
		t.Error("a file is taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"1", ".making-1", ".removing-12", ".making-.removing-1", "01", "+1", "99999999999999999999"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		revision, whole := parse(name)
		if revision == 0 {
			return
		}
		number := strconv.Itoa(revision)
		if revision < 0 || whole != (name == number) || !whole && name != making+number && name != removing+number {
			t.Errorf("%q is %d, %v", name, revision, whole)
		}
	})
}
