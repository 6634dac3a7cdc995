package store

import (
	"context"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// maxLine is how many bytes of a line are kept: programs write what they like.
const maxLine = 4096

// AddLog adds lines to a job's log. Only the last MaxLogLines are kept. What is no
// text in them is replaced, and lines that are too long are cut. Errors:
// ErrNotFound.
func (s *Store) AddLog(ctx context.Context, job string, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	left := max(0, len(lines)-dashboard.MaxLogLines)
	kept := make([]string, 0, len(lines)-left)
	for _, line := range lines[left:] {
		kept = append(kept, cut(clean(line)))
	}
	written, err := list(kept)
	if err != nil {
		return err
	}
	return s.change(ctx, "keep the log", func(q querier) error {
		var last int
		counted := q.row(ctx, `UPDATE jobs SET last_line = last_line + $1 WHERE id = $2 RETURNING last_line`, len(lines), job)
		if err := counted.Scan(&last); err != nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO log_lines (job, number, at, line)
			SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT) + key, {now}, value FROM `+q.listOf("$3"), job, last-len(kept)+1, written)
		if err != nil {
			return err
		}
		_, err = q.exec(ctx, `DELETE FROM log_lines WHERE job = $1 AND number <= $2`, job, last-dashboard.MaxLogLines)
		return err
	})
}

// cut shortens a line between two characters.
func cut(line string) string {
	if len(line) <= maxLine {
		return line
	}
	end := maxLine
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + "…"
}

// Log is a job's log, the lines after a number only.
func (s *Store) Log(ctx context.Context, job string, after int) ([]dashboard.LogLine, error) {
	found, err := collect(ctx, s.reader(), readLine, `SELECT number, at, line FROM log_lines WHERE job = $1 AND number > $2 ORDER BY number`, job, after)
	return found, s.explain(ctx, "read the log", err)
}

func readLine(row scanner) (dashboard.LogLine, error) {
	var line dashboard.LogLine
	var at int64
	err := row.Scan(&line.Number, &at, &line.Text)
	line.At = fromInstant(at)
	return line, err
}
