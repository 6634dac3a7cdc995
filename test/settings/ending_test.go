//go:build e2e

package settings

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Short, so that tests need not wait; and how long an end may take then, on a
// machine that is busy.
const (
	shortLifetime = "--verdict-lifetime=2"
	soon          = 60 * time.Second
)

func (s *stage) wrapWitness(flags ...string) bed.Server {
	return s.wrap(flags, s.witness, "--port={port}")
}

// longLived is a websocket and an event stream of one visitor.
type longLived struct {
	conn   *websocket.Conn
	events *bufio.Reader
}

// openBoth opens both and sees that they work.
func (v *visitor) openBoth(t *testing.T, at server, headers ...string) *longLived {
	t.Helper()
	stream := v.openStream(t, at.url+"events?ms=100", headers...)
	conn, _ := v.open(t, at.url+"ws", headers...)
	both := &longLived{conn: conn, events: bufio.NewReader(stream)}
	both.mustWork(t)
	return both
}

// openStream opens an answer that has no end.
func (v *visitor) openStream(t *testing.T, address string, headers ...string) io.Reader {
	t.Helper()
	request := v.request(t.Context(), http.MethodGet, address, "")
	setHeaders(request.Header, append([]string{
		"Accept", "text/event-stream", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin",
	}, headers...))
	patient := *v.client
	patient.Timeout = 0 // the client's is for whole answers
	stream, err := patient.Do(request)
	must(t, err)
	t.Cleanup(func() { stream.Body.Close() })
	if stream.StatusCode != http.StatusOK {
		t.Fatalf("the stream was answered %d", stream.StatusCode)
	}
	return stream.Body
}

func (l *longLived) mustWork(t *testing.T) {
	t.Helper()
	must(t, echoes(l.conn, []byte("still here")))
	if line, err := l.events.ReadString('\n'); err != nil {
		t.Fatalf("the stream ended: %v after %q", err, line)
	}
}

// direct is the address of our program itself, to which the visitor's cookies
// belong as well: it is the same host. The witness app knows it.
func (v *visitor) direct(t *testing.T, at server, headers ...string) string {
	t.Helper()
	var told witnessed
	must(t, v.fetch(t, http.MethodGet, at.url+"who", headers...).JSON(&told))
	service := mustParse(told.Service)
	return "http://" + service.Host + at.prefix
}

// mustEnd waits until both are ended: the websocket with a code and a reason,
// the stream in order, as the hub's proxy does not pass on any other end.
func (l *longLived) mustEnd(t *testing.T, code int, limit time.Duration) {
	t.Helper()
	began := time.Now()
	must(t, l.conn.SetReadDeadline(began.Add(limit)))
	_, _, err := l.conn.ReadMessage()
	if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != code || closed.Text == "" {
		t.Errorf("the websocket ended with %v, not with %d and a reason", err, code)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, l.events)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the stream ended with %v", err)
		}
	case <-time.After(time.Until(began.Add(limit))):
		t.Errorf("the stream goes on %s later", limit)
	}
	t.Logf("ended after %s", time.Since(began).Round(100*time.Millisecond))
}

// What is open ends soon after the access of its visitor does.
func TestSecurityOpenOnesEndWithAccess(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "ending", shared.wrapWitness(shortLifetime))
	at.enter(t, "alice")
	for name, come := range map[string]func(t *testing.T, user string) (v *visitor, headers []string, end func()){
		"the share is revoked": func(t *testing.T, user string) (*visitor, []string, func()) {
			end := at.share(t, user)
			return at.enter(t, user), nil, func() { must(t, end(t.Context())) }
		},
		"the user is deleted": func(t *testing.T, user string) (*visitor, []string, func()) {
			at.share(t, user)
			return at.enter(t, user), nil, func() {
				_, err := h.call(t.Context(), http.MethodDelete, "/users/"+user, nil, http.StatusNoContent)
				must(t, err)
			}
		},
		"the token is revoked": func(t *testing.T, user string) (*visitor, []string, func()) {
			// A token of the owner: no login and no cookie is involved.
			token, id := h.newToken(t, "alice")
			return h.visitor(""), []string{"Authorization", "token " + token}, func() {
				_, err := h.call(t.Context(), http.MethodDelete, "/users/alice/tokens/"+id, nil, http.StatusNoContent)
				must(t, err)
			}
		},
		"the visitor logs out at the hub": func(t *testing.T, user string) (*visitor, []string, func()) {
			at.share(t, user)
			v := at.enter(t, user)
			return v, nil, func() {
				v.user = ""
				v.get(t, h.public+"/hub/logout")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := strings.ReplaceAll("guest "+name, " ", "-")
			v, headers, end := come(t, user)
			both := v.openBoth(t, at, headers...)
			end()
			both.mustEnd(t, websocket.ClosePolicyViolation, soon)
			if got := v.fetch(t, http.MethodGet, at.url, headers...).Status; got != http.StatusUnauthorized && got != http.StatusForbidden {
				t.Errorf("afterwards a request was answered %d", got)
			}
			if got := v.refused(t, at.url+"ws", headers...); got != http.StatusForbidden {
				t.Errorf("afterwards a websocket was answered %d", got)
			}
		})
	}
}

// A long answer that is no event stream must not look whole when it is not. The
// hub's proxy would keep the visitor waiting for the rest, so this is at our
// program itself.
func TestSecurityDownloadBreaksOff(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "download", shared.wrapWitness(shortLifetime))
	end := at.share(t, "gerda")
	v := at.enter(t, "gerda")
	download := v.openStream(t, v.direct(t, at)+"download")
	_, err := io.CopyN(io.Discard, download, 4<<20)
	must(t, err)
	must(t, end(t.Context()))
	broken := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, download)
		broken <- err
	}()
	select {
	case err := <-broken:
		if err == nil {
			t.Error("the answer ended as if it were complete")
		}
	case <-time.After(soon):
		t.Errorf("the answer goes on %s later", soon)
	}
}

// A logout at our own route is felt at once, whatever the hub's word was good
// for, by what this login opened and by nothing else.
func TestSecurityLogoutEndsOpenOnesAtOnce(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "leaving", shared.wrapWitness()) // the hub's word is good for 300 s
	v, other := at.enter(t, "alice"), at.enter(t, "alice")
	mine, others := v.openBoth(t, at), other.openBoth(t, at)
	kept := v.sent(at.url)
	v.once(t, http.MethodGet, at.url+"logout")
	mine.mustEnd(t, websocket.ClosePolicyViolation, soon)
	others.mustWork(t)
	if got := other.fetch(t, http.MethodGet, at.url).Status; got != http.StatusOK {
		t.Errorf("another login of the same user was answered %d", got)
	}
	v.user = ""
	v.get(t, h.public+"/hub/logout")
	thief := h.visitor("")
	thief.client.Jar.SetCookies(mustParse(at.url), cookiesOf(kept))
	if got := thief.fetch(t, http.MethodGet, at.url).Status; got != http.StatusUnauthorized {
		t.Errorf("cookies kept from before were answered %d", got)
	}
}

// A verdict is for one session of the hub: what is known under one is not used
// under another.
func TestSecuritySessionIsPartOfTheVerdict(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	wire := newLine(t, h)
	at := h.start(t, "alice", "session", with(shared.wrapWitness(), "JUPYTERHUB_API_URL", wire.url(h)))
	v := at.enter(t, "alice")
	kept := v.sent(at.url)
	v.fetch(t, http.MethodGet, at.url)
	before := wire.asked.Load()
	v.fetch(t, http.MethodGet, at.url)
	if asked := wire.asked.Load() - before; asked != 0 {
		t.Fatalf("a second request made %d questions", asked)
	}
	for i, session := range []string{"", "another"} {
		with := h.visitor("")
		cookies := map[string]string{at.cookieName(): kept[at.cookieName()]}
		if session != "" {
			cookies["jupyterhub-session-id"] = session
		}
		with.client.Jar.SetCookies(mustParse(at.url), cookiesOf(cookies))
		with.fetch(t, http.MethodGet, at.url)
		if asked := wire.asked.Load() - before; asked != int64(i+1) {
			t.Errorf("with the session %q the hub was asked %d times in all", session, asked)
		}
	}
	v = at.enter(t, "alice")
	v.user = ""
	v.get(t, h.public+"/hub/logout")
	if got := v.fetch(t, http.MethodGet, at.url).Status; got != http.StatusUnauthorized {
		t.Errorf("right after the hub's logout the login cookie was answered %d", got)
	}

	// A browser that has lost the hub's session before its login cookie: there
	// the logout cannot be felt at once, but long before the 300 s are over.
	v = at.enter(t, "alice")
	late := h.visitor("")
	late.client.Jar.SetCookies(mustParse(at.url), cookiesOf(map[string]string{at.cookieName(): v.sent(at.url)[at.cookieName()]}))
	if got := late.fetch(t, http.MethodGet, at.url).Status; got != http.StatusOK {
		t.Fatalf("without the hub's session the login cookie was answered %d", got)
	}
	v.user = ""
	v.get(t, h.public+"/hub/logout")
	eventually(t, patience, func() error {
		if got := late.fetch(t, http.MethodGet, at.url).Status; got != http.StatusUnauthorized {
			return fmt.Errorf("after the hub's logout the login cookie was answered %d", got)
		}
		return nil
	})
}

// Who keeps the access notices nothing of the checks: not a byte of large
// messages, in many frames each way, is lost over several of them.
func TestOpenOnesLiveOn(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	wire := newLine(t, h)
	at := h.start(t, "alice", "living", with(shared.wrapWitness(shortLifetime), "JUPYTERHUB_API_URL", wire.url(h)))
	both := at.enter(t, "alice").openBoth(t, at)
	sent := 0
	for before := wire.asked.Load(); wire.asked.Load() < before+4; sent++ {
		message := make([]byte, 1<<20)
		for i := range message {
			message[i] = byte(i*7 + sent)
		}
		must(t, sendInPieces(both.conn, message))
		_, got, err := both.conn.ReadMessage()
		must(t, err)
		if string(got) != string(message) {
			t.Fatalf("message %d came back as %d other bytes", sent, len(got))
		}
	}
	both.mustWork(t)
	t.Logf("%d messages of 1 MiB each way", sent)
}

// sendInPieces writes a message in frames of the dialer's small buffer.
func sendInPieces(conn *websocket.Conn, message []byte) error {
	w, err := conn.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	// As pieces, or the library makes one frame of it.
	for rest := message; len(rest) > 0; {
		n := min(3000, len(rest))
		if _, err := w.Write(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return w.Close()
}

// The close of a websocket that is ended comes between two frames: a visitor
// who is just being sent a large message reads frames to the last.
func TestSecurityEndIsNotWithinAFrame(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "flooding", shared.wrapWitness(shortLifetime))
	end := at.share(t, "gustav")
	v := at.enter(t, "gustav")
	conn, _, err := v.dial(t.Context(), at.url+"flood")
	must(t, err)
	defer conn.Close()
	must(t, conn.SetReadDeadline(time.Now().Add(soon)))
	messages := 0
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != websocket.ClosePolicyViolation || closed.Text == "" {
				t.Errorf("after %d messages the websocket ended with %v", messages, err)
			}
			break
		}
		if len(message) != 1<<19 || strings.Trim(string(message), string(message[0])) != "" {
			t.Fatalf("message %d is %d bytes, and not as it was sent", messages, len(message))
		}
		if messages++; messages == 3 {
			must(t, end(t.Context()))
		}
	}
	if messages < 3 {
		t.Errorf("only %d messages came", messages)
	}
}

// A hub that is restarted ends nobody's work.
func TestOpenOnesSurviveAShortOutage(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	wire := newLine(t, h)
	at := h.start(t, "alice", "short-outage", with(shared.wrapWitness(shortLifetime), "JUPYTERHUB_API_URL", wire.url(h)))
	v := at.enter(t, "alice")
	both := v.openBoth(t, at)
	wire.cut()
	// The hub's word has run out when a request says that it is away.
	eventually(t, soon, func() error {
		if got := v.fetch(t, http.MethodGet, at.url).Status; got != http.StatusServiceUnavailable {
			return fmt.Errorf("a request was answered %d", got)
		}
		return nil
	})
	both.mustWork(t)
	wire.connect(t)
	before := wire.asked.Load()
	eventually(t, soon, func() error {
		if wire.asked.Load() < before+2 {
			return errors.New("nobody asks the hub again")
		}
		return nil
	})
	both.mustWork(t)
	if got := v.fetch(t, http.MethodGet, at.url).Status; got != http.StatusOK {
		t.Errorf("afterwards a request was answered %d", got)
	}
}

// A hub that stays away leaves open what is open for a minute, and no longer.
func TestSecurityOpenOnesEndWithTheHub(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	wire := newLine(t, h)
	at := h.start(t, "alice", "outage", with(shared.wrapWitness(shortLifetime), "JUPYTERHUB_API_URL", wire.url(h)))
	v := at.enter(t, "alice")
	both := v.openBoth(t, at)
	wire.cut()
	began := time.Now()
	eventually(t, soon, func() error {
		answer := v.once(t, http.MethodGet, at.url)
		if answer.Status != http.StatusServiceUnavailable || !contains(string(answer.Body), `data-state="hub_unavailable"`) {
			return fmt.Errorf("a navigation was answered %d", answer.Status)
		}
		if answer.Header.Get("Retry-After") == "" {
			t.Error("the page does not say when to try again")
		}
		return nil
	})
	both.mustWork(t)
	both.mustEnd(t, websocket.CloseTryAgainLater, 100*time.Second)
	if lasted := time.Since(began); lasted < 40*time.Second {
		t.Errorf("it ended after %s already", lasted)
	}
}

// A page is told why its websocket is closed, and by a clean close.
func TestBrowserSeesTheEnd(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.echo(t, "alice", "browser-end", shortLifetime)
	owner := at.enter(t, "alice")
	end := at.share(t, "greta")
	// The browser waits for its turn first, and is there until its websocket ends.
	browsing, left := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer left()
	group.Go(func() {
		for browsing.Err() == nil {
			answer, err := owner.try(browsing, at.url+"seen")
			if err == nil && strings.Contains(string(answer.Body), "/ws?browser") {
				if err := end(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Error("the app never saw the browser's websocket")
	})
	result := browse(t, "end", h, "greta", map[string]any{"url": at.url})
	if closed := result.Closed; closed.Code != websocket.ClosePolicyViolation || closed.Reason == "" || !closed.Clean {
		t.Errorf("the page was told %+v", closed)
	}
}
