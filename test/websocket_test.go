//go:build e2e

package test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

func dialer(session *bed.Session) *websocket.Dialer {
	return &websocket.Dialer{Jar: session.Jar(), HandshakeTimeout: patience}
}

func handshake(header http.Header) http.Header {
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Origin") == "" {
		header.Set("Origin", shared.hub.URL) // as a browser does
	}
	return header
}

// dial opens a websocket and returns it with the app's hello.
func dial(t *testing.T, d *websocket.Dialer, path string, header http.Header) (*websocket.Conn, heard) {
	t.Helper()
	conn, response, err := d.DialContext(t.Context(), "ws://"+shared.hub.Host+path, handshake(header))
	if err != nil {
		status := "nothing"
		if response != nil {
			status = response.Status
		}
		t.Fatalf("%s: %v, answered %s", path, err, status)
	}
	t.Cleanup(func() { conn.Close() })
	deadline := time.Now().Add(patience)
	if err := errors.Join(conn.SetReadDeadline(deadline), conn.SetWriteDeadline(deadline)); err != nil {
		t.Fatal(err)
	}
	var hello heard
	if err := conn.ReadJSON(&hello); err != nil {
		t.Fatalf("%s: no hello: %v", path, err)
	}
	return conn, hello
}

// refused tries to open a websocket and returns the status of the refusal.
func refused(t *testing.T, session *bed.Session, path string, header http.Header) int {
	t.Helper()
	conn, response, err := dialer(session).DialContext(t.Context(), "ws://"+shared.hub.Host+path, handshake(header))
	if err == nil {
		conn.Close()
		t.Errorf("%s: the websocket opened", path)
		return http.StatusSwitchingProtocols
	}
	if response == nil {
		t.Fatalf("%s: no answer to the handshake: %v", path, err)
	}
	return response.StatusCode
}

func TestWebsocket(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "websocket")
	session := visit(t, "alice", at)

	t.Run("echo", func(t *testing.T) {
		conn, hello := dial(t, dialer(session), at.prefix+"ws?q=a%20b", nil)
		if hello.URI != "/ws?q=a%20b" || hello.Host != shared.hub.Host {
			t.Errorf("the app got %s for host %s", hello.URI, hello.Host)
		}
		if got := hello.values("Origin"); !slices.Equal(got, []string{shared.hub.URL}) {
			t.Errorf("the app got Origin %q", got)
		}
		if got := hello.values("Cookie"); len(got) > 0 {
			t.Errorf("the app got cookies: %q", got)
		}
		large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
		for _, message := range []struct {
			kind int
			data []byte
		}{
			{websocket.TextMessage, []byte("grüße €")},
			{websocket.BinaryMessage, []byte{0, 1, 0xfe, 0xff}},
			{websocket.BinaryMessage, large},
			{websocket.TextMessage, large},
			{websocket.TextMessage, nil},
		} {
			if err := conn.WriteMessage(message.kind, message.data); err != nil {
				t.Fatal(err)
			}
			kind, data, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if kind != message.kind || !bytes.Equal(data, message.data) {
				t.Errorf("sent %d bytes of kind %d, got back %d of kind %d", len(message.data), message.kind, len(data), kind)
			}
		}
	})
	t.Run("the app chooses the subprotocol", func(t *testing.T) {
		d := dialer(session)
		d.Subprotocols = []string{"first", "second"}
		conn, hello := dial(t, d, at.prefix+"ws?protocol=second", nil)
		if conn.Subprotocol() != "second" {
			t.Errorf("settled on %q", conn.Subprotocol())
		}
		if got := strings.Join(hello.values("Sec-Websocket-Protocol"), ", "); got != "first, second" {
			t.Errorf("the app was offered %q", got)
		}
	})
	t.Run("the app chooses no subprotocol", func(t *testing.T) {
		d := dialer(session)
		d.Subprotocols = []string{"first"}
		if conn, _ := dial(t, d, at.prefix+"ws", nil); conn.Subprotocol() != "" {
			t.Errorf("settled on %q", conn.Subprotocol())
		}
	})
	t.Run("the app's close", func(t *testing.T) {
		conn, _ := dial(t, dialer(session), at.prefix+"ws?close=4321&reason=enough", nil)
		if err := conn.WriteMessage(websocket.TextMessage, []byte("now")); err != nil {
			t.Fatal(err)
		}
		_, _, err := conn.ReadMessage()
		if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != 4321 || closed.Text != "enough" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the visitor's close", func(t *testing.T) {
		conn, _ := dial(t, dialer(session), at.prefix+"ws", nil)
		frame := websocket.FormatCloseMessage(4002, "bye")
		if err := conn.WriteControl(websocket.CloseMessage, frame, time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, func() error {
			if !slices.Contains(seen(t, session, at), "websocket closed 4002 bye") {
				return errors.New("the app saw no close 4002")
			}
			return nil
		})
	})
	t.Run("another site's page", func(t *testing.T) {
		header := http.Header{"Origin": {"http://evil.example"}}
		if status := refused(t, session, at.prefix+"ws?evil", header); status != http.StatusForbidden {
			t.Errorf("the handshake was answered %d", status)
		}
		for _, line := range seen(t, session, at) {
			if strings.Contains(line, "evil") {
				t.Errorf("the app saw %q", line)
			}
		}
	})
	t.Run("many at once", func(t *testing.T) {
		for i := range 20 {
			conn, _ := dial(t, dialer(session), at.prefix+"ws", nil)
			text := fmt.Sprint("message ", i)
			if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, data, err := conn.ReadMessage(); err != nil || string(data) != text {
				t.Errorf("sent %q, got %q, %v", text, data, err)
			}
		}
	})
}
