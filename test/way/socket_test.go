//go:build e2e

package way

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// echoes is a server of Python's that sends back what it gets, on a port or on a
// unix socket, until its input ends.
const echoes = `
import socketserver, sys
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
class Ports(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
class Sockets(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
where = sys.argv[1]
server = Ports(("127.0.0.1", int(where)), Echo) if where.isdigit() else Sockets(where, Echo)
server.serve_forever()
`

func startEchoes(t *testing.T, where string) *server {
	t.Helper()
	return start(t, []string{"--raw-socket-proxy", "--environment=ECHOES=" + strings.NewReplacer("{", "{{", "}", "}}").Replace(echoes)},
		python(t), "{-}c", `import os; exec(os.environ["ECHOES"])`, where)
}

func (s *server) socket(subprotocols ...string) *websocket.Conn {
	s.t.Helper()
	dialer := websocket.Dialer{Subprotocols: subprotocols, HandshakeTimeout: patience}
	conn, resp, err := dialer.Dial("ws"+strings.TrimPrefix(s.url("websockify"), "http"), nil)
	if err != nil {
		s.t.Fatalf("%v (%v)", err, resp)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(2 * patience))
	return conn
}

func TestRawSocketOfARealServer(t *testing.T) {
	for _, where := range []string{"{port}", "{unix_socket}"} {
		t.Run(where, func(t *testing.T) {
			s := startEchoes(t, where)
			conn := s.socket("binary", "base64")
			if conn.Subprotocol() != "binary" {
				t.Errorf("subprotocol %q", conn.Subprotocol())
			}
			sent := make([]byte, 20<<20)
			rand.Read(sent)
			written := make(chan error, 1)
			go func() {
				for at := 0; at < len(sent); at += 100_000 {
					if err := conn.WriteMessage(websocket.BinaryMessage, sent[at:min(at+100_000, len(sent))]); err != nil {
						written <- err
						return
					}
				}
				written <- conn.WriteMessage(websocket.TextMessage, []byte("the end"))
			}()
			var got []byte
			for want := len(sent) + 7; len(got) < want; {
				kind, piece, err := conn.ReadMessage()
				if err != nil || kind != websocket.BinaryMessage {
					t.Fatalf("after %d bytes: kind %d, %v", len(got), kind, err)
				}
				got = append(got, piece...)
			}
			if err := <-written; err != nil || !bytes.Equal(got, append(sent, "the end"...)) {
				t.Errorf("other bytes came back, or %v", err)
			}
			conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience))
			if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1000) {
				t.Errorf("got %v", err)
			}
			if status, header, body := s.get("websockify"); status != http.StatusMethodNotAllowed || header.Get("Allow") != "GET" || !strings.Contains(body, "websocket") {
				t.Errorf("plain HTTP: got %d, %s", status, body)
			}
		})
	}
}

// Nobody reads, so nothing may move, and nothing may heap up in our program.
func TestRawSocketBackpressureOfARealServer(t *testing.T) {
	s := startEchoes(t, "{port}")
	conn := s.socket()
	before := s.memory()
	conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	piece, sent := make([]byte, 1<<20), 0
	for ; sent < 1<<30; sent += len(piece) {
		conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
		if conn.WriteMessage(websocket.BinaryMessage, piece) != nil {
			break // all buffers on the way are full
		}
	}
	if sent >= 1<<30 {
		t.Error("a gigabyte was taken though nobody reads")
	}
	if grown := s.memory() - before; grown > 16<<20 {
		t.Errorf("our program is %d bytes larger, after %d were taken", grown, sent)
	}
}

// memory is the memory that our program really uses.
func (s *server) memory() int {
	s.t.Helper()
	pages := readFields(s.t, "/proc/"+itoa(s.command.Process.Pid)+"/statm")
	return pages[1] * os.Getpagesize()
}

func TestStopEndsRawSockets(t *testing.T) {
	s := startEchoes(t, "{port}")
	conn := s.socket()
	conn.WriteMessage(websocket.TextMessage, []byte("x"))
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	s.terminate()
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1001) {
		t.Errorf("got %v", err)
	}
	<-s.ended
	if code := s.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
