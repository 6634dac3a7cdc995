package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/auth"
)

// lingering is how long one direction of a tunnel may go on alone after the
// other has ended.
const lingering = 10 * time.Second

// farewell is how long both ends of a tunnel that we end have to go: to finish
// the frame under way, and to take the reason, also where the machine stands still
// for a moment. Shutdown waits for it, so it is less than what a stop of the
// default time leaves for that.
const farewell = 4 * time.Second

// tunnel passes a websocket handshake on. If the app agrees, bytes flow both
// ways, as they are: subprotocols, extensions, pings and close codes are
// between the visitor and the app.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// What follows the handshake's head is websocket data. A body would
		// leave open where that begins.
		p.fail(w, r, fmt.Errorf("%w: a websocket handshake has no body", errBadRequest))
		return
	}
	// Never an idle connection: it will not come back.
	conn, err := p.upstream.take(r.Context(), true)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	defer conn.Close()
	unwatch := context.AfterFunc(r.Context(), func() { conn.Close() })
	defer unwatch()
	// From before the handshake, so that a logout in the meantime is felt.
	t := &tunnel{proxy: p, app: &tunnelEnd{conn: conn, limit: p.limit()}}
	stop := auth.PassOf(r.Context()).Watch(func(why auth.Ending) { t.end(closeCode(why), why.Reason) })
	defer stop()

	resp, err := p.handshake(conn, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		// The app's refusal is an ordinary answer.
		p.writeResponseHead(w, resp, false)
		if err := p.copyBody(w, r, conn, resp); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}

	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.fail(w, r, fmt.Errorf("cannot take over the visitor's connection: %w", err))
		return
	}
	defer client.Close()
	// The end of the visitor's side is from now on the tunnel's to pass on, and
	// no reason to drop what the app still says. (The server's reader, which we
	// got, cancels the request's context at it.)
	if !unwatch() {
		return
	}
	// The server's deadlines were for the request.
	if err := errors.Join(client.SetDeadline(time.Time{}), conn.SetDeadline(time.Time{})); err != nil {
		return
	}
	if err := p.writeSwitch(buffered.Writer, w.Header(), resp); err != nil {
		return
	}
	if !t.meet(client) {
		return // access has ended
	}
	if done, ok := p.tunnels.add(t); ok {
		defer done()
	} else {
		t.end(closeGoingAway, stopping) // the shutdown began while the app thought about it
	}
	t.relay(buffered.Reader, conn.reader)
}

// limit is how large a visitor's websocket message may be, in bytes of payload
// as they are sent, and 0 for any. The app's own are not limited, as they are by
// neither of our peers: the app is trusted.
func (p *Proxy) limit() uint64 { return uint64(max(0, p.maxMessage)) } // #nosec G115 -- not negative

// What a websocket is closed with (RFC 6455 section 7.4.1, and 1013 from IANA's
// registry).
const (
	closeNormal    = 1000
	closeGoingAway = 1001
	closePolicy    = 1008
	closeTooBig    = 1009
	closeAppFailed = 1011
	closeTryLater  = 1013
)

// stopping is the reason given at a shutdown.
const stopping = "the server is stopping"

// closeCode is what a browser is told when access has ended.
func closeCode(why auth.Ending) uint16 {
	if why.Unknown {
		return closeTryLater
	}
	return closePolicy
}

// handshake sends the visitor's handshake and reads the app's answer.
func (p *Proxy) handshake(conn *upstreamConn, r *http.Request) (*http.Response, error) {
	if err := p.writeHead(conn, r, true); err != nil {
		return nil, err
	}
	conn.progress(p.timeout)
	if err := conn.writer.Flush(); err != nil {
		return nil, err
	}
	resp, err := readHead(conn, r, func(*http.Response) {})
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols && !strings.EqualFold(resp.Header.Get("Upgrade"), "websocket") {
		return nil, errors.New("the app switched to another protocol than websocket")
	}
	return resp, nil
}

// writeSwitch tells the visitor that the app agreed. set is what was put on
// the response before the app was asked.
func (p *Proxy) writeSwitch(w *bufio.Writer, set http.Header, resp *http.Response) error {
	header := set.Clone()
	for name, values := range p.passedFields(resp) {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	header.Set("Connection", "Upgrade")
	header.Set("Upgrade", "websocket")
	w.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	if err := header.Write(w); err != nil {
		return err
	}
	w.WriteString("\r\n")
	return w.Flush()
}

// tunnel is one websocket between a visitor and the app.
type tunnel struct {
	proxy *Proxy
	app   *tunnelEnd

	mu      sync.Mutex
	visitor *tunnelEnd // nil before the handshake is done
	over    bool
}

// meet brings the visitor in, and says whether that still makes sense.
func (t *tunnel) meet(visitor net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.visitor = &tunnelEnd{conn: visitor}
	return !t.over
}

// tunnelEnd is one side of it, to which the other side's bytes are written.
type tunnelEnd struct {
	conn net.Conn
	// limit is how large a message to it may be, in bytes; 0 is any.
	limit uint64

	mu     sync.Mutex
	frames frames
	// goodbye is the close frame to be sent at the next boundary, and parted
	// says that it was sent: nothing may follow it.
	goodbye []byte
	parted  bool
}

var (
	// errParted is a write after the goodbye.
	errParted = errors.New("the websocket was ended by us")
	// errTooBig is a write that begins a frame which makes its message larger
	// than the limit. Nothing of that frame was passed on.
	errTooBig = errors.New("the message is too big")
)

// write passes bytes on. If a goodbye waits, it follows the frame under way.
func (e *tunnelEnd) write(p []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.parted:
		return errParted
	case e.limit > 0:
		return e.writeLimited(p)
	case e.goodbye == nil:
		for rest := p; len(rest) > 0; {
			rest = rest[e.frames.pass(rest):]
		}
		_, err := e.conn.Write(p)
		return err
	}
	if _, err := e.conn.Write(p[:e.frames.pass(p)]); err != nil {
		return err
	}
	if e.part(); !e.parted {
		return nil // the frame goes on
	}
	return errParted
}

// writeLimited is write where messages have a limit. A frame's head is kept back
// until it is complete, so that a frame which is too long can be left out as a
// whole. The caller holds mu.
func (e *tunnelEnd) writeLimited(p []byte) error {
	written := 0 // how much of p has been
	flush := func(end int) error {
		if end == written {
			return nil
		}
		_, err := e.conn.Write(p[written:end])
		written = end
		return err
	}
	for at := 0; at < len(p); {
		if e.frames.left == 0 {
			if e.goodbye != nil {
				if err := flush(at); err != nil {
					return err
				}
				e.part()
				return errParted
			}
			kept := e.frames.have
			n, complete := e.frames.head(p[at:])
			tooBig := complete && e.frames.exceeds(e.limit)
			if !complete || tooBig {
				err := flush(at)
				if tooBig {
					e.frames = frames{} // as nothing of it was sent
					err = errors.Join(err, errTooBig)
				}
				return err
			}
			if kept > 0 {
				if _, err := e.conn.Write(e.frames.header[:kept]); err != nil {
					return err
				}
			}
			at += n
		}
		at += e.frames.body(p[at:])
	}
	if err := flush(len(p)); err != nil {
		return err
	}
	if e.part(); e.parted {
		return errParted
	}
	return nil
}

// between says whether a frame of ours can follow what was written. Where there
// is a limit, the beginning of a head has not been.
func (e *tunnelEnd) between() bool {
	return e.frames.between() || (e.limit > 0 && e.frames.left == 0)
}

// part sends the goodbye if it can be sent now. The caller holds mu.
func (e *tunnelEnd) part() {
	if e.goodbye == nil || e.parted || !e.between() {
		return
	}
	e.parted = true
	if _, err := e.conn.Write(e.goodbye); err == nil {
		_ = closeWrite(e.conn) // whoever reads the goodbye may still answer it
	}
}

// say has the end say goodbye, at once or after the frame under way, and go
// until the deadline.
func (e *tunnelEnd) say(goodbye []byte, deadline time.Time) {
	// Somebody who does not read would hold up the write under way, and us.
	_ = e.conn.SetWriteDeadline(deadline) // it may be gone already; the same below
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.goodbye == nil {
		e.goodbye = goodbye
	}
	e.part()
	_ = e.conn.SetReadDeadline(deadline)
}

// halfClose tells this end that the other has ended, and bounds how long it
// may go on talking.
func (e *tunnelEnd) halfClose() {
	_ = closeWrite(e.conn) // it may be gone already
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.goodbye == nil { // else the bound is narrower
		_ = e.conn.SetReadDeadline(time.Now().Add(lingering))
	}
}

// end tells both sides that the websocket is over, and why. They have a moment
// to go.
func (t *tunnel) end(code uint16, reason string) {
	t.mu.Lock()
	t.over = true
	visitor := t.visitor
	t.mu.Unlock()
	if visitor == nil {
		_ = t.app.conn.Close() // ends the handshake
		return
	}
	goodbye := closeFrame(code, reason)
	// The visitor first: the app answers a goodbye with one of its own, which
	// must not come before ours, as it has no reason.
	deadline := time.Now().Add(t.proxy.farewell)
	visitor.say(goodbye, deadline)
	t.app.say(masked(goodbye), deadline)
}

// relay copies until both directions have ended. Bytes that arrived together
// with the handshake are in the readers, and go first.
func (t *tunnel) relay(fromVisitor, fromApp *bufio.Reader) {
	var both sync.WaitGroup
	both.Go(func() { t.pump(t.app, fromVisitor, t.visitor) })
	both.Go(func() { t.pump(t.visitor, fromApp, t.app) })
	both.Wait()
}

// pump copies one direction, and at its end lets the other finish.
func (t *tunnel) pump(to *tunnelEnd, from *bufio.Reader, source *tunnelEnd) {
	_, failed := t.proxy.flow(from, to.write)
	if failed == nil {
		to.halfClose()
		return
	}
	if errors.Is(failed, errTooBig) {
		t.end(closeTooBig, fmt.Sprintf("a message is larger than %d bytes", to.limit))
	}
	if errors.Is(failed, errParted) || errors.Is(failed, errTooBig) {
		// What still comes goes nowhere, but is read: to close with something
		// unread would reset the connection and lose our goodbye.
		_, _ = io.Copy(io.Discard, from)
		return
	}
	// Nobody takes what comes from here any more.
	_ = source.conn.Close()
	to.halfClose()
}
