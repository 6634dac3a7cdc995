//go:build e2e

package fault

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// maxCalls is how often the hub may be asked about one login while it fails at
// once, whoever and however many want to know, in a second.
const maxCalls = 2

// When the verdict on somebody has ended, ten thousand requests of theirs at
// once are hardly a question to a hub that is down, and one to a hub that is
// slow. The tests of this file are alone on the machine: they take what it has.
func TestSecurityTenThousandRequestsOnAnExpiredVerdictAskTheHubOnce(t *testing.T) {
	at := newStand(t, "herd", shortLived())
	in := at.logIn(t)
	cookies, service := at.cookieHeader(in), at.serviceHost(t, in)
	at.layer.begin(t, fault{down: true})
	at.staysInUntilTheVerdictEnds(t, in, time.Now())

	conns := gather(t, service)
	asked, began, grown := at.asked(t), time.Now(), len(at.log(t))
	got := at.send(conns, func(int) string { return cookies })
	took := time.Since(began)
	t.Logf("hub down: %d requests took %s", crowdSize, took.Round(time.Millisecond))
	got.only(t, http.StatusServiceUnavailable)
	if got.retry != crowdSize {
		t.Errorf("%d of the answers do not say when to come again", crowdSize-got.retry)
	}
	if n, most := at.asked(t)-asked, maxCalls*(int(took/time.Second)+1); n > most {
		t.Errorf("the hub was asked %d times in %s", n, took)
	}
	at.logGrewLittle(t, grown)

	release, everybody := make(chan struct{}), make(chan error, 1)
	at.layer.end(t)
	at.layer.begin(t, hold(release))
	// The hub's failure is an answer to all who ask within a second of it.
	time.Sleep(1500 * time.Millisecond)
	conns = gather(t, service)
	calls, asked := at.layer.count("user"), at.asked(t)
	go func() {
		defer close(release)
		// The hub answers when all wait for it; our program waits for 20 s.
		everybody <- poll(t.Context(), 15*time.Second, func() error {
			if n := at.scrape(t)["jhsingle_requests_in_flight"]; n < crowdSize {
				return fmt.Errorf("%v requests wait for the hub", n)
			}
			return nil
		})
	}()
	began = time.Now()
	got = at.send(conns, func(int) string { return cookies })
	t.Logf("hub slow: %d requests took %s, of which the answer was held back until all waited; our program held %d MiB at most",
		crowdSize, time.Since(began).Round(time.Millisecond), at.peakMemory(t)>>20)
	if err := <-everybody; err != nil {
		t.Error(err)
	}
	got.only(t, http.StatusOK)
	if n := at.layer.count("user") - calls; n != 1 {
		t.Errorf("the hub was asked %d times, as the layer counts", n)
	}
	if n := at.asked(t) - asked; n != 1 {
		t.Errorf("the hub was asked %d times, as our program counts", n)
	}
}

// A flood of made-up tokens reaches the hub as a trickle, fills no memory and
// no log, and pushes nobody out who is in.
func TestSecurityTenThousandUnknownTokensReachTheHubAsATrickle(t *testing.T) {
	at := newStand(t, "flood", setup{flags: []string{"--verdict-cache-size=100"}})
	in := at.logIn(t)
	socket := at.openSocket(t, in)
	service := at.serviceHost(t, in)
	for number, hub := range []struct {
		name  string
		fault *fault
		// answer is what a token gets about which the hub is asked.
		answer int
	}{
		{"a hub that answers", nil, http.StatusUnauthorized},
		{"a hub that is down", &fault{down: true}, http.StatusServiceUnavailable},
	} {
		t.Run(hub.name, func(t *testing.T) {
			if hub.fault != nil {
				at.layer.begin(t, *hub.fault)
			}
			conns := gather(t, service)
			asked, began, grown := at.asked(t), time.Now(), len(at.log(t))
			got := at.send(conns, func(i int) string { return fmt.Sprintf("Authorization: token made-up-%d-%d", number, i) })
			took := time.Since(began)
			n := at.asked(t) - asked
			t.Logf("%d requests took %s and were answered %v; the hub was asked %d times; our program held %d MiB at most",
				crowdSize, took.Round(time.Millisecond), got.statuses, n, at.peakMemory(t)>>20)
			got.only(t, hub.answer, http.StatusTooManyRequests)
			if got.statuses[hub.answer] > n {
				t.Errorf("%d were told %d, while the hub was asked %d times", got.statuses[hub.answer], hub.answer, n)
			}
			if got.retry < got.statuses[http.StatusTooManyRequests] {
				t.Error("a 429 does not say when to come again")
			}
			// 50 at once and 5 a second is what one address may.
			if most := 50 + 5*(int(took/time.Second)+2); n > most {
				t.Errorf("the hub was asked %d times in %s, more than %d", n, took, most)
			}
			if calls := at.layer.count("user"); calls == 0 {
				t.Error("the layer counted no call at all: its count proves nothing")
			}
			if err := errors.Join(at.isIn(t.Context(), in), socket.echoes()); err != nil {
				t.Error(err)
			}
			if n := at.asked(t) - asked; n > 50+5*(int(time.Since(began)/time.Second)+2) {
				t.Errorf("who is in was pushed out of the cache: the hub was asked %d times", n)
			}
			at.logGrewLittle(t, grown)
		})
	}
}

// logGrewLittle checks that a crowd leaves no crowd of lines.
func (s *stand) logGrewLittle(t *testing.T, from int) {
	t.Helper()
	const most = 64 << 10
	if grown := s.log(t)[from:]; len(grown) > most {
		t.Errorf("%d requests let the log grow by %d KiB, for example\n%s", crowdSize, len(grown)>>10, tail(grown, 3))
	}
}
