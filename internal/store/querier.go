package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// querier sends statements, in a transaction or outside of one. Parameters are
// $1, $2 and so on, which both databases understand.
type querier struct {
	runner
	*dialect
}

// runner is what a database and a transaction have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, values ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, values ...any) (*sql.Rows, error)
}

// scanner is a row.
type scanner interface{ Scan(targets ...any) error }

// exec says how many rows a statement has changed.
func (q querier) exec(ctx context.Context, query string, values ...any) (int64, error) {
	if err := checkTexts(values...); err != nil {
		return 0, err
	}
	result, err := q.ExecContext(ctx, q.words.Replace(query), values...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query returns the rows of a statement. Whoever calls it closes them.
func (q querier) query(ctx context.Context, query string, values ...any) (*sql.Rows, error) {
	if err := checkTexts(values...); err != nil {
		return nil, err
	}
	return q.QueryContext(ctx, q.words.Replace(query), values...)
}

// row is the first row of a statement. Its error is sql.ErrNoRows if there is none.
func (q querier) row(ctx context.Context, query string, values ...any) scanner {
	rows, err := q.query(ctx, query, values...)
	return firstRow{rows, err}
}

type firstRow struct {
	rows *sql.Rows
	err  error
}

func (r firstRow) Scan(targets ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := r.rows.Scan(targets...); err != nil {
		return err
	}
	return r.rows.Close()
}

// collect reads all rows of a statement.
func collect[T any](ctx context.Context, q querier, read func(scanner) (T, error), query string, values ...any) ([]T, error) {
	rows, err := q.query(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []T
	for rows.Next() {
		each, err := read(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, each)
	}
	return found, rows.Err()
}

// insert is a statement that adds a row of these columns, which are separated by
// commas.
func insert(table, columns string) string {
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, columns, parameters(columns))
}

// replace is a statement that replaces these columns of rows. Further parameters
// follow those of the columns.
func replace(table, columns, where string) string {
	return fmt.Sprintf("UPDATE %s SET (%s) = (%s) WHERE %s", table, columns, parameters(columns), where)
}

func parameters(columns string) string {
	var made strings.Builder
	for i := range strings.Count(columns, ",") + 1 {
		if i > 0 {
			made.WriteString(", ")
		}
		fmt.Fprintf(&made, "$%d", i+1)
	}
	return made.String()
}
