//go:build e2e

package fault

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// A server that is started while it cannot ask the hub comes up all the same,
// lets nobody in, and is well as soon as the hub is.
func TestSecurityBeginningInAFault(t *testing.T) {
	t.Parallel()
	at := newStand(t, "beginning", setup{fault: &fault{down: true}})
	token := at.token(t)
	nobody, newcomer := at.hub.NewSession(""), at.hub.NewSession(at.user)
	landed, err := at.stranded(t.Context(), newcomer)
	if err := errors.Join(err, at.turnsAway(t.Context(), nobody, "Authorization", "token "+token)); err != nil {
		t.Fatal(err)
	}
	at.layer.end(t)
	ended := time.Now().UTC()
	eventually(t, healing, func() error { return at.isIn(t.Context(), nobody, "Authorization", "token "+token) })
	noNewcomer(t, at.seen(t, nobody, "Authorization", "token "+token))
	at.finishes(t, newcomer, landed, false)
	at.reportsAgain(t, ended)
	at.logIsGood(t, 0, "connection refused", newcomer, nobody, token)
}

// Many people behind one address wait for the hub, each with a page that asks
// again by itself. None of them is left with a page that does not.
func TestManyBehindOneAddressAllComeInAfterAFault(t *testing.T) {
	t.Parallel()
	at := newStand(t, "many", setup{})
	at.logIn(t)
	newcomer := at.hub.NewSession(at.user)
	at.layer.begin(t, fault{down: true})
	landed, err := at.stranded(t.Context(), newcomer)
	if err != nil {
		t.Fatal(err)
	}
	began := len(at.log(t))
	var waiting errgroup.Group
	waiting.SetLimit(10)
	const reloads = 2 * insistence // more than may log in at once from one address
	for range reloads {
		waiting.Go(func() error {
			answer, err := send(t.Context(), newcomer, landed.URL.RequestURI())
			if err != nil {
				return err
			}
			if answer.Status != http.StatusServiceUnavailable && answer.Status != http.StatusTooManyRequests {
				return fmt.Errorf("somebody who waits was answered %d: %.300s", answer.Status, answer.Body)
			}
			if !strings.Contains(string(answer.Body), `http-equiv="refresh"`) {
				return fmt.Errorf("somebody who waits was answered %d, by a page that does not ask again: %.500s", answer.Status, answer.Body)
			}
			return nil
		})
	}
	if err := waiting.Wait(); err != nil {
		t.Error(err)
	}
	if lines := strings.Count(at.log(t)[began:], "\n"); lines > reloads/8 {
		t.Errorf("%d reloads are %d lines of the log, for example\n%s", reloads, lines, tail(at.log(t), 2))
	}
	at.layer.end(t)
	at.finishes(t, newcomer, landed, false)
}

// A hub of which every other answer is bad: those who come get in at the next
// try, those who are in notice nothing, and the log does not flicker along.
func TestFlickering(t *testing.T) {
	t.Parallel()
	at := newStand(t, "flickering", setup{})
	in := at.logIn(t)
	token := at.token(t)
	nobody := at.hub.NewSession("")
	bad := says(500, "text/plain", "no")
	at.layer.begin(t, fault{answer: func(c *call) error {
		if c.layer.turn(2) == 0 {
			return c.pass()
		}
		return bad.answer(c)
	}})
	began := len(at.log(t))
	// Each of these tokens is a question; no more than one address may ask.
	for i := range 40 {
		answer, err := send(t.Context(), nobody, at.prefix+"newcomer", script("Authorization", fmt.Sprintf("token flicker-%d", i))...)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != http.StatusUnauthorized && answer.Status != http.StatusServiceUnavailable {
			t.Errorf("a stranger was answered %d: %.300s", answer.Status, answer.Body)
		}
		if err := at.isIn(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(at.log(t)[began:], "hub"); lines > 10 {
		t.Errorf("a hub that flickers for moments gave %d lines, for example\n%s", lines, tail(at.log(t), 4))
	}
	eventually(t, healing, func() error { return at.isIn(t.Context(), nobody, "Authorization", "token "+token) })
}
