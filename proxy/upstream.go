package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// maxIdle bounds the connections kept open to the app.
	maxIdle = 100
	// idleAge is how long one is kept unused. It only limits what lies
	// around: whether one still lives is checked when it is taken.
	idleAge = 30 * time.Second
	// maxDials bounds the connections being made at the same time: a crowd that
	// comes at once would overflow the app's accept queue, and who is dropped
	// from that tries again only after a second, three, seven.
	maxDials = 128
	// maxResponseHead bounds the head of an app's response, in bytes.
	maxResponseHead = 1 << 20
)

var errHeadTooLarge = errors.New("the app's response header is larger than 1 MiB")

// upstream keeps connections to the app.
//
// net/http's Transport would do, but it hands each request to two goroutines
// of the connection and back. One goroutine that writes and reads by itself
// is what makes a request through here cheap; see bench/RESULTS.md.
type upstream struct {
	dial    func(context.Context) (net.Conn, error)
	dialing chan struct{} // as many as may dial

	mu   sync.Mutex
	idle []*upstreamConn // the last is the one used last
	// pruning says that prune will come by itself.
	pruning bool
}

func newUpstream(dial func(context.Context) (net.Conn, error)) *upstream {
	return &upstream{dial: dial, dialing: make(chan struct{}, maxDials)}
}

// upstreamConn is one connection to the app, used by one request at a time.
type upstreamConn struct {
	net.Conn
	raw    syscall.RawConn // nil where there is none; see alive
	limit  headLimit
	reader *bufio.Reader
	writer *bufio.Writer
	// reused says that it has carried a request before, so that its end may
	// be the app's idle timeout rather than an answer.
	reused   bool
	lastUsed time.Time
	// deadline is when the current wait ends; see progress.
	deadline time.Time
}

// headLimit bounds what is read while a response's head is.
type headLimit struct {
	conn net.Conn
	left int // -1 is no limit
}

func (l *headLimit) Read(p []byte) (int, error) {
	if l.left < 0 {
		return l.conn.Read(p)
	}
	if l.left == 0 {
		return 0, errHeadTooLarge
	}
	n, err := l.conn.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// take returns a connection, a living idle one if fresh is false and there is
// one.
func (u *upstream) take(ctx context.Context, fresh bool) (*upstreamConn, error) {
	if !fresh {
		if conn := u.reuse(); conn != nil {
			return conn, nil
		}
	}
	select {
	case u.dialing <- struct{}{}:
		defer func() { <-u.dialing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !fresh {
		// While we waited, one may have come back.
		if conn := u.reuse(); conn != nil {
			return conn, nil
		}
	}
	raw, err := u.dial(ctx)
	if err != nil {
		return nil, err
	}
	conn := &upstreamConn{Conn: raw, limit: headLimit{conn: raw}}
	conn.reader = bufio.NewReaderSize(&conn.limit, 4<<10)
	conn.writer = bufio.NewWriterSize(raw, 4<<10)
	if sys, ok := raw.(syscall.Conn); ok {
		if conn.raw, err = sys.SyscallConn(); err != nil {
			conn.raw = nil
		}
	}
	return conn, nil
}

// reuse returns a living idle connection, if there is one.
func (u *upstream) reuse() *upstreamConn {
	for conn := u.pop(); conn != nil; conn = u.pop() {
		if conn.alive() {
			conn.reused = true
			return conn
		}
		conn.Close()
	}
	return nil
}

func (u *upstream) pop() *upstreamConn {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := len(u.idle)
	if n == 0 {
		return nil
	}
	conn := u.idle[n-1]
	u.idle[n-1] = nil
	u.idle = u.idle[:n-1]
	return conn
}

// put keeps a connection whose response was read to its end.
func (u *upstream) put(conn *upstreamConn) {
	conn.lastUsed = time.Now()
	u.mu.Lock()
	if !u.pruning {
		u.pruning = true
		time.AfterFunc(idleAge, u.prune)
	}
	full := len(u.idle) >= maxIdle
	if !full {
		u.idle = append(u.idle, conn)
	}
	u.mu.Unlock()
	if full {
		conn.Close()
	}
}

// prune closes what was not used for long, and looks again while any is left.
func (u *upstream) prune() {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := time.Now().Add(-idleAge)
	old := 0
	for old < len(u.idle) && u.idle[old].lastUsed.Before(before) {
		u.idle[old].Close()
		old++
	}
	u.idle = append(u.idle[:0:0], u.idle[old:]...)
	if u.pruning = len(u.idle) > 0; u.pruning {
		time.AfterFunc(idleAge, u.prune)
	}
}

// close drops all idle connections.
func (u *upstream) close() {
	for conn := u.pop(); conn != nil; conn = u.pop() {
		conn.Close()
	}
}

// alive says whether an idle connection can be used: not closed by the app,
// and with nothing to read that nobody asked for.
func (c *upstreamConn) alive() bool {
	return c.reader.Buffered() == 0 && c.waits()
}

// waits says whether a read would have to wait for the app: it has sent
// nothing that is not read yet, and not its end. Where the system cannot be
// asked, the answer is yes.
func (c *upstreamConn) waits() bool {
	if c.raw == nil {
		return true
	}
	waits := false
	err := c.raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waits = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && waits
}

// progress gives the app another timeout from now to do something. Setting a
// deadline costs, so one that has hardly moved is left.
func (c *upstreamConn) progress(timeout time.Duration) {
	if timeout <= 0 {
		if !c.deadline.IsZero() {
			c.deadline = time.Time{}
			_ = c.SetReadDeadline(c.deadline)
		}
		return
	}
	next := time.Now().Add(timeout)
	if next.Sub(c.deadline) > timeout/16 {
		c.deadline = next
		// A connection that cannot take a deadline is closed, and the read
		// that follows says so.
		_ = c.SetReadDeadline(next)
	}
}

// CloseWrite ends our side and lets the app go on.
func (c *upstreamConn) CloseWrite() error { return closeWrite(c.Conn) }

// closeWrite ends one side of a connection where that can be done, and all of
// it otherwise.
func closeWrite(conn io.Closer) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return conn.Close()
}
