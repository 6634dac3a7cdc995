package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNoHTTPAnswer(t *testing.T) {
	wants := map[string]string{
		"silent":               "nothing listens there; it does not listen on any port yet",
		"mute":                 "it took the connection, but gave no answer within",
		"half a head for ever": "it took the connection, but gave only a part of an answer within",
		"endless head":         "the head of its answer is longer than 1048576 bytes",
		"half a head":          "it broke off in the middle of its answer",
		"hanging up":           "it closed the connection without an answer",
		"garbage":              `what it answered is not HTTP: `,
		"TLS":                  "it expects TLS; let it speak plain HTTP",
		"another address":      "but only on the address 127.0.0.2: let it listen on 127.0.0.1",
		"another port":         "nothing listens there; it listens on port",
	}
	ended := map[string]<-chan Exit{}
	for role := range wants {
		_, ended[role] = start(t, role, func(c *Config) { c.ReadyTimeout = 2 * time.Second })
	}
	for role, want := range wants {
		exit := <-ended[role]
		if got := exit.String(); !strings.HasPrefix(got, "gave no HTTP answer on port ") || !strings.Contains(got, "(--ready-timeout): ") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", role, got, want)
		}
		if exit.Success() || exit.ExitCode() != 1 {
			t.Errorf("%s: got %+v", role, exit)
		}
	}
}

func TestNoHTTPAnswerOnTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for role, want := range map[string]string{
		"silent":         "the socket is not there yet; it does not listen on any port yet",
		"another socket": "the socket is not there yet; it listens on the unix socket " + path + ".other, but not on the unix socket " + path + ": give it the path by {unix_socket}",
	} {
		_, ended := start(t, role, func(c *Config) { unixRole(c); c.Socket, c.ReadyTimeout = path, time.Second })
		if got := (<-ended).String(); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", role, got, want)
		}
		_ = os.Remove(path + ".other")
	}
}

func TestHintComesEarly(t *testing.T) {
	log := &logged{}
	app, _ := start(t, "another port", func(c *Config) {
		c.Command = []string{os.Args[0], "0"}
		c.Log = log.logger()
	}, func(a *App) { a.hintAfter = 50 * time.Millisecond })
	var hint string
	for hint == "" || strings.Contains(hint, "any port yet") {
		status := app.Status()
		if status.State != Waiting && status.State != Starting {
			t.Fatalf("got %+v", status)
		}
		hint = status.Hint
		time.Sleep(time.Millisecond)
	}
	var port int
	if _, err := fmt.Sscanf(strings.Join(app.Log(1), ""), "listening on 127.0.0.1:%d", &port); err != nil {
		t.Fatal(err, app.Log(1))
	}
	want := fmt.Sprintf("it listens on port %d of 127.0.0.1, but was not told to listen on port %d: put {port} into the command", port, app.Status().Port)
	if !strings.HasPrefix(hint, want) {
		t.Errorf("got %q, want %q", hint, want)
	}
	app.Stop(15)
	await(t, app, Stopped)
	if got := strings.Count(log.String(), "but was not told to listen"); got != 1 {
		t.Errorf("logged %d times: %s", got, log)
	}
}

func TestAnAnnouncementIsNoAnswer(t *testing.T) {
	for text, want := range map[string]int{
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 204 No Content\r\n\r\n": 204,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n":          101,
	} {
		if got, err := exchange(t.Context(), io.Discard, strings.NewReader(text), "GET", "/"); got != want || err != nil {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
}

// FuzzExchange looks for a panic, for an endless loop, and for an answer that
// is not one.
func FuzzExchange(f *testing.F) {
	f.Add([]byte("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 204 No Content\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		status, err := exchange(t.Context(), io.Discard, bytes.NewReader(answer), "HEAD", "/")
		if err == nil && (status < 101 || !bytes.HasPrefix(answer, []byte("HTTP/"))) {
			t.Errorf("%q: got %d", answer, status)
		}
	})
}
