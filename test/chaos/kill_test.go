//go:build e2e

package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

const (
	kills = 200
	// delay is the pause before the app is started again.
	delay = 50 * time.Millisecond
	// life is how long an app serves its visitors before it ends, once they are back.
	life = 60 * time.Millisecond
	// usual bounds the time from an app's end to the answer of the next, in half
	// of all cases: the pause, what it takes to end its children, and a start on
	// a machine that is busy with the load. recovery bounds it in nine of ten, as
	// such a machine also has seconds in which nothing goes on at all. What takes
	// longer than patience fails in any case.
	usual, recovery = 3 * time.Second, 10 * time.Second
	// deafEvery is how often the children are deaf.
	deafEvery = 40
)

// endings are the ways that an app ends.
var endings = []struct {
	name   string
	signal syscall.Signal
}{
	{"SIGKILL", syscall.SIGKILL}, {"SIGTERM", syscall.SIGTERM}, {"SIGSEGV", syscall.SIGSEGV},
	{"exit 0", syscall.SIGUSR1}, {"exit 3", syscall.SIGUSR2},
}

// The app ends two hundred times, in every way, while visitors come and stay.
// Nobody hangs, nothing of an app outlives it, our program grows in no respect,
// and the next app is there as soon as the backoff says.
func TestTwoHundredDeathsLeaveNothing(t *testing.T) {
	deaf := filepath.Join(t.TempDir(), "deaf")
	s := start(t, setup{
		flags: []string{
			"--restart=always", fmt.Sprintf("--restart-delay=%g", delay.Seconds()), "--restart-limit=1000", "--restart-reset-after=0.01",
			"--no-logs", // of crashes it would be full
		},
		app: []string{"--family", "--deaf=" + deaf},
	})
	// What is there once is not a leak: pools, pages, the first metrics.
	warmUp := s.visit(t)
	app := s.die(t, 0, syscall.SIGKILL).next
	time.Sleep(time.Second)
	warmUp.end(t)
	// An app's end empties the pool of connections to it.
	app = s.die(t, app, syscall.SIGKILL).next
	before := s.settled(t, measures{goroutines: 1e9, descriptors: 1e9})

	l := s.visit(t)
	var all []death
	for i := range kills {
		way := endings[i%len(endings)]
		if i%deafEvery == deafEvery-1 {
			// The next one's children are deaf, and this one's are not.
			if err := os.WriteFile(deaf, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, patience, l.isThere)
		pause(t.Context(), life)
		d := s.die(t, app, way.signal)
		d.way = way.name
		if i%deafEvery == 0 && i > 0 {
			d.way += ", deaf children"
		}
		if _, err := os.Stat(deaf); err == nil {
			if err := os.Remove(deaf); err != nil {
				t.Fatal(err)
			}
		}
		app = d.next
		all = append(all, d)
	}
	seen := l.end(t)
	s.die(t, app, syscall.SIGKILL)
	after := s.settled(t, before)

	t.Logf("%s", table(all))
	t.Logf("requests: %d by wrk, %d slow ones answered, %d broken off, %d hung; the longest wait %s", seen.requests, l.answered.Load(), l.broken.Load(), int64(seen.timeouts)+l.unanswered.Load(), l.longest.Round(time.Millisecond))
	t.Logf("websockets: %d opened, %d messages, %d closed, %d hung", l.opened.Load(), l.messages.Load(), l.closed.Load(), l.stuck.Load())
	t.Logf("before: %s", before)
	t.Logf("after:  %s", after)
	t.Logf("wrk:\n%s", seen.text)

	if n := int64(seen.timeouts) + l.unanswered.Load() + l.stuck.Load(); n > 0 {
		t.Errorf("%d requests or websockets hung for %s", n, hung)
	}
	if seen.refused > 0 {
		t.Errorf("%d connections were refused", seen.refused)
	}
	if len(l.strange) > 0 {
		t.Errorf("strange answers: %v", l.strange)
	}
	// Each death should have met visitors of every kind.
	if served := seen.requests - seen.turnedAway; served < 10*kills || l.answered.Load() < 10*kills || l.broken.Load() < kills || l.closed.Load() < 10*kills {
		t.Errorf("there was not enough load to prove anything: the app served %d requests of wrk", served)
	}
	took := make([]time.Duration, len(all))
	for i, d := range all {
		took[i] = d.took
		if len(d.left) > 0 {
			t.Errorf("after %s of %d, when the next was ready, these were left: %v", d.way, d.app, d.left)
		}
	}
	if half, most := share(took, 50), share(took, 90); half > usual || most > recovery {
		t.Errorf("half of the recoveries took up to %s, and nine of ten up to %s", half, most)
	}
	if n := s.zombies(t); n > 0 {
		t.Errorf("%d zombies are left", n)
	}
	if after.goroutines > before.goroutines || after.descriptors > before.descriptors {
		t.Errorf("goroutines or descriptors have leaked: before %s, after %s", before, after)
	}
	if grown := after.heap - before.heap; grown > 8<<20 {
		t.Errorf("our program's heap has grown by %.1f MiB", grown/(1<<20))
	}
	// The race detector remembers what it has seen, in memory of its own.
	if grown := after.memory - before.memory; grown > 16<<20 && os.Getenv("E2E_RACE") != "1" {
		t.Errorf("our program has grown by %.1f MiB", grown/(1<<20))
	}
}

// death is one end of an app.
type death struct {
	way       string
	app, next int
	// took is from the end to the next app's first answer; left is what was
	// there of the old one by then.
	took time.Duration
	left []bed.Process
}

// die ends the app, which is found if it is 0, and waits for the next.
func (s *server) die(t *testing.T, app int, signal syscall.Signal) death {
	t.Helper()
	if app == 0 {
		var err error
		if app, err = s.app(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	if err := syscall.Kill(app, signal); err != nil {
		t.Fatal(err)
	}
	d := death{app: app, next: s.awaitOther(t, app)}
	d.took = time.Since(begun)
	left, err := bed.ProcessesWith(fmt.Sprintf("VICTIM=%d\x00", app))
	if err != nil {
		t.Fatal(err)
	}
	d.left = left
	return d
}

// settled waits until nobody is there any more and our program has come to
// rest: to no more than it had before, or for as long as idle connections are
// kept.
func (s *server) settled(t *testing.T, before measures) measures {
	t.Helper()
	last, calm := s.measure(t), 0
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		now := s.measure(t)
		if now.goroutines == last.goroutines && now.descriptors == last.descriptors {
			calm++
		} else {
			calm = 0
		}
		last = now
		if calm >= 5 && now.goroutines <= before.goroutines && now.descriptors <= before.descriptors {
			break
		}
	}
	return last
}

// share is what so many of a hundred do not exceed.
func share(of []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

// table shows the recoveries by the way of the end.
func table(all []death) string {
	times := map[string][]time.Duration{}
	var ways []string
	for _, d := range all {
		if times[d.way] == nil {
			ways = append(ways, d.way)
		}
		times[d.way] = append(times[d.way], d.took)
	}
	slices.Sort(ways)
	var out strings.Builder
	fmt.Fprintf(&out, "\n%-24s %6s %9s %9s %9s %8s\n", "end of the app", "times", "median", "95 %", "longest", "orphans")
	for _, way := range ways {
		orphans := 0
		for _, d := range all {
			if d.way == way {
				orphans += len(d.left)
			}
		}
		show := func(percent int) string { return share(times[way], percent).Round(time.Millisecond).String() }
		fmt.Fprintf(&out, "%-24s %6d %9s %9s %9s %8d\n", way, len(times[way]), show(50), show(95), show(100), orphans)
	}
	return out.String()
}
