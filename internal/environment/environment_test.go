package environment

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTheLastOneCounts(t *testing.T) {
	all := []string{"A=1", "AB=2", "A=3=4", "EMPTY=", "odd"}
	for name, want := range map[string]string{"A": "3=4", "AB": "2", "EMPTY": "", "B": "", "odd": ""} {
		if got := Get(all, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if _, found := Lookup(all, "EMPTY"); !found {
		t.Error("one that is empty is not found")
	}
	if _, found := Lookup(all, "odd"); found {
		t.Error("what is no variable is found")
	}
}

func TestWithout(t *testing.T) {
	got := Without([]string{"A=1", "JUPYTERHUB_API_TOKEN=secret", "JUPYTERHUB_API_TOKENS=kept", "B"}, "JUPYTERHUB_API_TOKEN")
	if want := []string{"A=1", "JUPYTERHUB_API_TOKENS=kept", "B"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Without([]string{"A=1", "B=2", "A=3", "AB=4", "A"}, "A", "X"); !slices.Equal(got, []string{"B=2", "AB=4", "A"}) {
		t.Errorf("got %q", got)
	}
}

func TestLookPath(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for path, mode := range map[string]os.FileMode{filepath.Join(first, "tool"): 0o644, filepath.Join(second, "tool"): 0o755} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(first, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(second)
	if got, err := LookPath([]string{"PATH=:.:" + first + ":" + second}, "tool"); err != nil || got != filepath.Join(second, "tool") {
		t.Errorf("got %q, %v", got, err)
	}
	for _, missing := range []string{"folder", "other"} {
		if got, err := LookPath([]string{"PATH=" + first}, missing); err == nil {
			t.Errorf("got %q", got)
		}
	}
	if got, err := LookPath([]string{"PATH=:."}, "tool"); err == nil {
		t.Errorf("the working directory is searched: got %q", got)
	}
}
