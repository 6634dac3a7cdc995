package proxy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

func TestSecurityNoRouteAroundTheGate(t *testing.T) {
	var reached atomic.Int32
	w := newWorld(t, withApp(func(http.ResponseWriter, *http.Request) { reached.Add(1) }), func(c *Config) { c.Gate = passGate{closed: true} })
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get"} {
		for _, target := range []string{
			testPrefix, testPrefix + "x", testPrefix + "/", testPrefix + "../ada/", testPrefix + "%2e%2e/x", testPrefix + "..%2f", testPrefix + `\x`,
			testPrefix + "api/", testPrefix + "api/x", testPrefix + "api;x", testPrefix + "API", testPrefix + "%61pi", testPrefix + "./api",
			testPrefix + "oauth_callback/", testPrefix + "logout/x", testPrefix + "logout;x", testPrefix + "%6cogout", testPrefix + "x/../logout",
			testPrefix + statusRoute, testPrefix + statusRoute + "/", "http://elsewhere" + testPrefix + "x", "//user/ada/", "/user//ada/x", "/user/ada%2Fx",
			"/user/./ada/x", "/user/bob/../ada/x", "/USER/ada/", "/", "*",
		} {
			code := w.rawStatus(method + " " + target + " HTTP/1.1\nHost: h\nConnection: close\n\n")
			if code != 401 && code != 404 && code != 400 && code != 308 {
				t.Errorf("%s %s: got %d", method, target, code)
			}
		}
	}
	for _, text := range []string{
		"GET " + testPrefix + " HTTP/1.0\n\n",
		"CONNECT " + testPrefix + " HTTP/1.1\nHost: h\n\n",
		"CONNECT h:80 HTTP/1.1\nHost: h:80\n\n",
		"PRI * HTTP/2.0\n\nSM\n\n",
		"GET " + testPrefix + " HTTP/1.1\nHost: h\nUpgrade: h2c\nConnection: Upgrade, HTTP2-Settings\nHTTP2-Settings: AAMAAABkAAQAAP__\n\n",
		"GET " + testPrefix + " HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
		"GET " + testPrefix + "api HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
	} {
		if code := w.rawStatus(text); code < 400 && code != 0 {
			t.Errorf("%q: got %d", text, code)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the app was reached %d times", n)
	}
	if resp, _ := w.get(testPrefix, "X-Let-Me: in"); resp.StatusCode != 200 || reached.Load() != 1 {
		t.Errorf("the gate lets nobody in: %s", resp.Status)
	}
}

func TestSecuritySmugglingEndsAtUs(t *testing.T) {
	heads := make(chan string, 100)
	w := newWorld(t, recordHead(heads), nil)
	start := "POST /user/ada/ HTTP/1.1\nHost: h\n"
	for name, text := range map[string]string{
		"length and chunked":     start + "Content-Length: 4\nTransfer-Encoding: chunked\nConnection: close\n\n0\n\nGET /user/ada/smuggled HTTP/1.1\nHost: h\n\n",
		"two lengths":            start + "Content-Length: 4\nContent-Length: 5\n\nabcde",
		"lengths in a list":      start + "Content-Length: 4, 5\n\nabcde",
		"negative length":        start + "Content-Length: -4\n\nabcd",
		"signed length":          start + "Content-Length: +4\n\nabcd",
		"two encodings":          start + "Transfer-Encoding: chunked, identity\n\n0\n\n",
		"chunked in disguise":    start + "Transfer-Encoding: xchunked\n\n0\n\n",
		"space before the colon": start + "Content-Length : 4\n\nabcd",
		"obsolete folding":       start + "X: a\n b\nContent-Length: 4\n\nabcd",
		"bare CR":                start + "X: a\rContent-Length: 4\n\nabcd",
		"no host":                "GET /user/ada/ HTTP/1.1\n\n",
		"two hosts":              "GET /user/ada/ HTTP/1.1\nHost: a\nHost: b\n\n",
		"NUL in a header":        "GET /user/ada/ HTTP/1.1\nHost: a\nX: a\x00b\n\n",
		"a handshake with body":  "GET /user/ada/ HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nContent-Length: 4\n\nabcd",
		"a bad chunk":            start + "Transfer-Encoding: chunked\n\nzz\nabcd\n0\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, reader := w.raw(text)
			conn.SetReadDeadline(time.Now().Add(2 * time.Second))
			answers := 0
			for {
				resp, err := http.ReadResponse(reader, nil)
				if err != nil {
					break
				}
				io.Copy(io.Discard, resp.Body)
				if answers++; resp.StatusCode != 400 && resp.StatusCode != 501 && resp.StatusCode != 200 {
					t.Errorf("got %s", resp.Status)
				}
			}
			if answers > 1 {
				t.Errorf("%d answers to one request", answers)
			}
		})
	}
	for len(heads) > 0 {
		head := <-heads
		if strings.Contains(head, "smuggled") || strings.Contains(head, "Content-Length") && strings.Contains(head, "Transfer-Encoding") ||
			strings.Count(head, "Content-Length") > 1 || strings.Contains(head, "\r\n ") {
			t.Errorf("the app got %q", head)
		}
	}
}

// A length beside chunked coding is overruled by it (RFC 9112 section 6.3),
// and net/http hides it from us. What follows is a request of its own, so it
// has to pass the gate by itself.
func TestSecurityPipelinedRequestPassesTheGateByItself(t *testing.T) {
	heads := make(chan string, 10)
	w := newWorld(t, recordHead(heads), func(c *Config) { c.Gate = passGate{closed: true} })
	_, reader := w.raw("POST /user/ada/ HTTP/1.1\nHost: h\nX-Let-Me: in\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\nGET /user/ada/smuggled HTTP/1.1\nHost: h\n\n")
	for _, want := range []int{200, 401} {
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != want {
			t.Errorf("got %s, want %d", resp.Status, want)
		}
	}
	// The body's end, "0", counts as a head for this simple app.
	if head, rest := <-heads, <-heads; strings.Contains(head, "Content-Length") || rest != "0\r\n\r\n" || len(heads) > 0 {
		t.Errorf("the app got %q, %q and %d more", head, rest, len(heads))
	}
}

func TestProbeIsAlwaysAnswered(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "the app's api") }), func(c *Config) {
		c.Gate = passGate{closed: true}
		c.HubVersion = func(context.Context) string { return "6.1.1" }
	})
	for _, state := range process.States() {
		w.app.set(process.Status{State: state})
		resp, body := w.get(testPrefix + "api")
		var answer struct{ Version string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || resp.StatusCode != 200 || answer.Version != "1.2.3" {
			t.Errorf("%s: got %s, %q", state, resp.Status, body)
		}
		if got := resp.Header.Get("X-JupyterHub-Version"); got != "6.1.1" {
			t.Errorf("%s: version %q", state, got)
		}
	}
	// Hubs before 5 ask the prefix itself.
	if resp, _ := w.get(testPrefix); resp.StatusCode != 401 || resp.Header.Get("X-JupyterHub-Version") != "6.1.1" {
		t.Errorf("at the prefix: got %s, version %q", resp.Status, resp.Header.Get("X-JupyterHub-Version"))
	}
	w.app.set(ready())
	if _, body := w.get(testPrefix+"api", "X-Let-Me: in"); body != "the app's api" {
		t.Errorf("the app's own api is hidden by %q", body)
	}
}

func TestRoutes(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, "app "+r.URL.Path) }), nil)
	for _, test := range []struct {
		path     string
		status   int
		location string
		body     string
	}{
		{"/user/ada/logout", 200, "", "own logout"},
		{"/user/ada/logout/x", 200, "", "app /logout/x"},
		{"/user/ada?a=%20", 308, "/user/ada/?a=%20", ""},
		{"/user/%61da/x?y", 308, "/user/ada/x?y", ""},
		{"/user/bob/", 404, "", ""},
		{"/user/adam/", 404, "", ""},
		{"/", 404, "", ""},
	} {
		resp, body := w.get(test.path)
		if resp.StatusCode != test.status || resp.Header.Get("Location") != test.location || (test.body != "" && body != test.body) {
			t.Errorf("%s: got %s, %q, %q", test.path, resp.Status, resp.Header.Get("Location"), body)
		}
	}
}

func TestPagesForEachState(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	w.app.lines = []string{"\x1b[31m<script>alert(1)</script>\x1b[0m", "Traceback"}
	exit := process.Exit{Code: 3}
	for _, test := range []struct {
		status process.Status
		want   []string
	}{
		{process.Status{State: process.Starting, Starts: 1}, []string{`data-state="starting"`, "The app is starting", testPrefix[1:], "http-equiv=\"refresh\""}},
		{process.Status{State: process.Starting, Starts: 2, LastExit: &exit}, []string{"Start number 2", "exit code 3"}},
		{process.Status{State: process.Backoff, Starts: 1, LastExit: &exit}, []string{"about to be started again", "exit code 3", "Start number 2 follows once"}},
		{process.Status{State: process.Failed, LastExit: &exit}, []string{`data-state="failed"`, "exit code 3", "/hub/home"}},
		{process.Status{State: process.Failed, LastExit: &process.Exit{Code: -1, Signal: 9}}, []string{"signal 9 (killed)"}},
		{process.Status{State: process.Stopping}, []string{"being stopped"}},
		{process.Status{State: process.Waiting}, []string{"The app is starting"}},
	} {
		w.app.set(test.status)
		resp, body := w.get(testPrefix+"x", "Accept: text/html")
		if resp.StatusCode != 503 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %s, %v", test.status.State, resp.Status, resp.Header)
		}
		for _, want := range test.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q in the page:\n%s", test.status.State, want, body)
			}
		}
		resp, body = w.get(testPrefix + "x")
		if resp.StatusCode != 503 || resp.Header.Get("Content-Type") != "application/json" || strings.Contains(body, "Traceback") {
			t.Errorf("%s, for a script: got %s, %q", test.status.State, resp.Status, body)
		}
		if wantRetry := test.status.State != process.Failed; (resp.Header.Get("Retry-After") != "") != wantRetry {
			t.Errorf("%s: Retry-After %q", test.status.State, resp.Header.Get("Retry-After"))
		}
	}
	if w.app.origin == "" {
		t.Error("the app was not told the visitor's host")
	}
}

func TestSecurityLogOnThePageIsEscaped(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	w.app.lines = []string{"\x1b[31m<script>alert(1)</script>\x1b[0m", `"'><img src=x onerror=alert(1)>`, "</pre></details>"}
	w.app.set(process.Status{State: process.Failed, LastExit: &process.Exit{Reason: "could not be started: <b>"}})
	resp, body := w.get(testPrefix, "Sec-Fetch-Mode: navigate")
	for _, bad := range []string{"<script>alert", "<img", "\x1b", "<b>"} {
		if strings.Contains(body, bad) {
			t.Errorf("%q is in the page", bad)
		}
	}
	if !strings.Contains(body, "&lt;script&gt;alert(1)&lt;/script&gt;\n") {
		t.Errorf("the log is not shown:\n%s", body)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
}

func TestStatusRoute(t *testing.T) {
	w := newWorld(t, withApp(nil), func(c *Config) { c.Gate = passGate{closed: true} })
	w.app.lines = []string{"Traceback"}
	w.app.set(process.Status{State: process.Starting})
	if resp, body := w.get(testPrefix + statusRoute); resp.StatusCode != 401 || strings.Contains(body, "Traceback") {
		t.Errorf("a stranger gets %s, %q", resp.Status, body)
	}
	_, body := w.get(testPrefix+statusRoute, "X-Let-Me: in")
	var status page.Status
	if err := json.Unmarshal([]byte(body), &status); err != nil || status.State != "starting" || len(status.Log) != 1 {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestAppThatIsGone(t *testing.T) {
	w := newWorld(t, withApp(nil), func(c *Config) {
		c.Dial = func(context.Context) (net.Conn, error) { return nil, fmt.Errorf("refused, as a test") }
	})
	if resp, body := w.get(testPrefix, "Accept: text/html"); resp.StatusCode != 502 || !strings.Contains(body, "did not answer") {
		t.Errorf("got %s, %q", resp.Status, body)
	}
	if !strings.Contains(w.log.String(), "refused, as a test") {
		t.Error("the reason is not in the log")
	}
}

func TestSecurityNoQueryInTheLog(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) }), nil)
	w.get(testPrefix+"x?token=very-secret&code=very-secret", "X-Request-Id: my-id.1")
	log := w.log.String()
	if strings.Contains(log, "very-secret") || !strings.Contains(log, "id=my-id.1") || !strings.Contains(log, "path=/user/ada/x ") || !strings.Contains(log, "status=500") {
		t.Errorf("got %s", log)
	}
}

func TestAPanicEndsOneRequestOnly(t *testing.T) {
	w := newWorld(t, withApp(nil), func(c *Config) {
		c.Dial = func(context.Context) (net.Conn, error) { panic("as a test") }
	})
	for range 2 {
		if code := w.rawStatus("GET /user/ada/ HTTP/1.1\nHost: h\n\n"); code != 500 {
			t.Errorf("got %d", code)
		}
	}
	if !strings.Contains(w.log.String(), "as a test") {
		t.Error("the fault is not in the log")
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t, withApp(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(418) }), nil)
	w.get(testPrefix)
	req, _ := http.NewRequest("BREW", w.url(testPrefix), nil)
	w.do(req)
	w.metrics.Verdict("forbidden")
	stub := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(403) }))
	defer stub.Close()
	client := http.Client{Transport: w.metrics.HubTransport(http.DefaultTransport)}
	if resp, err := client.Get(stub.URL + "/hub/api/user"); err == nil {
		resp.Body.Close()
	}
	if resp, err := client.Get("http://127.0.0.1:1/hub/api/users/ada/activity"); err == nil {
		resp.Body.Close()
	}
	recorder := httptest.NewRecorder()
	w.metrics.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	text := recorder.Body.String()
	for _, want := range []string{
		`jhsingle_requests_total{code="418",method="GET"} 1`,
		`jhsingle_requests_total{code="418",method="other"} 1`,
		`jhsingle_request_duration_seconds_count{class="4xx"} 2`,
		`jhsingle_requests_in_flight 0`,
		`jhsingle_websockets_open 0`,
		`jhsingle_gate_verdicts_total{verdict="forbidden"} 1`,
		`jhsingle_gate_verdicts_total{verdict="allowed"} 0`,
		`jhsingle_hub_requests_total{code="403",endpoint="user"} 1`,
		`jhsingle_hub_requests_total{code="error",endpoint="activity"} 1`,
		`jhsingle_app_state{state="ready"} 1`,
		`jhsingle_app_state{state="failed"} 0`,
		`jhsingle_app_restarts_total 0`,
		`jhsingle_build_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		scanner := bufio.NewScanner(strings.NewReader(text))
		for scanner.Scan() {
			if strings.HasPrefix(scanner.Text(), "jhsingle") {
				t.Log(scanner.Text())
			}
		}
	}
}

func TestProbeTellsHowTheLaunchWent(t *testing.T) {
	w := newWorld(t, withApp(func(http.ResponseWriter, *http.Request) {}), func(c *Config) {
		c.Launch = func(r *http.Request) any {
			if r.Header.Get("X-Key") != "right" {
				return nil
			}
			return map[string]string{"state": "launched"}
		}
	})
	for header, want := range map[string]string{
		"X-Key: right": `{"version":"1.2.3","launch":{"state":"launched"}}`, "X-Key: wrong": `{"version":"1.2.3"}`,
	} {
		if resp, body := w.get(testPrefix+"api", header); resp.StatusCode != 200 || strings.TrimSpace(body) != want {
			t.Errorf("%s: got %s %s", header, resp.Status, body)
		}
	}
}
