package api

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// What the gate before the service says of a token.
const (
	// KindUnauthenticated is for one that the hub does not know.
	KindUnauthenticated dashboard.ErrorKind = "unauthenticated"
	// KindNoAccess is for one that may not use the service at all.
	KindNoAccess dashboard.ErrorKind = "no_access"
)

// Unreachable says that there was no usable answer.
type Unreachable struct {
	// Message is for people: what is wrong, and what to do.
	Message string
	Cause   error
}

func (u *Unreachable) Error() string { return u.Message }

func (u *Unreachable) Unwrap() error { return u.Cause }

// notService is for an answer that is none of the service's, such as a login page.
func notService(cause error) error {
	return &Unreachable{Message: "what answers there is not the Dashboards service: check the address", Cause: cause}
}

// maxProblem bounds what is read of a refusal, and maxSentence what is kept of its
// words.
const (
	maxProblem  = 64 << 10
	maxSentence = 4 << 10
)

// noAnswer says why there was no answer. The transport's words are for the
// programmer, so those that people meet are said anew.
func (c *Client) noAnswer(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	host := c.base.Host
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	message := "cannot reach the service at " + host
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		message = "nothing listens at " + host + ": the service is not running, or its address is another"
	case errors.As(err, &dns):
		message = "there is no host " + c.base.Hostname() + ": check the address, and the network"
	case errors.As(err, &authority):
		message = "the certificate of " + host + " is by nobody whom this machine trusts: name the file of the authority's in SSL_CERT_FILE"
	case errors.As(err, &name):
		message = "the certificate of " + host + " is for another name: check the address"
	case errors.Is(err, http.ErrSchemeMismatch):
		message = host + " does not speak https: check whether the address begins with http:"
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		message = "the service at " + host + " did not answer in time"
	}
	return &Unreachable{Message: message, Cause: err}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// refusal makes an error of an answer that is no 2xx.
func (c *Client) refusal(resp *http.Response, content []byte) error {
	if resp.StatusCode < 400 {
		target, err := resp.Location()
		if err != nil || target.User != nil || target.Host == c.base.Host && target.Scheme == c.base.Scheme {
			return notService(fmt.Errorf("it answered %d", resp.StatusCode)) // to a login, or to the hub
		}
		return &Unreachable{Message: "the service's address leads elsewhere, to " + target.Scheme + "://" + target.Host + ": if that is right, give it as the address"}
	}
	problem := ParseProblem(resp.StatusCode, content)
	if problem == nil {
		switch resp.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			problem = &Problem{Status: resp.StatusCode, Kind: kindOf(resp.StatusCode), Detail: sentenceOf(resp.StatusCode)}
		default:
			return notService(fmt.Errorf("it answered %d", resp.StatusCode))
		}
	}
	// Whoever answers knows the token. It is not to come back by their words.
	for _, said := range []*string{&problem.Type, &problem.Title, &problem.Detail, &problem.Field, &problem.Incident} {
		*said = strings.ReplaceAll(*said, c.token, "***")
	}
	if after := retryAfter(resp.Header.Get("Retry-After"), time.Now()); after > 0 {
		return &delayed{problem, after}
	}
	return problem
}

// delayed is a problem with the time for which the service wants to be left alone.
type delayed struct {
	*Problem
	after time.Duration
}

func (d *delayed) Unwrap() error { return d.Problem }

// ParseProblem reads what the service (RFC 9457), or the gate before it, says of
// what is wrong. It is nil if that is not what the content is.
func ParseProblem(status int, content []byte) *Problem {
	var said struct {
		Problem
		// The gate's words: see package page.
		State   string `json:"state"`
		Message string `json:"message"`
	}
	if json.Unmarshal(content, &said) != nil {
		return nil
	}
	problem := said.Problem
	if problem.Detail == "" {
		problem.Detail = said.Message
	}
	if problem.Detail == "" || (problem.Kind == "" && said.State == "") {
		return nil
	}
	problem.Status = status
	if problem.Kind == "" || status == http.StatusUnauthorized {
		problem.Kind = kindOf(status)
	}
	problem.Detail = bounded(problem.Detail)
	problem.Field = bounded(problem.Field)
	problem.Incident = bounded(problem.Incident)
	return &problem
}

func bounded(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxSentence)], "")
	return strings.TrimSpace(text)
}

// kindOf is what a status means where nothing more is said.
func kindOf(status int) dashboard.ErrorKind {
	switch status {
	case http.StatusUnauthorized:
		return KindUnauthenticated
	case http.StatusForbidden:
		return KindNoAccess
	case http.StatusNotFound, http.StatusGone:
		return dashboard.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return dashboard.Conflict
	case http.StatusTooManyRequests:
		return dashboard.Limit
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return dashboard.Unavailable
	}
	if status < 500 {
		return dashboard.Invalid
	}
	return KindInternal
}

func sentenceOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "The token is not known."
	case http.StatusForbidden:
		return "The token gives no access to the service."
	case http.StatusTooManyRequests:
		return "There are too many requests just now. Try again in a while."
	}
	return fmt.Sprintf("The service is not available just now (%d). Try again in a while.", status)
}
