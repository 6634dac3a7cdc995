package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

func TestCheckNamesTheFlag(t *testing.T) {
	for want, config := range map[string]Config{
		"--mappath":                    {MapPath: map[string]string{"x": "/y"}},
		"--request-headers-override":   {RequestHeaders: map[string]string{"Te": "x"}},
		"--websocket-max-message-size": {MaxMessage: -1},
	} {
		if err := config.Check(); err == nil || !strings.HasPrefix(err.Error(), want+" ") {
			t.Errorf("%s: got %v", want, err)
		}
	}
	if err := (Config{Prefix: testPrefix}).Check(); err != nil {
		t.Error(err)
	}
}

func TestAbsoluteAndMappedTargets(t *testing.T) {
	heads := make(chan string, 1)
	paths := map[string]string{"/": "/start.html", "/a b": "/b?x=1"}
	for _, test := range []struct {
		absolute bool
		mapped   bool
		target   string
		want     string
	}{
		{true, false, "/user/ada/x%2Fy?z=%20", "/user/ada/x%2Fy?z=%20"},
		{true, false, "/user/ada/", "/user/ada/"},
		{false, true, "/user/ada/?q", "/start.html?q"},
		{false, true, "/user/ada/a%20b?q", "/b?x=1&q"},
		{false, true, "/user/ada/else", "/else"},
		{true, true, "/user/ada/", "/user/ada/start.html"},
		{true, true, "/user/ada/else%20?q", "/user/ada/else%20?q"},
		{true, false, "http://elsewhere/user/ada/x?y", "/user/ada/x?y"},
	} {
		w := newWorld(t, recordHead(heads), func(c *Config) {
			if c.Absolute = test.absolute; test.mapped {
				c.MapPath = paths
			}
		})
		for _, upgrade := range []string{"", "Upgrade: websocket\nConnection: Upgrade\n"} {
			w.rawStatus("GET " + test.target + " HTTP/1.1\nHost: h\nX-Forwarded-Prefix: /evil\n" + upgrade + "\n")
			head := <-heads
			if line, _, _ := strings.Cut(head, "\r\n"); line != "GET "+test.want+" HTTP/1.1" {
				t.Errorf("%+v: got %q", test, line)
			}
			// Who hears the prefix in the path must not hear it once more.
			if told := strings.Contains(head, "X-Forwarded-Prefix: /user/ada\r\n"); told == test.absolute || strings.Contains(head, "evil") {
				t.Errorf("%+v: got %q", test, head)
			}
		}
	}
}

func TestSecurityOverriddenHeadersAreTheOperatorsAlone(t *testing.T) {
	heads := make(chan string, 1)
	w := newWorld(t, recordHead(heads), func(c *Config) {
		c.RequestHeaders = map[string]string{
			"Host": "localhost:{port}", "x-api-key": "ours{{}}", "X-Forwarded-User": "robot", "X-Forwarded-Prefix": "/elsewhere",
			"X-Forwarded-For": "192.0.2.1", "Cookie": "a=ours", "X-Empty": "", "Accept-Encoding": "identity", "X-Request-Id": "fixed",
		}
		c.Variables = process.Variables{}
	})
	w.app.set(process.Status{State: process.Ready, Port: 8123})
	head := `Host: hub.example
Connection: keep-alive, X-Api-Key
X-Api-Key: theirs
X_Api_Key: theirs
X-Api_Key: theirs
X-Forwarded-User: theirs
X-Forwarded-Prefix: /theirs
X-Forwarded-For: 198.51.100.1
Cookie: a=theirs
X-Empty: theirs
X-Request-Id: theirs
Accept-Encoding: gzip
Trailer: X-Api-Key
X-Other: passes
`
	for _, request := range []string{
		"GET /user/ada/ HTTP/1.1\n" + head + "\n",
		"POST /user/ada/ HTTP/1.1\n" + head + "Transfer-Encoding: chunked\n\n0\nX-Api-Key: theirs\n\n",
		"GET /user/ada/ HTTP/1.1\n" + strings.Replace(head, "keep-alive", "Upgrade", 1) + "Upgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
	} {
		w.rawStatus(request)
		got := <-heads
		if strings.Contains(got, "theirs") || strings.Contains(got, "198.51.100.1") || strings.Contains(got, "gzip") {
			t.Errorf("a visitor's header went through: %q", got)
		}
		for _, want := range []string{
			"Host: localhost:8123\r\n", "x-api-key: ours{}\r\n", "X-Forwarded-User: robot\r\n", "X-Forwarded-Prefix: /elsewhere\r\n", "X-Forwarded-For: 192.0.2.1\r\n",
			"Cookie: a=ours\r\n", "X-Empty: \r\n", "Accept-Encoding: identity\r\n", "X-Request-Id: fixed\r\n",
			"X-Other: passes\r\n", "X-Forwarded-Host: hub.example\r\n", "X-Forwarded-Context: /user/ada\r\n",
		} {
			if strings.Count(got, want) != 1 {
				t.Errorf("%d times %q in %q", strings.Count(got, want), want, got)
			}
		}
		if strings.Count(strings.ToLower(got), "\r\nhost:")+strings.Count(strings.ToLower(got), "\r\nx-api-key:")+strings.Count(got, "X-Forwarded-User:") != 3 {
			t.Errorf("a header is there twice: %q", got)
		}
		if strings.HasPrefix(request, "POST") {
			<-heads // the body's end counts as a head for this simple app
		}
	}
}

func TestSecurityOverriddenHeadersAreNotTheVisitorsAsTrailers(t *testing.T) {
	type told struct{ header, trailer string }
	heard := make(chan told, 1)
	w := newWorld(t, withApp(func(_ http.ResponseWriter, r *http.Request) {
		_, announced := r.Trailer["X-Api-Key"]
		io.Copy(io.Discard, r.Body)
		if announced && r.Trailer.Get("X-Api-Key") == "" {
			r.Trailer.Set("X-Api-Key", "announced")
		}
		heard <- told{r.Header.Get("X-Api-Key"), r.Trailer.Get("X-Api-Key") + r.Trailer.Get("X-Fine")}
	}), func(c *Config) { c.RequestHeaders = map[string]string{"X-Api-Key": "ours"} })
	w.rawStatus("POST /user/ada/ HTTP/1.1\nHost: h\nTrailer: X-Api-Key, X-Fine\nTransfer-Encoding: chunked\n\n0\nX-Api-Key: theirs\nX-Fine: fine\n\n")
	if got := <-heard; got != (told{"ours", "fine"}) {
		t.Errorf("got %+v", got)
	}
}

// The operator's word on who asks is above the gate's.
func TestOverrideReplacesTheIdentity(t *testing.T) {
	heads := make(chan string, 1)
	g := newGuest(t)
	w := newWorld(t, recordHead(heads), func(c *Config) {
		c.Gate = g.gate
		c.RequestHeaders = map[string]string{"X-Forwarded-User": "robot"}
	})
	w.get(testPrefix, "Authorization: token t")
	if head := <-heads; strings.Count(head, "X-Forwarded-User") != 1 || !strings.Contains(head, "X-Forwarded-User: robot\r\n") || !strings.Contains(head, "X-Forwarded-Groups: g\r\n") {
		t.Errorf("got %q", head)
	}
}
