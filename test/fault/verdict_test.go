//go:build e2e

package fault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// lifetime is that of the verdicts in these tests, and grace how long after it
// our program tries to ask a hub that is away before it closes what is open.
const (
	lifetime = 10 * time.Second
	grace    = time.Minute
)

func shortLived() setup { return livesFor(lifetime) }

func livesFor(lifetime time.Duration) setup {
	return setup{flags: []string{fmt.Sprintf("--verdict-lifetime=%d", int(lifetime/time.Second))}}
}

// The hub is away when the verdict on somebody ends: they are out until it is
// back, and then in again without doing anything. What they have open stays.
func TestVerdictEndsInAFault(t *testing.T) {
	t.Parallel()
	at := newStand(t, "verdict", shortLived())
	in := at.logIn(t)
	socket, stream := at.openSocket(t, in), at.openStream(t, in)

	at.layer.begin(t, fault{down: true})
	at.staysInUntilTheVerdictEnds(t, in, time.Now())
	if err := errors.Join(at.turnsAway(t.Context(), in), socket.echoes(), stream.moves()); err != nil {
		t.Error(err)
	}
	// The websocket's own verdict has ended, too, and was asked about in vain.
	asked := at.asked(t)
	eventually(t, patience, func() error {
		if at.asked(t) <= asked {
			return errors.New("our program does not ask about the open websocket any more")
		}
		return errors.Join(socket.echoes(), stream.moves())
	})

	at.layer.end(t)
	eventually(t, healing, func() error { return at.isIn(t.Context(), in) })
	eventually(t, healing, func() error { return at.turnsNobodyAway(t.Context(), in) })
	// The new verdict ends, and is renewed, while the websocket is open.
	calls := at.layer.count("user")
	eventually(t, 2*lifetime, func() error {
		if at.layer.count("user") <= calls {
			return errors.New("the open websocket was not checked again")
		}
		return nil
	})
	if err := errors.Join(socket.echoes(), stream.moves()); err != nil {
		t.Error(err)
	}
}

// A hub that stays away: what is open is closed in the end, and says why.
func TestSecurityOpenWebsocketsEndWhenTheHubStaysAway(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		fault fault
		// slack is what one question more may take.
		slack time.Duration
	}{
		"down":  {fault{down: true}, 10 * time.Second},
		"hangs": {fault{answer: hang}, 35 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const lifetime = 3 * time.Second
			at := newStand(t, "away-"+name, setup{flags: livesFor(lifetime).flags, long: true})
			in := at.logIn(t)
			socket, stream := at.openSocket(t, in), at.openStream(t, in)
			began := time.Now()
			at.layer.begin(t, way.fault)
			until := began.Add(lifetime + grace + way.slack)

			if err := socket.SetReadDeadline(until); err != nil {
				t.Fatal(err)
			}
			_, _, err := socket.ReadMessage()
			took := time.Since(began)
			if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != websocket.CloseTryAgainLater || closed.Text == "" {
				t.Errorf("after %s the websocket ended by %v", took, err)
			}
			if took < grace-5*time.Second {
				t.Errorf("the websocket was closed after %s already", took)
			}
			if err := stream.ends(until); err != nil {
				t.Error(err)
			}
			eventually(t, patience, func() error {
				if log := at.log(t); !strings.Contains(log, "something open was ended") {
					return fmt.Errorf("the log does not say that something was closed: %s", tail(log, 5))
				}
				return nil
			})

			at.layer.end(t)
			eventually(t, healing, func() error { return at.isIn(t.Context(), in) })
			if err := at.openSocket(t, in).echoes(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Who is thrown out while the hub is away is out when it is back, and what they
// have open is closed.
func TestSecurityWhoIsThrownOutDuringAFaultIsOutAfterIt(t *testing.T) {
	t.Parallel()
	at := newStand(t, "thrown-out", shortLived())
	in := at.logIn(t)
	socket, stream := at.openSocket(t, in), at.openStream(t, in)
	at.layer.begin(t, fault{down: true})
	at.revokeTokens(t)
	at.staysInUntilTheVerdictEnds(t, in, time.Now())
	at.layer.end(t)

	eventually(t, healing, func() error {
		answer, err := send(t.Context(), in, at.prefix+"newcomer", script()...)
		if err == nil && answer.Status != http.StatusUnauthorized {
			err = fmt.Errorf("who was thrown out was answered %d: %.300s", answer.Status, answer.Body)
		}
		return err
	})
	if err := errors.Join(socket.closes(websocket.ClosePolicyViolation), stream.ends(time.Now().Add(healing))); err != nil {
		t.Error(err)
	}
}

// staysInUntilTheVerdictEnds waits for the verdict's end, which is at most a
// lifetime from now, and sees that nothing but it ends the access.
func (s *stand) staysInUntilTheVerdictEnds(t *testing.T, in *bed.Session, now time.Time) {
	t.Helper()
	eventually(t, lifetime+patience, func() error {
		asked := time.Since(now)
		answer, err := send(t.Context(), in, s.prefix+"who-is-in", script()...)
		switch {
		case err != nil:
			t.Fatal(err)
		case answer.Status == http.StatusOK && asked > lifetime+time.Second:
			t.Fatalf("who was in is in after %s, the verdict's lifetime being %s", asked, lifetime)
		case answer.Status == http.StatusOK:
			return errors.New("still in")
		}
		return isAway(answer, false)
	})
}

// turnsNobodyAway checks that a page is opened.
func (s *stand) turnsNobodyAway(ctx context.Context, in *bed.Session) error {
	answer, err := send(ctx, in, s.prefix)
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("who is in was answered %d: %.300s", answer.Status, answer.Body)
	}
	return err
}

// revokeTokens takes every token of the owner away, as an administrator does.
func (s *stand) revokeTokens(t *testing.T) {
	t.Helper()
	answer, err := s.hub.API(t.Context(), http.MethodGet, "/users/"+s.user+"/tokens", nil)
	if err != nil {
		t.Fatal(err)
	}
	var tokens struct {
		Tokens []struct {
			ID   string `json:"id"`
			Note string `json:"note"`
		} `json:"api_tokens"`
	}
	if err := answer.JSON(&tokens); err != nil {
		t.Fatal(err)
	}
	revoked := 0
	for _, token := range tokens.Tokens {
		if strings.HasPrefix(token.Note, "Server at") {
			continue // the server's own, which is not for visitors
		}
		if _, err := s.hub.API(t.Context(), http.MethodDelete, "/users/"+s.user+"/tokens/"+token.ID, nil); err != nil {
			t.Fatal(err)
		}
		revoked++
	}
	if revoked == 0 {
		t.Fatalf("there was no token to revoke: %s", answer.Body)
	}
}

// stream is a long answer to somebody who is in.
type stream struct {
	response *http.Response
	lines    *bufio.Reader
	cancel   context.CancelFunc
}

// openStream opens one that says something five times a second for an hour.
func (s *stand) openStream(t *testing.T, in *bed.Session) *stream {
	t.Helper()
	// Not the session's own client, which gives up after a while.
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request := in.NewRequest(ctx, http.MethodGet, s.prefix+"stream?count=18000&ms=200", "")
	client := http.Client{Jar: in.Jar()}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the stream was answered %s", response.Status)
	}
	return &stream{response, bufio.NewReader(response.Body), cancel}
}

// moves checks that something new comes: what is there already is read first.
func (s *stream) moves() error {
	timer := time.AfterFunc(patience, s.cancel)
	defer timer.Stop()
	for i := 0; i < 2 || s.lines.Buffered() > 0; i++ {
		if _, err := s.lines.ReadString('\n'); err != nil {
			return fmt.Errorf("the stream of who is in broke off: %w", err)
		}
	}
	return nil
}

// ends checks that the stream is over before that time.
func (s *stream) ends(until time.Time) error {
	timer := time.AfterFunc(time.Until(until), s.cancel)
	defer timer.Stop()
	_, err := io.Copy(io.Discard, s.lines)
	if errors.Is(err, context.Canceled) {
		return errors.New("the stream is not over")
	}
	return nil
}
