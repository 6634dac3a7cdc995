// Package hub speaks the parts of JupyterHub's REST API that both programs
// need. It knows nothing of browsers, cookies or proxying.
package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// maxAnswer bounds what is read of any answer of the hub. A user in a few
// thousand groups and shares stays well below it.
const maxAnswer = 4 << 20

var (
	// ErrNoUser says that the hub was asked and knows nobody by that token.
	// It is an answer, not a fault.
	ErrNoUser = errors.New("the hub knows no user with this token")

	// ErrUnavailable says that the hub gave no usable answer: it could not be
	// reached, was too slow, failed, or did not answer as a hub does.
	ErrUnavailable = errors.New("the hub gave no usable answer")
)

// Client calls one hub. It is safe for concurrent use.
type Client struct {
	apiURL string
	token  string
	http   *http.Client
	// skew is how far the hub's clock is ahead of ours, in nanoseconds, to the
	// second.
	skew atomic.Int64
}

// NewClient returns a client of the hub whose API is at apiURL, for example
// http://127.0.0.1:8081/hub/api, calling with the given token of ours where a
// call is made in our own name. transport carries all calls.
func NewClient(apiURL, token string, transport http.RoundTripper) (*Client, error) {
	parsed, err := url.Parse(apiURL)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return nil, fmt.Errorf("the hub's API URL %q is not a URL like http://127.0.0.1:8081/hub/api", apiURL)
	}
	return &Client{
		apiURL: strings.TrimRight(apiURL, "/"),
		token:  token,
		http: &http.Client{
			Transport: transport,
			// A redirect by the hub's API would carry a token to a place that
			// nobody configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// HTTP returns the client's underlying HTTP client, for the OAuth exchange.
func (c *Client) HTTP() *http.Client { return c.http }

// URL returns the address of an API path such as "/oauth2/token".
func (c *Client) URL(path string) string { return c.apiURL + path }

// Whoami returns the user or service to whom token belongs. The token
// authenticates itself; ours is not sent. The error is ErrNoUser or wraps
// ErrUnavailable.
func (c *Client) Whoami(ctx context.Context, token string) (*User, error) {
	if !validToken(token) {
		return nil, ErrNoUser
	}
	var user User
	status, err := c.call(ctx, http.MethodGet, c.URL("/user"), token, nil, &user)
	switch {
	case (status == http.StatusForbidden || status == http.StatusUnauthorized) && errors.As(err, new(*refusal)):
		return nil, ErrNoUser
	case err != nil:
		return nil, err
	case user.Name == "":
		return nil, fmt.Errorf("%w: its user model has no name", ErrUnavailable)
	}
	return &user, nil
}

// Version returns the hub's version, by the path without a last slash, which
// only newer hubs know as well. The call needs no token (JupyterHub
// apihandlers/hub.py, RootAPIHandler).
func (c *Client) Version(ctx context.Context) (string, error) {
	var root struct {
		Version string `json:"version"`
	}
	if _, err := c.call(ctx, http.MethodGet, c.URL(""), "", nil, &root); err != nil {
		return "", err
	}
	if root.Version == "" {
		return "", fmt.Errorf("%w: it did not tell its version", ErrUnavailable)
	}
	return root.Version, nil
}

// ReportActivity tells the hub at activityURL (JUPYTERHUB_ACTIVITY_URL) that
// the named server was last used at the given time. The default server's name
// is empty, and the hub wants it all the same.
func (c *Client) ReportActivity(ctx context.Context, activityURL, server string, at time.Time) error {
	type activity struct {
		LastActivity string `json:"last_activity"`
	}
	// The hub refuses times that are far in its future, and stops servers for
	// being idle by its own clock.
	stamp := at.Add(c.Skew()).UTC().Format("2006-01-02T15:04:05.000000Z")
	body := struct {
		Servers      map[string]activity `json:"servers"`
		LastActivity string              `json:"last_activity"`
	}{map[string]activity{server: {stamp}}, stamp}
	_, err := c.call(ctx, http.MethodPost, activityURL, c.token, body, nil)
	return err
}

// Skew is how far the hub's clock is ahead of ours, as far as its last answer
// told. Less than two seconds, which an answer's Date cannot tell, is none.
func (c *Client) Skew() time.Duration { return time.Duration(c.skew.Load()) }

func (c *Client) compareClocks(resp *http.Response) {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}
	skew := time.Until(date)
	if skew.Abs() < 2*time.Second {
		skew = 0
	}
	c.skew.Store(int64(skew))
}

// call sends one request and decodes a 2xx answer's JSON into out, if given.
// It returns the status where there was one, and an error that wraps
// ErrUnavailable for everything but a 2xx.
func (c *Client) call(ctx context.Context, method, address, token string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return 0, fmt.Errorf("cannot encode the request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return 0, fmt.Errorf("cannot make the request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "token "+token)
	}

	resp, err := c.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	c.compareClocks(resp)
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return resp.StatusCode, fmt.Errorf("%w: its answer broke off: %w", ErrUnavailable, err)
	case len(answer) > maxAnswer:
		return resp.StatusCode, fmt.Errorf("%w: its answer is larger than %d bytes", ErrUnavailable, maxAnswer)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		err := fmt.Errorf("%w: %s %s: %s", ErrUnavailable, method, req.URL.Path, resp.Status)
		if isObject(answer) {
			err = &refusal{err}
		}
		return resp.StatusCode, err
	case out == nil:
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return resp.StatusCode, fmt.Errorf("%w: its answer is not the JSON of a hub: %w", ErrUnavailable, err)
	}
	return resp.StatusCode, nil
}

// refusal is an error status in the words of a hub, which are JSON. What stands
// before a hub may answer 403 as well, and knows nothing of its users.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

func isObject(answer []byte) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(answer, &object) == nil && object != nil
}

// validToken says whether a token can stand in an Authorization header that
// the hub would read (handlers/base.py, auth_header_pat: no white space).
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
