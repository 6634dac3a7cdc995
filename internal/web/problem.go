package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// statusOf is the HTTP status of each kind of error (RFC 9110 section 15, RFC 6585).
func statusOf(kind dashboard.ErrorKind) int {
	switch kind {
	case dashboard.Invalid:
		return http.StatusUnprocessableEntity
	case dashboard.Forbidden:
		return http.StatusForbidden
	case dashboard.NotFound:
		return http.StatusNotFound
	case dashboard.Conflict:
		return http.StatusConflict
	case dashboard.Limit:
		return http.StatusTooManyRequests
	case dashboard.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refusal is what is wrong with a request itself, whatever it asks for.
type refusal struct {
	status int
	err    *dashboard.Error
}

func (r *refusal) Error() string { return r.err.Message }
func (r *refusal) Unwrap() error { return r.err }

func refused(status int, format string, values ...any) error {
	kind := dashboard.Invalid
	if status == http.StatusForbidden {
		kind = dashboard.Forbidden
	}
	return &refusal{status, dashboard.Errorf(kind, format, values...)}
}

// refused says it in the page's words.
func (s *site) refused(status int, key string, values ...any) error {
	return refused(status, "%s", s.words.text(key, values...))
}

// malformed is a body that cannot be read, whether it is too large or wrong.
func (s *site) malformed(err error) error {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return s.refused(http.StatusRequestEntityTooLarge, "error.too_large", "most", size(large.Limit))
	}
	return s.refused(http.StatusBadRequest, "error.unreadable")
}

func (s *site) notFound(key string) error {
	return dashboard.Errorf(dashboard.NotFound, "%s", s.words.text(key))
}

// problem says what an error is for the visitor, and writes into the log what is
// not for them. An error that is none of the domain's gets an incident, by which
// the log's line is found.
func (s *site) problem(v *visit, err error) api.Problem {
	known, ok := errors.AsType[*dashboard.Error](err)
	if !ok {
		incident := rand.Text()[:10]
		s.Log.Error("a request failed", "incident", incident, "method", v.Method, "path", v.URL.Path, "user", v.who.Name, "error", err)
		return api.Problem{
			Type: "about:blank", Title: http.StatusText(http.StatusInternalServerError), Status: http.StatusInternalServerError,
			Detail: s.words.text("error.incident", "incident", incident), Kind: api.KindInternal, Incident: incident,
		}
	}
	status := statusOf(known.Kind)
	if wrong, ok := errors.AsType[*refusal](err); ok {
		status = wrong.status
	}
	if known.Cause != nil {
		s.Log.Warn("a request could not be answered", "kind", known.Kind, "method", v.Method, "path", v.URL.Path,
			"user", v.who.Name, "message", known.Message, "error", known.Cause)
	}
	return api.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: known.Message, Kind: known.Kind, Field: known.Field,
	}
}

// retryAfter is when to ask again, in seconds, after what may go another time.
const retryAfter = "5"

// fail answers with what went wrong, as JSON or as a page.
func (s *site) fail(w http.ResponseWriter, v *visit, err error) {
	if v.Context().Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // the visitor has gone
	}
	found := s.problem(v, err)
	if found.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	if v.kind == forPeople && !isPartOfPage(v.Request) {
		s.showProblem(w, v, found)
		return
	}
	writeJSON(w, api.ProblemDoc, found.Status, found)
}
