package builder

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

const (
	// launchLimit is how long one start at the hub may take, all in all: hubs have
	// limits of their own (start_timeout, http_timeout), which are shorter.
	launchLimit = 15 * time.Minute
	// launchTries is how often a start is asked for that the hub knows nothing of
	// any more, as after a restart of its own, or whose ticket it does not take, as
	// it takes none of before or of the second of its start.
	launchTries = 3
	// askAgain is the pause before the hub is asked again that did not answer.
	askAgain = time.Second
	// signAgain is the pause before another ticket, which goes by a clock that may be
	// behind the hub's by as much.
	signAgain = hub.UnseenSkew
)

// launch starts a server from a snapshot, and waits until the hub calls it ready.
func (w *work) launch(d dashboard.Dashboard, revision dashboard.Revision, user, server string) error {
	ctx, cancel := context.WithTimeout(w.ctx, launchLimit)
	defer cancel()
	w.setState(d, user, dashboard.Starting)
	for try := 1; ; try++ {
		signed, err := w.askForStart(ctx, d, revision, user, server)
		if err == nil {
			err = w.awaitReady(ctx, user, server)
		}
		if err == nil {
			err = w.checkAccepted(ctx, d, user, server, signed)
		}
		switch {
		case err == nil:
			w.setState(d, user, dashboard.Running)
			return nil
		case errors.Is(err, errForgotten) && try < launchTries:
			w.Log("JupyterHub was restarted in between. Starting once more.")
		case errors.Is(err, errNotTaken) && try < launchTries && pause(ctx, signAgain) == nil:
			w.Log("JupyterHub did not take the ticket, as when it has just been started. Starting once more.")
		case errors.Is(err, errForgotten):
			err = dashboard.Errorf(dashboard.Unavailable, "JupyterHub was restarted several times meanwhile, or does not know how to start dashboards. Try again in a minute; if that does not help, tell whoever runs it to look at “dashboard-builder hub-config”.")
			fallthrough
		default:
			w.setState(d, user, dashboard.Stopped)
			return err
		}
	}
}

// checkAccepted makes sure that what has started is the dashboard. A hub without
// our part of its configuration starts an ordinary server of the owner's, which
// nobody else must get to.
func (w *work) checkAccepted(ctx context.Context, d dashboard.Dashboard, user, server, signed string) error {
	account, err := w.Hub.Account(ctx, user)
	if err == nil && ticket.WasAccepted(account.Servers[server].UserOptions, signed) {
		return nil
	}
	w.log.Warn("the hub does not say that it took the ticket: stopping what it started", "dashboard", d.ID, "user", user, "server", server, "error", err)
	if err := w.stopServer(d, user, server, false); err != nil {
		return err
	}
	return errForgotten // as after a restart, by which it forgets what it took
}

// askForStart tells the hub to start a server, and waits for a hub that is away, or
// busy for as long as it says. It returns the ticket.
func (w *work) askForStart(ctx context.Context, d dashboard.Dashboard, revision dashboard.Revision, user, server string) (signed string, err error) {
	for {
		signed, err = w.askOnce(ctx, d, revision, user, server)
		wait, title := askAgain, "Waiting for JupyterHub"
		if refusal, ok := errors.AsType[*hub.Error](err); ok && hub.IsBusy(err) && refusal.RetryAfter > 0 {
			wait, title = refusal.RetryAfter, "JupyterHub is starting many servers just now. Waiting for our turn"
		} else if w.isStarting(ctx, err, user, server) {
			return signed, nil
		} else if !errors.Is(err, hub.ErrUnavailable) {
			return signed, w.refused(err, user)
		}
		w.Progress(title, -1)
		if err := pause(ctx, wait); err != nil {
			return "", hubAway(err)
		}
	}
}

func (w *work) askOnce(ctx context.Context, d dashboard.Dashboard, revision dashboard.Revision, user, server string) (signed string, err error) {
	if w.job.Viewer == "" {
		if err := w.forgetGrants(ctx, d); err != nil {
			return "", err
		}
	}
	// Who may come can have changed since the job began, as in a build of minutes.
	now, err := w.Store.Dashboard(ctx, d.ID)
	if err != nil {
		return "", err
	}
	d.Access = now.Access
	options, signed, err := w.options(d, revision, user, server)
	if err != nil {
		return "", err
	}
	return signed, w.asVisitor(user, func(c *hub.Client) error {
		_, err := c.StartServer(ctx, user, server, hub.Start{DisplayName: d.Name, Options: options})
		return err
	})
}

// isStarting says whether a start that the hub gave up on with a 500 is not at its
// end yet: so it answers when a server has died at once, while it goes on waiting
// for that (handlers/base.py, spawn_single_user). What it says then, says more.
func (w *work) isStarting(ctx context.Context, err error, user, server string) bool {
	refusal, ok := errors.AsType[*hub.Error](err)
	if !ok || refusal.Status != http.StatusInternalServerError {
		return false
	}
	account, err := w.Hub.Account(ctx, user)
	return err == nil && account.Servers[server].Pending != ""
}

// errForgotten says that the hub knows nothing of a start that it was asked for.
var errForgotten = errors.New("the hub knows nothing of the start any more")

// awaitReady follows a start by the hub's own progress, and by asking where that
// breaks off.
func (w *work) awaitReady(ctx context.Context, user, server string) error {
	for {
		err := w.Hub.Progress(ctx, user, server, func(event hub.ProgressEvent) {
			w.Progress("Starting the dashboard", event.Percent)
			if event.Message != "" {
				w.Log(event.Message)
			}
		})
		var failed *hub.SpawnError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &failed):
			return startFailed(failed.Message)
		case ctx.Err() != nil:
			return hubAway(context.Cause(ctx))
		}
		// The stream broke off, or there is none: the model tells.
		account, err := w.Hub.Account(ctx, user)
		if err == nil {
			switch known, ok := account.Servers[server]; {
			case ok && known.Ready:
				return nil
			case ok && known.Pending != "":
			default:
				return errForgotten
			}
		} else if !errors.Is(err, hub.ErrUnavailable) {
			return w.refused(err, user)
		}
		if err := pause(ctx, askAgain); err != nil {
			return hubAway(err)
		}
	}
}

func pause(ctx context.Context, span time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(span):
		return nil
	}
}
