package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Error is the hub's own "no" to a call, which it says in JSON. What stands
// before a hub answers with errors as well, and knows nothing of users and
// servers: those wrap ErrUnavailable.
type Error struct {
	Method, Path string
	Status       int
	// Message is the hub's, in a sentence or two; empty if it gave none. It may
	// quote what users wrote, and a spawner's exception.
	Message string
	// RetryAfter is how long the hub asks to wait; zero if it does not say.
	RetryAfter time.Duration
}

// maxMessage bounds a message of the hub's, in characters.
const maxMessage = 1000

func (e *Error) Error() string {
	text := fmt.Sprintf("the hub answered %s %s with %d", e.Method, e.Path, e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Unwrap makes an ErrUnavailable of a hub that cannot answer right now. Its 500
// is an answer: so it says that a server did not start.
func (e *Error) Unwrap() error {
	switch e.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return ErrUnavailable
	}
	return nil
}

// IsNotFound says that the hub knows no such thing, or that the scopes of the
// token do not reach it: a scope with a filter makes a 404 of that
// (scopes.py, needs_scope).
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsForbidden says that the token may not do this, or is none.
func IsForbidden(err error) bool {
	return errors.Is(err, ErrNoUser) || hasStatus(err, http.StatusForbidden, http.StatusUnauthorized)
}

// IsRefused says that the hub would not do what was asked: a server that is
// running already, a limit of named servers, a name that it does not like.
func IsRefused(err error) bool { return hasStatus(err, http.StatusBadRequest, http.StatusConflict) }

// IsBusy says that the hub starts no more servers right now.
func IsBusy(err error) bool { return hasStatus(err, http.StatusTooManyRequests) }

func hasStatus(err error, statuses ...int) bool {
	answer, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(statuses, answer.Status)
}

// unusable makes an ErrUnavailable of any error, for calls that every hub answers.
func unusable(err error) error {
	if err == nil || errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// refusal is what an answer with an error status says.
func refusal(answer *http.Response, body []byte) error {
	request := answer.Request
	var said struct {
		Message any `json:"message"`
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil || object == nil || json.Unmarshal(body, &said) != nil {
		return fmt.Errorf("%w: %s %s: %s", ErrUnavailable, request.Method, request.URL.Path, answer.Status)
	}
	message, _ := said.Message.(string)
	return &Error{
		Method: request.Method, Path: request.URL.Path, Status: answer.StatusCode,
		Message: plain(message, maxMessage), RetryAfter: retryAfter(answer.Header.Get("Retry-After")),
	}
}

// retryAfter reads seconds, which is what the hub sends (handlers/base.py,
// spawn_single_user). More than an hour is a mistake.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// plain makes a text of the hub's fit for a log, a terminal and a page: one line
// of so many characters at most.
func plain(text string, limit int) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || unicode.Is(unicode.Bidi_Control, c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.TrimSpace(text)
	count := 0
	for at := range text {
		if count == limit {
			return text[:at] + "…"
		}
		count++
	}
	return text
}
