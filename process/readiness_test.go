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

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
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
	ports, err := bed.FreePorts(len(wants)) // each another, as they run at once
	if err != nil {
		t.Fatal(err)
	}
	ended := map[string]<-chan Exit{}
	for role := range wants {
		_, ended[role] = start(t, role, func(c *Config) { c.Port, c.ReadyTimeout = ports[len(ended)], 2*time.Second })
	}
	for role, want := range wants {
		exit := <-ended[role]
		if tooEarly(exit, want) {
			exit = unready(t, role, want, func(*Config) {})
		}
		if got := exit.String(); !strings.HasPrefix(got, "gave no HTTP answer on port ") || !strings.Contains(got, "(--ready-timeout): ") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", role, got, want)
		}
		if exit.Success() || exit.ExitCode() != 1 {
			t.Errorf("%s: got %+v", role, exit)
		}
	}
}

// unready is how an app in a role ends that is never ready. One that was merely
// slow gets more time.
func unready(t *testing.T, role, want string, change func(*Config)) Exit {
	t.Helper()
	for timeout := time.Second; ; timeout *= 3 {
		_, ended := start(t, role, func(c *Config) { change(c); c.ReadyTimeout = timeout })
		if exit := <-ended; !tooEarly(exit, want) || 3*timeout > longest {
			return exit
		}
	}
}

// tooEarly says whether the time was over before an app came to what is wanted.
func tooEarly(exit Exit, want string) bool {
	if strings.Contains(exit.Reason, want) {
		return false
	}
	for _, nothing := range []string{"nothing listens there", "the socket is not there yet", "gave no answer within"} {
		if strings.Contains(exit.Reason, nothing) {
			return true
		}
	}
	return false
}

func TestNoHTTPAnswerOnTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for role, want := range map[string]string{
		"silent":         "the socket is not there yet; it does not listen on any port yet",
		"another socket": "the socket is not there yet; it listens on the unix socket " + path + ".other, but not on the unix socket " + path + ": give it the path by {unix_socket}",
	} {
		exit := unready(t, role, want, func(c *Config) {
			unixRole(c)
			c.Socket = path
			_ = os.Remove(path + ".other")
		})
		if got := exit.String(); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", role, got, want)
		}
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
	const says = "listening on 127.0.0.1:"
	_, said, _ := strings.Cut(awaitLog(t, app, says), says)
	var port int
	if _, err := fmt.Sscan(said, &port); err != nil {
		t.Fatal(err, said)
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
