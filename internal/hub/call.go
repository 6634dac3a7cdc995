package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxAnswer bounds what is read of an answer of the hub, in bytes. A user in a few
// thousand groups and shares stays well below it.
const maxAnswer = 4 << 20

// request is one call of the API.
type request struct {
	method  string // GET if empty
	address string
	token   string
	// accept is the media type that is asked for; JSON if empty.
	accept string
	// body is sent as JSON, unless it is nil.
	body any
	// limit bounds the answer, in bytes; maxAnswer if it is 0.
	limit int64
}

// send sends a request. The error is ErrUnavailable if there is no answer, and
// ErrNoUser for a token that the hub could not even read. One that is no 2xx is an
// answer; its body is the caller's to close.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	if r.token != "" && !validToken(r.token) {
		return nil, ErrNoUser
	}
	var body io.Reader
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("cannot encode the request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.method, http.MethodGet), r.address, body)
	if err != nil {
		return nil, fmt.Errorf("cannot make the request: %w", err)
	}
	req.Header.Set("Accept", cmp.Or(r.accept, "application/json"))
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "token "+r.token)
	}
	asked := time.Now()
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	c.clock.compare(asked, answer)
	return answer, nil
}

// call sends one request and decodes a 2xx answer's JSON into out, if given. It
// returns the status where there was one. The error is an *Error if the hub said
// no, and wraps ErrUnavailable if it gave no usable answer.
func (c *Client) call(ctx context.Context, r request, out any) (int, error) {
	answer, err := c.send(ctx, r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := read(answer, cmp.Or(r.limit, maxAnswer))
	switch {
	case err != nil:
		return answer.StatusCode, err
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return answer.StatusCode, refusal(answer, body)
	case out == nil:
		return answer.StatusCode, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return answer.StatusCode, fmt.Errorf("%w: its answer is not the JSON of a hub: %w", ErrUnavailable, err)
	}
	return answer.StatusCode, nil
}

func read(answer *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: its answer broke off: %w", ErrUnavailable, err)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("%w: its answer is larger than %d bytes", ErrUnavailable, limit)
	}
	return body, nil
}
