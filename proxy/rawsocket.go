package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

// refuseHTTP answers plain requests to an app that speaks no HTTP.
func (p *Proxy) refuseHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", http.MethodGet)
	page.Write(w, r, page.Page{
		Status: http.StatusMethodNotAllowed, State: "websocket_only", Title: "This address is for websockets only",
		Message: "The app here is no web page: it is reached by a program that opens a websocket to this address, such as noVNC.",
	})
}

// rawTunnel connects a websocket with an app that speaks something else, as
// websockify does: the bytes of each message go to the app, and the app's bytes
// go back in binary messages. Nothing is buffered beyond that, so that who is
// slow slows down the other.
func (p *Proxy) rawTunnel(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		p.fail(w, r, fmt.Errorf("%w: a websocket handshake has no body", errBadRequest))
		return
	}
	conn, err := p.upstream.take(r.Context(), true)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	defer conn.Close()
	conn.limit.left = -1
	unwatch := context.AfterFunc(r.Context(), func() { conn.Close() })
	defer unwatch()
	// From before the handshake, so that a logout in the meantime is felt.
	t := &rawTunnel{proxy: p, app: conn}
	stop := auth.PassOf(r.Context()).Watch(func(why auth.Ending) { t.end(closeCode(why), why.Reason) })
	defer stop()

	upgrader := websocket.Upgrader{
		CheckOrigin:  func(*http.Request) bool { return true }, // the gate has
		Subprotocols: rawSubprotocols(r),
		Error: func(w http.ResponseWriter, r *http.Request, _ int, reason error) {
			p.fail(w, r, fmt.Errorf("%w: %w", errBadRequest, reason))
		},
	}
	visitor, err := upgrader.Upgrade(w, r, w.Header())
	if err != nil {
		return // and it has been answered
	}
	defer visitor.Close()
	// The visitor's end is from now on the tunnel's to pass on.
	if !unwatch() || !t.meet(visitor) {
		return
	}
	if done, ok := p.tunnels.add(t); ok {
		defer done()
	} else {
		t.end(closeGoingAway, stopping)
	}
	t.relay()
}

// rawSubprotocols are those that we agree to, the best first: "binary" is the one
// that means just this (websockify, noVNC). A browser that asked for any takes a
// connection without for failed, so another one is agreed to as well; but not
// "base64", which old clients of websockify offer, and mean.
func rawSubprotocols(r *http.Request) []string {
	offered := slices.DeleteFunc(websocket.Subprotocols(r), func(name string) bool { return name == "base64" })
	if slices.Contains(offered, "binary") {
		return []string{"binary"}
	}
	return offered
}

// rawTunnel is one websocket between a visitor and an app that speaks no HTTP.
type rawTunnel struct {
	proxy *Proxy
	app   *upstreamConn

	mu      sync.Mutex
	visitor *websocket.Conn // nil before the handshake is done
	over    bool
}

// meet brings the visitor in, and says whether that still makes sense.
func (t *rawTunnel) meet(visitor *websocket.Conn) bool {
	visitor.SetReadLimit(t.proxy.maxMessage)
	visitor.SetPingHandler(func(data string) error {
		t.proxy.activity.Touch()
		// Without a deadline: who pings and does not read has to wait, and is not
		// to be dropped for it.
		_ = visitor.WriteControl(websocket.PongMessage, []byte(data), time.Time{}) // who is gone is so for the next read, too
		return nil
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.visitor = visitor
	return !t.over
}

// relay copies until both directions have ended.
func (t *rawTunnel) relay() {
	var both sync.WaitGroup
	both.Go(t.toApp)
	both.Go(t.toVisitor)
	both.Wait()
}

// toApp passes the visitor's messages on. Its end is the end of the app's input.
func (t *rawTunnel) toApp() {
	err := t.copyMessages()
	if errors.Is(err, errAppGone) {
		// What still comes is read for nothing: it may hold the visitor's close,
		// and to close with something unread would be to reset.
		t.linger(t.app.SetReadDeadline)
		err = t.discardMessages()
	}
	t.hangUp(err)
	_ = closeWrite(t.app.Conn) // it may be gone already
	t.linger(t.app.SetReadDeadline)
}

// errAppGone is that the app takes nothing any more.
var errAppGone = errors.New("the app takes nothing any more")

// copyMessages returns the visitor's end, or errAppGone.
func (t *rawTunnel) copyMessages() error {
	for {
		_, message, err := t.visitor.NextReader()
		if err == nil {
			t.proxy.activity.Touch()
			err = t.copyMessage(message)
		}
		if err != nil {
			return err
		}
	}
}

// discardMessages returns the visitor's end.
func (t *rawTunnel) discardMessages() error {
	for {
		if _, _, err := t.visitor.NextReader(); err != nil {
			return err
		}
	}
}

// hangUp ends the visitor's side once nothing can come from it any more, which
// also ends a write to somebody who does not read.
func (t *rawTunnel) hangUp(why error) {
	conn := t.visitor.NetConn()
	var closed *websocket.CloseError
	if !errors.As(why, &closed) && !isTimeout(why) {
		// We have closed it, for a message that is too big or none at all. To be
		// heard, we read what there is: with something unread, to close would be
		// to reset.
		_ = conn.SetReadDeadline(time.Now().Add(t.proxy.farewell)) // it may be gone already
		_, _ = io.Copy(io.Discard, conn)
	}
	_ = conn.Close() // as above
}

// copyMessage passes one message on, piece by piece, and borrows a buffer only
// for that.
func (t *rawTunnel) copyMessage(message io.Reader) error {
	buffer := t.proxy.buffers.get()
	defer t.proxy.buffers.put(buffer)
	for {
		n, err := message.Read(*buffer)
		if n > 0 {
			t.proxy.activity.Touch()
			if _, failed := t.app.Conn.Write((*buffer)[:n]); failed != nil {
				return errAppGone
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) { // the end of the message, not that of the visitor
				err = nil
			}
			return err
		}
	}
}

// toVisitor passes on what the app says. The app's end is the websocket's.
func (t *rawTunnel) toVisitor() {
	ended, failed := t.proxy.flow(t.app.reader, t.say)
	switch {
	case failed != nil:
		// Nobody hears the app any more, but what it was sent it shall get: with
		// something unread, to close would be to reset. An app that reads only
		// after it has talked gets to that, too.
		t.linger(t.app.SetDeadline)
		_, _ = io.Copy(io.Discard, t.app.reader)
		return
	case errors.Is(ended, io.EOF):
		t.part(closeNormal, "")
	default:
		t.part(closeAppFailed, "the app broke off")
	}
	t.linger(t.visitor.NetConn().SetReadDeadline)
}

// say sends bytes to the visitor, in messages within the limit.
func (t *rawTunnel) say(piece []byte) error {
	for len(piece) > 0 {
		n := len(piece)
		if limit := t.proxy.maxMessage; limit > 0 && int64(n) > limit {
			n = int(limit)
		}
		if err := t.visitor.WriteMessage(websocket.BinaryMessage, piece[:n]); err != nil {
			return err
		}
		piece = piece[n:]
	}
	return nil
}

// end tells the visitor that the websocket is over, and why. Both have a moment
// to go.
func (t *rawTunnel) end(code uint16, reason string) {
	t.mu.Lock()
	t.over = true
	visitor := t.visitor
	t.mu.Unlock()
	if visitor == nil {
		_ = t.app.Close() // ends the handshake
		return
	}
	deadline := time.Now().Add(t.proxy.farewell)
	_ = t.app.SetDeadline(deadline) // it may be gone already; the same below
	// Somebody who does not read would hold up the write under way, and us.
	_ = visitor.NetConn().SetWriteDeadline(deadline)
	if visitor.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), reason), deadline) != nil {
		_ = visitor.NetConn().Close()
		return
	}
	_ = visitor.NetConn().SetReadDeadline(deadline)
}

// part tells the visitor that there will be no more, unless that was said.
func (t *rawTunnel) part(code int, reason string) {
	_ = t.visitor.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(lingering)) // the visitor may be gone
}

// linger bounds how long a side may go on alone after the other has ended, by
// one of its deadlines.
func (t *rawTunnel) linger(until func(time.Time) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over { // else the bound is narrower
		_ = until(time.Now().Add(lingering)) // it may be gone already
	}
}
