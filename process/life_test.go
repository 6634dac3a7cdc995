package process

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// never awaits that nothing happens for a moment: the one thing for which
// there is no event.
func never(t *testing.T, app *App, state State) {
	t.Helper()
	for range 20 {
		if got := app.Status().State; got == state {
			t.Fatalf("got %+v", app.Status())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func get(t *testing.T, app *App, path string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer(app)}}
	resp, err := client.Get("http://app" + path)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestLazyStartAwaitsTheFirstVisitor(t *testing.T) {
	prepared := make(chan bool, 1)
	app, _ := start(t, "web", func(c *Config) {
		c.Lazy = true
		c.Prepare = func(context.Context, func(Progress)) (Prepared, error) {
			prepared <- true
			return Prepared{}, nil
		}
	})
	never(t, app, Starting)
	if len(prepared) != 0 {
		t.Error("it was prepared though nobody came")
	}
	app.Wake("")
	await(t, app, Ready)
	<-prepared
}

func TestPreparation(t *testing.T) {
	dir := t.TempDir()
	var tries atomic.Int32
	proceed := make(chan bool)
	app, _ := start(t, "environment", func(c *Config) {
		c.Prepare = func(_ context.Context, report func(Progress)) (Prepared, error) {
			report(Progress{"Receiving objects", 42})
			<-proceed
			if tries.Add(1) == 1 {
				return Prepared{}, errors.New("no such repository")
			}
			return Prepared{Dir: dir, Env: append(os.Environ(), roleVariable+"=environment", "A=prepared")}, nil
		}
	})
	status := await(t, app, Preparing)
	for status.Progress == nil {
		status = app.Status()
	}
	if *status.Progress != (Progress{"Receiving objects", 42}) {
		t.Errorf("got %+v", status.Progress)
	}
	app.Retry() // means nothing now, and is not kept
	proceed <- true
	status = await(t, app, Failed)
	if status.Progress != nil || status.LastExit.String() != "could not be prepared: no such repository" || status.Starts != 0 {
		t.Errorf("got %+v", status)
	}
	never(t, app, Preparing)
	app.Retry()
	proceed <- true
	if status := await(t, app, Ready); status.LastExit != nil {
		t.Errorf("got %+v", status)
	}
	awaitLog(t, app, "dir="+dir+" PWD="+dir+" A=prepared")
}

func TestStopEndsThePreparation(t *testing.T) {
	app, ended := start(t, "web", func(c *Config) {
		c.Prepare = func(ctx context.Context, _ func(Progress)) (Prepared, error) {
			<-ctx.Done()
			return Prepared{}, ctx.Err()
		}
	})
	await(t, app, Preparing)
	app.Stop(syscall.SIGTERM)
	<-ended
	if status := app.Status(); status.State != Stopped || status.Starts != 0 {
		t.Errorf("got %+v", status)
	}
}

func TestStopDoesNotAwaitADeafPreparation(t *testing.T) {
	release := make(chan bool)
	app, ended := start(t, "web", func(c *Config) {
		c.Grace = 10 * time.Millisecond
		c.Prepare = func(context.Context, func(Progress)) (Prepared, error) {
			<-release
			return Prepared{}, nil
		}
	})
	await(t, app, Preparing)
	app.Stop(syscall.SIGTERM)
	<-ended
	close(release)
}

// use is what the proxy counts.
type use struct {
	mu   sync.Mutex
	open int
	last time.Time
}

func (u *use) get() (int, time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.open, u.last
}

func (u *use) set(open int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.open, u.last = open, time.Now()
}

func TestIdleStopAndWake(t *testing.T) {
	const after = 80 * time.Millisecond
	u := &use{open: 1}
	app, ended := start(t, "stubborn", func(c *Config) {
		c.IdleStop, c.Use, c.Restart, c.Grace = after, u.get, Always, time.Hour
	})
	first := await(t, app, Ready)
	time.Sleep(2 * after)
	if status := app.Status(); status.State != Ready {
		t.Fatalf("it was stopped in use: %+v", status)
	}
	began := time.Now()
	u.set(0)
	status := await(t, app, Waiting)
	if !status.Asleep || time.Since(began) < after {
		t.Errorf("after %s: %+v", time.Since(began), status)
	}
	awaitUnreachable(t, app) // though it does not end yet
	app.Signal(syscall.SIGKILL)
	awaitGone(t, first.PID)
	never(t, app, Starting)
	u.set(1)
	app.Wake("anyone")
	second := await(t, app, Ready)
	if second.Starts != 2 || second.Asleep || second.LastExit != nil {
		t.Errorf("got %+v", second)
	}
	u.set(0)
	await(t, app, Waiting)
	app.Stop(syscall.SIGTERM)
	app.Signal(syscall.SIGKILL)
	<-ended
	if status := app.Status(); status.State != Stopped || status.Asleep {
		t.Errorf("got %+v", status)
	}
}

func awaitUnreachable(t *testing.T, app *App) {
	t.Helper()
	for deadline := time.Now().Add(longest); ; time.Sleep(time.Millisecond) {
		conn, err := app.Dial(t.Context())
		if err != nil {
			return
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("it can still be reached")
		}
	}
}

// An app that was just woken is out of use from when it is ready, however long
// the last visit is ago.
func TestUseBeginsWithTheReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const after, moment = time.Minute, time.Millisecond
		before := time.Now()
		time.Sleep(time.Hour)
		r := &run{App: &App{config: Config{IdleStop: after, Use: func() (int, time.Time) { return 0, before }}}, ready: time.Now()}
		time.Sleep(after - moment)
		if r.outOfUse() {
			t.Error("it is out of use too early")
		}
		time.Sleep(moment)
		if !r.outOfUse() {
			t.Error("it is not out of use")
		}
	})
}

// A request that comes at the last moment is counted before it asks for the
// state: it keeps the app.
func TestARequestInTheLastMomentKeepsTheApp(t *testing.T) {
	var itself atomic.Pointer[App]
	asked := make(chan bool, 1)
	app, _ := start(t, "web", func(c *Config) {
		c.IdleStop = 20 * time.Millisecond
		c.Use = func() (int, time.Time) {
			if itself.Load().Status().State == Waiting {
				select {
				case asked <- true:
				default:
				}
				return 1, time.Time{} // it came between the decision and now
			}
			return 0, time.Time{}
		}
	}, func(a *App) { itself.Store(a) })
	await(t, app, Ready)
	<-asked
	if status := await(t, app, Ready); status.Starts != 1 || status.Asleep {
		t.Errorf("got %+v", status)
	}
}

func TestIdleStopWithoutUseIsRefused(t *testing.T) {
	if _, err := New(Config{Command: []string{"/bin/sh"}, IdleStop: time.Second}); err == nil {
		t.Error("accepted")
	}
}

func TestRestart(t *testing.T) {
	app, _ := start(t, "web", func(c *Config) {
		c.Restart = OnFailure
		c.Backoff = BackoffConfig{First: time.Hour, Last: time.Hour, Limit: 1}
	})
	first := await(t, app, Ready)
	for n := range 3 {
		app.Restart()
		awaitStarts(t, app, n+2)
		status := await(t, app, Ready)
		if status.PID == first.PID || status.LastExit != nil {
			t.Errorf("got %+v", status)
		}
	}
	awaitGone(t, first.PID)
	app.Signal(syscall.SIGKILL)
	await(t, app, Backoff) // the first failure, after all
	app.Restart()
	await(t, app, Ready)
}

func awaitStarts(t *testing.T, app *App, starts int) {
	t.Helper()
	for deadline := time.Now().Add(longest); app.Status().Starts < starts; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", app.Status())
		}
	}
}

func TestRetryFromFailed(t *testing.T) {
	app, _ := start(t, "3", func(c *Config) {
		c.Restart = OnFailure
		c.Backoff = BackoffConfig{First: time.Millisecond, Last: time.Millisecond, Limit: 2}
	})
	if status := await(t, app, Failed); status.Starts != 3 || status.LastExit.Code != 3 || !status.NextStart.IsZero() {
		t.Errorf("got %+v", status)
	}
	app.Retry()
	awaitStarts(t, app, 6)
	if status := await(t, app, Failed); status.Starts != 6 {
		t.Errorf("got %+v", status)
	}
}

func TestRetryFromBackoff(t *testing.T) {
	app, ended := start(t, "3", func(c *Config) {
		c.Restart = OnFailure
		c.Backoff = BackoffConfig{First: time.Hour, Last: time.Hour}
	})
	if status := await(t, app, Backoff); time.Until(status.NextStart) < 40*time.Minute {
		t.Errorf("got %+v", status)
	}
	app.Retry()
	awaitStarts(t, app, 2)
	await(t, app, Backoff)
	app.Stop(syscall.SIGTERM)
	<-ended
}

// Whoever sees that the app waits for its next start sees when that is.
func TestBackoffIsNeverSeenWithoutTheNextStart(t *testing.T) {
	app, err := New(Config{Command: []string{"/bin/sh"}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 1000 {
			app.pause(Exit{}, time.Microsecond)
			app.change(func(s *Status) { s.State = Starting })
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		if status := app.Status(); status.State == Backoff && status.NextStart.IsZero() {
			<-done
			t.Fatalf("got %+v", status)
		}
	}
}

func TestStopWhileItRestarts(t *testing.T) {
	app, ended := start(t, "stubborn", func(c *Config) { c.Grace = time.Hour })
	await(t, app, Ready)
	app.Restart()
	await(t, app, Starting)
	app.Stop(syscall.SIGTERM)
	app.Signal(syscall.SIGKILL)
	<-ended
	if status := app.Status(); status.Starts != 1 || status.State != Stopped {
		t.Errorf("got %+v", status)
	}
}

func TestHealthChecks(t *testing.T) {
	for path, test := range map[string]struct {
		timeout time.Duration // longer than this machine may stand still
		want    string
	}{
		"/health": {longest, "failed 3 health checks in a row on path /health: it answered with status 503"},
		"/hang":   {2 * time.Second, "failed 3 health checks in a row on path /hang: it took the connection, but gave no answer within"},
	} {
		t.Run(path, func(t *testing.T) {
			const twice, end = "in_a_row=2", `msg="the app failed 3 health checks`
			at := newMoments(twice, end)
			app, _ := start(t, "sick", func(c *Config) {
				c.Restart, c.Log = OnFailure, at.logger()
				c.Backoff = BackoffConfig{First: 50 * time.Millisecond}
				c.Health = Health{Path: path, Interval: 20 * time.Millisecond, Timeout: test.timeout, Failures: 3}
			}, at.app.Store)
			first := await(t, app, Ready)
			never(t, app, Backoff)
			get(t, app, "/fall-ill")
			if status := <-at.seen[twice]; status.State != Ready || status.Health == "" {
				t.Errorf("the status does not tell of the failed checks: %+v", status)
			}
			if status := <-at.seen[end]; status.State != Backoff || !strings.HasPrefix(status.LastExit.String(), test.want) || status.LastExit.Success() {
				t.Errorf("got %+v, want %q", status, test.want)
			}
			second := await(t, app, Ready)
			if second.PID == first.PID || second.Health != "" {
				t.Errorf("got %+v", second)
			}
		})
	}
}

func TestFiftyStartsLeaveNothing(t *testing.T) {
	const starts = 50
	count := func() (goroutines, descriptors int) {
		// Goroutines of net/http's connections need a moment to see their end.
		for range 200 {
			goroutines = runtime.NumGoroutine()
			time.Sleep(time.Millisecond)
			if runtime.NumGoroutine() == goroutines {
				break
			}
		}
		entries, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Fatal(err)
		}
		return goroutines, len(entries)
	}
	app, ended := start(t, "web", func(c *Config) {
		c.Restart, c.Socket, c.Command = Always, Fresh, []string{os.Args[0], "{unix_socket}"}
		c.Env = append(c.Env, roleVariable+"=unix")
		c.Health = Health{Path: "/", Interval: time.Millisecond}
		c.Output = func(Piece) {}
	})
	await(t, app, Ready)
	goroutines, descriptors := count()
	for n := range starts {
		app.Restart()
		awaitStarts(t, app, n+2)
		await(t, app, Ready)
	}
	for deadline := time.Now().Add(longest); ; time.Sleep(10 * time.Millisecond) {
		g, d := count()
		if g <= goroutines+2 && d <= descriptors+2 {
			break
		}
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines and %d descriptors became %d and %d\n%s", goroutines, descriptors, g, d, stacks[:runtime.Stack(stacks, true)])
		}
	}
	app.Stop(syscall.SIGTERM)
	<-ended
}

func TestSignalsDoNothingWithoutAProcess(t *testing.T) {
	app, _ := start(t, "web", func(c *Config) { c.Lazy = true })
	app.Signal(syscall.SIGTERM)
	if _, err := app.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), "not running") {
		t.Errorf("got %v", err)
	}
	app.Wake("")
	await(t, app, Ready)
}

func ExampleExit_String() {
	fmt.Println("the app", Exit{Code: 3})
	fmt.Println("the app", Exit{Code: -1, Signal: syscall.SIGKILL})
	// Output:
	// the app ended with exit code 3
	// the app was ended by signal 9 (killed)
}

func TestAppThatClosesItsPipesIsStillLookedAfter(t *testing.T) {
	app, ended := start(t, "closed pipes", nil)
	await(t, app, Ready)
	never(t, app, Failed)
	app.Signal(syscall.SIGKILL)
	if exit := <-ended; exit.Signal != syscall.SIGKILL {
		t.Errorf("got %+v", exit)
	}
}

func TestSuspendedAppIsStopped(t *testing.T) {
	app, ended := start(t, "web", func(c *Config) { c.Grace = time.Hour })
	await(t, app, Ready)
	app.Signal(syscall.SIGSTOP)
	app.Stop(syscall.SIGTERM)
	if exit := <-ended; exit.Signal != syscall.SIGTERM {
		t.Errorf("got %+v", exit)
	}
}

func TestRestartOnTheSamePort(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	app, _ := start(t, "web", func(c *Config) { c.Port, c.Restart = port, OnFailure })
	for n := range 3 {
		awaitStarts(t, app, n+1)
		if status := await(t, app, Ready); status.Port != port || status.LastExit != nil || get(t, app, "/") != 500 {
			t.Errorf("got %+v", status)
		}
		// A connection that the app closes keeps its port for a while.
		conn, err := app.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		app.Restart()
	}
}

func TestHealthChecksThatFailNowAndThen(t *testing.T) {
	app, _ := start(t, "flaky", func(c *Config) {
		c.Health = Health{Path: "/health", Interval: 2 * time.Millisecond, Failures: 2}
	})
	await(t, app, Ready)
	for failed := 0; failed < 5; {
		status := app.Status()
		if status.State != Ready {
			t.Fatalf("got %+v", status)
		}
		if status.Health != "" {
			failed++
			for app.Status().Health != "" {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

func TestRestartOfAnAppThatWaitsMeansNothing(t *testing.T) {
	app, _ := start(t, "web", func(c *Config) { c.Lazy = true })
	app.Restart()
	never(t, app, Starting)
	app.Wake("")
	await(t, app, Ready)
	never(t, app, Starting)
	if status := app.Status(); status.Starts != 1 {
		t.Errorf("got %+v", status)
	}
}
