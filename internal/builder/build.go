package builder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// build clones the source and starts the dashboard from what came of it. Until
// the snapshot is whole, the dashboard stays as it is; if the new one cannot be
// started, the one before runs again.
func (w *work) build(d dashboard.Dashboard) error {
	select {
	case w.builds <- struct{}{}:
		defer func() { <-w.builds }()
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
	revision, err := w.clone(d)
	if err == nil {
		err = w.replaceBy(d, revision)
	}
	if w.isLeft(err) {
		return err
	}
	if noted := w.noteFailure(d.ID, err); noted != nil {
		return noted
	}
	if err != nil {
		w.discard(d, revision)
		return err
	}
	return w.prune(d.ID)
}

// clone makes the snapshot of this job's revision, unless it was made before the
// process that began the job ended.
func (w *work) clone(d dashboard.Dashboard) (dashboard.Revision, error) {
	cloner := w.Cloners[d.Source.Kind]
	if cloner == nil {
		return dashboard.Revision{}, dashboard.Errorf(dashboard.Invalid, "Nothing can be cloned from a %s here any more. Choose another source.", d.Source.Kind)
	}
	revision, err := w.revision(d)
	if err != nil || revision.State == dashboard.Made {
		return revision, err
	}
	if err := w.step(dashboard.StepClone, fmt.Sprintf("Making snapshot %d", revision.Number)); err != nil {
		return revision, err
	}
	ctx, cancel := context.WithCancel(w.ctx)
	if limit := time.Duration(w.Settings.Limits.BuildTime); limit > 0 {
		cancel()
		ctx, cancel = context.WithTimeout(w.ctx, limit)
	}
	defer cancel()
	snapshot, err := cloner.Clone(ctx, dashboard.CloneRequest{
		Dashboard: d.ID, Revision: revision.Number, Owner: d.Owner, Source: d.Source, App: d.App,
	}, w)
	if err != nil {
		return revision, err
	}
	revision.State, revision.Snapshot, revision.Finished = dashboard.Made, snapshot, time.Now()
	return revision, w.Store.SetRevision(w.ctx, revision)
}

// revision is the one that this job makes. Its number is kept with the job first,
// so that a job that is taken up makes no second one.
func (w *work) revision(d dashboard.Dashboard) (dashboard.Revision, error) {
	known, err := w.Store.Revisions(w.ctx, d.ID)
	if err != nil {
		return dashboard.Revision{}, err
	}
	for _, each := range known {
		// There is at most one that is being made, as a build goes with no other job.
		if each.Number == w.job.Revision || each.State == dashboard.Making {
			return each, w.keepRevision(each.Number)
		}
	}
	made, err := w.Store.AddRevision(w.ctx, dashboard.Revision{
		Dashboard: d.ID, By: w.job.By, State: dashboard.Making, App: d.App, Created: time.Now(),
	})
	if err != nil {
		return made, err
	}
	return made, w.keepRevision(made.Number)
}

func (w *work) keepRevision(number int) error {
	w.mu.Lock()
	w.job.Revision = number
	w.mu.Unlock()
	return w.save()
}

// replaceBy has a revision run instead of what ran.
func (w *work) replaceBy(d dashboard.Dashboard, revision dashboard.Revision) error {
	if d.PerViewer {
		return w.replaceForViewers(d, revision)
	}
	if err := w.step(dashboard.StepStop, "Stopping what ran before"); err != nil {
		return err
	}
	if err := w.stopServer(d, d.Owner, d.Server, false); err != nil {
		return err
	}
	if err := w.step(dashboard.StepLaunch, "Starting the dashboard"); err != nil {
		return err
	}
	failed := w.launch(d, revision, d.Owner, d.Server)
	if failed == nil {
		if err := w.putInForce(d.ID, revision.Number); err != nil {
			return err
		}
		if err := w.step(dashboard.StepShare, "Letting viewers in"); err != nil {
			return err
		}
		err := w.letIn(d)
		w.photograph(d.ID, d.Owner, d.Server)
		return err
	}
	w.goBack(d, revision.Number)
	return failed
}

// putInForce makes a revision the one that is started from now on.
func (w *work) putInForce(id string, number int) error {
	_, err := w.Store.Update(w.ctx, id, func(d *dashboard.Dashboard) error {
		d.Revision, d.State, d.Failure = number, dashboard.Running, ""
		return nil
	})
	return err
}

// goBack starts the revision before again, if there is one.
func (w *work) goBack(d dashboard.Dashboard, failed int) {
	if w.ctx.Err() != nil || d.Revision == 0 || d.Revision == failed {
		return
	}
	known, err := w.Store.Revisions(w.ctx, d.ID)
	if err != nil {
		return
	}
	for _, before := range known {
		if before.Number != d.Revision || before.State != dashboard.Made {
			continue
		}
		w.Log(fmt.Sprintf("Starting snapshot %d again.", before.Number))
		err := w.stopServer(d, d.Owner, d.Server, false)
		if err == nil {
			err = w.launch(d, before, d.Owner, d.Server)
		}
		if err != nil {
			w.Log("That failed, too: " + w.explain(err))
		}
	}
}

// replaceForViewers stops the servers of all viewers: each gets the new snapshot
// when its viewer comes again.
func (w *work) replaceForViewers(d dashboard.Dashboard, revision dashboard.Revision) error {
	if err := w.step(dashboard.StepStop, "Stopping what ran before"); err != nil {
		return err
	}
	if err := w.stopViewers(d, false); err != nil {
		return err
	}
	_, err := w.Store.Update(w.ctx, d.ID, func(d *dashboard.Dashboard) error {
		d.Revision, d.State, d.Failure = revision.Number, dashboard.Stopped, ""
		return nil
	})
	return err
}

// noteFailure writes down with the dashboard why its build or start failed, or
// that it did not.
func (w *work) noteFailure(id string, failed error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), heartbeat)
	defer cancel()
	_, err := w.Store.Update(ctx, id, func(d *dashboard.Dashboard) error {
		d.Failure = ""
		if failed != nil && !errors.Is(context.Cause(w.ctx), errCalledOff) {
			d.Failure = w.explain(failed)
		}
		return nil
	})
	return err
}

// discard takes away a snapshot that came to nothing. One that is in force by now
// is of use, whatever failed afterwards.
func (w *work) discard(d dashboard.Dashboard, revision dashboard.Revision) {
	if revision.Number == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), time.Minute)
	defer cancel()
	now, err := w.Store.Dashboard(ctx, d.ID)
	if err == nil && now.Revision == revision.Number {
		return
	}
	if err == nil {
		err = w.removeRevision(ctx, d, revision)
	}
	if err != nil {
		w.log.Warn("a snapshot that came to nothing is left until later", "dashboard", d.ID, "revision", revision.Number, "error", detail(err))
	}
}

// prune takes away snapshots that are too old.
func (w *work) prune(id string) error {
	if err := w.step(dashboard.StepPrune, "Removing old snapshots"); err != nil {
		return err
	}
	d, err := w.Store.Dashboard(w.ctx, id)
	if err != nil {
		return err
	}
	known, err := w.Store.Revisions(w.ctx, id)
	if err != nil {
		return err
	}
	older := max(w.Settings.Retention.Revisions, 1) - 1
	for _, each := range known { // the newest first
		if each.Number == d.Revision {
			continue
		}
		if each.State == dashboard.Made && older > 0 {
			older--
			continue
		}
		// One that cannot be removed now, is by reconcile.
		if err := w.removeRevision(w.ctx, d, each); err != nil {
			w.Log(fmt.Sprintf("Snapshot %d cannot be removed yet.", each.Number))
			w.log.Info("an old snapshot is left until later", "dashboard", id, "revision", each.Number, "error", detail(err))
		}
	}
	return nil
}

// removeRevision takes away a snapshot, and then what is known of it.
func (b *Builder) removeRevision(ctx context.Context, d dashboard.Dashboard, revision dashboard.Revision) error {
	snapshot := revision.Snapshot
	snapshot.Dashboard, snapshot.Revision = d.ID, revision.Number
	for _, cloner := range b.Cloners { // the source may have been another one then
		if err := cloner.Remove(ctx, snapshot); err != nil {
			return err
		}
	}
	return b.Store.RemoveRevision(ctx, d.ID, revision.Number)
}
