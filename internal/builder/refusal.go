package builder

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// errNotTaken says that the hub's configuration did not take the ticket of a start.
var errNotTaken = errors.New("the hub did not take the ticket")

// startFailed is what the owner reads of a start that failed.
func startFailed(message string) *dashboard.Error {
	if strings.Contains(message, ticket.Refused) {
		return dashboard.Errorf(dashboard.Unavailable, "JupyterHub's configuration for dashboards does not let this one start. Tell whoever runs this JupyterHub: its log says why, at “dashboards: refused to start”.%.0w", errNotTaken)
	}
	if _, reason, told := strings.Cut(message, ticket.Failed); told {
		return dashboard.Errorf(dashboard.Unavailable, "%s", reason) // the launch's own words
	}
	if message == "" || message == http.StatusText(http.StatusInternalServerError) {
		message = "it did not say why"
	}
	return dashboard.Errorf(dashboard.Unavailable, "JupyterHub could not start the dashboard: %s. Look whether its framework, and all that it needs, is there where servers run; whoever runs this JupyterHub finds more in the log.", strings.TrimRight(message, ". "))
}

// refused puts the hub's refusal into words.
func (w *work) refused(err error, user string) error {
	var answer *hub.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer):
		return err
	case strings.Contains(answer.Message, ticket.Refused):
		return startFailed(answer.Message)
	case strings.Contains(answer.Message, ticket.Failed), answer.Status == http.StatusInternalServerError:
		failed := startFailed(answer.Message)
		failed.Cause = err
		return failed
	case hub.IsNotFound(err):
		return dashboard.Errorf(dashboard.NotFound, "JupyterHub knows no user “%s” any more, or does not let the service start their servers. Whoever runs this JupyterHub finds more in the log.%.0w", user, err)
	case hub.IsForbidden(err):
		return dashboard.Errorf(dashboard.Forbidden, "JupyterHub does not let the service start servers of “%s”. Tell whoever runs this JupyterHub: the service's role lacks a scope.%.0w", user, err)
	case answer.Status == 429:
		return dashboard.Errorf(dashboard.Limit, "JupyterHub starts no more servers right now: %s%.0w", fallback(answer.Message, "Try again in a few minutes."), err)
	case answer.Status == 400 || answer.Status == 409:
		return dashboard.Errorf(dashboard.Limit, "JupyterHub refused to start the dashboard: %s%.0w", fallback(answer.Message, "it did not say why"), err)
	}
	return dashboard.Errorf(dashboard.Unavailable, "JupyterHub could not start the dashboard: %s%.0w", fallback(answer.Message, fmt.Sprintf("it answered %d", answer.Status)), err)
}

func fallback(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// hubAway is what is said when the hub is gone for too long.
func hubAway(cause error) error {
	if errors.Is(cause, errStopped) || errors.Is(cause, errCalledOff) || errors.Is(cause, dashboard.ErrLost) {
		return cause
	}
	failed := dashboard.Errorf(dashboard.Unavailable, "JupyterHub did not answer, or did not get the dashboard started in time. Try again in a few minutes.")
	failed.Cause = cause
	return failed
}
