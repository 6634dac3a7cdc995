package web

import (
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Bounds of a list's query.
const (
	defaultPerPage = 50
	maxPerPage     = 1000
	maxPage        = 1_000_000
	maxSearch      = 200 // characters
)

// The values of whose.
const (
	everybodys = "all"
	mine       = "mine"
	others     = "others"
)

// listing is which page of which dashboards is wanted.
type listing struct {
	Whose, Owner, Group, Text string
	Sort                      dashboard.Sort
	Descending                bool
	Page, PerPage             int
}

// parseListing reads a query. With an error, what is wrong has its default.
func parseListing(values url.Values) (listing, error) {
	l := listing{Whose: everybodys, Sort: dashboard.ByName, Page: 1, PerPage: defaultPerPage}
	var first error
	wrong := func(field, format string, more ...any) {
		if first == nil {
			first = dashboard.InvalidField(field, format, more...)
		}
	}
	switch whose := values.Get("whose"); whose {
	case "":
	case everybodys, mine, others:
		l.Whose = whose
	default:
		wrong("whose", "Whose is %s, %s or %s, and not %q.", everybodys, mine, others, whose)
	}
	for name, into := range map[string]*string{"owner": &l.Owner, "group": &l.Group, "q": &l.Text} {
		text := values.Get(name)
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxSearch {
			wrong(name, "The parameter %s has more than %d characters, or is no text.", name, maxSearch)
			continue
		}
		*into = text
	}
	switch sort := dashboard.Sort(values.Get("sort")); sort {
	case "":
	case dashboard.ByName, dashboard.ByOwner:
		l.Sort = sort
	case dashboard.ByCreated, dashboard.ByUpdated, dashboard.ByUsed:
		l.Sort, l.Descending = sort, true // the latest is what people look for
	default:
		wrong("sort", "The order is name, owner, created, updated or used, and not %q.", sort)
	}
	switch order := values.Get("order"); order {
	case "":
	case "asc", "desc":
		l.Descending = order == "desc"
	default:
		wrong("order", "The direction is asc or desc, and not %q.", order)
	}
	for _, number := range []struct {
		name string
		into *int
		most int
	}{{"page", &l.Page, maxPage}, {"per_page", &l.PerPage, maxPerPage}} {
		text := values.Get(number.name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > number.most {
			wrong(number.name, "The parameter %s is a number from 1 to %d, and not %q.", number.name, number.most, text)
			continue
		}
		*number.into = n
	}
	return l, first
}

// query is the listing in the words of the service.
func (l listing) query(who string) dashboard.Query {
	q := dashboard.Query{
		Owner: l.Owner, Group: l.Group, Text: l.Text, Sort: l.Sort, Descending: l.Descending,
		Offset: (l.Page - 1) * l.PerPage, Limit: l.PerPage,
	}
	switch l.Whose {
	case mine:
		q.Owner = who
	case others:
		q.NotOwner = who
	}
	return q
}

// pages is how many there are of so many dashboards; at least one.
func (l listing) pages(total int) int {
	return max(1, (total+l.PerPage-1)/l.PerPage)
}

// at is the query of another page of the same listing.
func (l listing) at(page int) string {
	values := url.Values{}
	set := func(name, value, usual string) {
		if value != usual {
			values.Set(name, value)
		}
	}
	set("whose", l.Whose, everybodys)
	set("owner", l.Owner, "")
	set("group", l.Group, "")
	set("q", l.Text, "")
	set("sort", string(l.Sort), string(dashboard.ByName))
	if l.Descending != (l.Sort != dashboard.ByName && l.Sort != dashboard.ByOwner) {
		order := "asc"
		if l.Descending {
			order = "desc"
		}
		values.Set("order", order)
	}
	set("per_page", strconv.Itoa(l.PerPage), strconv.Itoa(defaultPerPage))
	set("page", strconv.Itoa(page), "1")
	return values.Encode()
}
