//go:build e2e

package fault

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// layer is the way from one server of ours to its hub. It listens on a real
// socket, passes what comes on to the real hub, and counts it; a fault can be
// put in between, and taken out again, at any time.
//
// It reads requests one by one rather than bytes, so that a fault is felt by
// the very next call, also on a connection that is kept open.
type layer struct {
	// address is the layer's own host and port.
	address string
	// dial connects to the hub.
	dial func() (net.Conn, error)
	// secure, if set, is how the layer speaks TLS to our program.
	secure *tls.Config

	mutex    sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	fault    *fault
	ended    chan struct{} // closed when the present fault ends
	calls    map[string]int
	turns    int
	secrets  map[string]bool
}

// fault is what happens to a call of the hub.
type fault struct {
	// down is a hub for which nobody listens.
	down bool
	// certificate is what the layer shows in place of a good one.
	certificate *tls.Certificate
	// begin and end, if set, are what else makes the fault.
	begin, end func() error
	// answer is what comes in the hub's place. Its error closes the connection.
	answer func(*call) error
}

// call is one request on its way to the hub.
type call struct {
	layer   *layer
	conn    net.Conn
	request *http.Request
	body    []byte
	ended   <-chan struct{}
}

// errCut ends a connection as the fault wanted.
var errCut = errors.New("cut")

// newLayer makes a layer before the hub at address, which passes everything.
func newLayer(t *testing.T, hub string) *layer {
	t.Helper()
	l := &layer{
		dial:  func() (net.Conn, error) { return net.Dial("tcp", hub) },
		conns: map[net.Conn]bool{},
		ended: make(chan struct{}),
		calls: map[string]int{},
	}
	l.open(t)
	t.Cleanup(func() {
		l.set(&fault{down: true})
	})
	return l
}

// open listens, where the layer listened before if it did.
func (l *layer) open(t *testing.T) {
	t.Helper()
	address := l.address
	if address == "" {
		address = freeAddress(t) // which is left and taken again
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	l.address = listener.Addr().String()
	l.mutex.Lock()
	l.listener = listener
	l.mutex.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed: the hub is down
			}
			l.mutex.Lock()
			l.conns[conn] = true
			l.mutex.Unlock()
			go l.serve(conn)
		}
	}()
}

// begin puts a fault in.
func (l *layer) begin(t *testing.T, f fault) {
	t.Helper()
	l.set(&f)
	if f.begin != nil {
		if err := f.begin(); err != nil {
			t.Fatal(err)
		}
	}
}

// end takes the fault out.
func (l *layer) end(t *testing.T) {
	t.Helper()
	l.mutex.Lock()
	closed, present := l.listener == nil, l.fault
	l.mutex.Unlock()
	if closed {
		l.open(t)
	}
	if present != nil && present.end != nil {
		if err := present.end(); err != nil {
			t.Fatal(err)
		}
	}
	l.set(nil)
}

func (l *layer) set(f *fault) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.fault = f
	close(l.ended)
	l.ended = make(chan struct{})
	if f == nil || f.answer != nil {
		return
	}
	if f.down && l.listener != nil {
		l.listener.Close()
		l.listener = nil
	}
	// Who wants to connect is to feel it, so what is connected is cut.
	for conn := range l.conns {
		conn.Close()
	}
}

// present is the fault that is in, or nil.
func (l *layer) present() *fault {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.fault
}

// count is how many calls of an endpoint came so far: "user", "token",
// "activity", "elsewhere" (outside of the hub), and "other".
func (l *layer) count(endpoint string) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.calls[endpoint]
}

// turn counts up to a number and begins again, for faults that vary.
func (l *layer) turn(of int) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.turns++
	return l.turns % of
}

func (l *layer) serve(raw net.Conn) {
	defer func() {
		raw.Close()
		l.mutex.Lock()
		defer l.mutex.Unlock()
		delete(l.conns, raw)
	}()
	conn := raw
	if l.secure != nil {
		conn = tls.Server(raw, l.secure)
	}
	reader := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		l.mutex.Lock()
		l.calls[endpoint(request.URL.Path)]++
		l.listen(request, body)
		present, ended := l.fault, l.ended
		l.mutex.Unlock()
		c := &call{layer: l, conn: conn, request: request, body: body, ended: ended}
		switch {
		case present == nil:
			err = c.pass()
		case present.answer != nil:
			err = present.answer(c)
		default:
			// Who still came through is to connect anew, and feel it.
			err = errors.Join(c.pass(), errCut)
		}
		if err != nil {
			return
		}
	}
}

// listen remembers the secrets that a call carries: whose it is, and what a
// login is made of.
func (l *layer) listen(request *http.Request, body []byte) {
	if l.secrets == nil {
		l.secrets = map[string]bool{}
	}
	if _, token, ok := strings.Cut(request.Header.Get("Authorization"), " "); ok {
		l.secrets[token] = true
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	for _, name := range []string{"client_secret", "code", "code_verifier"} {
		if value := form.Get(name); value != "" {
			l.secrets[value] = true
		}
	}
}

// heard are the secrets that went through the layer.
func (l *layer) heard() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return slices.Collect(maps.Keys(l.secrets))
}

func endpoint(path string) string {
	if strings.HasPrefix(path, "/elsewhere") {
		return "elsewhere"
	}
	for _, name := range []string{"user", "token", "activity"} {
		if strings.HasSuffix(path, "/"+name) {
			return name
		}
	}
	return "other"
}

// ask sends the call to the hub and returns its answer.
func (c *call) ask() (*http.Response, error) {
	conn, err := c.layer.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	request := c.request.Clone(c.request.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(c.body)), int64(len(c.body))
	request.Close = true
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength, response.TransferEncoding = int64(len(body)), nil
	response.Close = false
	return response, nil
}

// pass is a call without a fault.
func (c *call) pass() error {
	response, err := c.ask()
	if err != nil {
		return err
	}
	return response.Write(c.conn)
}

// reset breaks the connection off as a machine does that has lost it.
func (c *call) reset() error {
	raw := c.conn
	if secure, ok := raw.(*tls.Conn); ok {
		raw = secure.NetConn()
	}
	if err := raw.(*net.TCPConn).SetLinger(0); err != nil {
		return err
	}
	return errors.Join(raw.Close(), errCut)
}
