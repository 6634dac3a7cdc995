package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// copyBuffers are shared by all copying in both directions.
type copyBuffers struct{ pool sync.Pool }

const copyBuffer = 32 << 10

func (b *copyBuffers) get() *[]byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return buffer
	}
	buffer := make([]byte, copyBuffer)
	return &buffer
}

func (b *copyBuffers) put(buffer *[]byte) { b.pool.Put(buffer) }

// Proxy passes requests on to the app. It decides nothing: whoever gets here
// may, and the app is ready.
type Proxy struct {
	prefix   prefix
	upstream *upstream
	buffers  copyBuffers
	// timeout is how long the app may do nothing while a request waits for
	// it; 0 is for ever.
	timeout  time.Duration
	activity *Activity
	tunnels  tunnels
	problem  problemReporter
}

// problemReporter answers a request that could not be passed on.
type problemReporter func(w http.ResponseWriter, r *http.Request, status int, err error)

// ServeHTTP passes one request on and its answer back, both as they come.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.activity.Touch()
	defer p.activity.Touch()
	if isWebsocket(r) {
		p.tunnel(w, r)
		return
	}
	p.forward(w, r)
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request) {
	x, err := p.roundTrip(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	writeResponseHead(w, x.resp, x.upload.running())
	err = p.copyBody(w, r, x.conn, x.resp)
	present := x.unwatch() // before finish, which can look like a going
	complete := x.upload.finish(w, x.conn)
	if !present || err != nil {
		x.conn.Close()
		// The response is broken off so that the visitor does not take the
		// part for the whole.
		panic(http.ErrAbortHandler)
	}
	if x.resp.Close || !complete || x.conn.reader.Buffered() > 0 || !bodyEnds(x.resp) {
		x.conn.Close()
		return
	}
	p.upstream.put(x.conn)
}

// exchange is one request on its way over one connection.
type exchange struct {
	conn   *upstreamConn
	upload *upload
	resp   *http.Response
	// unwatch ends the watch for the visitor's going, and says whether the
	// visitor is still there.
	unwatch func() bool
	// answered says that the app sent something.
	answered bool
}

// roundTrip sends the request and reads the head of the answer. If an idle
// connection turns out to be dead, a request that may be repeated is, once,
// on a new one.
func (p *Proxy) roundTrip(w http.ResponseWriter, r *http.Request) (*exchange, error) {
	for fresh := false; ; fresh = true {
		conn, err := p.upstream.take(r.Context(), fresh)
		if err != nil {
			return nil, err
		}
		x := &exchange{conn: conn, unwatch: context.AfterFunc(r.Context(), func() { conn.Close() })}
		if err = p.send(w, r, x); err == nil {
			return x, nil
		}
		x.unwatch()
		x.upload.finish(w, conn)
		conn.Close()
		if broken := x.upload.broken(); broken != nil {
			return nil, broken
		}
		if !conn.reused || x.answered || !isRepeatable(r) || r.Context().Err() != nil || isTimeout(err) {
			return nil, err
		}
	}
}

// send writes a request and reads the head of its answer.
func (p *Proxy) send(w http.ResponseWriter, r *http.Request, x *exchange) error {
	if err := p.writeHead(x.conn, r, false); err != nil {
		return err
	}
	x.conn.progress(p.timeout)
	if r.ContentLength == 0 {
		if err := x.conn.writer.Flush(); err != nil {
			return err
		}
	} else {
		x.upload = p.startUpload(w, r, x.conn)
	}
	x.conn.limit.left = maxResponseHead
	if _, err := x.conn.reader.Peek(1); err != nil {
		return err
	}
	x.answered = true
	resp, err := readHead(x.conn, r, func(interim *http.Response) {
		if interim.StatusCode != http.StatusContinue {
			writeInterim(w, interim)
		}
	})
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		err = errors.New("the app switched protocols unasked")
	}
	x.resp = resp
	return err
}

// copyBody streams the answer's body, flushing each piece unless it is the
// last, which the server flushes anyway.
func (p *Proxy) copyBody(w http.ResponseWriter, r *http.Request, conn *upstreamConn, resp *http.Response) error {
	defer resp.Body.Close()
	if resp.ContentLength == 0 || r.Method == http.MethodHead {
		return nil
	}
	timeout := p.timeout
	if isEventStream(resp) {
		timeout = 0 // silence is nothing unusual there
	}
	controller := http.NewResponseController(w)
	buffer := p.buffers.get()
	defer p.buffers.put(buffer)
	left := resp.ContentLength
	if left < 0 && conn.reader.Buffered() == 0 {
		// The body may be long in coming; the head should not wait for it.
		if err := controller.Flush(); err != nil {
			return err
		}
	}
	for {
		conn.progress(timeout)
		n, err := resp.Body.Read(*buffer)
		if n > 0 {
			if _, failed := w.Write((*buffer)[:n]); failed != nil {
				return failed
			}
			left -= int64(n)
			if left != 0 && !(resp.ContentLength < 0 && atLastChunk(conn)) {
				if failed := controller.Flush(); failed != nil {
					return failed
				}
			}
		}
		if errors.Is(err, io.EOF) {
			copyTrailer(w, resp)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// atLastChunk says whether all that is left of a chunked body is its end, and
// that is here already (RFC 9112 section 7.1).
func atLastChunk(conn *upstreamConn) bool {
	n := conn.reader.Buffered()
	if n != 5 && n != 7 {
		return false
	}
	rest, err := conn.reader.Peek(n)
	return err == nil && bytes.Equal(bytes.TrimPrefix(rest, []byte("\r\n")), []byte("0\r\n\r\n"))
}

// writeResponseHead copies the head of the answer. The server frames the body
// itself, by the Content-Length if there is one.
func writeResponseHead(w http.ResponseWriter, resp *http.Response, uploading bool) {
	header := w.Header()
	dropped := connectionOptions(resp.Header)
	for name, values := range resp.Header {
		if (isHopByHop(name) && name != "Content-Length") || slices.Contains(dropped, name) {
			continue
		}
		if name == "Set-Cookie" {
			values = allowedCookies(values)
		}
		if set, ok := header[name]; ok {
			values = append(set, values...) // the gate's login cookie, for one
		}
		header[name] = values
	}
	if resp.ContentLength < 0 {
		header.Del("Content-Length")
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // no guessing by the server
	}
	for name := range resp.Trailer {
		header.Add("Trailer", name)
	}
	if uploading {
		// An answer before the end of the request: the rest of it cannot be
		// told from the next request, so there will be none.
		header.Set("Connection", "close")
	}
	w.WriteHeader(resp.StatusCode)
}

// writeInterim passes on an interim response such as 103 Early Hints.
func writeInterim(w http.ResponseWriter, resp *http.Response) {
	header := w.Header()
	saved := header.Clone()
	for name, values := range resp.Header {
		if !isHopByHop(name) && name != "Set-Cookie" {
			header[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	clear(header)
	for name, values := range saved {
		header[name] = values
	}
}

// copyTrailer passes on the fields after a chunked body, announced or not.
func copyTrailer(w http.ResponseWriter, resp *http.Response) {
	for name, values := range resp.Trailer {
		if isHopByHop(name) || name == "Set-Cookie" {
			continue
		}
		for _, value := range values {
			w.Header().Add(http.TrailerPrefix+name, value)
		}
	}
}

func allowedCookies(values []string) []string {
	var allowed []string
	for _, value := range values {
		if !hidesCookie(value) {
			allowed = append(allowed, value)
		}
	}
	return allowed
}

// bodyEnds says whether the body's end was marked by its framing, so that the
// connection can carry another request.
func bodyEnds(resp *http.Response) bool {
	return resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 ||
		resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified ||
		resp.Request.Method == http.MethodHead
}

// isEventStream says whether the body is server-sent events (HTML standard,
// section 9.2), with or without parameters.
func isEventStream(resp *http.Response) bool {
	const kind = "text/event-stream"
	value := resp.Header.Get("Content-Type")
	return len(value) >= len(kind) && strings.EqualFold(value[:len(kind)], kind)
}

// isRepeatable says whether a request can be sent twice without a second
// effect (RFC 9110 section 9.2.2), and without a body that is gone.
func isRepeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return r.ContentLength == 0
	}
	return false
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}

// fail answers a request to which the app gave no answer that can be used.
func (p *Proxy) fail(w http.ResponseWriter, r *http.Request, err error) {
	var unreadable *visitorError
	switch {
	case r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // nobody is there to be answered
	case errors.Is(err, errBadRequest), errors.As(err, &unreadable):
		p.problem(w, r, http.StatusBadRequest, err)
	case isTimeout(err):
		p.problem(w, r, http.StatusGatewayTimeout, err)
	default:
		p.problem(w, r, http.StatusBadGateway, err)
	}
}

// visitorError is a fault in reading what the visitor sends.
type visitorError struct{ error }

func (e *visitorError) Unwrap() error { return e.error }

// upload is a request's body on its way to the app, in a goroutine of its own
// so that the app can answer before it has read everything.
type upload struct {
	done chan struct{}
	read error // the visitor's fault
	sent error // the app's
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
		up.read, up.sent = writeBody(conn, r, *buffer, func() {
			// As long as the body moves, the app is not late with its answer.
			if now := time.Now(); p.timeout > 0 && now.Sub(last) > p.timeout/16 {
				last = now
				_ = conn.SetReadDeadline(now.Add(p.timeout))
			}
		})
		if up.read != nil {
			conn.Close() // wakes who waits for an answer to half a request
		}
	}()
	return up
}

// running says whether the body is not yet sent. It is nil-safe, as a request
// without a body has no upload.
func (u *upload) running() bool {
	if u == nil {
		return false
	}
	select {
	case <-u.done:
		return u.read != nil || u.sent != nil
	default:
		return true
	}
}

// finish ends an upload that nobody waits for any more, and says whether all
// was sent.
func (u *upload) finish(w http.ResponseWriter, conn *upstreamConn) bool {
	if u == nil {
		return true
	}
	select {
	case <-u.done:
	default:
		conn.Close()
		// The rest of the body is not read, so nothing can follow it.
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
		<-u.done
	}
	return u.read == nil && u.sent == nil
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

// isWebsocket says whether a request is a websocket handshake (RFC 6455
// section 4.1). Other upgrades are not passed on: a server may ignore them
// (RFC 9110 section 7.8), and h2c would be a way round this proxy.
func isWebsocket(r *http.Request) bool {
	upgrade := r.Header["Upgrade"]
	return r.Method == http.MethodGet && r.ProtoAtLeast(1, 1) &&
		len(upgrade) == 1 && strings.EqualFold(strings.TrimSpace(upgrade[0]), "websocket") &&
		hasToken(r.Header["Connection"], "upgrade")
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
