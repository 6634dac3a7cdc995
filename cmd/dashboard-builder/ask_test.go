//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDeleteAsks(t *testing.T) {
	for answer, want := range map[string]struct {
		code int
		left int
	}{"y\n": {exitDone, 2}, "YES\n": {exitDone, 2}, "n\n": {exitFailed, 3}, "\n": {exitFailed, 3}, "yy\n": {exitFailed, 3}, "\x04": {exitFailed, 3}} {
		b := newBed(t)
		shown := newPTY(t, 100)
		program := b.program(shown.File, shown.File)
		program.stdin = shown.File
		done := make(chan int, 1)
		go func() { done <- program.run([]string{"delete", "tour"}) }()
		shown.await(t, "Delete Tour (by ada, tourtourtour), with its server and its snapshots? This cannot be undone. [y/N] ")
		shown.typed(t, answer)
		if code := <-done; code != want.code || len(b.dashboards) != want.left {
			t.Errorf("%q: got %d, %d left", answer, code, len(b.dashboards))
		}
	}
}

// TestProgressOnATerminal is a bar that is gone at the end.
func TestProgressOnATerminal(t *testing.T) {
	b := newBed(t)
	b.now(func() { b.hold = true })
	shown := newPTY(t, 60)
	program := b.program(shown.File, shown.File)
	done := make(chan int, 1)
	go func() { done <- program.run([]string{"rebuild", "tour"}) }()
	shown.await(t, "Waiting")
	b.progress("job1", "Cloning the repository", 50)
	shown.await(t, " 50 % Cloning the repository")
	b.now(func() { b.finish("job1") })
	if code := <-done; code != exitDone {
		t.Errorf("got %d", code)
	}
	got := shown.end()
	if !strings.Contains(got, "━━━━━━━━━━") || !strings.HasSuffix(got, "\r\x1b[KTour shows what its source is now.\n") {
		t.Errorf("got %q", got)
	}
}

func TestProgressElsewhere(t *testing.T) {
	b := newBed(t)
	b.now(func() { b.hold = true })
	b.env["TERM"] = "dumb"
	shown := newPTY(t, 60)
	program := b.program(shown.File, shown.File)
	done := make(chan int, 1)
	go func() { done <- program.run([]string{"rebuild", "tour"}) }()
	shown.await(t, "Waiting\n")
	for _, percent := range []int{10, 20, 30, 60, 61} {
		b.progress("job1", "Cloning", percent)
		if percent != 20 && percent != 61 {
			shown.await(t, "Cloning ("+map[int]string{10: "10", 30: "30", 60: "60"}[percent])
		}
	}
	b.now(func() { b.finish("job1") })
	<-done
	want := "Waiting\nCloning (10 %)\nCloning (30 %)\nCloning (60 %)\nDone (100 %)\nTour shows what its source is now.\n"
	if got := shown.end(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestInterrupted runs the real program, as a signal is for a process.
func TestInterrupted(t *testing.T) {
	b := newBed(t)
	b.now(func() { b.hold = true })
	shown := newPTY(t, 80)
	command := exec.Command(os.Args[0], "rebuild", "tour")
	command.Env = []string{"BE_THE_PROGRAM=1"}
	for name, value := range b.env {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Stdin, command.Stdout, command.Stderr = shown.File, shown.File, shown.File
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	shown.await(t, "Waiting")
	shown.typed(t, "\x03") // the terminal makes a signal of it
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		_ = command.Process.Kill()
		t.Fatal("it does not end")
	}
	got := shown.end()
	if code := command.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(got, "no longer watching, but it goes on: dashboard-builder log --follow tourtourtour") {
		t.Errorf("got %d, %q", code, got)
	}
	b.now(func() {
		if b.jobs["job1"].Done {
			t.Error("the job is done")
		}
	})
}

// TestMain is the program itself where a test wants a process.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_PROGRAM") != "" {
		p := newProgram()
		p.completing = time.Minute
		os.Exit(p.run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func TestOpenInABrowser(t *testing.T) {
	b := newBed(t)
	folder := t.TempDir()
	seen := filepath.Join(folder, "seen")
	if err := syscall.Mkfifo(seen, 0o600); err != nil {
		t.Fatal(err)
	}
	browser := filepath.Join(folder, "browser")
	script := "#!/bin/sh\necho \"$# $1 $2 [$DASHBOARD_BUILDER_TOKEN]\" > " + seen + "\n"
	if err := os.WriteFile(browser, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	b.env["BROWSER"] = filepath.Join(folder, "none") + ":" + browser + " --new %s"
	b.must(t, "open", "sales-2024", "--browser")
	got, err := os.ReadFile(seen)
	if want := "2 --new " + b.URL + "/user/ada/dashboard-sales-2024-abcdef/ []\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	b.env["BROWSER"] = ""
	t.Setenv("PATH", folder)
	if _, stderr := b.must(t, "open", "sales-2024", "--browser"); !strings.Contains(stderr, "no browser here") {
		t.Errorf("got %q", stderr)
	}
}
