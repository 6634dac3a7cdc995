package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func ids(found []dashboard.Dashboard) []string {
	names := []string{}
	for _, d := range found {
		names = append(names, d.ID)
	}
	return names
}

// testList compares with what a loop over all dashboards says.
func testList(t *testing.T, b bed) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed)) // #nosec G404 -- the same each time
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	some := func(from ...string) []string {
		chosen := slices.DeleteFunc(slices.Clone(from), func(string) bool { return random.IntN(3) > 0 })
		if len(chosen) == 0 {
			return nil
		}
		return chosen
	}
	users := []string{"ada", "bob", "Bob", "eve", "日本"}
	groups := []string{"staff", "Staff", "ada", "日本"} // a group is no user of the same name
	words := []string{"Straße", "Ελλάς", "100%", "a_b", `back\slash`, "map", "日本", "'"}
	when := func() time.Time { return moment.Add(time.Duration(random.IntN(4)) * time.Hour) }

	var all []dashboard.Dashboard
	for i := range 80 {
		all = append(all, b.create(t, fmt.Sprintf("%s %s %d", pick(words...), pick(words...), i), func(d *dashboard.Dashboard) {
			d.Owner, d.Description = pick(users...), pick(words...)+"\n"+pick(words...)
			d.Revision = random.IntN(4)
			d.Access = dashboard.Access{Everyone: random.IntN(8) == 0, Users: some(users...), Groups: some(groups...)}
			slices.Sort(d.Access.Users)
			slices.Sort(d.Access.Groups)
			d.Created, d.Updated, d.LastUsed = when(), when(), when()
		}))
	}

	for range 80 {
		query := dashboard.Query{
			Text:       strings.Join(some("STRASSE", "ελλασ", "ΕΛΛΆΣ", "100%", "%", "_", "a_B", `\`, "MAP", "日", "'", "nothing", "dA", "Bo"), " "),
			Sort:       dashboard.Sort(pick("", "name", "owner", "created", "updated", "used")),
			Descending: random.IntN(2) == 0,
		}
		if random.IntN(3) == 0 {
			query.Owner = pick(users...)
		}
		if random.IntN(3) == 0 {
			query.NotOwner = pick(users...)
		}
		if random.IntN(3) > 0 {
			query.Viewer, query.Groups = pick(append(users, "stranger")...), some(groups...)
		}
		if random.IntN(4) == 0 {
			query.Group = pick(groups...)
		}
		want := chosen(all, query)
		found, total, err := b.List(t.Context(), query)
		must(t, err)
		same(t, fmt.Sprintf("%+v", query), found, want)
		if total != len(want) {
			t.Errorf("%+v: %d in all, want %d", query, total, len(want))
		}
		query.Offset, query.Limit = random.IntN(30)-3, 1+random.IntN(20)
		from := min(max(query.Offset, 0), len(want))
		page, total, err := b.List(t.Context(), query)
		must(t, err)
		same(t, fmt.Sprintf("the page %+v", query), ids(page), ids(want[from:min(from+query.Limit, len(want))]))
		if total != len(want) {
			t.Errorf("%+v: %d in all, want %d", query, total, len(want))
		}
	}
}

func chosen(all []dashboard.Dashboard, query dashboard.Query) []dashboard.Dashboard {
	var found []dashboard.Dashboard
	for _, d := range all {
		text := dashboard.FoldName(d.Name) + "\n" + dashboard.FoldName(d.Description) + "\n" + dashboard.FoldName(d.Owner)
		visitor := dashboard.Visitor{Name: query.Viewer, Groups: query.Groups}
		missing := func(word string) bool { return !strings.Contains(text, word) }
		if query.Owner != "" && d.Owner != query.Owner || query.NotOwner != "" && d.Owner == query.NotOwner ||
			query.Viewer != "" && !visitor.MayOpen(d) || query.Group != "" && !slices.Contains(d.Access.Groups, query.Group) ||
			slices.ContainsFunc(strings.Fields(dashboard.FoldName(query.Text)), missing) {
			continue
		}
		found = append(found, d)
	}
	slices.SortFunc(found, func(x, y dashboard.Dashboard) int {
		order := map[dashboard.Sort]int{
			"":                  strings.Compare(dashboard.FoldName(x.Name), dashboard.FoldName(y.Name)),
			dashboard.ByName:    strings.Compare(dashboard.FoldName(x.Name), dashboard.FoldName(y.Name)),
			dashboard.ByOwner:   strings.Compare(x.Owner, y.Owner),
			dashboard.ByCreated: x.Created.Compare(y.Created),
			dashboard.ByUpdated: x.Updated.Compare(y.Updated),
			dashboard.ByUsed:    x.LastUsed.Compare(y.LastUsed),
		}[query.Sort]
		order = cmp.Or(order, strings.Compare(x.ID, y.ID))
		if query.Descending {
			return -order
		}
		return order
	})
	return found
}

func testListBounds(t *testing.T, b bed) {
	d := b.create(t, "Sales")
	_, _, err := b.List(t.Context(), dashboard.Query{Sort: "name; DROP TABLE dashboards"})
	refused(t, err, dashboard.Invalid)
	_, _, err = b.List(t.Context(), dashboard.Query{Text: strings.Repeat("a ", 1000)})
	must(t, err) // it is one word
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprint(i))
	}
	_, _, err = b.List(t.Context(), dashboard.Query{Text: strings.Join(many, " ")})
	refused(t, err, dashboard.Invalid)
	_, _, err = b.List(t.Context(), dashboard.Query{Text: strings.Repeat("%_", 100_000)})
	must(t, err)
	// More groups than a statement has parameters.
	var groups []string
	for i := range 33_000 {
		groups = append(groups, fmt.Sprint("group ", i))
	}
	found, total, err := b.List(t.Context(), dashboard.Query{Viewer: "guest", Groups: append(groups, "staff")})
	must(t, err)
	if total != 1 || found[0].ID != d.ID {
		t.Errorf("somebody in many groups finds %d", total)
	}
	found, total, err = b.List(t.Context(), dashboard.Query{Offset: 10, Limit: 10})
	if err != nil || len(found) != 0 || total != 1 {
		t.Errorf("beyond the end there are %d of %d (%v)", len(found), total, err)
	}
}

// testAccess is what nobody must get wrong: the list shows what may be opened.
func testAccess(t *testing.T, b bed) {
	d := b.create(t, "Secret", func(d *dashboard.Dashboard) {
		d.Access = dashboard.Access{Users: []string{"bob", "100%"}, Groups: []string{"staff"}}
	})
	sees := func(user string, groups ...string) bool {
		found, total, err := b.List(t.Context(), dashboard.Query{Viewer: user, Groups: groups})
		must(t, err)
		if total != len(found) {
			t.Errorf("%s is told of %d, but sees %d", user, total, len(found))
		}
		return total > 0
	}
	for _, each := range []struct {
		user   string
		groups []string
		want   bool
	}{
		{"ada", nil, true}, {"bob", nil, true}, {"100%", nil, true}, {"guest", []string{"staff"}, true},
		{"Bob", nil, false}, {"bo", nil, false}, {"bob ", nil, false}, {"%", nil, false}, {"100x", nil, false},
		{"staff", nil, false}, {"guest", []string{"bob", "ada"}, false}, {"guest", []string{"Staff", ""}, false},
		{"guest", nil, false}, {"' OR '1'='1", nil, false}, {"user", []string{"group"}, false},
	} {
		if sees(each.user, each.groups...) != each.want {
			t.Errorf("%q in %q sees the dashboard: %t, want %t", each.user, each.groups, !each.want, each.want)
		}
	}
	// What is taken away is taken away at once.
	value(b.Update(t.Context(), d.ID, func(d *dashboard.Dashboard) error { d.Access = dashboard.Access{}; return nil }))(t)
	if sees("bob") || sees("guest", "staff") || !sees("ada") {
		t.Error("access outlives its end")
	}
}
