package process

import (
	"bytes"
	"fmt"
	"sync"
	"time"
)

const (
	// queueBytes bounds what waits for the sinks; as much again is being
	// delivered.
	queueBytes = 512 << 10
	// markCost is what a chunk takes beside its data, in bytes.
	markCost = 64
	// patience is how long the app's output may wait in all for sinks that are
	// merely busy, so that a burst is not cut for them; each second that passes
	// gives back a twentieth of a second of it. So a slow sink costs the app at
	// most that much, and one that is stuck costs it no more than once.
	patience = 200 * time.Millisecond
	giveBack = 20
	// sinksGrace is how long the sinks may take at our end for what still waits:
	// longer than a busy machine stands still, and no more, as one that is stuck
	// takes all of it, and Docker kills ten seconds after a request to stop.
	sinksGrace = 3 * time.Second
	// tooShort is not worth a wait.
	tooShort = time.Millisecond
	// sameTime is how close two chunks have to be to count as one.
	sameTime = time.Millisecond
)

// Dropped is the stream of a piece that says what was left out.
const Dropped = "dropped"

// queue stands between the app's output and the sinks: the app never waits for
// them for long, and what they cannot take in time is counted and left out.
type queue struct {
	lines, raw Sink
	patience   time.Duration // a constant, but for tests
	filled     chan struct{} // holds an event when there is something to take
	delivered  chan struct{} // closed when all is

	mu      sync.Mutex
	data    []byte
	marks   []mark
	lost    loss
	room    chan struct{} // closed when there is room again
	credit  time.Duration // what is left of patience
	counted time.Time     // when the credit was looked at last
	closed  bool
}

// mark is a chunk in a queue's data.
type mark struct {
	time   time.Time
	stream int
	length int
	end    bool // of the stream
}

// loss is what was left out.
type loss struct{ bytes, lines int }

func newQueue(lines, raw Sink) *queue {
	return &queue{lines: lines, raw: raw, patience: patience, filled: make(chan struct{}, 1), delivered: make(chan struct{}), room: make(chan struct{})}
}

// put takes a chunk, or the end of a stream.
func (q *queue) put(stream int, data []byte, end bool) {
	if q.lines == nil && q.raw == nil {
		return
	}
	m := mark{time: time.Now(), stream: stream, length: len(data), end: end}
	for {
		room, credit := q.offer(m, data)
		if room == nil {
			return
		}
		began := time.Now()
		timer := time.NewTimer(credit)
		select {
		case <-room:
		case <-timer.C:
		}
		timer.Stop()
		q.spend(time.Since(began))
	}
}

// offer takes a chunk if there is room; otherwise it returns what to wait for,
// and how long, or leaves the chunk out if there was enough waiting.
func (q *queue) offer(m mark, data []byte) (<-chan struct{}, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.credit = min(q.patience, q.credit+now.Sub(q.counted)/giveBack)
	q.counted = now
	// The end of a stream has no data, and always fits.
	full := !m.end && len(q.data)+len(data)+(len(q.marks)+1)*markCost > queueBytes
	switch {
	case full && q.lost.bytes == 0 && q.credit > tooShort:
		return q.room, q.credit
	case full, q.lost.bytes > 0 && !m.end:
		q.lost.bytes += len(data)
		q.lost.lines += bytes.Count(data, []byte{'\n'})
		return nil, 0
	}
	q.data = append(q.data, data...)
	if last := len(q.marks) - 1; last >= 0 && q.marks[last].stream == m.stream && !q.marks[last].end && m.time.Sub(q.marks[last].time) < sameTime {
		q.marks[last].length += m.length
		q.marks[last].end = m.end
	} else {
		q.marks = append(q.marks, m)
	}
	tell(q.filled)
	return nil, 0
}

// spend takes what was waited from the credit. What was longer than that was no
// wait for the sinks: this machine stood still.
func (q *queue) spend(waited time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.credit = max(0, q.credit-waited)
}

// deliver hands everything to the sinks, until close.
func (q *queue) deliver() {
	defer close(q.delivered)
	var split [len(streams)]splitter
	var at time.Time
	for i := range split {
		split[i].emit = func(line []byte, more bool) {
			q.lines(Piece{Time: at, Stream: streams[i], Data: line, More: more})
		}
	}
	var data []byte
	var marks []mark
	for open := true; open; {
		<-q.filled
		var lost loss
		data, marks, lost, open = q.take(data, marks)
		rest := data
		for _, m := range marks {
			at = m.time
			chunk := rest[:m.length]
			rest = rest[m.length:]
			if q.raw != nil && len(chunk) > 0 {
				q.raw(Piece{Time: at, Stream: streams[m.stream], Data: chunk})
			}
			if q.lines != nil {
				split[m.stream].write(chunk)
				if m.end {
					split[m.stream].flush()
				}
			}
		}
		if lost.bytes > 0 {
			at = time.Now()
			q.tellLoss(lost, split[:])
		}
	}
}

// take swaps what has come for what has been delivered.
func (q *queue) take(data []byte, marks []mark) ([]byte, []mark, loss, bool) {
	const keep = queueBytes / 8
	if cap(data) > keep && len(data) < keep { // a burst that is over grew it
		data, marks = nil, nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	data, q.data = q.data, data[:0]
	marks, q.marks = q.marks, marks[:0]
	lost := q.lost
	q.lost = loss{}
	close(q.room)
	q.room = make(chan struct{})
	return data, marks, lost, !q.closed
}

func (q *queue) tellLoss(lost loss, split []splitter) {
	text := fmt.Sprintf("jhsingle-native-proxy: here, %d lines (%d bytes) of the app's output are left out: they came faster than they could be logged", lost.lines, lost.bytes)
	if q.lines != nil {
		for i := range split {
			split[i].flush()
		}
		q.lines(Piece{Time: time.Now(), Stream: Dropped, Data: []byte(text)})
	}
	if q.raw != nil {
		q.raw(Piece{Time: time.Now(), Stream: Dropped, Data: []byte("\n" + text + "\n")})
	}
}

// close lets deliver end, and waits for it, but not for ever: sinks that are
// stuck do not keep us here.
func (q *queue) close(limit time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	tell(q.filled)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-q.delivered:
	case <-timer.C:
	}
}
