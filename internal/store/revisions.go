package store

import (
	"context"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const revisionColumns = `dashboard, number, asked_by, state,
	app_framework, app_path, app_environment, app_arguments,
	snapshot_kind, snapshot_ref, snapshot_repo, snapshot_folder, snapshot_commit, snapshot_bytes, snapshot_paused, snapshot_complete,
	created, finished`

func revisionValues(r dashboard.Revision) ([]any, error) {
	arguments, err := list(r.App.Arguments)
	if err != nil {
		return nil, err
	}
	return []any{
		r.Dashboard, r.Number, r.By, string(r.State),
		r.App.Framework, r.App.Path, r.App.Environment, arguments,
		string(r.Snapshot.Kind), r.Snapshot.Ref, r.Snapshot.Repo, r.Snapshot.Folder, r.Snapshot.Commit,
		r.Snapshot.Bytes, r.Snapshot.Paused.Microseconds(), r.Snapshot.Complete,
		instant(r.Created), instant(r.Finished),
	}, nil
}

func readRevision(row scanner) (dashboard.Revision, error) {
	var r dashboard.Revision
	var arguments string
	var paused, created, finished int64
	err := row.Scan(&r.Dashboard, &r.Number, &r.By, &r.State,
		&r.App.Framework, &r.App.Path, &r.App.Environment, &arguments,
		&r.Snapshot.Kind, &r.Snapshot.Ref, &r.Snapshot.Repo, &r.Snapshot.Folder, &r.Snapshot.Commit,
		&r.Snapshot.Bytes, &paused, &r.Snapshot.Complete,
		&created, &finished)
	if err != nil {
		return r, err
	}
	r.Created, r.Finished = fromInstant(created), fromInstant(finished)
	r.Snapshot.Paused = time.Duration(paused) * time.Microsecond
	if r.Snapshot.Kind != "" {
		r.Snapshot.Dashboard, r.Snapshot.Revision = r.Dashboard, r.Number
	}
	r.App.Arguments, err = readList(arguments)
	return r, err
}

// AddRevision adds the next revision of a dashboard as Making and returns it with
// its number. A number is never given twice. Errors: ErrNotFound.
func (s *Store) AddRevision(ctx context.Context, r dashboard.Revision) (dashboard.Revision, error) {
	r.State = dashboard.Making
	err := s.change(ctx, "keep the revision", func(q querier) error {
		next := q.row(ctx, `UPDATE dashboards SET last_revision = last_revision + 1 WHERE id = $1 RETURNING last_revision`, r.Dashboard)
		if err := next.Scan(&r.Number); err != nil {
			return err
		}
		values, err := revisionValues(r)
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, insert("revisions", revisionColumns), values...); err != nil {
			return err
		}
		r, err = readRevision(q.row(ctx, `SELECT `+revisionColumns+` FROM revisions WHERE dashboard = $1 AND number = $2`, r.Dashboard, r.Number))
		return err
	})
	if err != nil {
		return dashboard.Revision{}, err
	}
	return r, nil
}

// SetRevision replaces a revision by its dashboard and number. Errors:
// ErrNotFound.
func (s *Store) SetRevision(ctx context.Context, r dashboard.Revision) error {
	return s.change(ctx, "keep the revision", func(q querier) error {
		values, err := revisionValues(r)
		if err != nil {
			return err
		}
		changed, err := q.exec(ctx, replace("revisions", revisionColumns, "dashboard = $1 AND number = $2"), values...)
		if err == nil && changed == 0 {
			err = dashboard.ErrNotFound
		}
		return err
	})
}

// Revisions are those of a dashboard, the newest first; of all dashboards if it is
// empty.
func (s *Store) Revisions(ctx context.Context, id string) ([]dashboard.Revision, error) {
	query, values := `SELECT `+revisionColumns+` FROM revisions WHERE dashboard = $1 ORDER BY number DESC`, []any{id}
	if id == "" {
		query, values = `SELECT `+revisionColumns+` FROM revisions ORDER BY created DESC, dashboard, number DESC`, nil
	}
	found, err := collect(ctx, s.reader(), readRevision, query, values...)
	return found, s.explain(ctx, "read the revisions", err)
}

// RemoveRevision forgets a revision. One that is not there is no error.
func (s *Store) RemoveRevision(ctx context.Context, id string, number int) error {
	return s.change(ctx, "forget the revision", func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM revisions WHERE dashboard = $1 AND number = $2`, id, number)
		return err
	})
}
