//go:build e2e

package attack

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// headLimit is how long our program waits for a head (proxy/server.go), with
// room for a busy machine.
const headLimit = 30*time.Second + 15*time.Second

// Heads that drip in and connections that say nothing keep nobody out, and are
// closed in the end.
func TestSecuritySlowHeadsAreBounded(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "slow-heads")
	session := visit(t, owner, at)
	const many = 300
	var slow []net.Conn
	for i := range many {
		conn := dial(t, at.direct)
		// A third each: silent, the beginning of a head, one that drips on.
		if i%3 > 0 {
			write(t, conn, payload("GET {P}slow HTTP/1.1\r\nHost: {H}\r\nX-Slow: ", at, "", ""))
		}
		slow = append(slow, conn)
	}
	begin := time.Now()
	checkServed(t, session, at)
	var all sync.WaitGroup
	for i, conn := range slow {
		all.Go(func() {
			dripping := make(chan struct{})
			if i%3 == 2 {
				go func() {
					defer close(dripping)
					for range int(headLimit / time.Second) {
						if _, err := conn.Write([]byte("x")); err != nil {
							return
						}
						time.Sleep(time.Second) // the attack itself
					}
				}()
			} else {
				close(dripping)
			}
			if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
				t.Errorf("connection %d is held after %s", i, time.Since(begin))
			}
			conn.Close()
			<-dripping
		})
	}
	all.Wait()
	checkServed(t, session, at)
	at.mustNotHave(t, "X-Slow", "a slow head")
}

// Whoever is turned away is told so at once, and cannot hold a connection by a
// body that never comes.
func TestSecuritySlowBodiesAreBounded(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "slow-bodies")
	session := visit(t, owner, at)
	for name, template := range map[string]string{
		"a length":             "POST {P}slow HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400\r\n\r\nbody",
		"a great length":       "POST {P}slow HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400000000\r\n\r\nbody",
		"chunks":               "POST {P}slow HTTP/1.1\r\nHost: {H}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
		"outside the prefix":   "POST /slow HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400\r\n\r\nbody",
		"the probe":            "GET {P}api HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400\r\n\r\nbody",
		"logout":               "POST {P}logout HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400\r\n\r\nbody",
		"the way back":         "POST {P}oauth_callback HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400\r\n\r\nbody",
		"an upgrade":           "GET {P}slow HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\nContent-Length: 400\r\n\r\nbody",
		"a target that is bad": "OPTIONS * HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400\r\n\r\nbody",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, at.direct)
			write(t, conn, payload(template, at, "", ""))
			answer, err := readHead(conn)
			if err != nil {
				t.Fatalf("there is no answer before the body: %v", err)
			}
			if !bytes.HasPrefix(answer, []byte("HTTP/1.1 ")) {
				t.Errorf("answered %q", answer)
			}
			if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
				t.Errorf("the connection is held")
			}
		})
	}
	checkServed(t, session, at)
}

// Many connections at once that are open and do nothing cost little.
func TestSecurityManyConnectionsCostLittle(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "many")
	session := visit(t, owner, at)
	const many = 1000
	for range many {
		conn := dial(t, at.direct)
		write(t, conn, payload("GET {P}many HTTP/1.1\r\nHost: {H}\r\n\r\n", at, "", ""))
		if answer, err := readHead(conn); err != nil || !bytes.Contains(answer, []byte(" 401 ")) {
			t.Fatalf("answered %q, %v", answer, err)
		}
	}
	checkServed(t, session, at)
	if memory := at.memory(t); memory > 150<<20 {
		t.Errorf("with %d connections our program takes %d MiB", many, memory>>20)
	}
}

// memory is what our program holds, in bytes.
func (s *server) memory(t *testing.T) int64 {
	t.Helper()
	processes, err := shared.hub.Processes(owner, s.name)
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		if !strings.HasPrefix(process.Command, shared.proxy) {
			continue
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process.ID))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(status)) {
			var kilobytes int64
			if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); n == 1 {
				return kilobytes << 10
			}
		}
	}
	t.Fatalf("our program is not among %v", processes)
	return 0
}

// checkServed fails if the owner is not answered in time.
func checkServed(t *testing.T, session *bed.Session, at *server) {
	t.Helper()
	begin := time.Now()
	r := send(t, at.direct, payload("GET {P}served HTTP/1.1\r\n"+tail, at, "", cookieLine(session, at)), stays, patience)
	if r.status() != http.StatusOK || !r.isFromApp() {
		t.Errorf("the owner is kept out: %s", r)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("the owner had to wait %s", took)
	}
}

// dial opens a connection that is closed with the test, and bounded.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(headLimit)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func write(t *testing.T, conn net.Conn, bytes string) {
	t.Helper()
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatal(err)
	}
}

// readHead reads up to the end of an answer's head.
func readHead(conn net.Conn) ([]byte, error) {
	var head []byte
	piece := make([]byte, 4096)
	for !bytes.Contains(head, []byte("\r\n\r\n")) {
		n, err := conn.Read(piece)
		head = append(head, piece[:n]...)
		if err != nil {
			return head, err
		}
	}
	return head, nil
}
