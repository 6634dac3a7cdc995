//go:build unix

package folder

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestClone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("sales/board.ipynb", "notebook")
	s.write("sales/data/a.csv", "1,2")
	s.write("other/x", "x")
	old := time.Unix(1e9, 123456789)
	for name, mode := range map[string]os.FileMode{"sales/board.ipynb": 0o751 | os.ModeSetuid, "sales/data": 0o550 | os.ModeSetgid} {
		if err := os.Chmod(filepath.Join(s.home, name), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(s.home, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(s.home+"/sales/data", 0o755) })
	s.request.Source.Folder, s.request.App.Path = "sales", "board.ipynb"
	made := s.clone()
	wants(t, made, "board.ipynb", "data/", "data/a.csv")
	for name, mode := range map[string]os.FileMode{"board.ipynb": 0o751, "data": 0o550 | os.ModeDir, "data/a.csv": 0o644, ".": 0o700 | os.ModeDir} {
		info, err := os.Stat(filepath.Join(made, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s has the mode %v, %v", name, info.Mode(), err)
		}
		if (name == "board.ipynb" || name == "data") && !info.ModTime().Equal(old) {
			t.Errorf("%s is of %v", name, info.ModTime())
		}
	}
	// It does not change when the source does.
	s.write("sales/board.ipynb", "changed")
	if content, err := os.ReadFile(made + "/board.ipynb"); err != nil || string(content) != "notebook" {
		t.Errorf("%q, %v", content, err)
	}
	if told := s.log.percents; told[0] != -1 || told[len(told)-1] != -1 || !slices.IsSorted(told[1:len(told)-1]) || !slices.Contains(told, 100) {
		t.Errorf("it told %v", s.log.percents)
	}
	if !strings.Contains(s.log.said(), "Copied 3 files and folders with 11 bytes.") {
		t.Errorf("it said %s", s.log.said())
	}
	if err := s.cloner.Remove(t.Context(), s.cloner.shelf.Snapshot(id, 1)); err != nil {
		t.Error(err)
	}
	s.nothing()
}

// Each kind of thing that is no file.
func TestKinds(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	file := s.write("work/file", "content")
	s.write("work/sub/x", "x")
	s.write("elsewhere", "elsewhere")
	if err := os.Link(file, s.home+"/work/hard"); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(s.home+"/work/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"near": "file", "sub/up": "../file", "absolute": s.home + "/work/sub/x", "top": s.home + "/work", "dangling": "sub/nothing",
		"dot": ".", "odd": "./sub/../file", "folder": "sub/", "out": "../elsewhere", "root": "/etc/passwd", "sub/way-out": "../../elsewhere",
		"like": s.home + "/workbench", "clever": "sub/../../work/file",
	} {
		s.link(target, "work/"+name)
	}
	s.request.Source.Folder, s.request.App.Path = "work", "folder/x"
	made := s.clone()
	wants(t, made, "file", "hard", "sub/", "sub/x", "near -> file", "sub/up -> ../file", "absolute -> sub/x", "top -> .",
		"dangling -> sub/nothing", "dot -> .", "odd -> file", "folder -> sub")
	for _, words := range []string{"Left out 5 that lead out of the folder, as links: clever, like, out, root, sub/way-out.", "Left out 1 that are sockets"} {
		if !strings.Contains(s.log.said(), words) {
			t.Errorf("should say %q: %s", words, s.log.said())
		}
	}
	// Hard links are copies of their own.
	if err := os.WriteFile(made+"/hard", []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{made + "/file", file} {
		if content, _ := os.ReadFile(path); string(content) != "content" {
			t.Errorf("%s has %q", path, content)
		}
	}
}
