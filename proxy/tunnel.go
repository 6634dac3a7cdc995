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
	"sync/atomic"
	"time"
)

// lingering is how long one direction of a tunnel may go on alone after the
// other has ended.
const lingering = 10 * time.Second

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

	resp, err := p.handshake(conn, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		// The app's refusal is an ordinary answer.
		writeResponseHead(w, resp, false)
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
	if err := writeSwitch(buffered.Writer, w.Header(), resp); err != nil {
		return
	}
	done, ok := p.tunnels.add(client, conn)
	if !ok {
		return // we are shutting down
	}
	defer done()
	p.relay(client, buffered.Reader, conn)
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
func writeSwitch(w *bufio.Writer, set http.Header, resp *http.Response) error {
	header := set.Clone()
	for name, values := range passedFields(resp) {
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

// relay copies until both directions have ended. Bytes that arrived together
// with the handshake are in the readers, and go first.
func (p *Proxy) relay(client net.Conn, fromClient *bufio.Reader, app *upstreamConn) {
	var both sync.WaitGroup
	both.Go(func() { p.pump(app, fromClient, client) })
	both.Go(func() { p.pump(client, app.reader, app) })
	both.Wait()
}

// pump copies one direction, and at its end lets the other finish.
//
// It waits in the reader's own small buffer, which most messages fit in, and
// borrows a large one only while much comes at once: most websockets are idle
// most of the time, and should cost little.
func (p *Proxy) pump(to net.Conn, from *bufio.Reader, source net.Conn) {
	for {
		_, waited := from.Peek(1)
		n := from.Buffered()
		if n > 0 {
			p.activity.Touch()
			piece, _ := from.Peek(n) // all there, so no error
			if _, err := to.Write(piece); err != nil {
				break
			}
			_, _ = from.Discard(n) // as above
		}
		if waited != nil {
			p.halfClose(to)
			return
		}
		if n == from.Size() && !p.burst(to, from) {
			break
		}
	}
	// Nobody takes what comes from here any more.
	_ = source.Close()
	p.halfClose(to)
}

// burst copies as long as as much comes as a large buffer takes, and says
// whether all could be written.
func (p *Proxy) burst(to io.Writer, from io.Reader) bool {
	buffer := p.buffers.get()
	defer p.buffers.put(buffer)
	for {
		n, err := from.Read(*buffer)
		if n > 0 {
			p.activity.Touch()
			if _, failed := to.Write((*buffer)[:n]); failed != nil {
				return false
			}
		}
		if err != nil || n < len(*buffer) {
			return true // the next Peek meets the error again
		}
	}
}

// halfClose tells one end that the other has ended, and bounds how long it
// may go on talking.
func (p *Proxy) halfClose(to net.Conn) {
	_ = closeWrite(to) // it may be gone already
	_ = to.SetReadDeadline(time.Now().Add(lingering))
}

// tunnels knows the open tunnels, so that a shutdown can end them.
type tunnels struct {
	mu     sync.Mutex
	open   map[int]func()
	next   int
	closed bool
	total  atomic.Int64
}

// add registers a tunnel and returns how to take it off again, or false after
// a shutdown.
func (t *tunnels) add(ends ...net.Conn) (done func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, false
	}
	if t.open == nil {
		t.open = map[int]func(){}
	}
	id := t.next
	t.next++
	t.open[id] = func() {
		for _, end := range ends {
			end.Close()
		}
	}
	t.total.Add(1)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, id)
	}, true
}

func (t *tunnels) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// close ends all tunnels and lets no new ones begin.
func (t *tunnels) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, end := range t.open {
		end()
	}
}
