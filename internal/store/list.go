package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// maxWords is how many words are looked for.
const maxWords = 20

// searchText is what Query.Text is looked for in. The description may have
// several lines; words do not reach from one part to the next.
func searchText(d dashboard.Dashboard) string {
	return dashboard.FoldName(d.Name + "\n" + d.Owner + "\n" + d.Description)
}

// sorted are the columns of the orders.
var sorted = map[dashboard.Sort]string{
	"":                  "d.folded_name",
	dashboard.ByName:    "d.folded_name",
	dashboard.ByOwner:   "d.owner",
	dashboard.ByCreated: "d.created",
	dashboard.ByUpdated: "d.updated",
	dashboard.ByUsed:    "d.last_used",
}

// List returns a page of dashboards, and how many there are in all.
func (s *Store) List(ctx context.Context, query dashboard.Query) (found []dashboard.Dashboard, total int, err error) {
	const purpose = "list dashboards"
	column, ok := sorted[query.Sort]
	if !ok {
		return nil, 0, dashboard.InvalidField("sort", "Dashboards cannot be sorted by %q. Choose name, owner, created, updated or used.", query.Sort)
	}
	direction := "ASC"
	if query.Descending {
		direction = "DESC"
	}
	order := fmt.Sprintf("ORDER BY %s %s, d.id %s", column, direction, direction)
	var where filter
	if err := where.dashboards(query, s.dialect); err != nil {
		return nil, 0, err
	}

	err = s.reader().row(ctx, `SELECT count(*) FROM dashboards d`+where.text(), where.values...).Scan(&total)
	if err != nil {
		return nil, 0, s.explain(ctx, purpose, err)
	}
	offset, limit := max(query.Offset, 0), query.Limit
	if limit <= 0 {
		limit = math.MaxInt
	}
	if offset >= total {
		return nil, total, nil
	}
	// The page is chosen before its dashboards are read with all that they have.
	page := fmt.Sprintf(`SELECT d.id FROM dashboards d%s %s LIMIT %s OFFSET %s`, where.text(), order, where.value(limit), where.value(offset))
	found, err = collect(ctx, s.reader(), readDashboard, `SELECT `+dashboardColumns+` FROM dashboards d WHERE d.id IN (`+page+`) `+order, where.values...)
	return found, total, s.explain(ctx, purpose, err)
}

// filter is a list of conditions that all must be met, with their values.
type filter struct {
	conditions []string
	values     []any
}

// value adds a value, and is its parameter.
func (f *filter) value(value any) string {
	f.values = append(f.values, value)
	return fmt.Sprintf("$%d", len(f.values))
}

// where adds a condition with a %s for each value.
func (f *filter) where(condition string, values ...any) {
	parameters := make([]any, len(values))
	for i, value := range values {
		parameters[i] = f.value(value)
	}
	f.conditions = append(f.conditions, fmt.Sprintf(condition, parameters...))
}

func (f *filter) text() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(f.conditions, " AND ")
}

// dashboards adds the conditions of a query.
func (f *filter) dashboards(query dashboard.Query, d *dialect) error {
	if query.Owner != "" {
		f.where(`d.owner = %s`, query.Owner)
	}
	if query.NotOwner != "" {
		f.where(`d.owner <> %s`, query.NotOwner)
	}
	if query.Viewer != "" {
		groups, err := list(query.Groups)
		if err != nil {
			return err
		}
		f.where(`(d.owner = %s OR d.revision > 0 AND (d.everyone OR d.id IN (
			SELECT dashboard FROM access WHERE kind = 'user' AND name = %s
			UNION ALL SELECT dashboard FROM access WHERE kind = 'group' AND name IN (SELECT value FROM `+d.listOf("%s")+`))))`,
			query.Viewer, query.Viewer, groups)
	}
	if query.Group != "" {
		f.where(`d.id IN (SELECT dashboard FROM access WHERE kind = 'group' AND name = %s)`, query.Group)
	}
	words := strings.Fields(dashboard.FoldName(query.Text))
	slices.Sort(words)
	words = slices.Compact(words)
	if len(words) > maxWords {
		return dashboard.InvalidField("text", "These are %d words. Look for at most %d at once.", len(words), maxWords)
	}
	for _, word := range words {
		f.where(`{find}(d.search, %s) > 0`, word) // in which no character stands for others
	}
	return nil
}
