package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/attack/message"
)

// serve records a connection and answers the requests on it, until one is not
// what a strict reader takes for a request.
func serve(conn net.Conn, log *connection) {
	defer conn.Close()
	var stream []byte
	taken := 0 // how much of all that came is behind us
	piece := make([]byte, 64<<10)
	for {
		request, length, err := message.Next(stream)
		if errors.Is(err, message.ErrIncomplete) {
			n, failed := conn.Read(piece)
			log.add(piece[:n])
			stream = append(stream, piece[:n]...)
			if failed != nil {
				return
			}
			continue
		}
		if err != nil {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 400 Bad Request\r\nX-Recorder: yes\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			return
		}
		stream = stream[length:]
		taken += length
		if isWebsocket(request) {
			log.switched(taken)
		}
		if !answer(conn, request, log) {
			return
		}
		if isWebsocket(request) {
			for err == nil {
				var n int
				n, err = conn.Read(piece)
				log.add(piece[:n])
			}
			return
		}
	}
}

// answer says what was asked for, or what the query wants said, and whether
// the connection goes on.
func answer(conn net.Conn, request *message.Request, log *connection) bool {
	_, query, _ := strings.Cut(request.Target, "?")
	wanted, _ := url.ParseQuery(query)
	if wanted.Has("answer") {
		return say(conn, wanted, log)
	}
	var text string
	switch {
	case isWebsocket(request):
		text = switching(request) + hello(request.Target)
	case strings.EqualFold(first(request.Values("Upgrade")), "websocket"):
		text = "HTTP/1.1 426 Upgrade Required\r\nX-Recorder: yes\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n"
	default:
		body := fmt.Sprintf("recorded %s %s with %d bytes\n", request.Method, request.Target, len(request.Body))
		text = fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Recorder: yes\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(body))
		if request.Method != "HEAD" {
			text += body
		}
	}
	_, err := conn.Write([]byte(text))
	last := request.Version == "HTTP/1.0" || strings.EqualFold(first(request.Values("Connection")), "close")
	return err == nil && !last
}

// say writes the bytes that the query holds, in base64: "answer" as often as
// "repeat" says, and "later" after a pause. With "end" the connection ends.
func say(conn net.Conn, wanted url.Values, log *connection) bool {
	now, err := base64.RawURLEncoding.DecodeString(wanted.Get("answer"))
	if err != nil {
		return false
	}
	later, err := base64.RawURLEncoding.DecodeString(wanted.Get("later"))
	if err != nil {
		return false
	}
	times, err := strconv.Atoi(wanted.Get("repeat"))
	if err != nil {
		times = 1
	}
	if _, err := conn.Write(bytes.Repeat(now, times)); err != nil {
		return false
	}
	if len(later) > 0 {
		time.Sleep(20 * time.Millisecond) // so that it is another packet
		_, err := conn.Write(later)
		log.saidLater()
		if err != nil {
			return false
		}
	}
	return !wanted.Has("end")
}

// isWebsocket says whether a server agrees to the handshake (RFC 6455 section
// 4.2.1).
func isWebsocket(request *message.Request) bool {
	return request.Method == "GET" && strings.EqualFold(first(request.Values("Upgrade")), "websocket") &&
		first(request.Values("Sec-WebSocket-Version")) == "13" && first(request.Values("Sec-WebSocket-Key")) != "" &&
		!strings.Contains(request.Target, "refuse-websocket")
}

func switching(request *message.Request) string {
	const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	sum := sha1.Sum([]byte(first(request.Values("Sec-WebSocket-Key")) + magic))
	return "HTTP/1.1 101 Switching Protocols\r\nX-Recorder: yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n"
}

// hello is a text frame with the beginning of the target.
func hello(target string) string {
	text := "recorded " + target
	text = text[:min(len(text), 125)]
	return "\x81" + string(rune(len(text))) + text
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
