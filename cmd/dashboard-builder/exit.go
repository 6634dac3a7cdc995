package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Exit codes, by sysexits.h where it has one.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 64
	exitData        = 65
	exitNotFound    = 66
	exitUnreachable = 69
	exitFault       = 70
	exitConflict    = 73
	exitAgain       = 75
	exitForbidden   = 77
	exitInterrupted = 130
)

// exitCodes are what they mean, for the help.
func exitCodes() []struct {
	Code    int
	Meaning string
} {
	return []struct {
		Code    int
		Meaning string
	}{
		{exitDone, "done"},
		{exitFailed, "what was begun failed, such as a build; or something on this machine"},
		{exitUsage, "the command line is wrong, and nothing was begun"},
		{exitData, "something given cannot be, such as a name that is too long"},
		{exitNotFound, "there is no such dashboard, job or file"},
		{exitUnreachable, "the service cannot be reached, or is not what answers"},
		{exitFault, "a fault of the service's own"},
		{exitConflict, "something stands in the way: a name that is taken, a build under way"},
		{exitAgain, "not now, but perhaps later: the hub is away, or a limit is reached"},
		{exitForbidden, "not permitted, or without a token that is good"},
		{exitInterrupted, "interrupted; what was begun on the hub goes on"},
	}
}

// failure is an error with its exit code.
type failure struct {
	code int
	error
}

func (f *failure) Unwrap() error { return f.error }

// errSaid stands for what was said already.
var errSaid = errors.New("")

// ended is the end, with an exit code, of a part that has said itself what there
// was to say.
func ended(code int) error {
	if code == exitDone {
		return nil
	}
	return &failure{code, errSaid}
}

func failf(code int, format string, values ...any) error {
	return &failure{code, fmt.Errorf(format, values...)}
}

// codeOf is the exit code of an error.
func codeOf(err error) int {
	if known, ok := errors.AsType[*failure](err); ok {
		return known.code
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if problem, ok := errors.AsType[*api.Problem](err); ok {
		switch problem.Kind {
		case dashboard.Invalid:
			return exitData
		case dashboard.NotFound:
			return exitNotFound
		case dashboard.Conflict:
			return exitConflict
		case dashboard.Limit, dashboard.Unavailable:
			return exitAgain
		case dashboard.Forbidden, api.KindUnauthenticated, api.KindNoAccess:
			return exitForbidden
		}
		return exitFault
	}
	if errors.As(err, new(*api.Unreachable)) {
		return exitUnreachable
	}
	return exitFailed
}

// sentence is what an error says to a person.
func sentence(cmd *cobra.Command, err error) string {
	said := err.Error()
	if codeOf(err) == exitInterrupted && errors.Is(err, context.Canceled) {
		if _, ok := errors.AsType[*failure](err); !ok {
			said = "interrupted"
		}
	}
	problem, ok := errors.AsType[*api.Problem](err)
	if !ok {
		return said
	}
	if subject := flagOf(cmd, problem.Field); subject != "" {
		said = subject + ": " + said
	}
	if problem.Incident != "" && !strings.Contains(said, problem.Incident) {
		said += fmt.Sprintf(" (incident %s in the service's log)", problem.Incident)
	}
	return said
}

// flagOf names a field of the API as whoever gave it knows it.
func flagOf(cmd *cobra.Command, field string) string {
	_, last, found := strings.Cut(field, ".")
	if !found {
		last = field
	}
	for _, name := range []string{last, strings.TrimSuffix(last, "s"), strings.ReplaceAll(last, "_", "-")} {
		if name != "" && cmd != nil && cmd.Flags().Lookup(name) != nil {
			return "--" + name
		}
	}
	return field
}
