package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
)

// versions is the table that says which migrations were done. Its name shows that
// the database is ours.
const versions = "dashboard_builder"

//go:embed migrations
var files embed.FS

// migration is a step from one version of the tables to the next.
type migration struct {
	version    int
	name       string
	statements string
}

// migrations are all there are, in order: files are numbered from 1 without gaps.
func migrations() ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var found []migration
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		short := strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		number, _, _ := strings.Cut(short, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != len(found)+1 {
			return nil, fmt.Errorf("the migration %s should have the number %d", name, len(found)+1)
		}
		found = append(found, migration{version, short, string(content)})
	}
	return found, nil
}

// migrate does all migrations that were not done, each whole or not at all.
// Several processes may do that at once.
func migrate(ctx context.Context, db *sql.DB, d *dialect, all []migration, log *slog.Logger) error {
	for {
		done, err := step(ctx, db, d, all)
		if err != nil {
			return err
		}
		if done == nil {
			return nil
		}
		log.Info("brought the database up to date", "migration", done.name)
	}
}

// step does the next migration and returns it, or nil if none is left.
func step(ctx context.Context, db *sql.DB, d *dialect, all []migration) (*migration, error) {
	tx, err := db.BeginTx(ctx, d.transaction)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // has no effect after Commit
	q := querier{tx, d}
	if d.lockSchema != "" {
		if _, err := q.exec(ctx, d.lockSchema); err != nil {
			return nil, err
		}
	}
	version, err := version(ctx, q)
	if err != nil {
		return nil, err
	}
	if version > len(all) {
		return nil, fmt.Errorf("it was written by a newer version of this program: its tables have the version %d, and this program knows them up to %d; use the newer program, or a backup from before", version, len(all))
	}
	if version == len(all) {
		return nil, nil
	}
	next := &all[version]
	if _, err := q.exec(ctx, next.statements); err != nil {
		return nil, fmt.Errorf("the migration %s failed: %w", next.name, err)
	}
	if d.checkSchema != "" {
		var wrong int
		if err := q.row(ctx, d.checkSchema).Scan(&wrong); err != nil || wrong > 0 {
			return nil, fmt.Errorf("after the migration %s, %d rows belong to nothing: %w", next.name, wrong, err)
		}
	}
	if _, err := q.exec(ctx, insert(versions, "version, done"), next.version, next.name); err != nil {
		return nil, err
	}
	return next, tx.Commit()
}

// version is that of the tables, and 0 in an empty database.
func version(ctx context.Context, q querier) (int, error) {
	var tables, ours, version int
	if err := q.row(ctx, q.tables).Scan(&tables); err != nil {
		return 0, err
	}
	if err := q.row(ctx, q.ours, versions).Scan(&ours); err != nil {
		return 0, err
	}
	if ours > 0 {
		err := q.row(ctx, `SELECT COALESCE(max(version), 0) FROM `+versions).Scan(&version)
		return version, err
	}
	if tables > 0 {
		return 0, errors.New("it has tables of another program in it: dashboards need a database of their own (or, in PostgreSQL, a schema of their own, by ?search_path=its_name in the URL)")
	}
	_, err := q.exec(ctx, `CREATE TABLE `+versions+` (version BIGINT PRIMARY KEY, done {text} NOT NULL)`)
	return 0, err
}
