package process

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestRecordsHaveStreamAndTime(t *testing.T) {
	got := map[string]string{}
	began := time.Now()
	app, ended := start(t, "3", func(c *Config) {
		c.Output = func(p Piece) {
			got[p.Stream] += string(p.Data) + "|"
			if p.Time.Before(began) || p.Time.After(time.Now()) || p.More {
				t.Errorf("got %+v", p)
			}
		}
	})
	<-ended
	<-app.queue.delivered
	if len(got) != 1 || got["stderr"] != "exiting with 3|" {
		t.Errorf("got %q", got)
	}
}

func TestBinaryOutputSurvives(t *testing.T) {
	var raw, lines bytes.Buffer
	app, ended := start(t, "binary", func(c *Config) {
		c.Raw = func(p Piece) {
			if p.Stream == "stdout" {
				raw.Write(p.Data)
			}
		}
		c.Output = func(p Piece) {
			if p.Stream == "stdout" {
				if lines.Write(p.Data); !p.More {
					lines.WriteByte('\n')
				}
			}
		}
	})
	await(t, app, Ready)
	app.Stop(syscall.SIGTERM)
	<-ended
	<-app.queue.delivered
	if !bytes.Equal(raw.Bytes(), binaryOutput()) {
		t.Errorf("%d bytes became %d", len(binaryOutput()), raw.Len())
	}
	if want := append(binaryOutput(), '\n'); !bytes.Equal(lines.Bytes(), want) {
		t.Errorf("%d bytes became lines of %d", len(want), lines.Len())
	}
}

// patient lets an app wait for its sinks as long as they take.
func patient(app *App) { app.queue.patience = time.Hour }

// burst lets an app write so many bytes, and returns how long it took.
func burst(t *testing.T, total int, change func(*Config), more ...func(*App)) (took time.Duration, memory uint64) {
	t.Helper()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	app, ended := start(t, "burst", func(c *Config) {
		c.Command = []string{os.Args[0], "{port}", strconv.Itoa(total)}
		change(c)
	}, more...)
	await(t, app, Ready)
	took = time.Since(began)
	runtime.ReadMemStats(&after)
	if after.HeapSys > before.HeapSys {
		memory = after.HeapSys - before.HeapSys
	}
	app.Stop(syscall.SIGTERM)
	<-ended
	return took, memory
}

// burstBytes is what the app writes in a burst here. With 1<<30, which takes a
// second or two, the results are the same.
var burstBytes = 64 << 20

func TestABurstIsNotHeldUpByAStuckSink(t *testing.T) {
	release := make(chan bool)
	defer close(release)
	took, memory := burst(t, burstBytes, func(c *Config) { c.Output = func(Piece) { <-release } })
	if took > time.Minute {
		t.Errorf("the burst took %s", took)
	}
	if memory > 16<<20 {
		t.Errorf("the heap grew by %d bytes", memory)
	}
	t.Logf("%d MiB in %s, heap grew by %d KiB", burstBytes>>20, took, memory>>10)
}

func TestABurstReachesAFastSink(t *testing.T) {
	lines := 0
	var q *queue
	took, memory := burst(t, burstBytes, func(c *Config) {
		c.Output = func(p Piece) {
			if p.Stream == "stdout" && len(p.Data) == 99 {
				lines++
			}
		}
	}, patient, func(a *App) { q = a.queue })
	<-q.delivered
	if lines < burstBytes/100 {
		t.Errorf("%d lines arrived of %d", lines, burstBytes/100)
	}
	if memory > 16<<20 {
		t.Errorf("the heap grew by %d bytes", memory)
	}
	t.Logf("%d MiB in %s, heap grew by %d KiB", burstBytes>>20, took, memory>>10)
}

func TestWhatIsLeftOutIsCounted(t *testing.T) {
	var held atomic.Bool
	held.Store(true)
	release := make(chan bool)
	var lines, raw bytes.Buffer
	q := newQueue(func(p Piece) {
		if held.Load() {
			<-release
			held.Store(false)
		}
		fmt.Fprintf(&lines, "%s\n", p.Data)
	}, func(p Piece) { raw.Write(p.Data) })
	go q.deliver()
	line := []byte(strings.Repeat("z", 99) + "\n")
	const sent = 3 * queueBytes / 100
	for range sent {
		q.put(0, line, false)
	}
	close(release)
	for held.Load() {
		time.Sleep(time.Millisecond)
	}
	q.put(1, []byte("after"), false)
	q.put(1, nil, true)
	q.close(time.Minute)
	for name, text := range map[string]string{"lines": lines.String(), "raw": raw.String()} {
		_, told, found := strings.Cut(text, "here, ")
		var left, size int
		if _, err := fmt.Sscanf(told, "%d lines (%d bytes)", &left, &size); err != nil || !found {
			t.Fatalf("%s: %v in %.200q", name, err, told)
		}
		if arrived := strings.Count(text, string(line)); arrived == 0 || left == 0 || arrived+left < sent || size < left*len(line) {
			t.Errorf("%s: %d lines arrived, %d (%d bytes) were left out of %d", name, arrived, left, size, sent)
		}
	}
}

func TestNobodyWaitsForSinksThatAreStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan bool)
		q := newQueue(func(Piece) { <-release }, nil)
		go q.deliver()
		// The wait itself gives back some of it.
		if took := fill(q); took != patience+patience/giveBack {
			t.Errorf("the app was held up for %s", took)
		}
		const limit = 10 * time.Millisecond
		began := time.Now()
		q.close(limit)
		if took := time.Since(began); took != limit {
			t.Errorf("the end took %s", took)
		}
		close(release)
		<-q.delivered
	})
}

// fill puts more into a queue than it takes, and returns how long that took.
func fill(q *queue) time.Duration {
	began := time.Now()
	chunk := bytes.Repeat([]byte("x\n"), readSize/2)
	for range 200 {
		q.put(0, chunk, false)
	}
	return time.Since(began)
}

// A wait that took longer than it was to, as this machine stood still, takes no
// more than all of the patience.
func TestPatienceComesBackAfterAWaitThatTookTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(func(Piece) {}, nil)
		q.put(0, []byte("x"), false)
		q.spend(time.Minute)
		const pause = time.Second
		time.Sleep(pause)
		if took := fill(q); took < pause/giveBack || took > patience {
			t.Errorf("the app waited for %s", took)
		}
	})
}

func TestBusySinksLoseNothing(t *testing.T) {
	got := 0
	q := newQueue(nil, func(p Piece) { got += len(p.Data); time.Sleep(time.Millisecond) })
	q.patience = time.Hour
	go q.deliver()
	chunk := make([]byte, readSize)
	var readers sync.WaitGroup
	for stream := range streams {
		readers.Go(func() {
			for range 100 {
				q.put(stream, chunk, false)
			}
		})
	}
	readers.Wait()
	q.close(time.Minute)
	if got != 200*readSize {
		t.Errorf("%d bytes of %d arrived", got, 200*readSize)
	}
}

func BenchmarkRing(b *testing.B) {
	var ring Ring
	line := []byte(strings.Repeat("x", 99))
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		ring.Add(line)
	}
}
