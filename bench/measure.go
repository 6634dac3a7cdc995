package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// contender is a target with all that was measured of it.
type contender struct {
	target
	server   *server
	startUps []time.Duration
	idle     int64 // resident bytes before the load
	loaded   int64 // and after all of it
	rounds   map[string][]round
	hubCalls float64 // during the load
	admitted time.Time
}

// round is one load on one target.
type round struct {
	rate     float64 // requests per second
	p50, p99 float64 // seconds
	cpu      float64 // seconds of the proxy's processes per 1000 requests
}

// open starts a target, several times to see how long that takes, and leaves the
// last one running.
func open(w *workshop, t target, starts int) (*contender, error) {
	c := &contender{target: t, rounds: map[string][]round{}}
	for i := range starts {
		s, err := t.start(w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		c.server = s
		c.startUps = append(c.startUps, s.startUp)
		if s.startUp == 0 {
			break // not measured
		}
		if i < starts-1 {
			s.close()
		}
	}
	if err := c.check(w); err != nil {
		c.server.close()
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	c.admitted = time.Now()
	before, err := use(c.server.pids)
	c.idle = before.memory
	return c, err
}

// check waits until the app answers through the target, and makes sure that it
// is the app and not a page of the proxy, and that a login is needed where we
// have one.
func (c *contender) check(w *workshop) error {
	var status string
	answers := false
	for deadline := time.Now().Add(30 * time.Second); !answers && time.Now().Before(deadline) && w.ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		answers, status = c.appAnswers(w, c.server.header)
	}
	if !answers {
		return fmt.Errorf("the app does not answer through it: %s", status)
	}
	if len(c.server.header) > 0 {
		if open, _ := c.appAnswers(w, nil); open {
			return errors.New("the app answers without a login, so there is no login to measure")
		}
	}
	return nil
}

// appAnswers asks once, and says what it got if that was not the app's page.
func (c *contender) appAnswers(w *workshop, header http.Header) (bool, string) {
	client := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(w.ctx, http.MethodGet, c.server.base, nil)
	if err != nil {
		return false, err.Error()
	}
	request.Header = header.Clone()
	response, err := client.Do(request)
	if err != nil {
		return false, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return false, err.Error()
	}
	return response.StatusCode == http.StatusOK && len(body) == 1<<10 && body[0] == 'x', response.Status
}

// play runs one load on the contender and keeps what it found out.
func (c *contender) play(w *workshop, l load, s shape) error {
	before, err := use(c.server.pids)
	if err != nil {
		return err
	}
	asked, err := c.hubCallsSoFar()
	if err != nil {
		return err
	}
	got, err := l.run(w.ctx, c.server, s)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.name, l.label, err)
	}
	after, err := use(c.server.pids)
	if err != nil {
		return fmt.Errorf("%s died under load: %w", c.name, err)
	}
	askedSince, err := c.hubCallsSoFar()
	if err != nil {
		return err
	}
	c.hubCalls += askedSince - asked
	c.loaded = after.memory
	c.rounds[l.name] = append(c.rounds[l.name], round{
		rate: float64(got.requests) / got.seconds,
		p50:  got.p50.Seconds(),
		p99:  got.p99.Seconds(),
		cpu:  (after.cpu - before.cpu).Seconds() / float64(got.requests) * 1000,
	})
	return nil
}

// hubCallsSoFar is 0 for a target that has no hub.
func (c *contender) hubCallsSoFar() (float64, error) {
	if !c.asksHub() {
		return 0, nil
	}
	return hubRequests(c.server)
}

// verdictAge is for how long our program remembers what the hub said of a login.
const verdictAge = 5 * time.Minute

// tooManyHubCalls tells whether the hub was asked more than it takes to renew a
// verdict that ran out: not at all, in a run of the usual length.
func (c *contender) tooManyHubCalls() bool {
	return c.hubCalls > float64(time.Since(c.admitted)/verdictAge)
}

func (c *contender) asksHub() bool { return c.name == "login" }
