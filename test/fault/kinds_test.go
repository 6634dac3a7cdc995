//go:build e2e

package fault

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// kind is a fault with what our program has to say about it.
type kind struct {
	name  string
	fault fault
	// says is what its log must contain, as an expression.
	says string
	// slow is for faults that are only over when our program gives up.
	slow bool
	// spends says that the hub takes the login's code, though its answer is
	// lost: then the login has to be begun again, which costs a click.
	spends bool
}

// gaveUp is how our program says that it waited long enough.
const gaveUp = "timeout awaiting response headers|deadline exceeded"

// kinds are the faults. Each gets a server of its own: our program does not say
// twice within half a minute that the hub is away.
func kinds() []kind {
	return []kind{
		{name: "hang", fault: fault{answer: hang}, says: gaveUp, slow: true},
		{name: "slow", fault: fault{answer: slow}, says: gaveUp, slow: true, spends: true},
		{name: "dripping", fault: fault{answer: drip}, says: gaveUp, slow: true},
		{name: "down", fault: fault{down: true}, says: "connection refused"},
		{name: "reset", fault: fault{answer: (*call).reset}, says: "connection reset by peer"},
		{name: "closed", fault: fault{answer: func(*call) error { return errCut }}, says: "EOF"},
		{name: "half-answer", fault: fault{answer: half}, says: "unexpected EOF", spends: true},
		{name: "not-http", fault: fault{answer: babble}, says: "malformed HTTP"},
		{name: "status-403", fault: says(403, "text/html", "<h1>Forbidden by a firewall</h1>"), says: "403 Forbidden"},
		{name: "status-404", fault: says(404, "text/html", "<h1>No such site</h1>"), says: "404 Not Found"},
		{name: "status-429", fault: says(429, "text/plain", "slow down", "Retry-After: 7"), says: "429 Too Many Requests"},
		{name: "status-500", fault: says(500, "application/json", `{"status": 500, "message": "Internal Server Error"}`), says: "with 500: Internal Server Error"},
		{name: "status-502", fault: says(502, "text/html", "<h1>Bad Gateway</h1>"), says: "502 Bad Gateway"},
		{name: "redirect", fault: says(302, "text/html", "", "Location: /elsewhere/user"), says: "302 Found"},
		{name: "only-for-users", fault: fault{answer: onlyUsers}, says: "500 Internal Server Error"},
		{name: "html", fault: says(200, "text/html", "<!DOCTYPE html><title>Maintenance</title>"), says: "not the JSON of a hub|cannot parse json"},
		{name: "empty", fault: says(200, "application/json", ""), says: "not the JSON of a hub|cannot parse json"},
		{name: "wrong-types", fault: fault{answer: wrongTypes}, says: "cannot read the user model|cannot parse json|no name|missing access_token"},
		{name: "deep-json", fault: says(200, "application/json", `{"name":"u","scopes":`+strings.Repeat("[", 1_000_000)), says: "exceeded max depth|cannot parse json"},
		{name: "giant-json", fault: fault{answer: giant}, says: "larger than|cannot parse json"},
		{name: "gzip-bomb", fault: fault{answer: bomb}, says: "larger than|cannot parse json"},
		{name: "giant-head", fault: fault{answer: giantHead}, says: "headers exceeded"},
	}
}

// hang takes a call and never answers it.
func hang(c *call) error {
	<-c.ended
	return errCut
}

// slow lets the hub answer, and holds the answer for longer than anybody waits.
func slow(c *call) error {
	response, err := c.ask()
	if err != nil {
		return err
	}
	time.Sleep(30 * time.Second) // the fault itself, and nothing waits for it
	return response.Write(c.conn)
}

// drip sends a good head, and then its body by the byte for as long as anybody
// listens.
func drip(c *call) error {
	return c.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
		func(w io.Writer) error {
			for {
				if _, err := w.Write([]byte(" ")); err != nil {
					return err
				}
				select {
				case <-time.After(100 * time.Millisecond):
				case <-c.ended:
					return errCut
				}
			}
		})
}

// half lets the hub answer, and loses the connection in the middle of that.
func half(c *call) error {
	response, err := c.ask()
	if err != nil {
		return err
	}
	var whole bytes.Buffer
	if err := response.Write(&whole); err != nil {
		return err
	}
	head, _, _ := bytes.Cut(whole.Bytes(), []byte("\r\n\r\n"))
	cut := len(head) + 4 + (whole.Len()-len(head)-4)/2
	if _, err := c.conn.Write(whole.Bytes()[:cut]); err != nil {
		return err
	}
	return errCut
}

// says answers always the same. Fields are whole header lines.
func says(status int, contentType, body string, fields ...string) fault {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", status, http.StatusText(status), contentType, len(body))
	for _, field := range fields {
		head += field + "\r\n"
	}
	return fault{answer: func(c *call) error {
		_, err := io.WriteString(c.conn, head+"\r\n"+body)
		return err
	}}
}

// babble answers in another protocol.
func babble(c *call) error {
	_, err := io.WriteString(c.conn, "SSH-2.0-OpenSSH_9.2\r\n\r\n")
	if err != nil {
		return err
	}
	return errCut
}

// wrongTypes answers with JSON that is a hub's by its names and not by its
// types; each call gets the next.
func wrongTypes(c *call) error {
	bodies := []string{
		`{"kind": "user", "name": 7, "scopes": ["access:servers"]}`,
		`{"kind": "user", "name": {"first": "u"}, "scopes": ["access:servers"]}`,
		`{"kind": "user", "name": "u", "scopes": {"access:servers": true}}`,
		`{"kind": "user", "name": "u", "scopes": "access:servers"}`,
		`{"kind": "user", "name": "u", "groups": "all", "scopes": ["access:servers"]}`,
		`{"kind": "user", "name": "u", "scopes": ["access:servers", 1]}`,
		`["access:servers"]`,
		`"access:servers"`,
		`null`,
		`{"name": "", "scopes": ["access:servers"]}`,
		`{"access_token": 5, "name": true, "scopes": ["access:servers"]}`,
	}
	body := bodies[c.layer.turn(len(bodies))]
	return says(200, "application/json", body).answer(c)
}

// large is how much the giant answers would be: far more than our program may
// take.
const large = 1 << 30

// onlyUsers fails where the hub is asked who somebody is, and nowhere else.
func onlyUsers(c *call) error {
	if endpoint(c.request.URL.Path) != "user" {
		return c.pass()
	}
	return says(500, "text/plain", "no").answer(c)
}

// giant streams a user whose name does not end.
func giant(c *call) error {
	return c.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
		func(w io.Writer) error {
			if err := chunk(w, []byte(`{"kind": "user", "name": "`)); err != nil {
				return err
			}
			return repeat(large, func(piece []byte) error { return chunk(w, piece) })
		})
}

// bomb streams a small answer that becomes a large one when unpacked.
func bomb(c *call) error {
	if !strings.Contains(c.request.Header.Get("Accept-Encoding"), "gzip") {
		return giant(c) // who does not ask for gzip has to be given it plain
	}
	return c.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n",
		func(w io.Writer) error {
			packed := gzip.NewWriter(w)
			if _, err := io.WriteString(packed, `{"kind": "user", "name": "`); err != nil {
				return err
			}
			return repeat(large, func(piece []byte) error {
				_, err := packed.Write(piece)
				return err
			})
		})
}

// giantHead streams header fields without an end.
func giantHead(c *call) error {
	return c.write("HTTP/1.1 200 OK\r\n", func(w io.Writer) error {
		return repeat(large, func(piece []byte) error {
			_, err := fmt.Fprintf(w, "X-Field: %s\r\n", piece[:1000])
			return err
		})
	})
}

// write sends a head and then what body writes. That our program stops reading
// is what these faults are for, and ends them.
func (c *call) write(head string, body func(io.Writer) error) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return err
	}
	if _, err := io.WriteString(c.conn, head); err != nil {
		return err
	}
	if err := body(c.conn); err != nil {
		return err
	}
	return errCut
}

func chunk(w io.Writer, piece []byte) error {
	buffers := net.Buffers{fmt.Appendf(nil, "%x\r\n", len(piece)), piece, []byte("\r\n")}
	_, err := buffers.WriteTo(w)
	return err
}

// repeat writes pieces of that many bytes in all.
func repeat(total int, write func([]byte) error) error {
	piece := bytes.Repeat([]byte("a"), 64<<10)
	for written := 0; written < total; written += len(piece) {
		if err := write(piece); err != nil {
			return err
		}
	}
	return nil
}
