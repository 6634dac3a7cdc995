package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// write makes an executable file.
func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o700); err != nil { // #nosec G302 -- a program
		t.Fatal(err)
	}
	return path
}

func TestAppThatCannotBeStarted(t *testing.T) {
	dir := t.TempDir()
	foreign := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 100)
	for path, test := range map[string]struct {
		content, want string
		code          int
	}{
		"text":        {"just a text\n", "neither a program for this machine nor a script", 126},
		"foreign":     {foreign, "neither a program for this machine nor a script", 126},
		"empty":       {"", "neither a program for this machine nor a script", 126},
		"interpreter": {"#!/nowhere/python3 -u\n", "the interpreter /nowhere/python3, which the first line of " + dir + "/interpreter names, is not there", 127},
		"windows":     {"#!/bin/sh\r\necho hello\r\n", "ends as Windows' lines do", 127},
		"noexec":      {"#!/etc/passwd\n", "its interpreter /etc/passwd may not be run by this user", 126},
	} {
		_, ended := start(t, "", func(c *Config) { c.Command = []string{write(t, filepath.Join(dir, path), test.content)} })
		if exit := <-ended; !strings.HasPrefix(exit.String(), "could not be started: ") || !strings.Contains(exit.String(), test.want) || exit.ExitCode() != test.code {
			t.Errorf("%s: got %d, %q, want %q", path, exit.ExitCode(), exit, test.want)
		}
	}
}

func TestProgramIsLookedUpAsTheAppWould(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	mine := write(t, filepath.Join(dir, "bin", "sh"), "#!/bin/sh\n")
	if err := os.WriteFile(filepath.Join(dir, "bin", "readable"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, path, dir, want, problem string }{
		{"sh", "PATH=" + dir + "/bin:/bin", "", mine, ""},
		{"sh", "PATH=bin", dir, mine, ""},
		{"bin/sh", "PATH=/bin", dir, mine, ""},
		{"./bin/sh", "PATH=", dir, mine, ""},
		{"sh", "PATH=" + dir, "", "", "not found in the app's PATH"},
		{"sh", "HOME=/", "", "", "not found in the app's PATH"},
		{"readable", "PATH=" + dir + "/bin", "", "", "it is not executable"},
		{"bin", "PATH=" + dir, "", "", "it is a folder"},
		{"sh", "PATH=/bin", dir + "/none", "", "in the folder " + dir + "/none: no such file"},
		{"sh", "PATH=/bin", mine, "", "that is not a folder"},
		{"", "PATH=/bin", "", "", "is empty"},
		{dir + "/bin/nope", "PATH=/bin", "", "", "no such file"},
	} {
		got, err := command{argv: []string{test.name}, env: []string{"PATH=/none", test.path}, dir: test.dir}.find()
		if test.path == "HOME=/" {
			got, err = command{argv: []string{test.name}, env: []string{test.path}}.find()
		}
		if got != test.want || (err == nil) != (test.problem == "") || (err != nil && !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("%q with %s in %q: got %q, %v, want %q, %q", test.name, test.path, test.dir, got, err, test.want, test.problem)
		}
	}
}

func TestEnvironmentAndFolder(t *testing.T) {
	dir := t.TempDir()
	app, _ := start(t, "environment", func(c *Config) {
		c.Dir = dir
		c.Variables = Variables{"base_url": "/user/ada"}
		c.Env = append(c.Env, "A=old")
		c.Environment = map[string]string{"A": "{base_url}/", "B": "{port}"}
	})
	status := await(t, app, Ready)
	want := "dir=" + dir + " PWD=" + dir + " A=/user/ada/ B=" + strconv.Itoa(status.Port)
	awaitLog(t, app, want)
	for name, value := range map[string]string{"": "x", "A=B": "x", "A": "{nope}", "N\x00": "", "M": "\x00"} {
		if _, err := New(Config{Command: []string{"/bin/sh"}, Environment: map[string]string{name: value}}); err == nil {
			t.Errorf("%q=%q is accepted", name, value)
		}
	}
}

func TestOriginHostInTheEnvironmentIsAwaited(t *testing.T) {
	app, _ := start(t, "environment", func(c *Config) {
		c.Command, c.OriginHost = []string{os.Args[0], "{port}"}, ""
		c.Environment = map[string]string{"A": "{origin_host}"}
	})
	never(t, app, Starting)
	app.Wake("")
	never(t, app, Starting)
	app.Wake("hub.example.org")
	await(t, app, Ready)
	awaitLog(t, app, "A=hub.example.org")
}

func TestProgramThatThePreparationBrings(t *testing.T) {
	_, ended := start(t, "web", func(c *Config) {
		c.Command = []string{"brought-by-the-preparation"}
		c.Prepare = func(context.Context, func(Progress)) (Prepared, error) { return Prepared{}, nil }
	})
	if exit := <-ended; exit.ExitCode() != 127 || !strings.Contains(exit.String(), "not found in the app's PATH") {
		t.Errorf("got %+v", exit)
	}
}

func TestNoDescriptorIsLeft(t *testing.T) {
	app, _ := start(t, "web", func(c *Config) {
		c.Lazy, c.Restart = true, OnFailure
		c.Backoff = BackoffConfig{First: 20 * time.Millisecond, Last: 20 * time.Millisecond, Limit: 1 << 20}
	})
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	lower := before
	lower.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	var held []*os.File
	release := func() {
		for _, file := range held {
			file.Close()
		}
		held = nil
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}
	defer release()
	for {
		file, err := os.Open(os.DevNull)
		if errors.Is(err, syscall.EMFILE) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, file)
	}
	app.Wake("")
	if status := await(t, app, Backoff); !strings.Contains(status.LastExit.String(), "no file descriptor is left for this process (the limit is 64)") {
		t.Errorf("got %q", status.LastExit)
	}
	release()
	await(t, app, Ready)
}

func TestStartErrors(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.EAGAIN: "no more processes",
		syscall.ENOMEM: "memory",
		syscall.E2BIG:  "too long",
		syscall.ENOENT: "loader", // this binary has no first line of a script
		syscall.EPERM:  "not permitted",
	} {
		if got, _ := explainStart(os.Args[0], errno); !strings.Contains(got, want) {
			t.Errorf("%v: got %q, want %q", errno, got, want)
		}
	}
}

// FuzzShebang looks for a panic, and for an interpreter that is not in the
// line.
func FuzzShebang(f *testing.F) {
	f.Add([]byte("#!/usr/bin/env python3\n"))
	f.Add([]byte("#!\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		interpreter, line, ok := parseShebang(head)
		if ok != strings.HasPrefix(string(head), "#!") || !strings.Contains(line, interpreter) || strings.Contains(line, "\n") {
			t.Errorf("%q: %q, %q, %t", head, interpreter, line, ok)
		}
	})
}

func TestCommandsGoroutineIsFreed(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		_, ended := start(t, "0", nil)
		<-ended
	}
	for deadline := time.Now().Add(longest); runtime.NumGoroutine() > before+2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines became %d", before, runtime.NumGoroutine())
		}
	}
}

func TestALongArgumentIsShownShort(t *testing.T) {
	c := command{argv: []string{"python3", "-c", "import x\nx.run()", strings.Repeat("é", 200), "line\n"}}
	want := []string{"python3", "-c", "import x …", strings.Repeat("é", 100) + " …", "line …"}
	if got := c.shown(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
