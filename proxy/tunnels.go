package proxy

import (
	"sync"
	"sync/atomic"
)

// tunnels knows the open tunnels, so that a shutdown can end them.
type tunnels struct {
	mu     sync.Mutex
	open   map[ender]struct{}
	live   sync.WaitGroup
	closed bool
	total  atomic.Int64
}

// ender is a websocket, of whichever kind, that can be ended. It takes a moment.
type ender interface {
	end(code uint16, reason string)
}

// add registers a tunnel and returns how to take it off again, or false after
// a shutdown.
func (t *tunnels) add(opened ender) (done func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, false
	}
	if t.open == nil {
		t.open = map[ender]struct{}{}
	}
	t.open[opened] = struct{}{}
	t.live.Add(1)
	t.total.Add(1)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, opened)
		t.live.Done()
	}, true
}

func (t *tunnels) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// close ends all tunnels, lets no new ones begin, and waits until they are gone,
// which takes them no longer than a farewell.
func (t *tunnels) close(code uint16, reason string) {
	t.mu.Lock()
	t.closed = true
	for opened := range t.open {
		go opened.end(code, reason)
	}
	t.mu.Unlock()
	t.live.Wait()
}
