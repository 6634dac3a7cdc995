// Package store keeps dashboards in a database: a SQLite file for a service that
// runs alone, or PostgreSQL for several that share it. It is dashboard.Store, once;
// what the two databases want said differently is in a dialect each.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Store is a dashboard.Store. All of it is safe for use by several processes.
type Store struct {
	*dialect
	// write and read are the same for PostgreSQL. SQLite has one writer at a time,
	// who waits for none of the readers, nor they for it.
	write, read *sql.DB
	// file is SQLite's; empty for PostgreSQL.
	file string
}

var _ dashboard.Store = (*Store)(nil)

// Open opens a database and brings its tables up to date. The URL is
//
//   - sqlite:///path/of/a/file or the path alone, which is made if it is not there.
//     It must not be on a network file system, over which SQLite's write-ahead log
//     cannot be shared (https://www.sqlite.org/wal.html).
//   - postgres://user:password@host:port/database, with all that libpq knows after
//     a question mark, such as sslmode and search_path.
//
// Its errors are for the operator, and hold no password.
func Open(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	where, err := parse(url)
	if err != nil {
		return nil, err
	}
	if where.postgres != nil {
		return openPostgres(ctx, where.postgres, log)
	}
	return openSQLite(ctx, where.file, log)
}

// Ping says whether the store can be used.
func (s *Store) Ping(ctx context.Context) error {
	var version int
	err := s.reader().row(ctx, `SELECT max(version) FROM `+versions).Scan(&version)
	return s.explain(ctx, "reach the database", err)
}

// Close ends it. The writer is the last, as SQLite then tidies up its log.
func (s *Store) Close() error {
	return errors.Join(s.read.Close(), s.write.Close())
}

// reader is for a single query. Several of them may see different states.
func (s *Store) reader() querier { return querier{s.read, s.dialect} }

// change does something whole or not at all. What it is for is said in errors,
// after “cannot”.
func (s *Store) change(ctx context.Context, purpose string, do func(q querier) error) error {
	tx, err := s.write.BeginTx(ctx, s.transaction)
	if err != nil {
		return s.explain(ctx, purpose, err)
	}
	defer func() { _ = tx.Rollback() }() // has no effect after Commit
	if err := do(querier{tx, s.dialect}); err != nil {
		return s.explain(ctx, purpose, err)
	}
	return s.explain(ctx, purpose, tx.Commit())
}

// explain makes an error one of the contract's where it means that, or says what
// could not be done.
func (s *Store) explain(ctx context.Context, purpose string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return dashboard.ErrNotFound
	}
	for _, known := range []error{
		dashboard.ErrNotFound, dashboard.ErrNameTaken, dashboard.ErrServerTaken, dashboard.ErrBusy, dashboard.ErrLost,
	} {
		if errors.Is(err, known) {
			return err
		}
	}
	if dashboard.KindOf(err) != "" {
		return err
	}
	err = fmt.Errorf("cannot %s: %w", purpose, err)
	if ctx.Err() != nil {
		return err // whatever the database makes of being interrupted
	}
	if meaning := s.meaning(err); meaning != nil {
		return meaning
	}
	return err
}
