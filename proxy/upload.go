package proxy

import (
	"net/http"
	"sync/atomic"
	"time"
)

// visitorError is a fault in reading what the visitor sends.
type visitorError struct{ error }

func (e *visitorError) Unwrap() error { return e.error }

// upload is a request's body on its way to the app, in a goroutine of its own
// so that the app can answer before it has read everything.
type upload struct {
	// whole says that the body was read to its end, so that what follows it is
	// another request. It is set before the app can have all of it, and answer.
	whole atomic.Bool
	done  chan struct{}
	read  error // the visitor's fault
	sent  error // the app's
}

func (p *Proxy) startUpload(w http.ResponseWriter, r *http.Request, conn *upstreamConn) *upload {
	// Without this, the server would read the body to its end before the
	// first byte of the answer. Only HTTP/2 has no need of it and says so.
	_ = http.NewResponseController(w).EnableFullDuplex()
	up := &upload{done: make(chan struct{})}
	go func() {
		defer close(up.done)
		buffer := p.buffers.get()
		defer p.buffers.put(buffer)
		last := time.Now()
		up.read, up.sent = p.writeBody(conn, r, *buffer, func() {
			// As long as the body moves, the app is not late with its answer.
			if now := time.Now(); p.timeout > 0 && now.Sub(last) > p.timeout/16 {
				last = now
				_ = conn.SetReadDeadline(now.Add(p.timeout))
			}
		}, func() { up.whole.Store(true) })
		if up.read != nil {
			conn.Close() // wakes who waits for an answer to half a request
		}
	}()
	return up
}

// reading says whether more of the body may come from the visitor. It is
// nil-safe, as a request without a body has no upload.
func (u *upload) reading() bool { return u != nil && !u.whole.Load() }

// finish ends an upload that nobody waits for any more, and says whether all
// was sent.
func (u *upload) finish(w http.ResponseWriter, conn *upstreamConn) bool {
	if u == nil {
		return true
	}
	complete := true
	select {
	case <-u.done:
	default:
		complete = false
		conn.Close()
		if u.reading() {
			// Else the server waits for the next request already.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now())
		}
		<-u.done
	}
	if u.read != nil {
		// Where the body ends is not known, so what follows it must not be
		// taken for a request.
		w.Header().Set("Connection", "close")
	}
	return complete && u.read == nil && u.sent == nil
}

// broken is the visitor's fault in sending the body, if there was one.
func (u *upload) broken() error {
	if u == nil {
		return nil
	}
	select {
	case <-u.done:
		if u.read != nil {
			return &visitorError{u.read}
		}
	default:
	}
	return nil
}
