package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// recordHead is a raw app that answers 200 and tells each request's head.
func recordHead(heads chan<- string) appServer {
	return appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		reader := bufio.NewReader(conn)
		for {
			var head strings.Builder
			for {
				line, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				head.WriteString(line)
				if line == "\r\n" {
					break
				}
			}
			heads <- head.String()
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}}
}

func TestTargetIsPassedByteForByte(t *testing.T) {
	heads := make(chan string, 1)
	w := newWorld(t, recordHead(heads), nil)
	for _, target := range []string{"/", "/a%2Fb%2f%41;c=1/d", "/x?", "/?q=a%20b+c&&=&é", "//double", "/../up", "/%2e%2e/", `/{"a":[1|2]}^`, "/a#b", "/?a=1;b=2"} {
		if code := w.rawStatus("GET /user/ada" + target + " HTTP/1.1\nHost: h\nConnection: close\n\n"); code != 200 {
			t.Errorf("%s: got %d", target, code)
			continue
		}
		if line, _, _ := strings.Cut(<-heads, "\r\n"); line != "GET "+target+" HTTP/1.1" {
			t.Errorf("%s: the app got %q", target, line)
		}
	}
}

func TestHeadersOnTheWayIn(t *testing.T) {
	heads := make(chan string, 1)
	w := newWorld(t, recordHead(heads), nil)
	w.rawStatus(`GET /user/ada/x HTTP/1.1
Host: hub.example.org
Connection: close, X-Drop-Me
X-Drop-Me: 1
Keep-Alive: timeout=5
Proxy-Authorization: Basic x
Te: trailers
Upgrade: h2c
Http2-Settings: AAA
Expect: 100-continue
X-Forwarded-User: evil
X_Forwarded_User: evil
X-Forwarded-Prefix: /evil
X-Forwarded-For: 192.0.2.7
X-Forwarded-Proto: https
X-Request-Id: bad id
Accept: a
Accept: b
Authorization: Basic dTpw
Cookie: a=1

`)
	got, err := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.SplitN(<-heads, "\r\n", 2)[1]))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	id := got.Get("X-Request-Id")
	if id == "" || strings.Contains(id, " ") {
		t.Errorf("request id %q", id)
	}
	delete(got, "X-Request-Id")
	want := map[string]string{
		"Host": "hub.example.org", "Accept": "a|b", "Authorization": "Basic dTpw", "Cookie": "a=1",
		"X-Forwarded-For": "192.0.2.7, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hub.example.org",
		"X-Forwarded-Prefix": "/user/ada", "X-Forwarded-Context": "/user/ada", "X-Proxycontextpath": "/user/ada",
	}
	for name, values := range got {
		if want[name] != strings.Join(values, "|") {
			t.Errorf("%s: the app got %q, want %q", name, values, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("the app did not get %v", want)
	}
}

// What an app says of its whole origin holds for what is its own of it.
func TestSecurityAnAppDoesNotReachIntoItsOrigin(t *testing.T) {
	for _, scope := range []string{"/", "/hub/", "../../", "https://hub.example.org/", testPrefix + "../../", ""} {
		w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header()["Service-Worker-Allowed"] = []string{scope, "/"}
			rw.Header().Set("Clear-Site-Data", `"*"`)
		}), nil)
		resp, _ := w.get(testPrefix + "worker.js")
		if got := resp.Header["Service-Worker-Allowed"]; !slices.Equal(got, []string{testPrefix}) {
			t.Errorf("a worker may have the scopes %q, not %q", got, testPrefix)
		}
		if got, ok := resp.Header["Clear-Site-Data"]; ok {
			t.Errorf("Clear-Site-Data: %q came through", got)
		}
	}
}

func TestHeadersOnTheWayOut(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) {
		h := rw.Header()
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		h.Add("Set-Cookie", "jupyterhub-session-id=x; Path=/")
		h.Set("Keep-Alive", "timeout=1")
		h.Set("X-Secret", "1")
		h.Set("Connection", "X-Secret")
		h.Set("Content-Security-Policy", "frame-ancestors *")
		h["Content-Type"] = nil
		rw.WriteHeader(http.StatusTeapot)
		io.WriteString(rw, "<html>")
	}), nil)
	resp, body := w.get(testPrefix)
	if resp.StatusCode != http.StatusTeapot || body != "<html>" {
		t.Errorf("got %s, %q", resp.Status, body)
	}
	if got := strings.Join(resp.Header["Set-Cookie"], "|"); got != "a=1|b=2" {
		t.Errorf("cookies %q", got)
	}
	for _, name := range []string{"Keep-Alive", "X-Secret", "Content-Type"} {
		if got, ok := resp.Header[name]; ok {
			t.Errorf("%s: %q came through", name, got)
		}
	}
	if resp.Header.Get("Content-Security-Policy") != "frame-ancestors *" {
		t.Error("the app's own policy was changed")
	}
}

func TestBodiesBothWays(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/length" {
			rw.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		rw.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
		rw.Write(body)
	}), nil)
	for _, path := range []string{"length", "chunked"} {
		for _, chunked := range []bool{false, true} {
			for _, body := range [][]byte{nil, []byte("x"), big} {
				var reader io.Reader = bytes.NewReader(body)
				if chunked {
					reader = io.MultiReader(reader)
				}
				req, _ := http.NewRequest("POST", w.url(testPrefix+path), reader)
				resp, got := w.do(req)
				if resp.StatusCode != 200 || got != string(body) {
					t.Errorf("%s, chunked %v, %d bytes: got %s, %d bytes", path, chunked, len(body), resp.Status, len(got))
				}
			}
		}
	}
}

func TestKindsOfAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		method, answer string
		status         int
		body           string
		reused         bool
	}{
		"length":             {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
		"chunked":            {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", 200, "ok", true},
		"chunk extension":    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n", 200, "ok", true},
		"HEAD":               {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", false},
		"no content":         {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
		"not modified":       {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nEtag: x\r\n\r\n", 304, "", true},
		"until close":        {"GET", "HTTP/1.1 200 OK\r\n\r\nok", 200, "ok", false},
		"HTTP/1.0":           {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		"says close":         {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		"more than its body": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nsmuggled", 200, "ok", false},
		"no HTTP":            {"GET", "SSH-2.0-OpenSSH\r\n", 502, "", false},
		"nothing":            {"GET", "", 502, "", false},
		"two lengths":        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", 502, "", false},
		"a bad length":       {"GET", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", 502, "", false},
		"a head too large":   {"GET", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", 502, "", false},
		"101 unasked":        {"GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502, "", false},
		"status 99":          {"GET", "HTTP/1.1 099 What\r\n\r\n", 502, "", false},
		"interim for ever":   {"GET", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 20), 502, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, appServer{raw: func(conn net.Conn) {
				defer conn.Close()
				reader := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					req.Body.Close()
					io.WriteString(conn, test.answer)
					if !test.reused {
						return
					}
				}
			}}, nil)
			for range 2 {
				req, _ := http.NewRequest(test.method, w.url(testPrefix), nil)
				resp, body := w.do(req)
				if resp.StatusCode != test.status || (test.status < 300 && body != test.body) {
					t.Errorf("got %s, %q", resp.Status, body)
				}
			}
			if reused := w.dialed() == 1; reused != test.reused {
				t.Errorf("two requests took %d connections to the app", w.dialed())
			}
		})
	}
}

func TestAnswerStreamsAsItComes(t *testing.T) {
	next := make(chan struct{})
	for _, head := range []string{"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked", "Content-Length: 30"} {
		w := newWorld(t, appServer{raw: func(conn net.Conn) {
			defer conn.Close()
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
				return
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+head+"\r\n\r\n")
			for range 3 {
				if _, ok := <-next; !ok {
					return
				}
				if strings.Contains(head, "chunked") {
					io.WriteString(conn, "a\r\n0123456789\r\n")
				} else {
					io.WriteString(conn, "0123456789")
				}
			}
			io.WriteString(conn, "0\r\n\r\n")
		}}, nil)
		_, reader := w.raw("GET /user/ada/ HTTP/1.1\nHost: h\n\n")
		if strings.Contains(head, "Length") {
			next <- struct{}{} // its head comes with the first piece
		}
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if i > 0 || !strings.Contains(head, "Length") {
				next <- struct{}{}
			}
			piece := make([]byte, 10)
			if _, err := io.ReadFull(resp.Body, piece); err != nil {
				t.Fatalf("%s: piece %d: %v", head, i, err)
			}
		}
	}
}

func TestAppAnswersBeforeTheBodyIsSent(t *testing.T) {
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
		io.Copy(io.Discard, conn)
	}}, nil)
	_, reader := w.raw("POST /user/ada/ HTTP/1.1\nHost: h\nContent-Length: 1000000\n\nonly this")
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 413 || string(body) != "no" || !resp.Close || err != nil {
		t.Errorf("got %s, %q, close %v, %v", resp.Status, body, resp.Close, err)
	}
}

// lateConn is a connection to the app on which the write of a body's last piece
// returns only once the connection is closed, long after the app has the piece.
type lateConn struct {
	net.Conn
	closed context.Context
	close  context.CancelFunc
}

func (c *lateConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if bytes.HasSuffix(p, []byte("body")) || bytes.HasSuffix(p, []byte("0\r\n\r\n")) {
		<-c.closed.Done()
	}
	return n, err
}

func (c *lateConn) Close() error {
	defer c.close()
	return c.Conn.Close()
}

// An app can have the whole body, and answer, before we hear that it was sent.
// Where the visitor's request ends is known all the same, so the next follows.
func TestAnswerThatOvertakesTheEndOfTheUpload(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) { io.Copy(rw, r.Body) }), func(c *Config) {
		dial := c.Dial
		c.Dial = func(ctx context.Context) (net.Conn, error) {
			conn, err := dial(ctx)
			closed, close := context.WithCancel(context.Background())
			return &lateConn{conn, closed, close}, err
		}
	})
	for _, body := range []string{"Content-Length: 4\n\nbody", "Transfer-Encoding: chunked\n\n4\nbody\n0\n\n"} {
		request := "POST /user/ada/ HTTP/1.1\nHost: h\n" + body
		_, reader := w.raw(request + request + request)
		for i := range 3 {
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatalf("%q: answer %d: %v", body, i, err)
			}
			got, err := io.ReadAll(resp.Body)
			if resp.StatusCode != 200 || string(got) != "body" || resp.Close || err != nil {
				t.Errorf("%q: answer %d: got %s, %q, close %v, %v", body, i, resp.Status, got, resp.Close, err)
			}
		}
	}
}

func TestBothDirectionsAtOnce(t *testing.T) {
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		reader := bufio.NewReader(conn)
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		buffer := make([]byte, 10)
		for {
			n, err := req.Body.Read(buffer)
			if n > 0 {
				fmt.Fprintf(conn, "%x\r\n%s\r\n", n, buffer[:n])
			}
			if err != nil {
				break
			}
		}
		io.WriteString(conn, "0\r\n\r\n")
	}}, nil)
	conn, reader := w.raw("POST /user/ada/ HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n")
	var resp *http.Response
	for _, piece := range []string{"first", "second"} {
		fmt.Fprintf(conn, "%x\r\n%s\r\n", len(piece), piece)
		if resp == nil {
			var err error
			if resp, err = http.ReadResponse(reader, nil); err != nil {
				t.Fatal(err)
			}
		}
		echoed := make([]byte, len(piece))
		if _, err := io.ReadFull(resp.Body, echoed); err != nil || string(echoed) != piece {
			t.Fatalf("got %q, %v", echoed, err)
		}
	}
	io.WriteString(conn, "0\r\n\r\n")
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) != 0 {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestDeadIdleConnection(t *testing.T) {
	// The app closes each connection after one answer without saying so: at
	// once, or only when the next request arrives, which no check can see.
	for _, late := range []bool{false, true} {
		closed := make(chan struct{}, 8)
		w := newWorld(t, appServer{raw: func(conn net.Conn) {
			defer func() {
				conn.Close()
				closed <- struct{}{}
			}()
			reader := bufio.NewReader(conn)
			req, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			if late {
				reader.ReadByte()
			}
		}}, nil)
		for i := range 3 {
			if resp, _ := w.get(testPrefix); resp.StatusCode != 200 {
				t.Errorf("late %v, request %d: got %s", late, i, resp.Status)
			}
			if !late {
				<-closed
			}
		}
		// A request that may have had an effect is not sent twice.
		req, _ := http.NewRequest("POST", w.url(testPrefix), strings.NewReader("x"))
		resp, _ := w.do(req)
		if want := map[bool]int{false: 200, true: 502}[late]; resp.StatusCode != want {
			t.Errorf("late %v, POST: got %s, want %d", late, resp.Status, want)
		}
	}
}

func TestSilentAppIsATimeout(t *testing.T) {
	w := newWorld(t, appServer{raw: func(conn net.Conn) { io.Copy(io.Discard, conn) }}, func(c *Config) { c.RequestTimeout = 150 * time.Millisecond })
	resp, body := w.get(testPrefix, "Sec-Fetch-Mode: navigate")
	if resp.StatusCode != http.StatusGatewayTimeout || !strings.Contains(body, "did not answer in time") {
		t.Errorf("got %s, %q", resp.Status, body)
	}
	req, _ := http.NewRequest("POST", w.url(testPrefix), strings.NewReader("body"))
	if resp, _ := w.do(req); resp.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("POST: got %s", resp.Status)
	}
}

// pipes is a listener for connections in memory, which go by the time of a test
// (testing/synctest).
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error {
	close(p)
	return nil
}

func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial(context.Context) (net.Conn, error) {
	conn, accepted := net.Pipe()
	p <- accepted
	return conn, nil
}

func TestABodyThatMovesIsNotTimedOut(t *testing.T) {
	const pieces, pause = 10, 200 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		toApp, toUs := make(pipes), make(pipes)
		app := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			for range pieces {
				time.Sleep(pause)
				io.WriteString(rw, "x")
				http.NewResponseController(rw).Flush()
			}
		})}
		go app.Serve(toApp)
		defer app.Close()
		server := NewServer(Config{
			Prefix: testPrefix, Gate: passGate{}, App: &stubApp{status: ready()}, Dial: toApp.dial, RequestTimeout: pause + pause/2,
			Activity: &Activity{}, Metrics: NewMetrics("1"), Log: slog.New(slog.DiscardHandler),
		})
		go server.Serve(toUs)
		defer server.Shutdown(t.Context())

		reader, writer := io.Pipe()
		go func() {
			defer writer.Close()
			for range pieces {
				time.Sleep(pause)
				io.WriteString(writer, "y")
			}
		}()
		client := http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return toUs.dial(ctx) },
		}}
		resp, err := client.Post("http://h"+testPrefix, "", reader)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != strings.Repeat("x", pieces) || err != nil {
			t.Errorf("got %s, %q, %v", resp.Status, body, err)
		}
	})
}

func TestBrokenAnswerIsNotTakenForWhole(t *testing.T) {
	for _, answer := range []string{"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"} {
		w := newWorld(t, appServer{raw: func(conn net.Conn) {
			http.ReadRequest(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+answer)
			conn.Close()
		}}, nil)
		resp, err := http.Get(w.url(testPrefix))
		if err != nil {
			continue // broken off before the head: as good
		}
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%q was taken for the whole", body)
		}
		resp.Body.Close()
	}
}

func TestVisitorWhoGoesEndsTheAppsWork(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	w := newWorld(t, withApp(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(gone)
	}), nil)
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", w.url(testPrefix), nil)
	go http.DefaultClient.Do(req)
	<-arrived
	cancel()
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the app still works for nobody")
	}
}

func TestInterimResponses(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Link", "</a.css>; rel=preload")
		rw.WriteHeader(http.StatusEarlyHints)
		rw.Header().Del("Link")
		io.WriteString(rw, "ok")
	}), nil)
	var hints []string
	trace := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(code, " ", h.Get("Link")))
		return nil
	}})
	req, _ := http.NewRequestWithContext(trace, "GET", w.url(testPrefix), nil)
	resp, body := w.do(req)
	if len(hints) != 1 || hints[0] != "103 </a.css>; rel=preload" || body != "ok" || resp.Header.Get("Link") != "" {
		t.Errorf("got %q, then %q with Link %q", hints, body, resp.Header.Get("Link"))
	}
}

func TestTrailers(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		rw.Header().Set("Trailer", "X-Sum")
		io.WriteString(rw, r.Trailer.Get("X-In"))
		rw.Header().Set("X-Sum", "42")
	}), nil)
	req, _ := http.NewRequest("POST", w.url(testPrefix), io.MultiReader(strings.NewReader("body")))
	req.Trailer = http.Header{"X-In": {"from the visitor"}}
	resp, body := w.do(req)
	if body != "from the visitor" || resp.Trailer.Get("X-Sum") != "42" {
		t.Errorf("got %q, trailer %v", body, resp.Trailer)
	}
}

func TestManyRequestsShareConnections(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "ok") }), nil)
	for range 20 {
		w.get(testPrefix)
	}
	if n := w.dialed(); n != 1 {
		t.Errorf("20 requests one after the other took %d connections", n)
	}
}

func TestSecurityTrailersCannotPassForHeaders(t *testing.T) {
	got := make(chan http.Header, 1)
	w := newWorld(t, appServer{raw: func(conn net.Conn) {
		defer conn.Close()
		reader := bufio.NewReader(conn)
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		got <- req.Trailer
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Good\r\n\r\n0\r\nX-Good: 1\r\nSet-Cookie: a=b\r\nLocation: /x\r\nContent-Type: evil\r\n\r\n")
	}}, nil)
	_, reader := w.raw("POST /user/ada/ HTTP/1.1\nHost: h\nTrailer: X-Good\nTransfer-Encoding: chunked\n\n0\nX-Good: 1\nCookie: m\nAuthorization: m\nHost: m\nX-Forwarded-User: m\nX-Forwarded-User : m\nX_Y: m\nA b: m\nContent-Type: m\n\n")
	if trailer := <-got; len(trailer) != 1 || trailer.Get("X-Good") != "1" {
		t.Errorf("the app got %v", trailer)
	}
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	if len(resp.Trailer) != 1 || resp.Trailer.Get("X-Good") != "1" {
		t.Errorf("the visitor got %v", resp.Trailer)
	}
}

// The server would wait for the body before the answer, and for ever.
func TestSecurityRefusalDoesNotWaitForABody(t *testing.T) {
	w := newWorld(t, withApp(func(http.ResponseWriter, *http.Request) { t.Error("the app was reached") }), func(c *Config) { c.Gate = passGate{closed: true} })
	for _, framing := range []string{"Content-Length: 400", "Transfer-Encoding: chunked", "Content-Length: 400\nUpgrade: websocket\nConnection: Upgrade"} {
		for _, path := range []string{"/user/ada/", "/elsewhere", "/user/ada/api", "/user/ada/logout", "/user%2Fada"} {
			conn, reader := w.raw("POST " + path + " HTTP/1.1\nHost: h\n" + framing + "\n\n")
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Errorf("%s, %s: %v", path, framing, err)
				continue
			}
			if !resp.Close {
				t.Errorf("%s, %s: %s, and what follows is taken for a request", path, framing, resp.Status)
			}
			conn.Close()
		}
	}
}

func TestSecurityBodyThatNobodyWantsIsBounded(t *testing.T) {
	o := newObserver(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}), slog.New(slog.DiscardHandler), NewMetrics("1"))
	for _, wanted := range []bool{false, true} {
		o.next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if wanted {
				http.NewResponseController(w).EnableFullDuplex()
			}
		})
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		o.ServeHTTP(d, httptest.NewRequest("POST", "/", strings.NewReader("x")))
		if len(d.set) == 0 || d.set[0].Before(time.Now()) || d.set[len(d.set)-1].IsZero() != wanted {
			t.Errorf("wanted %v: deadlines %v", wanted, d.set)
		}
	}
}

// deadlines notes the read deadlines that are set.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error { d.set = append(d.set, at); return nil }
func (d *deadlines) EnableFullDuplex() error            { return nil }

// A crowd that comes at once must not overflow the app's accept queue.
func TestConnectionsBeingMadeAreBounded(t *testing.T) {
	var now, most atomic.Int32
	release := make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer app.Close()
	w := newWorld(t, withApp(func(http.ResponseWriter, *http.Request) {}), func(c *Config) {
		c.Dial = func(ctx context.Context) (net.Conn, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			<-release
			return (&net.Dialer{}).DialContext(ctx, "tcp", app.Listener.Addr().String())
		}
	})
	var crowd sync.WaitGroup
	var failed atomic.Int32
	for range 4 * maxDials {
		crowd.Go(func() {
			resp, err := http.Get(w.url(testPrefix))
			if err != nil {
				failed.Add(1)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				failed.Add(1)
			}
		})
	}
	for deadline := time.Now().Add(patience); now.Load() < maxDials && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	close(release)
	crowd.Wait()
	if most.Load() > maxDials || failed.Load() > 0 {
		t.Errorf("%d connections were being made at once; %d requests failed", most.Load(), failed.Load())
	}
}
