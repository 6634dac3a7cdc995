package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes: a page of dashboards that
// are shared with some thousand people stays well below it.
const maxAnswer = 32 << 20

// timing is how long the client waits for what.
type timing struct {
	// call bounds one request with its answer. A change of access waits for the hub.
	call time.Duration
	// tries is how often a GET is sent at most; between them it waits for first,
	// doubled each time, or as long as the service asks for, if no longer than
	// longest.
	tries          int
	first, longest time.Duration
	// stream is after how long a stream without its first event is taken for one
	// that something between us keeps back, and silent after how long any is
	// taken for broken: the hub's proxy does not tell that a service has died.
	stream, silent time.Duration
	// poll is between two looks at a job without a stream, and patience how long
	// a service may be away while a job goes on.
	poll, patience time.Duration
}

var defaultTiming = timing{
	call: 2 * time.Minute, tries: 5, first: 500 * time.Millisecond, longest: 20 * time.Second,
	stream: 10 * time.Second, silent: 15 * time.Second, poll: time.Second, patience: 3 * time.Minute,
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     true,
		// Whoever answers has no reason for more.
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// request is one call of the API.
type request struct {
	method string
	// path is below Path, escaped.
	path   string
	query  url.Values
	kind   string // of the body
	body   []byte
	accept string
	// lastEvent is the last event of a stream that is known.
	lastEvent string
}

// call sends a request until it is answered, and returns the content of a 2xx.
// Only what changes nothing is sent again.
func (c *Client) call(ctx context.Context, r request) ([]byte, error) {
	wait := c.timing.first
	for try := 1; ; try++ {
		answer, err := c.once(ctx, r)
		again, after := worthAnother(err)
		if err == nil || !again || r.method != http.MethodGet || try >= c.timing.tries || after > c.timing.longest {
			return answer, err
		}
		// A little by chance, so that all who were turned away do not come back at once.
		pause := max(after, wait/2+rand.N(wait/2+1)) // #nosec G404 -- no secret
		wait *= 2
		if c.waiting != nil {
			c.waiting(err, pause)
		}
		if sleep(ctx, pause) != nil {
			return nil, err // the reason why we waited says more
		}
	}
}

// worthAnother says whether a call that failed may go another time, and how long
// the service wants to be left alone.
func worthAnother(err error) (bool, time.Duration) {
	if problem, ok := errors.AsType[*Problem](err); ok {
		switch problem.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			var after time.Duration
			if late, ok := errors.AsType[*delayed](err); ok {
				after = late.after
			}
			return true, after
		}
		return false, 0
	}
	return errors.Is(err, syscall.ECONNREFUSED), 0
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (c *Client) once(ctx context.Context, r request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timing.call)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &Unreachable{Message: "the service's answer broke off", Cause: err}
	case len(answer) > maxAnswer:
		return nil, &Unreachable{Message: "the service's answer is far too large"}
	case resp.StatusCode == http.StatusNoContent:
		return nil, nil
	case !matches(resp.Header.Get("Content-Type"), r.accept):
		return nil, notService(nil)
	}
	return answer, nil
}

// send sends a request once and returns an answer that is a 2xx.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	target, err := c.base.Parse(Path + r.path)
	if err != nil {
		return nil, &Unreachable{Message: "this cannot be a part of an address", Cause: err}
	}
	target.RawQuery = r.query.Encode()
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, &Unreachable{Message: "this cannot be a part of an address", Cause: err}
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("User-Agent", c.agent)
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	if r.lastEvent != "" {
		req.Header.Set("Last-Event-ID", r.lastEvent)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.noAnswer(err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer resp.Body.Close()
		content, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem)) // what there is of it
		return nil, c.refusal(resp, content)
	}
	return resp, nil
}

// matches says whether a type of content is what was asked for.
func matches(header, wanted string) bool {
	kind, _, err := mime.ParseMediaType(header)
	if wanted == "" {
		return true
	}
	if family, ok := strings.CutSuffix(wanted, "*"); ok {
		return err == nil && strings.HasPrefix(kind, family)
	}
	return err == nil && kind == wanted
}

// retryAfter reads the header of that name (RFC 9110 section 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second // #nosec G115 -- 31 bits
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// validToken says whether a token can stand in a header that the hub would read
// (JupyterHub handlers/base.py, auth_header_pat: no white space).
func validToken(token string) bool {
	if token == "" || len(token) > 2048 {
		return false
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return true
}
