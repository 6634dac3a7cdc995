package store

import (
	"context"
	"time"
)

// Lead makes a worker the one that does what only one may do at a time, until so
// long has passed by the database's clock, or renews that. It is false if another
// one leads.
func (s *Store) Lead(ctx context.Context, worker string, lasting time.Duration) (bool, error) {
	var leads bool
	err := s.change(ctx, "ask who leads", func(q querier) error {
		changed, err := q.exec(ctx, `INSERT INTO leader (id, worker, until) VALUES (1, $1, {now} + $2)
			ON CONFLICT (id) DO UPDATE SET worker = excluded.worker, until = excluded.until
			WHERE leader.worker = excluded.worker OR leader.until <= {now}`, worker, lasting.Microseconds())
		leads = changed > 0
		return err
	})
	return leads && err == nil, err
}

// Resign ends it at once. Of one that does not lead, it is no error.
func (s *Store) Resign(ctx context.Context, worker string) error {
	return s.change(ctx, "resign", func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM leader WHERE worker = $1`, worker)
		return err
	})
}
