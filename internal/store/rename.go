package store

import (
	"context"
	"errors"
)

// Rename gives all that is one user's to another name of theirs: dashboards,
// access, grants and servers. Errors: ErrNameTaken.
func (s *Store) Rename(ctx context.Context, from, to string) error {
	if from == "" || to == "" {
		return errors.New("a user without a name cannot be renamed, nor to none")
	}
	if from == to {
		return nil
	}
	return s.change(ctx, "rename the user", func(q querier) error {
		owned, err := collect(ctx, q, readDashboard, `SELECT `+dashboardColumns+` FROM dashboards d WHERE d.owner = $1 ORDER BY d.id`, from)
		if err != nil {
			return err
		}
		for _, d := range owned {
			d.Owner = to
			if _, err := q.exec(ctx, `UPDATE dashboards SET owner = $1, search = $2 WHERE id = $3`, to, searchText(d), d.ID); err != nil {
				return err
			}
		}
		for _, statement := range []string{
			// Where both names are known, the new one's stays.
			`INSERT INTO access (dashboard, kind, name) SELECT dashboard, kind, CAST($2 AS TEXT) FROM access
				WHERE kind = 'user' AND name = $1 ON CONFLICT DO NOTHING`,
			`INSERT INTO grants (dashboard, name) SELECT dashboard, CAST($2 AS TEXT) FROM grants
				WHERE name = $1 ON CONFLICT DO NOTHING`,
			`INSERT INTO viewers (dashboard, name, server, revision, state, last_used)
				SELECT dashboard, CAST($2 AS TEXT), server, revision, state, last_used FROM viewers
				WHERE name = $1 ON CONFLICT DO NOTHING`,
			`UPDATE jobs SET viewer = $2 WHERE viewer = $1`,
			`UPDATE jobs SET asked_by = $2 WHERE asked_by = $1`,
			`UPDATE revisions SET asked_by = $2 WHERE asked_by = $1`,
		} {
			if _, err := q.exec(ctx, statement, from, to); err != nil {
				return err
			}
		}
		for _, statement := range []string{
			`DELETE FROM access WHERE kind = 'user' AND name = $1`,
			`DELETE FROM grants WHERE name = $1`,
			`DELETE FROM viewers WHERE name = $1`,
		} {
			if _, err := q.exec(ctx, statement, from); err != nil {
				return err
			}
		}
		return nil
	})
}
