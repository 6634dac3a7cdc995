package proxy

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

// drain counts the requests that are being answered, and turns new ones away
// once the server is stopping.
type drain struct {
	next     http.Handler
	homeURL  string
	stopping atomic.Bool
	running  atomic.Int64
	// emptied is told when the last one ended while the server is stopping.
	emptied chan struct{}
}

func (d *drain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Counted first and asked then, so that wait sees each that goes on.
	d.running.Add(1)
	if d.stopping.Load() {
		d.leave()
		d.refuse(w, r)
		return
	}
	defer d.leave()
	d.next.ServeHTTP(w, r)
}

func (d *drain) leave() {
	if d.running.Add(-1) == 0 && d.stopping.Load() {
		select {
		case d.emptied <- struct{}{}:
		default:
		}
	}
}

// begin turns new requests away from now on.
func (d *drain) begin() { d.stopping.Store(true) }

// wait returns when all requests from before begin have ended, or ctx has.
func (d *drain) wait(ctx context.Context) {
	for d.running.Load() > 0 {
		select {
		case <-d.emptied:
		case <-ctx.Done():
			return
		}
	}
}

// refuse answers without the gate, so it says nothing of the app. That the
// connection ends with it is the recorder's doing.
func (d *drain) refuse(w http.ResponseWriter, r *http.Request) {
	p := page.Page{
		Status: http.StatusServiceUnavailable, State: "stopping", RetryAfter: 5,
		Title:   "This server is being stopped",
		Message: "It finishes what it has begun, and takes nothing new. Start it again from JupyterHub to go on.",
	}
	if d.homeURL != "" {
		p.Actions = []page.Action{{Label: "JupyterHub home", URL: d.homeURL}}
	}
	page.Write(w, r, p)
}
