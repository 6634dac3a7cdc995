//go:build e2e

package way

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// heard is what the echo app says that it was asked.
type heard struct {
	URI     string      `json:"uri"`
	Host    string      `json:"host"`
	Headers [][2]string `json:"headers"`
}

func (h heard) values(name string) (values []string) {
	for _, header := range h.Headers {
		if strings.EqualFold(header[0], name) {
			values = append(values, header[1])
		}
	}
	return values
}

// hear asks the echo app by HTTP, and by a websocket, and returns what it heard.
func (s *server) hear(path, socket string, headers ...string) []heard {
	s.t.Helper()
	var both [2]heard
	_, _, body := s.get(path, headers...)
	if err := json.Unmarshal([]byte(body), &both[0]); err != nil {
		s.t.Fatalf("%v: %s", err, body)
	}
	sent := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		sent.Set(headers[i], headers[i+1])
	}
	conn, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url(socket), "http"), sent)
	if err != nil {
		s.t.Fatalf("%v (%v)", err, resp)
	}
	defer conn.Close()
	if err := conn.ReadJSON(&both[1]); err != nil {
		s.t.Fatal(err)
	}
	return both[:]
}

// Python's web server sends a browser on to the folder with the last slash, by an
// absolute path. It knows nothing of prefixes.
func TestPythonsWebServerRedirectsBelowThePrefix(t *testing.T) {
	s := start(t, nil, python(t), "-m", "http.server", "--bind", "127.0.0.1", "{port}")
	folder := filepath.Join(s.folder, "some dir")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte("found"), 0o644); err != nil {
		t.Fatal(err)
	}
	status, header, _ := s.get("some%20dir?x=%2F")
	if want := prefix + "some%20dir/?x=%2F"; status != http.StatusMovedPermanently || header.Get("Location") != want {
		t.Errorf("got %d to %q, want %q", status, header.Get("Location"), want)
	}
	resp, err := http.Get(s.url("some%20dir"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("who follows it gets %s", resp.Status)
	}

	kept := start(t, []string{"--keep-location"}, python(t), "-m", "http.server", "--bind", "127.0.0.1", "{port}")
	if err := os.Mkdir(filepath.Join(kept.folder, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, header, _ := kept.get("d"); header.Get("Location") != "/d/" {
		t.Errorf("with --keep-location: got %q", header.Get("Location"))
	}
}

func TestAbsoluteURLAndMappedPaths(t *testing.T) {
	s := start(t, []string{"--absolute-url", `--mappath={"/": "/start page", "/sock": "/ws"}`}, shared.echo, "--port={port}")
	for path, want := range map[string]string{
		"x%2Fy?z=%20": prefix + "x%2Fy?z=%20",
		"":            prefix + "start%20page",
		"?q":          prefix + "start%20page?q",
	} {
		var h heard
		if _, _, body := s.get(path); json.Unmarshal([]byte(body), &h) != nil || h.URI != want {
			t.Errorf("%q: the app was asked for %s", path, body)
		}
		if got := h.values("X-Forwarded-Prefix"); got != nil {
			t.Errorf("%q: the app was told the prefix in the path, and again as %q", path, got)
		}
	}
	mapped := start(t, []string{"--mappath=/sock=/ws"}, shared.echo, "--port={port}")
	if got := mapped.hear("else", "sock?x"); got[0].URI != "/else" || got[1].URI != "/ws?x" {
		t.Errorf("got %q and %q", got[0].URI, got[1].URI)
	}
}

func TestSecurityOverriddenHeaders(t *testing.T) {
	s := start(t, []string{"--request-headers-override", `{"Host": "localhost:{port}", "X-Api-Key": "ours", "X-Base": "{base_url}"}`}, shared.echo, "--port={port}")
	for i, h := range s.hear("x", "ws", "X-Api-Key", "theirs", "X_Api_Key", "theirs", "X-Base", "theirs") {
		if !strings.HasPrefix(h.Host, "localhost:") || h.Host == "localhost:0" || h.Host == "localhost:1" {
			t.Errorf("way %d: host %q", i, h.Host)
		}
		if got := append(h.values("X-Api-Key"), h.values("X_Api_Key")...); len(got) != 1 || got[0] != "ours" {
			t.Errorf("way %d: X-Api-Key %q", i, got)
		}
		if got := h.values("X-Base"); len(got) != 1 || got[0] != strings.TrimSuffix(prefix, "/") {
			t.Errorf("way %d: X-Base %q", i, got)
		}
		if got := h.values("X-Forwarded-Host"); len(got) != 1 || got[0] != s.address {
			t.Errorf("way %d: X-Forwarded-Host %q", i, got)
		}
	}
	// Such an app redirects to where only it is; a visitor comes where it means.
	_, host, _ := strings.Cut(s.hear("x", "ws")[0].Host, ":")
	if _, header, _ := s.get("answer?status=302&header=Location:http://localhost:" + host + "/login?x"); header.Get("Location") != prefix+"login?x" {
		t.Errorf("got %q", header.Get("Location"))
	}
}

func TestSecurityWebsocketMessageLimit(t *testing.T) {
	s := start(t, []string{"--websocket-max-message-size=10000"}, shared.echo, "--port={port}")
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url("ws"), "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.ReadMessage() // its hello
	conn.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 10_000)))
	if _, got, err := conn.ReadMessage(); err != nil || len(got) != 10_000 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	conn.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 10_001)))
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1009) {
		t.Errorf("got %v", err)
	}
	s.eventually(func() error {
		_, _, seen := s.get("seen")
		if !strings.Contains(seen, "websocket closed 1009") {
			return errNotYet(seen)
		}
		return nil
	})
}

type errNotYet string

func (e errNotYet) Error() string { return string(e) }
