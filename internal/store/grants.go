package store

import "context"

// Grants are the users for whom the hub was told to open a dashboard's server, by
// name.
func (s *Store) Grants(ctx context.Context, id string) ([]string, error) {
	found, err := collect(ctx, s.reader(), readName, `SELECT name FROM grants WHERE dashboard = $1 ORDER BY name`, id)
	return found, s.explain(ctx, "read the grants", err)
}

func readName(row scanner) (name string, err error) {
	err = row.Scan(&name)
	return name, err
}

// AddGrant notes one; noting it again is no error. Errors: ErrNotFound.
func (s *Store) AddGrant(ctx context.Context, id, user string) error {
	return s.change(ctx, "note the grant", func(q querier) error {
		_, err := q.exec(ctx, insert("grants", "dashboard, name")+` ON CONFLICT DO NOTHING`, id, user)
		return err
	})
}

// RemoveGrant forgets one. One that is not there is no error.
func (s *Store) RemoveGrant(ctx context.Context, id, user string) error {
	return s.change(ctx, "forget the grant", func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM grants WHERE dashboard = $1 AND name = $2`, id, user)
		return err
	})
}
