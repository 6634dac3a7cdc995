// Package hub speaks the parts of JupyterHub's REST API that both programs
// need. It knows nothing of browsers, cookies or proxying.
package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var (
	// ErrNoUser says that the hub was asked and knows nobody by that token.
	// It is an answer, not a fault.
	ErrNoUser = errors.New("the hub knows no user with this token")

	// ErrUnavailable says that the hub gave no usable answer: it could not be
	// reached, was too slow, failed, or did not answer as a hub does.
	ErrUnavailable = errors.New("the hub gave no usable answer")

	// ErrName says that a user, server or group was asked for by a name that
	// cannot stand in an address.
	ErrName = errors.New("this name cannot stand in an address of the hub's API")
)

// Client calls one hub. It is safe for concurrent use.
type Client struct {
	apiURL string
	token  string
	http   *http.Client
	// What is known of the hub itself, whoever asks.
	clock   *clock
	version *version
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
		clock:   &clock{},
		version: &version{},
	}, nil
}

// As returns a client of the same hub that calls in the name of whoever has the
// token.
func (c *Client) As(token string) *Client {
	other := *c
	other.token = token
	return &other
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
	_, err := c.call(ctx, request{address: c.URL("/user"), token: token}, &user)
	switch {
	case IsForbidden(err):
		return nil, ErrNoUser
	case err != nil:
		return nil, unusable(err)
	case user.Name == "":
		return nil, fmt.Errorf("%w: its user model has no name", ErrUnavailable)
	}
	return &user, nil
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
	_, err := c.call(ctx, request{method: http.MethodPost, address: activityURL, token: c.token, body: body}, nil)
	return unusable(err)
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
