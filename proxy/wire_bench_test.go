package proxy

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkHeads is what a request's head and its answer's cost us, without the
// sockets: the part of the way that the operator's rules are on.
func BenchmarkHeads(b *testing.B) {
	p := &Proxy{prefix: testPrefix, activity: &Activity{}, hidesCookie: func(string) bool { return false }}
	conn := &upstreamConn{writer: bufio.NewWriter(io.Discard)}
	r := httptest.NewRequest("GET", "/user/ada/api/kernels?x=1", nil)
	for name, value := range map[string]string{
		"Accept": "*/*", "Accept-Encoding": "gzip", "Accept-Language": "en", "Cookie": "a=b", "Referer": "https://hub.example/user/ada/", "User-Agent": "x",
		"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hub.example",
	} {
		r.Header.Set(name, value)
	}
	resp := &http.Response{StatusCode: 200, Request: r, Header: http.Header{
		"Content-Type": {"application/json"}, "Date": {"now"}, "Server": {"x"}, "Set-Cookie": {"a=b"}, "Vary": {"Cookie"}, "Content-Length": {"2"},
	}, ContentLength: 2}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.writeHead(conn, r, false); err != nil {
			b.Fatal(err)
		}
		p.writeResponseHead(nowhere{http.Header{}}, resp, false)
	}
}

// nowhere is an answer that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header       { return n.header }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
