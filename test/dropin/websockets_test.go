//go:build e2e

package dropin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// opened is a websocket, and the handshake as the app saw it.
type opened struct {
	*websocket.Conn
	seen   seen
	answer *http.Response
}

// open opens a websocket below the prefix. Where it is refused the words say how.
func (at *running) open(path string, header http.Header, subprotocols ...string) (*opened, string) {
	dialer := websocket.Dialer{
		NetDial:          func(string, string) (net.Conn, error) { return at.dial() },
		HandshakeTimeout: patience, Subprotocols: subprotocols,
	}
	if header == nil {
		header = http.Header{}
	}
	for line := range strings.SplitSeq(at.header, "\n") {
		if name, value, found := strings.Cut(line, ": "); found {
			header.Set(name, value)
		}
	}
	connection, answer, err := dialer.Dial(fmt.Sprintf("ws://127.0.0.1:%d%s%s", at.port, at.prefix, path), header)
	switch {
	case err != nil && answer != nil:
		return nil, fmt.Sprintf("refused with %d", answer.StatusCode)
	case err != nil:
		return nil, "no answer"
	}
	o := &opened{Conn: connection, answer: answer}
	_ = connection.SetReadDeadline(time.Now().Add(patience)) // reading meets the error again
	_ = connection.SetWriteDeadline(time.Now().Add(patience))
	_, first, err := connection.ReadMessage()
	if err != nil {
		connection.Close()
		return nil, "opened, then " + ending(err)
	}
	if err := json.Unmarshal(first, &o.seen); err != nil {
		connection.Close()
		return nil, "opened, with another first message"
	}
	return o, ""
}

// ending tells how a websocket ended.
func ending(err error) string {
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed) && closed.Code == websocket.CloseAbnormalClosure:
		return "cut"
	case errors.As(err, &closed) && closed.Text != "" && closed.Code != websocket.CloseMessageTooBig: // whose words are anybody's
		return fmt.Sprintf("closed with %d `%s`", closed.Code, closed.Text)
	case errors.As(err, &closed):
		return fmt.Sprintf("closed with %d", closed.Code)
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return "cut"
	case strings.Contains(err.Error(), "timeout"):
		return "nothing more"
	}
	return "cut"
}

// websocketRow opens a websocket and tells what do finds.
func websocketRow(do func(*opened) string) func(*running) string {
	return func(at *running) string {
		o, refused := at.open("ws", nil)
		if o == nil {
			return refused
		}
		defer o.Close()
		return do(o)
	}
}

// talk sends a message and tells what comes back: "the same", if that is so.
func (o *opened) talk(kind int, message string) string {
	if err := o.WriteMessage(kind, []byte(message)); err != nil {
		return ending(err)
	}
	back, answer, err := o.ReadMessage()
	switch {
	case err != nil:
		return ending(err)
	case back != kind:
		return "another kind of message"
	case string(answer) == message:
		return "echoed"
	}
	return fmt.Sprintf("%d bytes", len(answer))
}

func text(message string) func(*running) string {
	return websocketRow(func(o *opened) string { return o.talk(websocket.TextMessage, message) })
}

// taken tells whether a message is echoed. One that is not may be told so, or
// cut off while it is written: that is luck.
func taken(message string) func(*running) string {
	return func(at *running) string {
		if told := text(message)(at); told == "echoed" {
			return told
		}
		return "not taken"
	}
}

// websockets is about websockets.
func websockets() section {
	handshake := func(path string, header http.Header, subprotocols []string, show func(*opened) string) func(*running) string {
		return func(at *running) string {
			o, refused := at.open(path, header, subprotocols...)
			if o == nil {
				return refused
			}
			defer o.Close()
			return at.tell(show(o))
		}
	}
	subprotocol := func(o *opened) string {
		return fmt.Sprintf("the visitor gets %s, the app was offered %s", code(o.Subprotocol()), code(strings.Join(o.seen.Header.Values("Sec-Websocket-Protocol"), ", ")))
	}
	big := strings.Repeat("m", 11*mebibyte)
	return section{title: "Websockets", lines: []line{
		{
			name:       "websockets",
			old:        open(),
			standalone: openAlone(),
			rows: []row{
				{what: "text", see: text("grüße")},
				{what: "an empty message", see: text("")},
				{what: "binary", see: websocketRow(func(o *opened) string { return o.talk(websocket.BinaryMessage, "\x00\xff") })},
				{what: "text of 1 MiB", see: text(strings.Repeat("m", mebibyte))},
				{what: "11 MiB to the app", see: taken(big), why: "no limit unless one is given: `--websocket-max-message-size`"},
				{what: "11 MiB from the app", see: text(fmt.Sprint("big ", 11*mebibyte)), why: "as above"},
				{what: "path and query of the handshake", see: handshake("ws?a=1&b=%2F", nil, nil, func(o *opened) string { return code(o.seen.Target) })},
				{what: "cookies of the app's handshake", see: handshake("ws", nil, nil, func(o *opened) string { return code(o.answer.Header.Get("Set-Cookie")) })},
				{what: "other headers of the app's handshake", see: handshake("ws", nil, nil, func(o *opened) string { return code(o.answer.Header.Get("X-Handshake")) }),
					why: "the answer is the app's own"},
				{what: "cookies of the visitor", see: handshake("ws", http.Header{"Cookie": {"a=1"}}, nil, func(o *opened) string { return code(o.seen.Header.Get("Cookie")) })},
				{what: "`Host` at the app", see: handshake("ws", http.Header{"Host": {"hub.example"}}, nil, func(o *opened) string { return code(o.seen.Host) })},
				{what: "from a page of ours: `Origin` at the app", see: func(at *running) string {
					return handshake("ws", http.Header{"Origin": {fmt.Sprintf("http://127.0.0.1:%d", at.port)}}, nil, func(o *opened) string { return code(o.seen.Header.Get("Origin")) })(at)
				}, why: "the old program with tornado 6.6 refuses every page's websocket, also its own"},
				{what: "from a page of another origin", see: handshake("ws", http.Header{"Origin": {"https://elsewhere.example"}}, nil, func(*opened) string { return "opened" })},
				{what: "subprotocols `first, second`; the app takes `second`", see: handshake("ws", nil, []string{"first", "second"}, subprotocol),
					why: "the app chooses, not we"},
				{what: "subprotocol `second`", see: handshake("ws", nil, []string{"second"}, subprotocol)},
				{what: "subprotocol `other`; the app takes none", see: handshake("ws", nil, []string{"other"}, subprotocol), why: "as above"},
				{what: "the app refuses with 403", see: handshake("ws?refuse=403", nil, nil, func(*opened) string { return "opened" }), why: "its answer is passed on"},
				{what: "a path that is no websocket of the app's", see: func(at *running) string {
					return at.ask("GET @plain\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==").String()
				}, why: "as above"},
				{what: "the app closes with 4001 `as you like`", see: websocketRow(func(o *opened) string { return o.talk(websocket.TextMessage, "close") }),
					why: "code and reason are the app's"},
				{what: "ping", see: websocketRow(func(o *opened) string {
					came := "no pong"
					o.SetPongHandler(func(data string) error { came = "pong `" + data + "`"; return nil })
					_ = o.WriteControl(websocket.PingMessage, []byte("p"), time.Now().Add(patience)) // the next message tells
					return after(o.talk(websocket.TextMessage, "x"), &came)
				})},
			},
		},
		{
			name:       "websocket size",
			old:        open("--websocket-max-message-size=1000"),
			standalone: openAlone("--websocket-max-message-size=1000"),
			rows: []row{
				{what: "`--websocket-max-message-size 1000`: 1000 bytes to the app", see: text(strings.Repeat("m", 1000))},
				{what: "… 1001 bytes to the app", see: text(strings.Repeat("m", 1001))},
				{what: "… 1001 bytes from the app", see: text("big 1001")},
			},
		},
	}}
}

// after tells a pong, if the websocket was still there after it.
func after(answer string, pong *string) string {
	if answer != "echoed" {
		return answer
	}
	return *pong
}
