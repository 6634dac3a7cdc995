package framework

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// askPatience bounds a question to an interpreter. One that is on a network's
// file system and cold takes seconds.
const askPatience = 30 * time.Second

// Locate finds the framework's program in the environment of the app, and makes
// it the absolute path that the command begins with. An error says what is not
// installed where, and how to install it.
func (l Launch) Locate(ctx context.Context, environ []string) (Launch, error) {
	if len(l.Command) == 0 {
		return l, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	search := searcher{ctx: ctx, environ: environ}
	f := l.framework
	var program string
	var err error
	switch {
	case f.Needs.Program != "":
		program, err = search.program(f.Needs.Program)
	case f.Needs.Python != "":
		program, err = search.python(f.Needs.Python)
	case f.Needs.R != "":
		program, err = search.r(f.Needs.R)
	default:
		return l, nil
	}
	if err != nil {
		return l, &MissingError{Framework: f.subject(), Install: f.Needs.Install, Err: err}
	}
	l.Command = append([]string{literal(program)}, l.Command[1:]...)
	return l, nil
}

// MissingError says that a framework's program is not there, or does not work.
type MissingError struct {
	Framework string
	// Install is how to install it; empty where that is not known.
	Install string
	// Err says what was looked for, and where.
	Err error
}

func (e *MissingError) Error() string {
	said := fmt.Sprintf("%s cannot be started: %v", e.Framework, e.Err)
	if e.Install != "" {
		said += ": " + e.Install
	}
	return said
}

// Unwrap returns Err.
func (e *MissingError) Unwrap() error { return e.Err }

// searcher looks for programs in an environment that is not our own.
type searcher struct {
	ctx     context.Context
	environ []string
}

// program finds a program on PATH, or else among those of the Python there:
// "pip install --user" puts them into a folder that is often not on PATH.
func (s searcher) program(name string) (string, error) {
	if path, err := environment.LookPath(s.environ, name); err == nil {
		return path, nil
	}
	python := s.interpreter()
	if python == "" {
		return "", fmt.Errorf("%s is not installed: there is no program %s on PATH, and no python3 either", name, name)
	}
	const folders = `import os, sysconfig
print(sysconfig.get_path("scripts"))
print(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user") if hasattr(sysconfig, "get_preferred_scheme") else os.name + "_user"))`
	answer, err := s.ask(python, "-c", folders)
	if err != nil {
		return "", fmt.Errorf("%s is not on PATH, and %s does not say where else it could be: %w", name, python, err)
	}
	for folder := range strings.Lines(answer) {
		if path := filepath.Join(strings.TrimSpace(folder), name); environment.IsProgram(path) {
			return path, nil
		}
	}
	return "", notInstalled(name, python)
}

// python finds the Python on PATH, and whether it has a package.
func (s searcher) python(name string) (string, error) {
	python := s.interpreter()
	if python == "" {
		return "", fmt.Errorf("%s is not installed: there is no python3 on PATH", name)
	}
	// Found, not imported, which would take as long as the app's own start. The
	// working directory does not count, where a file may be called the same.
	const look = `import importlib.util, sys
sys.path = [folder for folder in sys.path if folder]
print("yes" if importlib.util.find_spec(sys.argv[1]) else "no")`
	answer, err := s.ask(python, "-c", look, name)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(answer) != "yes" {
		return "", notInstalled(name, python)
	}
	return python, nil
}

// r finds the R on PATH, and whether it has a package.
func (s searcher) r(name string) (string, error) {
	program, err := environment.LookPath(s.environ, "Rscript")
	if err != nil {
		return "", errors.New("there is no program Rscript on PATH, so R is not installed")
	}
	answer, err := s.ask(program, "-e", `cat(nzchar(system.file(package = commandArgs(TRUE)[1])))`, name)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(answer) != "TRUE" {
		return "", notInstalled("the package "+name, program)
	}
	return program, nil
}

func notInstalled(name, interpreter string) error {
	return fmt.Errorf("%s is not installed in the environment of %s", name, interpreter)
}

// interpreter is the Python on PATH: some environments have only one of the
// names, and where both are, "python" may yet be version 2.
func (s searcher) interpreter() string {
	for _, name := range []string{"python3", "python"} {
		if path, err := environment.LookPath(s.environ, name); err == nil {
			return path
		}
	}
	return ""
}

// ask runs a program for what it prints.
func (s searcher) ask(program string, arguments ...string) (string, error) {
	command := exec.CommandContext(s.ctx, program, arguments...) // #nosec G204 -- the interpreter on the operator's PATH, asked in our words
	command.Env = s.environ
	command.WaitDelay = 5 * time.Second // for what it has written before its end
	answer, err := command.Output()
	if s.ctx.Err() != nil {
		return "", fmt.Errorf("%s gave no answer within %s", program, askPatience)
	}
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return "", fmt.Errorf("%s does not work: %w%s", program, err, lastLine(ended.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("%s cannot be run: %w", program, reason(err))
	}
	return string(answer), nil
}

// lastLine is where an interpreter says what was wrong.
func lastLine(text []byte) string {
	trimmed := strings.TrimSpace(string(text))
	if trimmed == "" {
		return ""
	}
	return ": " + trimmed[strings.LastIndexByte(trimmed, '\n')+1:]
}
