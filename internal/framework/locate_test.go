package framework

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// place writes a program and returns its folder.
func place(t *testing.T, folder, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestLocateProgramOnPath(t *testing.T) {
	folder := place(t, t.TempDir(), "voila", "#!/bin/sh\n")
	launch, err := start(t, "voila", "x.ipynb").Locate(t.Context(), []string{"PATH=/nowhere", "PATH=relative:" + folder})
	if err != nil || launch.Command[0] != filepath.Join(folder, "voila") {
		t.Errorf("found %q, %v", launch.Command, err)
	}
}

// Its absolute path is rendered once more.
func TestLocateProtectsBraces(t *testing.T) {
	folder := place(t, filepath.Join(t.TempDir(), "{port}"), "voila", "#!/bin/sh\n")
	launch, err := start(t, "voila", "x.ipynb").Locate(t.Context(), []string{"PATH=" + folder})
	if err != nil {
		t.Fatal(err)
	}
	if argv := rendered(t, launch); argv[0] != filepath.Join(folder, "voila") {
		t.Errorf("the program is %q", argv[0])
	}
}

// "pip install --user" puts programs where PATH often does not lead.
func TestLocateProgramBesidePython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	user := place(t, filepath.Join(home, ".local", "bin"), "voila", "#!/bin/sh\n")
	environ := append(os.Environ(), "PATH="+onlyPython(t, python), "HOME="+home)
	launch, err := start(t, "voila", "x.ipynb").Locate(t.Context(), environ)
	if err != nil || launch.Command[0] != filepath.Join(user, "voila") {
		t.Errorf("found %q, %v", launch.Command, err)
	}
}

// onlyPython is a folder with nothing but a python3.
func onlyPython(t *testing.T, python string) string {
	t.Helper()
	return place(t, t.TempDir(), "python3", "#!/bin/sh\nPATH='"+os.Getenv("PATH")+"' exec '"+python+"' \"$@\"\n")
}

func TestLocateWhatIsMissing(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	path := onlyPython(t, python)
	broken := place(t, t.TempDir(), "python3", "#!/bin/sh\necho oh dear >&2\nexit 3\n")
	garbled := place(t, t.TempDir(), "python3", "\x00\x01\x02")
	noShiny := place(t, t.TempDir(), "Rscript", "#!/bin/sh\nprintf FALSE\n")
	for name, test := range map[string]struct {
		framework, target, path string
		want                    string
	}{
		"a program":             {"streamlit", "x.py", path, "streamlit cannot be started: streamlit is not installed in the environment of " + path + "/python3: pip install streamlit"},
		"no Python at all":      {"streamlit", "x.py", "/nowhere", "there is no program streamlit on PATH, and no python3 either: pip install streamlit"},
		"no PATH":               {"voila", "x.ipynb", "", "no python3 either"},
		"a package":             {"gradio", "x.py", "/nowhere", "gradio is not installed: there is no python3 on PATH: pip install gradio"},
		"a broken Python":       {"gradio", "x.py", broken, broken + "/python3 does not work: exit status 3: oh dear"},
		"a Python that is none": {"gradio", "x.py", garbled, garbled + "/python3 cannot be run: exec format error"},
		"no R":                  {"rshiny", "x.R", "/nowhere", "there is no program Rscript on PATH, so R is not installed: install.packages"},
		"no Shiny for R":        {"rshiny", "x.R", noShiny, "the package shiny is not installed in the environment of " + noShiny + "/Rscript: install.packages"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := start(t, test.framework, test.target).Locate(t.Context(), append(os.Environ(), "HOME="+t.TempDir(), "PATH="+test.path))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v\nwithout %q", err, test.want)
			}
		})
	}
}

// A folder of the same name where we are started is no package.
func TestLocatePackage(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(), "PATH="+onlyPython(t, python), "PYTHONPATH=")
	framework := Framework{Name: "own", Command: []string{"python3", "x"}, Target: Target{Default: ".", Folder: true}}
	here := t.TempDir()
	place(t, filepath.Join(here, "notapackage"), "__init__.py", "")
	t.Chdir(here)
	for name, installed := range map[string]bool{"json": true, "notapackage": false} {
		framework.Needs = Needs{Python: name}
		launch, err := framework.Launch(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		launch, err = launch.Locate(t.Context(), environ)
		if installed != (err == nil) {
			t.Errorf("%s: %q, %v", name, launch.Command, err)
		}
	}
}

// An interpreter that hangs, on a network's file system, holds nobody up for ever.
func TestLocateEndsWithItsContext(t *testing.T) {
	hanging := place(t, t.TempDir(), "python3", "#!/bin/sh\nexec sleep 600\n")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := start(t, "gradio", "x.py").Locate(ctx, append(os.Environ(), "PATH="+hanging+":"+os.Getenv("PATH")))
	if err == nil || !strings.Contains(err.Error(), "gave no answer within") {
		t.Error(err)
	}
}

// What needs nothing is not looked for: our own program is where it is.
func TestLocateNothing(t *testing.T) {
	before := start(t, "static")
	after, err := before.Locate(t.Context(), nil)
	if err != nil || after.Command[0] != before.Command[0] {
		t.Errorf("%q, %v", after.Command, err)
	}
}
