package builder

import (
	"context"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// start starts what was stopped.
func (w *work) start(d dashboard.Dashboard) error {
	user, server := d.Owner, d.Server
	if w.job.Viewer != "" {
		user = w.job.Viewer // each has a server of the same name
	}
	revision, err := w.inForce(d)
	if err != nil {
		return err
	}
	if err := w.step(dashboard.StepLaunch, "Starting the dashboard"); err != nil {
		return err
	}
	if w.job.Viewer != "" {
		if err := w.stopOlder(d, revision, user, server); err != nil {
			return err
		}
		// Kept before it is there, so that nothing is there that is not kept.
		err := w.Store.SetViewer(w.ctx, d.ID, user, dashboard.ViewerServer{Server: server, Revision: revision.Number, State: dashboard.Starting})
		if err != nil {
			return err
		}
	} else {
		w.setState(d, user, dashboard.Starting)
	}
	var failed error
	if !w.isReady(user, server) {
		failed = w.launch(d, revision, user, server)
	}
	if failed == nil && w.job.Viewer == "" {
		if err := w.step(dashboard.StepShare, "Letting viewers in"); err != nil {
			return err
		}
		failed = w.letIn(d)
	}
	if w.job.Viewer == "" && !w.isLeft(failed) {
		if err := w.noteFailure(d.ID, failed); err != nil {
			return err
		}
	}
	return failed
}

// inForce is the revision that is started.
func (w *work) inForce(d dashboard.Dashboard) (dashboard.Revision, error) {
	known, err := w.Store.Revisions(w.ctx, d.ID)
	if err != nil {
		return dashboard.Revision{}, err
	}
	for _, each := range known {
		if each.Number == d.Revision && each.State == dashboard.Made {
			return each, nil
		}
	}
	return dashboard.Revision{}, dashboard.Errorf(dashboard.Conflict, "There is no snapshot of this dashboard yet that it could be started from. Press Rebuild to make one.")
}

// stopOlder stops a viewer's server that runs an older snapshot.
func (w *work) stopOlder(d dashboard.Dashboard, revision dashboard.Revision, user, server string) error {
	viewers, err := w.Store.Viewers(w.ctx, d.ID)
	if err != nil || viewers[user].Revision == revision.Number {
		return err
	}
	return w.stopServer(d, user, server, false)
}

// isReady says whether a server runs already.
func (w *work) isReady(user, server string) bool {
	account, err := w.Hub.Account(w.ctx, user)
	return err == nil && account.Servers[server].Ready
}

// setState notes what a server does, as we know it first. Reconcile mends what
// cannot be noted now.
func (w *work) setState(d dashboard.Dashboard, user string, state dashboard.State) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), heartbeat)
	defer cancel()
	var err error
	if w.job.Viewer != "" || d.PerViewer {
		viewers, failed := w.Store.Viewers(ctx, d.ID)
		known, ok := viewers[user]
		if err = failed; failed == nil && ok {
			known.State = state
			err = w.Store.SetViewer(ctx, d.ID, user, known)
		}
	} else {
		err = w.Store.SetStates(ctx, map[string]dashboard.ServerState{d.ID: {State: state}})
	}
	if err != nil {
		w.log.Debug("cannot note a server's state", "dashboard", d.ID, "error", err)
	}
}

// asVisitor makes a call in the name of whoever asked, where that is the server's
// own user, and as the service where that does not do: as for a colleague, or
// after the one who asked has left.
func (w *work) asVisitor(user string, call func(*hub.Client) error) error {
	if w.token != "" && w.job.By == user {
		err := call(w.Hub.As(w.token))
		if !hub.IsForbidden(err) && !hub.IsNotFound(err) {
			return err
		}
		// The hub tells "not permitted" and "not there" alike, and a visitor's token
		// may be one without the scopes for servers.
	}
	return call(w.Hub)
}
