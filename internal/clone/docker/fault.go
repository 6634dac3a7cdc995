package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// explain turns what Docker said into a sentence for a user. Docker's own words
// name paths and identifiers of the host; they are the cause, for the log.
func explain(err error) error {
	if err == nil || dashboard.KindOf(err) != "" {
		return err
	}
	failed := dashboard.Errorf(dashboard.Unavailable, "%s", sentence(err))
	failed.Cause = err
	return failed
}

func sentence(err error) string {
	switch {
	case errors.Is(err, errTooLong):
		return "Your server has so many new files that it would have had to stand still for too long, so no snapshot was made. Delete what is not needed, or restart it from a fresh image."
	case errors.Is(err, context.DeadlineExceeded):
		return "Docker did not answer in time, so no snapshot was made. Try again later."
	case isFull(err):
		return "There is no space left where Docker keeps its images, so no snapshot was made. Delete dashboards that are not needed any more, or ask your administrator for more space."
	case errors.Is(err, errTooLarge):
		return "Your server has changed too many files for a snapshot. Restart it from a fresh image, or choose a repository instead."
	case isAway(err):
		return "Docker cannot be reached at the moment, so no snapshot was made. Try again later; if it stays so, tell your administrator."
	case cerrdefs.IsPermissionDenied(err), cerrdefs.IsUnauthorized(err):
		return "The dashboards service is not allowed to use Docker as it needs to. Tell your administrator."
	case cerrdefs.IsNotFound(err):
		return "Your server went away while the snapshot was made. Start it and try again."
	case cerrdefs.IsConflict(err):
		return "Your server is being started, stopped or removed. Wait until that is done and try again."
	}
	return "Docker could not make the snapshot. Try again later; if it stays so, tell your administrator, who finds the reason in the log."
}

// isFull knows the words of the kernel, which is all that the engine passes on.
func isFull(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "no space left on device") || strings.Contains(text, "disk quota exceeded")
}

// isAway says whether no answer of Docker's came, or it broke off.
func isAway(err error) bool {
	if client.IsErrConnectionFailed(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED) {
		return true
	}
	_, isNetwork := errors.AsType[net.Error](err)
	return isNetwork
}

// isThere is err but for what says that something is gone already.
func isThere(err error) error {
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return err
}
