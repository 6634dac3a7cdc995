//go:build e2e || attacktable

package attack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/attack/message"
)

// recorded is what the app received over one connection.
type recorded struct {
	Received []byte `json:"received"`
	Switched int    `json:"switched"`
}

// ask reads something of the recorder, past the program before it.
func (s *server) ask(t *testing.T, what string, into any) {
	t.Helper()
	answer, err := http.Get("http://" + s.control + what)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func (s *server) connections(t *testing.T) []recorded {
	t.Helper()
	var all []recorded
	s.ask(t, "/connections", &all)
	return all
}

// received is every byte that the app got so far, whatever the connection.
func (s *server) received(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, connection := range s.connections(t) {
		all.Write(connection.Received)
	}
	return all.String()
}

// parsed is what a strict reader takes the bytes of a connection for.
type parsed struct {
	requests []*message.Request
	// rest is the beginning of one more request.
	rest []byte
	// tunnel is what came after a websocket was agreed on.
	tunnel []byte
}

// parse fails for what no strict server takes.
func (c recorded) parse() (parsed, error) {
	stream, tunnel := c.Received, []byte(nil)
	if c.Switched >= 0 {
		stream, tunnel = c.Received[:c.Switched], c.Received[c.Switched:]
	}
	p := parsed{tunnel: tunnel}
	for len(stream) > 0 {
		request, length, err := message.Next(stream)
		if errors.Is(err, message.ErrIncomplete) {
			p.rest = stream
			break
		}
		if err != nil {
			return p, fmt.Errorf("%w in %.500q", err, stream)
		}
		p.requests = append(p.requests, request)
		stream = stream[length:]
	}
	return p, nil
}

// requests are all requests that the app got so far. The test fails if a strict
// server would have refused any.
func (s *server) requests(t *testing.T) []*message.Request {
	t.Helper()
	var all []*message.Request
	for _, connection := range s.connections(t) {
		p, err := connection.parse()
		if err != nil {
			t.Errorf("the app got what is no HTTP: %v", err)
		}
		all = append(all, p.requests...)
	}
	return all
}

// mustNotHave fails if the app received the text anywhere.
func (s *server) mustNotHave(t *testing.T, text, what string) {
	t.Helper()
	for _, connection := range s.connections(t) {
		if at := strings.Index(string(connection.Received), text); at >= 0 {
			t.Errorf("%s reached the app: %.400q", what, connection.Received[max(0, at-200):])
		}
	}
}
