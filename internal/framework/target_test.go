package framework

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCheckTarget(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"board.ipynb", "sales.ipynb", "notes.txt", ".hidden.ipynb"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	many := filepath.Join(folder, "many")
	if err := os.Mkdir(many, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.py", "b.py", "c.py", "d.py", "e.py", "f.py", "g.py"} {
		if err := os.WriteFile(filepath.Join(many, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("loop.ipynb", filepath.Join(folder, "loop.ipynb")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		framework, shown string
		want             []string // nil if all is well
	}{
		"it is there":       {"voila", "board.ipynb", nil},
		"a folder":          {"voila", "many", nil},
		"a module":          {"fastapi", "board:app", nil},
		"misspelled":        {"voila", "borad.ipynb", []string{"voila is to show " + folder + "/borad.ipynb, which is not there: did you mean board.ipynb?"}},
		"like nothing":      {"voila", "xxxxxxxxxxxx.ipynb", []string{"which is not there; in " + folder + " there is board.ipynb, loop.ipynb, many/, sales.ipynb"}},
		"no folder":         {"voila", "missing/board.ipynb", []string{": there is no folder " + folder + "/missing"}},
		"not what it takes": {"static", "board.ipynb", []string{"which is a file, but takes a folder"}},
		"a loop":            {"voila", "loop.ipynb", []string{"which cannot be looked at: too many levels of symbolic links"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := start(t, test.framework, test.shown).CheckTarget(filepath.Join(folder, test.shown))
			if len(test.want) == 0 && err != nil {
				t.Error(err)
			}
			for _, part := range test.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("the error is %v, without %q", err, part)
				}
			}
		})
	}

	t.Run("a folder for who takes files", func(t *testing.T) {
		launch := start(t, "streamlit", "many.py")
		err := launch.CheckTarget(many)
		if err == nil || !strings.Contains(err.Error(), "which is a folder, but takes a file that ends in .py; in "+many+" there is a.py, b.py, c.py, d.py, e.py and 2 more") {
			t.Error(err)
		}
	})
	t.Run("a pipe", func(t *testing.T) {
		pipe := filepath.Join(folder, "pipe.ipynb")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		err := start(t, "voila", "pipe.ipynb").CheckTarget(pipe)
		if err == nil || !strings.Contains(err.Error(), "which is neither a file nor a folder") {
			t.Error(err)
		}
	})
}
