package process

import (
	"bytes"
	"log/slog"
	"sync"
	"sync/atomic"
)

// logged is what was written to a log.
type logged struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// moments are an app's statuses at those records of its log that have certain
// texts: some states are over too soon to be seen by who looks now and then.
type moments struct {
	app  atomic.Pointer[App]
	seen map[string]chan Status // by the text
}

func newMoments(texts ...string) *moments {
	m := &moments{seen: map[string]chan Status{}}
	for _, text := range texts {
		m.seen[text] = make(chan Status, 1)
	}
	return m
}

func (m *moments) Write(record []byte) (int, error) {
	for text, seen := range m.seen {
		if bytes.Contains(record, []byte(text)) {
			select {
			case seen <- m.app.Load().Status():
			default: // the first is what counts
			}
		}
	}
	return len(record), nil
}

func (m *moments) logger() *slog.Logger { return slog.New(slog.NewTextHandler(m, nil)) }
