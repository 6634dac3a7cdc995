package process

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// command is what is run: the command line, environment and folder without
// placeholders.
type command struct {
	argv, env []string
	dir       string
}

// uses says whether the app is told the value of a placeholder.
func (a *App) uses(name string) bool {
	return Uses(a.config.Command, name) || Uses(slices.Collect(maps.Values(a.config.Environment)), name)
}

func (a *App) needsHost() bool { return a.uses("origin_host") }

// render puts the values into the command line and the environment.
func (a *App) render(at place, host string) (command, error) {
	variables := Variables{"port": strconv.Itoa(at.port), "origin_host": host, "-": "-", "--": "--"}
	if at.socket != "" {
		variables["unix_socket"] = at.socket
	}
	maps.Copy(variables, a.config.Variables)
	c := command{dir: a.config.Dir, env: a.config.Env}
	if a.prepared.Dir != "" {
		c.dir = a.prepared.Dir
	}
	if a.prepared.Env != nil {
		c.env = a.prepared.Env
	}
	c.env = append([]string{}, c.env...) // nil would be our own (os/exec)
	var err error
	if c.argv, err = variables.RenderAll(a.config.Command); err != nil {
		return command{}, err
	}
	if c.dir != "" {
		if c.dir, err = filepath.Abs(c.dir); err != nil {
			return command{}, fmt.Errorf("the app's folder %q has no absolute path: %w", c.dir, err)
		}
		// The variable that we inherited names ours (POSIX, PWD). Of two, the
		// last counts (os/exec).
		c.env = append(c.env, "PWD="+c.dir)
	}
	for _, name := range slices.Sorted(maps.Keys(a.config.Environment)) {
		value, err := variables.Render(a.config.Environment[name])
		if err != nil {
			return command{}, fmt.Errorf("the app's variable %s: %w", name, err)
		}
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return command{}, fmt.Errorf("%q cannot be a variable of the app: its name has to be without = and NUL, its value without NUL", name)
		}
		c.env = append(c.env, name+"="+value)
	}
	return c, nil
}

// find returns the program's path. As the app itself would, it looks into the
// PATH of the app's environment, and takes a relative name from its folder.
func (c command) find() (string, error) {
	if c.dir != "" {
		if info, err := os.Stat(c.dir); err != nil {
			return "", fmt.Errorf("cannot run %q in the folder %s: %w", c.argv[0], c.dir, reason(err))
		} else if !info.IsDir() {
			return "", fmt.Errorf("cannot run %q in %s: that is not a folder", c.argv[0], c.dir)
		}
	}
	name := c.argv[0]
	if name == "" {
		return "", errors.New(`cannot run "": the command's first word is empty; it has to be a program`)
	}
	if strings.Contains(name, "/") {
		path, err := c.absolute(name)
		if err == nil {
			err = executable(path)
		}
		if err != nil {
			return "", fmt.Errorf("cannot run %q: %w", name, reason(err))
		}
		return path, nil
	}
	var found error
	for _, folder := range filepath.SplitList(environment.Get(c.env, "PATH")) {
		path, err := c.absolute(filepath.Join(cmp.Or(folder, "."), name))
		if err == nil {
			err = executable(path)
		}
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) && found == nil {
			found = fmt.Errorf("cannot run %q: %s: %w", name, path, reason(err))
		}
	}
	if found != nil {
		return "", found
	}
	return "", &NotFoundError{name, environment.Get(c.env, "PATH")}
}

// NotFoundError is for a program that is nowhere in the app's PATH.
type NotFoundError struct{ Name, Path string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("cannot run %q: not found in the app's PATH (is it installed, and on PATH, in the environment that this program was started in?)", e.Name)
}

// Is makes it an fs.ErrNotExist.
func (e *NotFoundError) Is(target error) bool { return target == fs.ErrNotExist }

func (c command) absolute(name string) (string, error) {
	if c.dir != "" && !filepath.IsAbs(name) {
		return filepath.Join(c.dir, name), nil
	}
	return filepath.Abs(name)
}

// reason leaves out the path that the sentence around it names already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// executable says what keeps a file from being run, so far as its rights tell.
func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a folder, not a program")
	case !info.Mode().IsRegular():
		return errors.New("it is not a file")
	case info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("%w: it is not executable (chmod +x)", fs.ErrPermission)
	}
	return nil
}

// explainStart says in plain words why the kernel did not start a program that
// is there, and the exit code that a shell would give.
func explainStart(path string, err error) (string, int) {
	const notRunnable, notThere = 126, 127
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return path + " is neither a program for this machine nor a script: a script needs a first line that names its interpreter, such as #!/bin/sh", notRunnable
	case errors.Is(err, syscall.ENOENT) && exists(path):
		if interpreter, rest, ok := interpreterOf(path); ok {
			if strings.HasSuffix(rest, "\r") {
				return fmt.Sprintf("the first line of %s ends as Windows' lines do, so its interpreter %q is not found: save it with Unix line ends", path, interpreter), notThere
			}
			return fmt.Sprintf("the interpreter %s, which the first line of %s names, is not there", interpreter, path), notThere
		}
		return path + " is there, but not the loader that it needs: it was built for another system (such as glibc against musl)", notThere
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return err.Error(), notThere
	case errors.Is(err, syscall.EACCES):
		if interpreter, _, ok := interpreterOf(path); ok {
			return fmt.Sprintf("%s or its interpreter %s may not be run by this user (%s; or its file system is mounted noexec)", path, interpreter, reason(err)), notRunnable
		}
		return fmt.Sprintf("%s may not be run by this user (%s; or its file system is mounted noexec)", path, reason(err)), notRunnable
	case errors.Is(err, syscall.EAGAIN):
		return "this user or container may have no more processes (ulimit -u, or pids.max of its cgroup)", 1
	case errors.Is(err, syscall.ENOMEM):
		return "no memory is left", 1
	case errors.Is(err, syscall.E2BIG):
		return "its arguments and environment are too long for the kernel", notRunnable
	}
	return plain(err).Error(), 1
}

// interpreterOf reads a script's first line. The rest is the line as it is.
func interpreterOf(path string) (interpreter, line string, ok bool) {
	file, err := os.Open(path) // #nosec G304 -- the program that is to be run anyway
	if err != nil {
		return "", "", false
	}
	defer file.Close()
	head := make([]byte, 256) // the kernel reads no more (BINPRM_BUF_SIZE)
	n, _ := file.Read(head)
	return parseShebang(head[:n])
}

func parseShebang(head []byte) (interpreter, line string, ok bool) {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	text, ok := strings.CutPrefix(string(first), "#!")
	if !ok {
		return "", "", false
	}
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) == 0 {
		return "", text, true
	}
	return fields[0], text, true
}

// shown is the command line for a log: an argument can be a whole program.
func (c command) shown() []string {
	const enough = 200
	shown := make([]string, len(c.argv))
	for i, argument := range c.argv {
		line, _, more := strings.Cut(argument, "\n")
		if len(line) > enough {
			line, more = strings.ToValidUTF8(line[:enough], ""), true
		}
		if more {
			line += " …"
		}
		shown[i] = line
	}
	return shown
}
