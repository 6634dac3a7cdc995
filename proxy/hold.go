package proxy

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/ideonate/jhsingle-native-proxy/auth"
)

// unheld is how much of an answer goes out, in bytes, before its visitor is
// watched.
const unheld = 1 << 20

// errOver ends an event stream whose visitor has no access any more.
var errOver = errors.New("access has ended")

// hold keeps a long answer to those who may have it: once it turns out to be
// long, the visitor is watched, and the answer broken off when access ends.
// Most answers are over before, and cost nothing.
type hold struct {
	pass   *auth.Pass
	conn   net.Conn // to the app
	copied int
	stop   func()
	// over says that access has ended.
	over atomic.Bool
}

// passed notes how much has gone out.
func (h *hold) passed(n int) {
	if h.copied += n; h.copied > unheld {
		h.begin()
	}
}

// begin watches the visitor from now on.
func (h *hold) begin() {
	if h.stop == nil {
		h.stop = h.pass.Watch(func(auth.Ending) {
			h.over.Store(true)
			h.conn.Close()
		})
	}
}

// release ends the watch.
func (h *hold) release() {
	if h.stop != nil {
		h.stop()
	}
}
