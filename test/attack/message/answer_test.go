package message

import (
	"errors"
	"testing"
)

func TestNextAnswer(t *testing.T) {
	for _, test := range []struct {
		name, method, stream, body string
		left                       int
	}{
		{"a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab", 1},
		{"chunks", "GET", "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nc", "ab", 1},
		{"interim", "GET", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 0},
		{"the end", "GET", "HTTP/1.1 200 OK\r\nX: y\r\n\r\nabc", "abc", 0},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "", 0},
		{"no content", "GET", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\nHTTP", "", 4},
		{"another protocol", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nab", "", 2},
	} {
		answer, length, err := NextAnswer([]byte(test.stream), test.method)
		if err != nil || string(answer.Body) != test.body || len(test.stream)-length != test.left {
			t.Errorf("%s: %+v, %d, %v", test.name, answer, length, err)
		}
	}
}

func TestNextAnswerIsStrict(t *testing.T) {
	for name, stream := range map[string]string{
		"no status":         "HTTP/1.1 OK\r\nX: y\r\n\r\n",
		"a status of four":  "HTTP/1.1 2000 OK\r\nX: y\r\n\r\n",
		"another version":   "HTTP/2 200 OK\r\nX: y\r\n\r\n",
		"CL and TE":         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"bare CR":           "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
		"a folded line":     "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
		"a name with blank": "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n",
	} {
		if answer, _, err := NextAnswer([]byte(stream), "GET"); err == nil || errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: taken as %+v, %v", name, answer, err)
		}
	}
}
