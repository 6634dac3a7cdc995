package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// longest is the bound of every wait for something that should take moments.
const longest = time.Minute

// supervise is a program with an app that makes a process of another session,
// which no signal to the group reaches. It ends when the app is ready.
func supervise(args []string) {
	if err := AdoptOrphans(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	app, err := New(Config{
		Command: []string{os.Args[0], "{port}"}, Env: append(os.Environ(), roleVariable+"="+args[1]),
		ReadyPath: "/", ReadyTimeout: longest, Restart: Never, Grace: 4 * time.Second, Orphans: true,
		Log: slog.New(slog.DiscardHandler), Output: func(p Piece) { fmt.Printf("%s\n", p.Data) },
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	app.newCgroup = func() *cgroup { return nil } // the other way has a test of its own
	go func() {
		sig, _ := strconv.Atoi(args[0])
		for app.Status().State != Ready || (sig != 0 && !strings.Contains(strings.Join(app.Log(20), "\n"), "child ")) {
			time.Sleep(time.Millisecond)
		}
		if sig == 0 {
			_ = askToExit(app) // unless it has ended by itself before
			return
		}
		if syscall.Signal(sig) == syscall.SIGKILL {
			app.Signal(syscall.SIGKILL) // it cannot look after its own
			return
		}
		app.Stop(syscall.Signal(sig))
	}()
	exit := app.Run()
	fmt.Printf("exit: %s\ncode: %d\n", exit, exit.ExitCode())
	_, err = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	fmt.Println("no child is left:", errors.Is(err, syscall.ECHILD))
	os.Exit(0)
}

// askToExit lets an app that can be asked end by itself.
func askToExit(app *App) error {
	conn, err := app.Dial(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = fmt.Fprint(conn, "GET /exit HTTP/1.1\r\nHost: x\r\n\r\n")
	return err
}

func TestNoOrphanIsLeft(t *testing.T) {
	for _, role := range []string{"leaving", "leaving twice"} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			noOrphanIsLeft(t, role, sig)
		}
	}
}

func noOrphanIsLeft(t *testing.T, role string, sig syscall.Signal) {
	t.Helper()
	supervisor := exec.Command(os.Args[0], strconv.Itoa(int(sig)), role)
	supervisor.Env = append(os.Environ(), roleVariable+"=supervisor")
	output, err := supervisor.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	child := childIn(t, string(output))
	if !strings.Contains(string(output), "no child is left: true\n") {
		t.Errorf("%s, %s: %q", role, sig, output)
	}
	awaitGone(t, child)
}

// However long we stood still meanwhile, what is left is asked, and forced,
// before it is given up.
func TestWhatIsLeftIsForcedBeforeItIsGivenUp(t *testing.T) {
	child := exec.Command("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 300; done")
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, len("deaf"))); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	r := &run{App: &App{config: Config{Log: slog.New(slog.DiscardHandler)}}, members: group(child.Process.Pid)}
	const over = -time.Hour
	r.sweep(over)
	if r.members.lives() {
		t.Error("it is left")
		r.members.signal(syscall.SIGKILL)
	}
	<-ended
}

// start runs an app in the given role, and stops it when the test ends.
func start(t *testing.T, role string, change func(*Config), more ...func(*App)) (*App, <-chan Exit) {
	t.Helper()
	config := Config{
		Command:      []string{os.Args[0], "{port}", "host={origin_host}"},
		Env:          append(os.Environ(), roleVariable+"="+role),
		OriginHost:   "known",
		ReadyPath:    "/",
		ReadyTimeout: longest,
		Restart:      Never,
		Grace:        4 * time.Second,
		Log:          slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&config)
	}
	app, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range more {
		change(app)
	}
	ended := make(chan Exit, 1)
	finished := make(chan struct{})
	go func() {
		ended <- app.Run()
		close(finished)
	}()
	t.Cleanup(func() {
		app.Stop(syscall.SIGKILL)
		app.Signal(syscall.SIGKILL) // it may be stopping already, with a long grace
		<-finished
	})
	return app, ended
}

func await(t *testing.T, app *App, state State) Status {
	t.Helper()
	for deadline := time.Now().Add(longest); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if status := app.Status(); status.State == state {
			return status
		}
	}
	t.Fatalf("not %s but %+v; it wrote %q", state, app.Status(), app.Log(5))
	return Status{}
}

// awaitLog waits until the app's last lines hold a text, and returns them: they
// come by another way than its answers.
func awaitLog(t *testing.T, app *App, text string) string {
	t.Helper()
	for deadline := time.Now().Add(longest); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if lines := strings.Join(app.Log(20), "\n"); strings.Contains(lines, text) {
			return lines
		}
	}
	t.Fatalf("no %q in %q", text, app.Log(20))
	return ""
}

func TestAnyAnswerIsReady(t *testing.T) {
	for _, role := range []string{"web", "redirecting", "breaks off at HEAD", "announcing"} {
		t.Run(role, func(t *testing.T) {
			app, _ := start(t, role, nil)
			status := await(t, app, Ready)
			conn, err := app.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if status.Starts != 1 || status.PID == 0 || status.Port == 0 {
				t.Errorf("got %+v", status)
			}
		})
	}
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	app, ended := start(t, "parent", nil)
	await(t, app, Ready)
	child := childIn(t, awaitLog(t, app, "child "))
	app.Stop(syscall.SIGTERM)
	<-ended
	if state := app.Status().State; state != Stopped {
		t.Errorf("state %s", state)
	}
	awaitGone(t, child)
}

// childIn finds the process that an app says it has started.
func childIn(t *testing.T, output string) int {
	t.Helper()
	var child int
	at := strings.Index(output, "child ")
	if at < 0 {
		t.Fatalf("no child in %q", output)
	}
	if _, err := fmt.Sscanf(output[at:], "child %d", &child); err != nil {
		t.Fatalf("%v in %q", err, output)
	}
	return child
}

// awaitGone waits until a process has ended; one that is not yet reaped by
// its new parent has.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(longest); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d is left", pid)
}

func TestAppThatIgnoresSignalsIsKilled(t *testing.T) {
	app, ended := start(t, "stubborn", func(c *Config) { c.Grace = 200 * time.Millisecond })
	await(t, app, Ready)
	app.Stop(syscall.SIGINT)
	if exit := <-ended; exit.Signal != syscall.SIGKILL || exit.ExitCode() != 137 {
		t.Errorf("got %+v", exit)
	}
}

func TestStopWithinHasAGraceOfItsOwn(t *testing.T) {
	app, ended := start(t, "stubborn", func(c *Config) { c.Grace = time.Hour })
	await(t, app, Ready)
	app.StopWithin(syscall.SIGINT, 200*time.Millisecond)
	if exit := <-ended; exit.Signal != syscall.SIGKILL {
		t.Errorf("got %+v", exit)
	}
}

func TestExitCodes(t *testing.T) {
	for role, want := range map[string]int{"0": 0, "3": 3} {
		app, ended := start(t, role, nil)
		exit := <-ended
		if exit.ExitCode() != want || app.Status().State != Failed {
			t.Errorf("%s: got %+v, %+v", role, exit, app.Status())
		}
		if got := app.Log(1); len(got) != 1 || got[0] != "exiting with "+role {
			t.Errorf("the last words are lost: %q", got)
		}
	}
	app, ended := start(t, "web", nil)
	await(t, app, Ready)
	app.Signal(syscall.SIGKILL)
	if exit := <-ended; exit.ExitCode() != 128+9 {
		t.Errorf("got %+v", exit)
	}
}

func TestAppThatEndsIsStartedAgain(t *testing.T) {
	app, _ := start(t, "once", func(c *Config) {
		c.Restart, c.Backoff = OnFailure, BackoffConfig{First: 3 * time.Second} // to be seen
	})
	first := await(t, app, Ready)
	if err := askToExit(app); err != nil {
		t.Fatal(err)
	}
	if status := await(t, app, Backoff); status.LastExit == nil || status.LastExit.Code != 5 || status.Port != 0 {
		t.Errorf("got %+v", status)
	}
	if second := await(t, app, Ready); second.Starts != 2 || second.PID == first.PID {
		t.Errorf("got %+v", second)
	}
}

func TestCleanEndIsNotAFailure(t *testing.T) {
	app, ended := start(t, "0", func(c *Config) { c.Restart = OnFailure })
	await(t, app, Failed)
	select {
	case <-ended:
		t.Fatal("the supervisor ended too")
	case <-time.After(50 * time.Millisecond):
	}
	app.Stop(syscall.SIGTERM)
	<-ended
}

func TestNotReadyInTime(t *testing.T) {
	app, ended := start(t, "silent", func(c *Config) { c.ReadyTimeout = 300 * time.Millisecond })
	exit := <-ended
	if !strings.Contains(exit.String(), "no HTTP answer on port") || exit.Success() || exit.ExitCode() == 0 {
		t.Errorf("got %+v", exit)
	}
	if app.Status().PID != 0 {
		t.Errorf("got %+v", app.Status())
	}
}

func TestAFloodOfOutputNeitherBlocksNorGrows(t *testing.T) {
	lines := 0
	app, _ := start(t, "loud", func(c *Config) { c.Output = func(Piece) { lines++ } }, patient)
	await(t, app, Ready)
	if got := len(app.Log(ringLines)); got > ringLines {
		t.Errorf("%d lines", got)
	}
	app.Stop(syscall.SIGTERM)
	<-app.queue.delivered
	if lines < 40000 {
		t.Errorf("%d lines arrived, want 40000", lines)
	}
}

func TestStartWaitsForTheOriginHost(t *testing.T) {
	app, _ := start(t, "web", func(c *Config) { c.OriginHost = "" })
	if status := app.Status(); status.State != Waiting || status.Starts != 0 {
		t.Errorf("got %+v", status)
	}
	app.Wake("hub.example.org")
	app.Wake("evil.example")
	await(t, app, Ready)
	awaitLog(t, app, "host=hub.example.org")
}

func TestStopWhileWaiting(t *testing.T) {
	app, ended := start(t, "web", func(c *Config) { c.OriginHost = "" })
	app.Stop(syscall.SIGTERM)
	<-ended
	if app.Status().State != Stopped {
		t.Errorf("got %+v", app.Status())
	}
}

func TestPortIsTaken(t *testing.T) {
	port, err := freePort() // which no connection gets when it is free again
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	app, _ := start(t, "web", func(c *Config) {
		c.Port, c.Restart = port, OnFailure
		c.Backoff = BackoffConfig{First: 50 * time.Millisecond, Last: 50 * time.Millisecond, Limit: 1 << 20}
	})
	status := await(t, app, Backoff)
	want := fmt.Sprintf("port %d is taken by process %d (%s", port, os.Getpid(), "process.test")
	if status.Starts != 0 || !strings.Contains(status.LastExit.String(), want) {
		t.Errorf("got %+v, want %q", status.LastExit, want)
	}
	listener.Close()
	if status := await(t, app, Ready); status.Port != port || status.Starts != 1 {
		t.Errorf("got %+v", status)
	}
}

func TestNewChecksTheCommand(t *testing.T) {
	for want, command := range map[string][]string{
		"no command":      nil,
		"not found":       {"surely-there-is-no-such-program"},
		"{nope}":          {"sh", "{nope}"},
		"no such file":    {"/nowhere/app"},
		"permission":      {"/etc/passwd"},
		"single brace":    {"sh", "}"},
		"is a directory;": {"/etc"},
	} {
		_, err := New(Config{Command: command})
		if want == "is a directory;" {
			want = "cannot run"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", command, err, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	for failures, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 1000: 30 * time.Second} {
		for range 100 {
			if got := (BackoffConfig{}).withDefaults().pause(failures); got > most || got < most*4/5 {
				t.Fatalf("after %d failures: %s, want %s less at most a fifth", failures, got, most)
			}
		}
	}
}

func TestAppThatGoesToTheBackground(t *testing.T) {
	for role, name := range map[string]string{"daemon": "at once", "slow daemon": "before it listens"} {
		output, err := supervisorOf(role)
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		if want := "exit: went to the background: its first process ended with exit code 0 and left process "; !strings.Contains(output, want) ||
			!strings.Contains(output, "stay in the foreground") || !strings.Contains(output, "code: 1\n") || !strings.Contains(output, "no child is left: true\n") {
			t.Errorf("%s: got %q", name, output)
		}
	}
}

func TestHelperThatIsLeftIsNoFailure(t *testing.T) {
	output, err := supervisorOf("helper")
	if err != nil || !strings.Contains(output, "exit: ended with exit code 0\n") || !strings.Contains(output, "no child is left: true\n") {
		t.Errorf("got %q, %v", output, err)
	}
}

// supervisorOf runs a supervisor whose app ends by itself.
func supervisorOf(role string) (string, error) {
	supervisor := exec.Command(os.Args[0], "0", role)
	supervisor.Env = append(os.Environ(), roleVariable+"=supervisor")
	output, err := supervisor.CombinedOutput()
	return string(output), err
}
