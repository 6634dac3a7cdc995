package singleuser

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// logBacklog is how much of our log waits for whoever reads it, in bytes.
	logBacklog = 1 << 20
	// logFarewell is how long we wait at our end for what still waits. It comes
	// after as long a wait for what takes the app's output; see sinksGrace.
	logFarewell = 3 * time.Second
)

// logWriter passes our log on without ever waiting for its reader: a standard
// error that is a pipe which nobody reads would hold up every request. What
// does not fit is left out, and counted.
type logWriter struct {
	out  io.Writer
	name string // of the program

	mu      sync.Mutex
	pending []byte
	lost    int
	closed  bool
	some    chan struct{} // something is pending, or it is closed
	done    chan struct{}
}

func newLogWriter(out io.Writer, name string) *logWriter {
	w := &logWriter{out: out, name: name, some: make(chan struct{}, 1), done: make(chan struct{})}
	go w.pass()
	return w
}

// Write takes a whole record.
func (w *logWriter) Write(record []byte) (int, error) {
	w.mu.Lock()
	if len(w.pending)+len(record) > logBacklog {
		w.lost++
	} else {
		w.pending = append(w.pending, record...)
	}
	w.mu.Unlock()
	w.tell()
	return len(record), nil
}

func (w *logWriter) tell() {
	select {
	case w.some <- struct{}{}:
	default: // it was told, and has not looked yet
	}
}

func (w *logWriter) pass() {
	defer close(w.done)
	var spare []byte
	for range w.some {
		w.mu.Lock()
		records, lost, closed := w.pending, w.lost, w.closed
		w.pending, w.lost = spare[:0], 0
		w.mu.Unlock()
		// A log that cannot be written has no other place.
		_, _ = w.out.Write(records)
		if lost > 0 {
			fmt.Fprintf(w.out, "%s: %d lines of the log were left out, as nobody read it\n", w.name, lost)
		}
		spare = records
		if closed {
			return
		}
	}
}

// Close passes on what waits, if that does not take long.
func (w *logWriter) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.tell()
	select {
	case <-w.done:
	case <-time.After(logFarewell):
	}
}

// lockedWriter lets our log and the app's share an output.
type lockedWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}
