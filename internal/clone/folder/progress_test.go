//go:build unix

package folder

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
)

// A large file is not silent until all of it is copied.
func TestProgressWithinAFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "from"), bytes.Repeat([]byte("x"), 5*piece), 0o600); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(filepath.Join(folder, "from"))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(filepath.Join(folder, "to"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	told := &record{}
	c := &copier{ctx: t.Context(), progress: progress{reporter: told, all: 5 * piece}}
	if err := c.pieces(from, to, tree.Info{Bytes: 5 * piece}); err != nil {
		t.Fatal(err)
	}
	if want := []int{20, 40, 60, 80, 100}; !slices.Equal(told.percents, want) {
		t.Errorf("it told %v, not %v", told.percents, want)
	}
}
