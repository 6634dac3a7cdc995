package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func limited(n int64) func(*Config) { return func(c *Config) { c.MaxMessage = n } }

func TestMessagesWithinTheLimitPass(t *testing.T) {
	w := newWorld(t, echoApp(), limited(100_000))
	conn, _ := w.websocket(testPrefix, nil)
	for _, n := range []int{0, 1, 125, 126, 4096, 65_535, 65_536, 100_000, 1, 100_000} {
		message := bytes.Repeat([]byte{'x'}, n)
		conn.EnableWriteCompression(false)
		if err := conn.WriteMessage(websocket.BinaryMessage, message); err != nil {
			t.Fatal(err)
		}
		if _, got, err := conn.ReadMessage(); err != nil || !bytes.Equal(got, message) {
			t.Fatalf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
	// Fragments, with a ping in between that does not count.
	writer, err := conn.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		io.WriteString(writer, strings.Repeat("y", 10_000))
		conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Time{})
	}
	writer.Close()
	if _, got, err := conn.ReadMessage(); err != nil || len(got) != 100_000 {
		t.Fatalf("in fragments: got %d, %v", len(got), err)
	}
}

// sizedApp tells what it gets, sends a message of the size that it is asked for,
// and tells how its websocket ended.
func sizedApp(ends chan<- error) appServer {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	return withApp(func(rw http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			_, data, err := conn.ReadMessage()
			if err != nil {
				ends <- err
				return
			}
			switch string(data) {
			case "large":
				conn.WriteMessage(websocket.BinaryMessage, make([]byte, 1_000_000))
			case "fragments":
				writer, _ := conn.NextWriter(websocket.BinaryMessage)
				for range 100 {
					writer.Write(make([]byte, 5000)) // more than the buffer, so one frame each
				}
				writer.Close()
			}
		}
	})
}

func TestSecurityLargerMessagesEndWith1009OnBothSides(t *testing.T) {
	for name, send := range map[string]func(*websocket.Conn){
		"the visitor's": func(c *websocket.Conn) { c.WriteMessage(websocket.BinaryMessage, make([]byte, 100_001)) },
		"the visitor's in fragments": func(c *websocket.Conn) {
			writer, _ := c.NextWriter(websocket.BinaryMessage)
			for range 30 {
				writer.Write(make([]byte, 5000))
			}
			writer.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			ends := make(chan error, 1)
			w := newWorld(t, sizedApp(ends), limited(100_000))
			conn, _ := w.websocket(testPrefix, nil)
			go send(conn)
			for {
				_, got, err := conn.ReadMessage()
				if err == nil && len(got) <= 100_000 {
					continue
				}
				var closed *websocket.CloseError
				if !errors.As(err, &closed) || closed.Code != 1009 || !strings.Contains(closed.Text, "100000 bytes") {
					t.Errorf("the visitor got %d bytes, %v", len(got), err)
				}
				break
			}
			select {
			case err := <-ends:
				if !websocket.IsCloseError(err, 1009) {
					t.Errorf("the app got %v", err)
				}
			case <-time.After(patience):
				t.Error("the app was told nothing")
			}
			conn.Close()
			w.mustEmpty()
		})
	}
}

// As with the Python program and with jupyter-server-proxy.
func TestTheAppsMessagesHaveNoLimit(t *testing.T) {
	w := newWorld(t, sizedApp(make(chan error, 1)), limited(100_000))
	conn, _ := w.websocket(testPrefix, nil)
	for request, want := range map[string]int{"large": 1_000_000, "fragments": 500_000} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := conn.ReadMessage(); err != nil || len(got) != want {
			t.Errorf("%s: got %d, %v", request, len(got), err)
		}
	}
}

// mustEmpty waits until nothing is open.
func (w *world) mustEmpty() {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		open, _ := w.server.Use()
		if open == 0 && w.server.proxy.tunnels.count() == 0 && w.server.drain.running.Load() == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d requests and %d websockets are still open", open, w.server.proxy.tunnels.count())
		}
	}
}

// Whatever pieces a stream comes in, a limit passes the same of it on, and whole
// frames only.
func TestLimitInPieces(t *testing.T) {
	frame := func(head byte, n int) []byte {
		f := []byte{head, byte(n)}
		if n > 125 {
			f = []byte{head, 126, byte(n >> 8), byte(n)}
		}
		return append(f, make([]byte, n)...)
	}
	within := bytes.Join([][]byte{frame(0x82, 200), frame(0x02, 100), frame(0x89, 4), frame(0x80, 100), frame(0x81, 0), frame(0x82, 200)}, nil)
	for name, tooBig := range map[string][]byte{
		"one frame":   frame(0x82, 201),
		"no message":  nil,
		"endless":     {0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3},
		"fragments":   append(frame(0x02, 200), frame(0x80, 1)...),
		"with a ping": append(append(frame(0x02, 200), frame(0x89, 4)...), frame(0x80, 1)...),
	} {
		want := append([]byte(nil), within...)
		if len(tooBig) > 200 && tooBig[0] == 0x02 { // all but the last frame
			want = append(want, tooBig[:len(tooBig)-len(frame(0x80, 1))]...)
		}
		stream := append(append([]byte(nil), within...), tooBig...)
		for piece := 1; piece <= len(stream); piece++ {
			var sent bytes.Buffer
			e := &tunnelEnd{conn: writeConn{&sent}, limit: 200}
			var err error
			for at := 0; at < len(stream) && err == nil; at += piece {
				err = e.write(stream[at:min(at+piece, len(stream))])
			}
			if !bytes.Equal(sent.Bytes(), want) || errors.Is(err, errTooBig) != (tooBig != nil) {
				t.Fatalf("%s in pieces of %d: passed %d bytes of %d, %v", name, piece, sent.Len(), len(want), err)
			}
			if e.say(closeFrame(1009, ""), time.Time{}); !bytes.HasSuffix(sent.Bytes(), closeFrame(1009, "")) {
				t.Fatalf("%s in pieces of %d: there was no goodbye", name, piece)
			}
		}
	}
}

// writeConn is a connection that only takes.
type writeConn struct{ io.Writer }

func (c writeConn) Write(p []byte) (int, error)    { return c.Writer.Write(p) }
func (writeConn) Read([]byte) (int, error)         { return 0, io.EOF }
func (writeConn) Close() error                     { return nil }
func (writeConn) LocalAddr() net.Addr              { return nil }
func (writeConn) RemoteAddr() net.Addr             { return nil }
func (writeConn) SetDeadline(time.Time) error      { return nil }
func (writeConn) SetReadDeadline(time.Time) error  { return nil }
func (writeConn) SetWriteDeadline(time.Time) error { return nil }

// FuzzLimit looks for a stream of which, with a limit, other bytes are passed on
// than without, or which passes more than the limit in one message.
func FuzzLimit(f *testing.F) {
	f.Add([]byte{0x82, 3, 1, 2, 3, 0x02, 2, 1, 2, 0x80, 2, 1, 2}, uint8(2))
	f.Add([]byte{0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 9}, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		const limit = 5
		pass := func(piece int) []byte {
			var sent bytes.Buffer
			e := &tunnelEnd{conn: writeConn{&sent}, limit: limit}
			for at := 0; at < len(stream); at += piece {
				if err := e.write(stream[at:min(at+piece, len(stream))]); err != nil {
					break
				}
			}
			return sent.Bytes()
		}
		whole := pass(max(1, len(stream)))
		if got := pass(int(piece) + 1); !bytes.Equal(got, whole) {
			t.Errorf("in pieces of %d: %x, whole: %x", int(piece)+1, got, whole)
		}
		if !bytes.HasPrefix(stream, whole) {
			t.Errorf("%x became %x", stream, whole)
		}
		reader, message := bufio.NewReader(bytes.NewReader(whole)), uint64(0)
		for {
			var frame frames
			for frame.have < frame.size() {
				c, err := reader.ReadByte()
				if err != nil {
					return
				}
				frame.head([]byte{c})
			}
			length := frame.length()
			if opcode := frame.header[0] & 15; opcode < 8 {
				if opcode != 0 {
					message = 0
				}
				if message += length; message > limit || message < length {
					t.Fatalf("%x: a message of %d bytes passes", stream, message)
				}
			}
			if length > uint64(len(stream)) {
				return // that is to the end, or beyond
			}
			if _, err := io.CopyN(io.Discard, reader, int64(length)); err != nil {
				return
			}
		}
	})
}
