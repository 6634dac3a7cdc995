package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
)

// remembered is how much a connection keeps of what came in: a request's head
// and what may be left of the body before it.
const remembered = 1 << 20

// recorder is a connection that remembers what it read. net/http sorts headers
// into a map; tests want to see the head as it was on the wire.
type recorder struct {
	net.Conn
	mutex sync.Mutex
	read  []byte
}

type recorderKey struct{}

// recordingListener accepts recorders.
type recordingListener struct{ net.Listener }

func (l recordingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &recorder{Conn: conn}, nil
}

func (c *recorder) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.read = append(c.read, into[:n]...)
	if len(c.read) > 2*remembered {
		c.read = append([]byte(nil), c.read[len(c.read)-remembered:]...)
	}
	return n, err
}

// headers returns the names and values of the request that was read last, as
// spelled and in the order of the wire, and forgets it.
func (c *recorder) headers(r *http.Request) [][2]string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	line := fmt.Appendf(nil, "%s %s %s\r\n", r.Method, r.RequestURI, r.Proto)
	start := bytes.LastIndex(c.read, line)
	if start < 0 {
		return nil
	}
	head, _, _ := bytes.Cut(c.read[start+len(line):], []byte("\r\n\r\n"))
	c.read = nil
	headers := [][2]string{}
	for field := range strings.SplitSeq(string(head), "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		headers = append(headers, [2]string{name, strings.TrimSpace(value)})
	}
	return headers
}

// rawHeaders returns the request's headers as they came.
func rawHeaders(r *http.Request) [][2]string {
	conn, ok := r.Context().Value(recorderKey{}).(*recorder)
	if !ok {
		return nil
	}
	return conn.headers(r)
}
