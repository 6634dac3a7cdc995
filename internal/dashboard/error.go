package dashboard

import (
	"errors"
	"fmt"
)

// Error is what went wrong, in words for whoever asked: what was wrong, what was
// expected, what to do. It holds no secrets and nothing of this machine's.
type Error struct {
	Kind ErrorKind
	// Field is the part of a request that is wrong, by its name in the API, such as
	// "name"; empty where no single one is.
	Field   string
	Message string
	// Cause is for the log only.
	Cause error
}

// ErrorKind is what sort of error it is.
type ErrorKind string

// The kinds of errors.
const (
	// Invalid is something given that cannot be.
	Invalid ErrorKind = "invalid"
	// Forbidden is something that this visitor may not do.
	Forbidden ErrorKind = "forbidden"
	// NotFound is also what is there, but none of this visitor's business.
	NotFound ErrorKind = "not_found"
	// Conflict is something that stands in the way, such as a name that is taken.
	Conflict ErrorKind = "conflict"
	// Limit is a limit of the hub or the operator that is reached.
	Limit ErrorKind = "limit"
	// Unavailable is something that may go another time: the hub is away, the disk
	// is full.
	Unavailable ErrorKind = "unavailable"
)

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error of a kind. A %w in the format is its cause, too.
func Errorf(kind ErrorKind, format string, values ...any) *Error {
	formatted := fmt.Errorf(format, values...)
	return &Error{Kind: kind, Message: formatted.Error(), Cause: errors.Unwrap(formatted)}
}

// InvalidField says what is wrong with one part of a request.
func InvalidField(field, format string, values ...any) *Error {
	failed := Errorf(Invalid, format, values...)
	failed.Field = field
	return failed
}

// KindOf is the kind of an error, and empty for one that is none of ours.
func KindOf(err error) ErrorKind {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Kind
	}
	return ""
}
