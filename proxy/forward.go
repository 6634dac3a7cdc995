package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

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
	// farewell is the constant of that name, unless a test sets it.
	farewell time.Duration
	problem  problemReporter
	// hidesCookie says whether a cookie of that name is none that the app may
	// set.
	hidesCookie func(name string) bool
	// policy is the Content-Security-Policy of answers that have none.
	policy string
	rules
	// rawSocket says that the app speaks no HTTP: a websocket is a connection
	// to it.
	rawSocket bool
	// maxMessage bounds a websocket message, in bytes; 0 is none.
	maxMessage int64
	// status is where the app is.
	status func() process.Status
	use    *use
}

// problemReporter answers a request that could not be passed on.
type problemReporter func(w http.ResponseWriter, r *http.Request, status int, err error)

// ServeHTTP passes one request on and its answer back, both as they come.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.rawSocket && !isWebsocket(r) {
		p.refuseHTTP(w, r)
		return
	}
	p.activity.Touch()
	defer p.activity.Touch()
	switch {
	case p.rawSocket:
		p.rawTunnel(w, r)
	case isWebsocket(r):
		p.tunnel(w, r)
	default:
		p.forward(w, r)
	}
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request) {
	x, err := p.roundTrip(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.writeResponseHead(w, x.resp, x.upload.reading())
	err = p.copyBody(w, r, x.conn, x.resp)
	present := x.unwatch() // before finish, which can look like a going
	complete := x.upload.finish(w, x.conn)
	if errors.Is(err, errOver) {
		x.conn.Close()
		return
	}
	if !present || err != nil {
		x.conn.Close()
		// The response is broken off so that the visitor does not take the
		// part for the whole.
		panic(http.ErrAbortHandler)
	}
	// Some apps send a body to HEAD, which would be the next one's answer.
	if x.resp.Close || !complete || x.conn.reader.Buffered() > 0 || !bodyEnds(x.resp) || r.Method == http.MethodHead {
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
