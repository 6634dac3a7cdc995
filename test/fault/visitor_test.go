//go:build e2e

package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// send makes one request of a session and follows nothing. Headers are name,
// value, name, …
func send(ctx context.Context, session *bed.Session, path string, headers ...string) (*bed.Answer, error) {
	request := session.NewRequest(ctx, http.MethodGet, path, "")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return session.Once(request)
}

// script are the headers by which a page's script asks.
func script(more ...string) []string {
	return append([]string{
		"Accept", "application/json", "Sec-Fetch-Mode", "cors",
		"Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin",
	}, more...)
}

// isIn checks that a request with these headers reaches the app.
func (s *stand) isIn(ctx context.Context, session *bed.Session, headers ...string) error {
	const mark = "who-is-in"
	answer, err := send(ctx, session, s.prefix+mark, script(headers...)...)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK || !bytes.Contains(answer.Body, []byte(`"uri":"/`+mark+`"`)) {
		return fmt.Errorf("who is in was answered %d: %.300s", answer.Status, answer.Body)
	}
	return nil
}

// isAway checks that an answer is ours and says that the hub does not answer:
// as a page for people and as JSON for programs, and never on to a login.
func isAway(answer *bed.Answer, asPage bool) error {
	body := string(answer.Body)
	problem := ""
	switch {
	case answer.Status != http.StatusServiceUnavailable:
		problem = "the status is not 503"
	case answer.Header.Get("Retry-After") == "":
		problem = "there is no Retry-After"
	case answer.Header.Get("Cache-Control") != "no-store":
		problem = "a cache may keep it"
	case answer.Header.Get("Location") != "":
		problem = "it leads away"
	case !strings.Contains(body, "JupyterHub does not answer"):
		problem = "it does not say what is wrong"
	case asPage && !strings.Contains(body, `data-state="hub_unavailable"`):
		problem = "it is no page of ours"
	}
	for _, cookie := range (&http.Response{Header: answer.Header}).Cookies() {
		if cookie.MaxAge < 0 {
			problem = "it takes the cookie " + cookie.Name + " away"
		}
	}
	if !asPage && problem == "" {
		var status struct{ State string }
		if err := json.Unmarshal(answer.Body, &status); err != nil || status.State != "hub_unavailable" {
			problem = "it is not our JSON"
		}
	}
	if problem != "" {
		return fmt.Errorf("a newcomer at %s was answered %d %v: %s: %.500s", answer.URL, answer.Status, answer.Header, problem, answer.Body)
	}
	return nil
}

// turnsAway checks that nobody with these headers comes in, as a navigation, a
// script or a websocket, and that all are told why.
func (s *stand) turnsAway(ctx context.Context, session *bed.Session, headers ...string) error {
	// At once, as each may have to wait until our program gives up.
	asked, ctx := errgroup.WithContext(ctx)
	asked.Go(func() error {
		page, err := send(ctx, session, s.prefix+"newcomer-page", headers...)
		if err != nil {
			return err
		}
		return isAway(page, true)
	})
	asked.Go(func() error {
		program, err := send(ctx, session, s.prefix+"newcomer-script", script(headers...)...)
		if err != nil {
			return err
		}
		return isAway(program, false)
	})
	asked.Go(func() error { return s.refusesUpgrade(ctx, session, headers...) })
	return asked.Wait()
}

func (s *stand) refusesUpgrade(ctx context.Context, session *bed.Session, headers ...string) error {
	conn, response, err := s.dial(ctx, session, s.hub.Host, "newcomer-socket", headers...)
	if err == nil {
		conn.Close()
		return errors.New("a newcomer's websocket opened")
	}
	if response == nil {
		return fmt.Errorf("a newcomer's websocket got no answer: %w", err)
	}
	if response.StatusCode != http.StatusServiceUnavailable && response.StatusCode != http.StatusForbidden {
		return fmt.Errorf("a newcomer's websocket was answered %s", response.Status)
	}
	return nil
}

func (s *stand) dial(ctx context.Context, session *bed.Session, host, path string, headers ...string) (*websocket.Conn, *http.Response, error) {
	header := http.Header{"Origin": {"http://" + host}} // as a browser does
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	dialer := websocket.Dialer{Jar: session.Jar(), HandshakeTimeout: time.Minute}
	return dialer.DialContext(ctx, "ws://"+host+s.prefix+path, header)
}

// socket is a websocket of somebody who is in.
type socket struct{ *websocket.Conn }

// openSocket opens one, past the app's hello.
func (s *stand) openSocket(t *testing.T, session *bed.Session) socket {
	t.Helper()
	return s.openSocketAt(t, session, s.hub.Host)
}

// openSocketAt is openSocket by another way than the hub's proxy.
func (s *stand) openSocketAt(t *testing.T, session *bed.Session, host string) socket {
	t.Helper()
	conn, _, err := s.dial(t.Context(), session, host, "ws")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	return socket{conn}
}

// echoes checks that a message comes back.
func (s socket) echoes() error {
	deadline := time.Now().Add(patience)
	if err := errors.Join(s.SetReadDeadline(deadline), s.SetWriteDeadline(deadline)); err != nil {
		return err
	}
	sent := []byte(time.Now().String())
	if err := s.WriteMessage(websocket.TextMessage, sent); err != nil {
		return fmt.Errorf("the websocket of who is in: %w", err)
	}
	if _, got, err := s.ReadMessage(); err != nil || !bytes.Equal(got, sent) {
		return fmt.Errorf("the websocket of who is in sent back %q (%v), not %q", got, err, sent)
	}
	return nil
}

// closes checks that the websocket is closed soon, and how.
func (s socket) closes(code int) error {
	if err := s.SetReadDeadline(time.Now().Add(healing)); err != nil {
		return err
	}
	_, _, err := s.ReadMessage()
	if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != code || closed.Text == "" {
		return fmt.Errorf("the websocket ended by %w, and not by code %d with a reason", err, code)
	}
	return nil
}

// seen is what the app received so far, as it tells who is in.
func (s *stand) seen(t *testing.T, in *bed.Session, headers ...string) []string {
	t.Helper()
	answer, err := send(t.Context(), in, s.prefix+"seen", script(headers...)...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	if err := answer.JSON(&lines); err != nil {
		t.Fatal(err)
	}
	return lines
}

// noNewcomer checks that nothing that a newcomer sent is among what the app
// received.
func noNewcomer(t *testing.T, seen []string) {
	t.Helper()
	if len(seen) == 0 {
		t.Fatal("the app saw nothing at all: that proves nothing")
	}
	for _, line := range seen {
		if strings.Contains(line, "newcomer") {
			t.Errorf("the app saw %q", line)
		}
	}
}
