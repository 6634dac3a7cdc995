package containds

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Bounds of what is read: no row is as long, and no hub has as many.
const (
	maxText    = 1 << 16 // characters
	maxRows    = 100_000
	maxMembers = 1_000_000
)

// row is a dashboard as the tables have it, each value as text. NULL is invalid.
type row struct {
	id, user, owner                sql.NullString // owner is the user's name
	name, description, urlname     sql.NullString
	created, started               sql.NullString
	path, presentation             sql.NullString
	everyone                       sql.NullString
	groupID, group                 sql.NullString
	options                        sql.NullString
	source, sourceName, sourceUser sql.NullString
	final                          sql.NullString // name of its server
	parent                         sql.NullString
	// members are the users of its group.
	members []string
}

// columns are where the values of a row are, with the column of the table
// dashboards that each needs: old versions lack some.
func (r *row) columns() []column {
	return []column{
		{"d.id", "id", &r.id}, {"d.user_id", "user_id", &r.user}, {"u.name", "user_id", &r.owner},
		{"d.name", "name", &r.name}, {"d.description", "description", &r.description}, {"d.urlname", "urlname", &r.urlname},
		{"d.created", "created", &r.created}, {"d.started", "started", &r.started},
		{"d.start_path", "start_path", &r.path}, {"d.presentation_type", "presentation_type", &r.presentation},
		{"d.allow_all", "allow_all", &r.everyone},
		{"d.group_id", "group_id", &r.groupID}, {"g.name", "group_id", &r.group},
		{"d.options", "options", &r.options},
		{"d.source_spawner_id", "source_spawner_id", &r.source}, {"s.name", "source_spawner_id", &r.sourceName},
		{"s.user_id", "source_spawner_id", &r.sourceUser},
		{"f.name", "final_spawner_id", &r.final}, {"d.template_parent_id", "template_parent_id", &r.parent},
	}
}

type column struct {
	expression, needs string
	target            *sql.NullString
}

// needed are the columns that every version has.
var needed = []string{"id", "user_id", "name", "urlname", "start_path", "allow_all", "group_id", "final_spawner_id", "options"}

// joins are the tables besides dashboards, by the column that leads to them.
var joins = []struct{ needs, clause string }{
	{"user_id", ` LEFT JOIN "users" u ON u.id = d.user_id`},
	{"group_id", ` LEFT JOIN "groups" g ON g.id = d.group_id`},
	{"final_spawner_id", ` LEFT JOIN "spawners" f ON f.id = d.final_spawner_id`},
	{"source_spawner_id", ` LEFT JOIN "spawners" s ON s.id = d.source_spawner_id`},
}

// readRows reads all dashboards, as they were at one moment.
func readRows(ctx context.Context, db *sql.DB) (rows []row, err error) {
	transaction, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("cannot begin to read the hub's database: %w", err)
	}
	defer func() { err = errors.Join(err, transaction.Rollback()) }()
	has, err := findColumns(ctx, transaction)
	if err != nil {
		return nil, err
	}
	if rows, err = readDashboards(ctx, transaction, has); err != nil {
		return nil, fmt.Errorf("cannot read the table dashboards of ContainDS: %w", err)
	}
	members, err := readMembers(ctx, transaction)
	if err != nil {
		return nil, fmt.Errorf("cannot read the groups of the hub: %w", err)
	}
	for i := range rows {
		rows[i].members = members[rows[i].groupID.String]
	}
	return rows, nil
}

// findColumns are those of the table dashboards.
func findColumns(ctx context.Context, transaction *sql.Tx) ([]string, error) {
	found, err := transaction.QueryContext(ctx, `SELECT * FROM "dashboards" WHERE 1 = 0`)
	if err != nil {
		return nil, fmt.Errorf("this database has no table dashboards that can be read; is it that of a hub with ContainDS Dashboards? %w", err)
	}
	defer found.Close()
	has, err := found.Columns()
	if err != nil {
		return nil, fmt.Errorf("cannot read the table dashboards: %w", err)
	}
	for _, name := range needed {
		if !slices.Contains(has, name) {
			return nil, fmt.Errorf("the table dashboards has no column %s, so it is not that of ContainDS Dashboards", name)
		}
	}
	return has, found.Err()
}

func readDashboards(ctx context.Context, transaction *sql.Tx, has []string) ([]row, error) {
	var selected []string
	for _, column := range (&row{}).columns() {
		if slices.Contains(has, column.needs) {
			// As text, because SQLite has whatever somebody put there.
			selected = append(selected, fmt.Sprintf("substr(CAST(%s AS TEXT), 1, %d)", column.expression, maxText+1))
		}
	}
	query := "SELECT " + strings.Join(selected, ", ") + ` FROM "dashboards" d`
	for _, join := range joins {
		if slices.Contains(has, join.needs) {
			query += join.clause
		}
	}
	found, err := transaction.QueryContext(ctx, query+fmt.Sprintf(" ORDER BY d.id LIMIT %d", maxRows+1))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []row
	for found.Next() {
		var one row
		var targets []any
		for _, column := range one.columns() {
			if slices.Contains(has, column.needs) {
				targets = append(targets, column.target)
			}
		}
		if err := found.Scan(targets...); err != nil {
			return nil, err
		}
		if rows = append(rows, one); len(rows) > maxRows {
			return nil, fmt.Errorf("it has more than %d rows", maxRows)
		}
	}
	return rows, found.Err()
}

// readMembers are the users of the groups of dashboards, by the groups' numbers.
func readMembers(ctx context.Context, transaction *sql.Tx) (map[string][]string, error) {
	found, err := transaction.QueryContext(ctx, fmt.Sprintf(`
		SELECT CAST(m.group_id AS TEXT), substr(CAST(u.name AS TEXT), 1, %d)
		FROM "user_group_map" m JOIN "users" u ON u.id = m.user_id
		WHERE u.name IS NOT NULL AND m.group_id IN (SELECT group_id FROM "dashboards")
		ORDER BY u.name LIMIT %d`, maxText, maxMembers))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	members := map[string][]string{}
	for found.Next() {
		var group, user string
		if err := found.Scan(&group, &user); err != nil {
			return nil, err
		}
		members[group] = append(members[group], user)
	}
	return members, found.Err()
}
