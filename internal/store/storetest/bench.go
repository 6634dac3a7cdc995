package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Benchmark measures lists of 1,000 dashboards, each of which is shared with five
// users and two groups.
func Benchmark(b *testing.B, s dashboard.Store) {
	const count, people, teams = 1000, 200, 40
	for i := range count {
		d := New(fmt.Sprintf("Sales of region %d", (i*7919)%count))
		d.Owner = fmt.Sprintf("user-%d", i%people)
		d.Description = "What was sold where, by month and by product. It is made anew each night from what the shops have sent."
		d.Updated = moment.Add(time.Duration((i*31)%count) * time.Minute)
		d.Revision = 1
		d.Access = dashboard.Access{Everyone: i%50 == 0}
		for n := range 5 {
			d.Access.Users = append(d.Access.Users, fmt.Sprintf("user-%d", (i*13+n*41)%people))
		}
		for n := range 2 {
			d.Access.Groups = append(d.Access.Groups, fmt.Sprintf("team-%d", (i*3+n*17)%teams))
		}
		if err := s.Create(b.Context(), d, newJob(d.ID, dashboard.Build, "")); err != nil {
			b.Fatal(err)
		}
	}
	viewer := dashboard.Query{Viewer: "user-7", Groups: []string{"team-1", "team-2", "team-3"}}
	for _, each := range []struct {
		name  string
		query func(*dashboard.Query)
	}{
		{"page", func(q *dashboard.Query) { q.Limit = 50 }},
		{"from others", func(q *dashboard.Query) {
			q.Limit, q.NotOwner, q.Sort, q.Descending = 50, "user-7", dashboard.ByUpdated, true
		}},
		{"search", func(q *dashboard.Query) { q.Limit, q.Text = 50, "REGION product 9" }},
		{"last page of all", func(q *dashboard.Query) { *q = dashboard.Query{Limit: 50, Offset: count - 50} }},
		{"all", func(q *dashboard.Query) { *q = dashboard.Query{} }},
	} {
		query := viewer
		each.query(&query)
		b.Run(each.name, func(b *testing.B) {
			for b.Loop() {
				if found, _, err := s.List(b.Context(), query); err != nil || len(found) == 0 {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
