package message

import (
	"errors"
	"strings"
	"testing"
)

func TestNext(t *testing.T) {
	for _, test := range []struct {
		name, stream string
		body         string
		left         int
	}{
		{"no body", "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "", 0},
		{"a request behind it", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", "", 3},
		{"a length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcd", "abc", 1},
		{"chunks", "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nz", "abc0123456789", 1},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\n\r\n", "", 0},
	} {
		request, length, err := Next([]byte(test.stream))
		if err != nil || string(request.Body) != test.body || len(test.stream)-length != test.left {
			t.Errorf("%s: %+v, %d, %v", test.name, request, length, err)
		}
	}
}

func TestNextWaits(t *testing.T) {
	for _, whole := range []string{
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
	} {
		for end := range len(whole) {
			if _, _, err := Next([]byte(whole[:end])); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%q: %v", whole[:end], err)
			}
		}
		if _, _, err := Next([]byte(whole)); err != nil {
			t.Errorf("%q: %v", whole, err)
		}
	}
}

func TestNextIsStrict(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: x\r\n"
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	for name, stream := range map[string]string{
		"no version":         "GET /\r\n\r\n",
		"another version":    "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
		"two blanks":         "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a blank in between": "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
		"a method":           "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
		"no host":            "GET / HTTP/1.1\r\n\r\n",
		"two hosts":          "GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n",
		"bare LF":            "GET / HTTP/1.1\nHost: x\r\n\r\n",
		"bare LF at the end": "GET / HTTP/1.1\r\nHost: x\n\n",
		"bare CR":            post + "X: a\rb\r\n\r\n",
		"NUL":                post + "X: a\x00b\r\n\r\n",
		"obs-fold":           post + "X: a\r\n b\r\n\r\n",
		"blank before colon": post + "X : a\r\n\r\n",
		"no colon":           post + "X\r\n\r\n",
		"CL and TE":          post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"two CL":             post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
		"CL list":            post + "Content-Length: 1, 1\r\n\r\na",
		"CL with a sign":     post + "Content-Length: +1\r\n\r\na",
		"CL negative":        post + "Content-Length: -1\r\n\r\na",
		"CL huge":            post + "Content-Length: 99999999999999999999\r\n\r\na",
		"CL empty":           post + "Content-Length:\r\n\r\n",
		"TE other":           post + "Transfer-Encoding: gzip, chunked\r\n\r\n",
		"TE twice":           post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"TE in HTTP/1.0":     "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunk extension":    chunked + "1;a=b\r\nx\r\n0\r\n\r\n",
		"chunk size 0x":      chunked + "0x1\r\nx\r\n0\r\n\r\n",
		"chunk size blank":   chunked + "1 \r\nx\r\n0\r\n\r\n",
		"chunk LF":           chunked + "1\nx\n0\n\n",
		"chunk too long":     chunked + "1\r\nxy\r\n0\r\n\r\n",
		"trailer folded":     chunked + "0\r\nX: a\r\n b\r\n\r\n",
	} {
		if request, _, err := Next([]byte(stream)); err == nil || errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: taken as %+v, %v", name, request, err)
		}
	}
}

func TestValues(t *testing.T) {
	request, _, err := Next([]byte("GET / HTTP/1.1\r\nHost: x\r\nx-A: 1\r\nX-a: \t2 \r\nUpgrade: websocket\r\n\r\n"))
	if err != nil || strings.Join(request.Values("X-A"), " ") != "1 2" || !request.IsUpgrade() {
		t.Errorf("%+v, %v", request, err)
	}
}
