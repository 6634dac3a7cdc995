package builder

import (
	"context"
	"errors"
	"fmt"
	"path"
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
	// any more, as after a restart of its own.
	launchTries = 3
	// askAgain is the pause before the hub is asked again that did not answer.
	askAgain = time.Second
)

// launch starts a server from a snapshot, and waits until the hub calls it ready.
func (w *work) launch(d dashboard.Dashboard, revision dashboard.Revision, user, server string) error {
	ctx, cancel := context.WithTimeout(w.ctx, launchLimit)
	defer cancel()
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

// askForStart tells the hub to start a server, and waits for a hub that is away.
// It returns the ticket.
func (w *work) askForStart(ctx context.Context, d dashboard.Dashboard, revision dashboard.Revision, user, server string) (signed string, err error) {
	for {
		options, signed, err := w.options(d, revision, user, server)
		if err != nil {
			return "", err
		}
		err = w.asVisitor(user, func(c *hub.Client) error {
			_, err := c.StartServer(ctx, user, server, hub.Start{DisplayName: d.Name, Options: options})
			return err
		})
		if !errors.Is(err, hub.ErrUnavailable) {
			return signed, w.refused(err, user)
		}
		w.Progress("Waiting for JupyterHub", -1)
		if err := pause(ctx, askAgain); err != nil {
			return "", hubAway(err)
		}
	}
}

// options are what the spawner gets: what the operator and the owner set, and the
// ticket, which is good for this one start.
func (w *work) options(d dashboard.Dashboard, revision dashboard.Revision, user, server string) (options map[string]any, signed string, err error) {
	options, err = w.Settings.SpawnerOptions(d.Options)
	if err != nil {
		return nil, "", err
	}
	app := revision.App
	image, arguments := w.arguments(d, revision, app)
	signed, err = w.Signer.Ahead(w.Hub.Skew()).Sign(ticket.Ticket{
		User: user, Server: server, Dashboard: d.ID, Revision: revision.Number, Title: d.Name,
		Arguments: arguments, Image: image, Environment: w.environment(),
	})
	if err != nil {
		return nil, "", err
	}
	options[ticket.Option] = signed
	return options, signed, nil
}

// arguments are those of "dashboard-builder launch".
func (w *work) arguments(d dashboard.Dashboard, revision dashboard.Revision, app dashboard.App) (image string, arguments []string) {
	arguments = w.Settings.LaunchArguments()
	snapshot, shown := revision.Snapshot, app.Path
	switch snapshot.Kind {
	case dashboard.Image:
		image = snapshot.Ref
		arguments = append(arguments, "--workdir", snapshot.Folder)
	case dashboard.Folder:
		image = w.Image
		arguments = append(arguments, "--workdir", snapshot.Folder)
	case dashboard.Commit:
		image = w.Image
		// A folder of its own, so that it is clear where the repository goes.
		folder := "dashboard-" + d.ID
		arguments = append(arguments, "--repo", snapshot.Repo, "--repobranch", snapshot.Ref, "--repofolder", folder)
		shown = path.Join(folder, snapshot.Folder, shown)
	}
	if app.Environment != "" {
		arguments = append(arguments, "--conda-env", app.Environment)
	}
	arguments = append(arguments, w.gateArguments(d)...)
	arguments = append(arguments, app.Framework)
	switch {
	case shown != "":
		arguments = append(arguments, shown)
	case w.Settings.DefaultTarget(app.Framework) == "":
		arguments = append(arguments, ".") // all that was cloned
	}
	if len(app.Arguments) > 0 {
		arguments = append(append(arguments, "--"), app.Arguments...)
	}
	return image, arguments
}

// environment is what the server gets besides: the operator's, and the presets
// that the framework may be one of.
func (w *work) environment() map[string]string {
	environment := w.Settings.LaunchEnvironment()
	if presets := w.Settings.Presets.Text(); presets != "" {
		if environment == nil {
			environment = map[string]string{}
		}
		environment["JHSINGLE_PRESETS"] = presets
	}
	return environment
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

// startFailed is what the owner reads of a start that failed.
func startFailed(message string) error {
	if message == "" {
		message = "it did not say why"
	}
	return dashboard.Errorf(dashboard.Unavailable, "JupyterHub could not start the dashboard: %s", message)
}

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
		failed = w.share(d)
	}
	if w.job.Viewer == "" && !errors.Is(context.Cause(w.ctx), errStopped) {
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

// refused puts the hub's refusal into words.
func (w *work) refused(err error, user string) error {
	var answer *hub.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer):
		return err
	case hub.IsNotFound(err):
		return dashboard.Errorf(dashboard.NotFound, "JupyterHub knows no user “%s” any more, or does not let the service start their servers. Whoever runs this JupyterHub finds more in the log.%.0w", user, err)
	case hub.IsForbidden(err):
		return dashboard.Errorf(dashboard.Forbidden, "JupyterHub does not let the service start servers of “%s”. Tell whoever runs this JupyterHub: the service's role lacks a scope.%.0w", user, err)
	case answer.Status == 429:
		return dashboard.Errorf(dashboard.Limit, "JupyterHub starts no more servers right now: %s. Try again in a few minutes.%.0w", fallback(answer.Message, "it is busy"), err)
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

func pause(ctx context.Context, span time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(span):
		return nil
	}
}
