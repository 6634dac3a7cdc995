package builder

import (
	"context"
	"errors"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// stopLimit is how long a server may take to stop, all in all.
const stopLimit = 3 * time.Minute

// stop stops a dashboard's server, or those of all its viewers.
func (w *work) stop(d dashboard.Dashboard) error {
	if err := w.step(dashboard.StepStop, "Stopping"); err != nil {
		return err
	}
	if d.PerViewer {
		return w.stopViewers(d, false)
	}
	return w.stopServer(d, d.Owner, d.Server, false)
}

// delete takes away all there is: first what the hub has, then the snapshots, and
// what is known of them last, so that it can be begun again at any point.
func (w *work) delete(d dashboard.Dashboard) error {
	if err := w.step(dashboard.StepStop, "Stopping"); err != nil {
		return err
	}
	if err := w.stopViewers(d, true); err != nil {
		return err
	}
	if err := w.stopServer(d, d.Owner, d.Server, true); err != nil {
		return err
	}
	if err := w.step(dashboard.StepErase, "Removing the snapshots"); err != nil {
		return err
	}
	known, err := w.Store.Revisions(w.ctx, d.ID)
	if err != nil {
		return err
	}
	for _, each := range known {
		if err := w.removeRevision(w.ctx, d, each); err != nil {
			return err
		}
	}
	return w.Store.Erase(w.ctx, d.ID)
}

// stopViewers stops the servers that viewers have of a dashboard.
func (w *work) stopViewers(d dashboard.Dashboard, remove bool) error {
	viewers, err := w.Store.Viewers(w.ctx, d.ID)
	if err != nil {
		return err
	}
	for viewer, server := range viewers {
		if err := w.stopServer(d, viewer, server.Server, remove); err != nil {
			return err
		}
		if remove {
			if err := w.Store.RemoveViewer(w.ctx, d.ID, viewer); err != nil {
				return err
			}
		}
	}
	return nil
}

// stopServer stops a server, waits until it has, and takes it off the hub's list
// if that is wanted. One that is not there is no error.
func (w *work) stopServer(d dashboard.Dashboard, user, server string, remove bool) error {
	ctx, cancel := context.WithTimeout(w.ctx, stopLimit)
	defer cancel()
	asked := false
	for {
		account, err := w.Hub.Account(ctx, user)
		switch known, there := account.Servers[server]; {
		case hub.IsNotFound(err):
			return nil // the user is gone, and the servers with them
		case errors.Is(err, hub.ErrUnavailable):
			w.Progress("Waiting for JupyterHub", -1)
		case err != nil:
			return w.refused(err, user)
		case !there, !remove && !known.Ready && known.Pending == "":
			w.setState(d, user, dashboard.Stopped)
			return nil
		case known.Pending == "" && (!asked || remove || known.Ready):
			asked = true
			w.setState(d, user, dashboard.Stopping)
			err := w.asVisitor(user, func(c *hub.Client) error {
				_, err := c.StopServer(ctx, user, server, remove)
				return err
			})
			if err != nil && !errors.Is(err, hub.ErrUnavailable) && !hub.IsNotFound(err) {
				return w.refused(err, user)
			}
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return hubAway(err)
		}
	}
}
