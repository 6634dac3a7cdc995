//go:build e2e

package attack

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/attack/message"
)

// poison is an answer by which a broken or hostile app could reach another
// visitor, or get more out of a browser than it may.
type poison struct {
	name   string
	answer string
	// status is that of the visitor's answer; 0 if it is broken off, -1 if the
	// answer may be passed on, put right, or be refused with 502.
	status int
	method string // GET if empty
	end    bool   // the app closes behind it
	// later is sent a moment after the answer. A request that took the app's
	// connection in between would get it, which HTTP/1.1 cannot help; those
	// after it must not.
	later  string
	repeat int
	// websocket asks for one.
	websocket bool
}

func poisons() []poison {
	list := []poison{
		{name: "a second answer", answer: ok + "Content-Length: 2\r\n\r\nok" + second, status: 200},
		{name: "a second answer, later", answer: ok + "Content-Length: 2\r\n\r\nok", later: second, status: 200},
		{name: "a second answer behind chunks", answer: ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + second, status: 200},
		{name: "CL and TE", answer: ok + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5+len(second)) + second, status: 200},
		{name: "TE and CL", answer: ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n" + second, status: 200},
		{name: "two CL", answer: ok + "Content-Length: 2\r\nContent-Length: 100\r\n\r\nok" + second, status: 502},
		{name: "a CL list", answer: ok + "Content-Length: 2, 100\r\n\r\nok" + second, status: 502},
		{name: "CL negative", answer: ok + "Content-Length: -2\r\n\r\nok" + second, status: 502},
		{name: "CL with a plus", answer: ok + "Content-Length: +2\r\n\r\nok" + second, status: 502},
		{name: "CL hexadecimal", answer: ok + "Content-Length: 0x2\r\n\r\nok" + second, status: 502},
		{name: "CL huge", answer: ok + "Content-Length: 99999999999999999999\r\n\r\nok" + second, status: 502},
		{name: "CL too long", answer: ok + "Content-Length: 900\r\n\r\nok" + second, end: true},
		{name: "TE unknown", answer: ok + "Transfer-Encoding: xchunked\r\n\r\nok" + second, status: 502},
		{name: "TE twice", answer: ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second, status: 502},
		{name: "TE a list", answer: ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + second, status: 502},
		{name: "no framing", answer: ok + "\r\n" + second, end: true, status: 200},
		{name: "chunk size negative", answer: ok + "Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n" + second},
		{name: "chunk size too long", answer: ok + "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\nok\r\n0\r\n\r\n" + second},
		{name: "chunk longer than its size", answer: ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nokok\r\n0\r\n\r\n" + second},
		{name: "chunks without an end", answer: ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", end: true},
		{name: "chunk extension with LF", answer: ok + "Transfer-Encoding: chunked\r\n\r\n2;\nx\r\nok\r\n0\r\n\r\n" + second},
		{name: "trailers that are headers", answer: ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nSet-Cookie: jupyterhub-session-id=poison\r\nConnection: x\r\nX-Fine: yes\r\n\r\n", status: 200},
		{name: "a trailer with a blank before the colon", answer: ok + "Trailer: X-Fine\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie : jupyterhub-session-id=poison\r\n\r\n", status: 200},
		{name: "a body for HEAD", method: "HEAD", answer: ok + "Content-Length: 2\r\n\r\nok" + second, status: 200},
		{name: "a body for HEAD, later", method: "HEAD", answer: ok + "Content-Length: 2\r\n\r\n", later: "ok" + second, status: 200},
		{name: "a body for 204", answer: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok" + second, status: 204},
		{name: "a body for 304", answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok" + second, status: 304},
		{name: "chunks for 204", answer: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + second, status: 204},
		{name: "101 unasked", answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + second, status: 502},
		{name: "101 unasked, without Upgrade", answer: "HTTP/1.1 101 Switching Protocols\r\n\r\n" + second, status: 502},
		{name: "101 to another protocol", websocket: true, answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + second, status: 502},
		{name: "a websocket answered with 200", websocket: true, answer: ok + "Content-Length: 2\r\n\r\nok" + second, status: 200},
		{name: "100 unasked", answer: "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", status: 200},
		{name: "1xx flood", answer: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", repeat: 2000, status: 502},
		{name: "1xx of a MiB", answer: "HTTP/1.1 103 Early Hints\r\nLink: " + strings.Repeat("x", 1000) + "\r\n\r\n", repeat: 1100, status: 502},
		{name: "1xx with a length", answer: "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nSet-Cookie: jupyterhub-session-id=poison\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", status: 200},
		{name: "a head without end", answer: "X-Long: " + strings.Repeat("x", 1000) + "\r\n", repeat: 1100, status: 502},
		{name: "a line without end", answer: strings.Repeat("x", 1000), repeat: 1100, status: 502},
		{name: "no HTTP", answer: "SSH-2.0-OpenSSH_9.2\r\n", end: true, status: 502},
		{name: "HTTP/0.9", answer: "<html>poison</html>\n", end: true, status: 502},
		{name: "HTTP/2 by name", answer: "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", end: true, status: -1},
		{name: "nothing", answer: "", end: true, status: 502},
		{name: "half a head", answer: "HTTP/1.1 200 OK\r\nContent-", end: true, status: 502},
		{name: "status 99", answer: "HTTP/1.1 99 Odd\r\nContent-Length: 2\r\n\r\nok", status: 502},
		{name: "status 000", answer: "HTTP/1.1 000 Odd\r\nContent-Length: 2\r\n\r\nok", status: 502},
		{name: "status -200", answer: "HTTP/1.1 -200 Odd\r\nContent-Length: 2\r\n\r\nok", status: 502},
		{name: "status of four digits", answer: "HTTP/1.1 2000 Odd\r\nContent-Length: 2\r\n\r\nok", status: 502},
		{name: "hop-by-hop fields", answer: ok + "Connection: X-Secret, Content-Length\r\nX-Secret: poison\r\nKeep-Alive: x\r\nProxy-Authenticate: poison\r\nUpgrade: h2c\r\nTE: x\r\nContent-Length: 2\r\n\r\nok", status: 200},
	}
	// What would put a line of the app's choice into an answer's head.
	for _, line := range []string{
		"X: a\rX-Poison: yes", "X: a\nX-Line: a single LF ends a line, too", "X: a\r\n X-Poison: yes", "X: a\x00b", "X\x00: a", "X : a", "X\t: a", ": a", "no colon", " X: a",
		"X: a\r\r\nX-Poison: yes", "X\xe9: a", "X: a\x01b", "X: a\x7fb", "X: \xe2\x98\x83",
	} {
		list = append(list, poison{name: "line " + name(line), answer: ok + line + "\r\nContent-Length: 2\r\n\r\nok", status: -1})
	}
	// Cookies of the hub and of its servers, as a browser would take them.
	for _, cookie := range []string{
		"jupyterhub-session-id=poison; Path=/", "jupyterhub-hub-login=poison; Path=/hub/", "{K}=poison; Path=/", "__Host-{K}=poison; Secure; Path=/",
		" {K}=poison", "{K} =poison", "\t{K}=poison", "{K}-oauth-state=poison", "=jupyterhub-session-id=poison; Path=/", "={K}=poison", " = {K}=poison; Path=/",
		"jupyterhub-user-alice=poison", "__Secure-x=fine; Secure\r\nSet-Cookie: {K}=poison",
	} {
		list = append(list, poison{name: "cookie " + name(cookie), answer: ok + "Set-Cookie: " + cookie + "\r\nContent-Length: 2\r\n\r\nok", status: 200})
	}
	return list
}

// Whatever an app answers, its visitor gets one answer that a strict browser
// reads as one, and the next visitors get theirs. No cookie of the hub's comes
// from an app.
func TestSecurityAnswersCannotPoison(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "poison")
	login := cookieLine(visit(t, owner, at), at)
	for i, p := range poisons() {
		t.Run(p.name, func(t *testing.T) {
			method := p.method
			if method == "" {
				method = http.MethodGet
			}
			encode := func(text string) string {
				return base64.RawURLEncoding.EncodeToString([]byte(payload(text, at, "", "")))
			}
			answer, times := p.answer, max(1, p.repeat)
			query := fmt.Sprintf("?answer=%s&repeat=%d", encode(answer), times)
			if p.later != "" {
				query += "&later=" + encode(p.later)
			}
			if p.end {
				query += "&end=1"
			}
			head := method + " {P}poison-{M}" + query + " HTTP/1.1\r\n"
			if p.websocket {
				head += handshake + "Sec-WebSocket-Version: 13\r\n\r\n"
			} else {
				head += "Host: {H}\r\n{C}\r\n"
			}
			fence := "GET {P}fence-{M} HTTP/1.1\r\nHost: {H}\r\n{C}Connection: close\r\n\r\n"
			marker := fmt.Sprintf("m%d", i)
			if p.later == "" {
				checkOwnAnswers(t, p, method, marker, send(t, at.direct, payload(head+fence, at, marker, login), stays, patience))
			}
			// The hub's proxy keeps connections to us, and hands them on.
			said := at.said(t)
			send(t, shared.hub.Host, payload(head, at, marker, login), onceAnswered, patience)
			if p.later != "" {
				eventually(t, func() error {
					if at.said(t) == said {
						return errors.New("the app has not said all it had to")
					}
					return nil
				})
			}
			for n := range 3 {
				for _, address := range []string{at.direct, shared.hub.Host} {
					victim := fmt.Sprintf("victim-%d-%d", i, n)
					checkVictim(t, victim, send(t, address, payload("GET {P}{M} HTTP/1.1\r\n"+tail, at, victim, login), stays, patience))
				}
			}
		})
	}
	at.checkJudged(t)
}

// said is how many later parts the app has written.
func (s *server) said(t *testing.T) (times int) {
	t.Helper()
	s.ask(t, "/later", &times)
	return times
}

// checkOwnAnswers reads what one visitor got for the poison and for the request
// behind it.
func checkOwnAnswers(t *testing.T, p poison, method, marker string, r reply) {
	t.Helper()
	if r.end != "closed" {
		t.Errorf("the connection is held: %s", r)
	}
	if p.status == 0 {
		return // broken off in the middle, which is what tells the visitor
	}
	answer, length, err := message.NextAnswer(r.bytes, method)
	if err != nil {
		t.Fatalf("the visitor got what is no answer: %v: %s", err, r)
	}
	if p.status > 0 && answer.Status != p.status || p.status < 0 && answer.Status != 200 && answer.Status != 502 {
		t.Errorf("the visitor got %d and not %d: %s", answer.Status, p.status, r)
	}
	fields := slices.Concat(answer.Fields, answer.Interim, answer.Trailer)
	for _, field := range fields {
		if strings.EqualFold(field.Name, "Set-Cookie") && strings.Contains(field.Value, "poison") {
			t.Errorf("the visitor got the cookie %q", field.Value)
		}
		if slices.Contains([]string{"x-poison", "x-secret", "keep-alive", "proxy-authenticate", "upgrade"}, strings.ToLower(field.Name)) {
			t.Errorf("the visitor got %s: %s", field.Name, field.Value)
		}
	}
	rest := r.bytes[length:]
	if len(rest) == 0 {
		return // the connection ended here
	}
	next, length, err := message.NextAnswer(rest, http.MethodGet)
	if err != nil || len(rest) > length {
		t.Fatalf("behind it the visitor got %.300q: %v", rest, err)
	}
	if !strings.Contains(string(next.Body), "recorded GET /fence-"+marker+" ") {
		t.Errorf("the visitor's next request got %+v", next)
	}
}

// checkVictim fails unless a visitor got the answer to the own request.
func checkVictim(t *testing.T, marker string, r reply) {
	t.Helper()
	answer, length, err := message.NextAnswer(r.bytes, http.MethodGet)
	if err != nil || length != len(r.bytes) {
		t.Fatalf("another visitor got %s: %v", r, err)
	}
	if answer.Status != 200 || string(answer.Body) != "recorded GET /"+marker+" with 0 bytes\n" || answer.Values("X-Poison") != nil {
		t.Errorf("another visitor got %s", r)
	}
}
