package web

import (
	"net/http"
	"net/url"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// listPage is a page of dashboards.
type listPage struct {
	frame
	listing
	Heading string
	// Tabs are the visitor's own and others', and Groups those of their groups.
	Tabs, Groups []tab
	Cards        []card
	Total        int
	Pages        int
	// Previous and Next are the neighbours' addresses; empty where there is none.
	Previous, Next string
	// Here is the address without a query, for the search form; Clear the same
	// tab without a search.
	Here, Clear string
	Sorts       []dashboard.Sort
	// MayCreate says whether there is a way to the form; else WhyNot says why not.
	MayCreate bool
	WhyNot    string
}

// tab is one choice of whose dashboards are shown.
type tab struct {
	Label, URL string
	// Count is how many dashboards it has; a group's are not counted.
	Count   int
	Current bool
}

// showList shows the visitor's own dashboards, others', a group's or one owner's.
func (s *site) showList(w http.ResponseWriter, v *visit) error {
	wanted, _ := parseListing(v.URL.Query()) // what is wrong has its default
	if group := v.PathValue("group"); group != "" {
		wanted.Group = group
	}
	rules, err := s.Service.Rules(v.Context(), v.who)
	if err != nil {
		return err
	}
	if wanted.Group != "" && !rules.GroupPages {
		return s.notFound("error.nothing")
	}
	count := map[string]int{}
	for _, whose := range []string{mine, others} {
		// One is asked for, as the number of all comes with it.
		_, total, err := s.Service.List(v.Context(), v.who, listing{Whose: whose, Page: 1, PerPage: 1}.query(v.who.Name))
		if err != nil {
			return err
		}
		count[whose] = total
	}
	if wanted.Group == "" && wanted.Owner == "" && wanted.Whose == everybodys {
		wanted.Whose = mine
		if count[mine] == 0 && count[others] > 0 {
			wanted.Whose = others // what a colleague came for, who makes none
		}
	}
	found, total, err := s.Service.List(v.Context(), v.who, wanted.query(v.who.Name))
	if err != nil {
		return err
	}
	if len(found) == 0 && total > 0 {
		return seeOther(w, v.URL.EscapedPath()+"?"+wanted.at(wanted.pages(total)))
	}
	return s.show(w, "list", http.StatusOK, s.listPage(v, wanted, rules, count, found, total))
}

func (s *site) listPage(v *visit, wanted listing, rules dashboard.Rules, count map[string]int, found []dashboard.Dashboard, total int) listPage {
	p := listPage{
		listing: wanted, Total: total, Pages: wanted.pages(total), Here: v.URL.EscapedPath(),
		Sorts:     []dashboard.Sort{dashboard.ByName, dashboard.ByOwner, dashboard.ByUsed, dashboard.ByUpdated, dashboard.ByCreated},
		MayCreate: rules.WhyNot == "", WhyNot: rules.WhyNot,
	}
	switch {
	case wanted.Group != "":
		p.Heading = s.words.text("list.of_group", "group", wanted.Group)
	case wanted.Owner != "":
		p.Heading = s.words.text("list.of_owner", "owner", wanted.Owner)
	case wanted.Whose == others:
		p.Heading = s.words.text("list.others")
	default:
		p.Heading = s.words.text("list.mine")
	}
	p.frame = s.frame(v, p.Heading)
	p.Notice = s.notice(v)
	p.Tabs = s.tabs(wanted, count)
	if rules.GroupPages {
		p.Groups = s.groupTabs(v, wanted)
	}
	for _, d := range found {
		p.Cards = append(p.Cards, s.card(v, d))
	}
	if wanted.Page > 1 {
		p.Previous = p.Here + "?" + wanted.at(wanted.Page-1)
	}
	if wanted.Page < p.Pages {
		p.Next = p.Here + "?" + wanted.at(wanted.Page+1)
	}
	unsearched := wanted
	unsearched.Text = ""
	p.Clear = p.Here + "?" + unsearched.at(1)
	return p
}

// fewGroups is how many groups are shown as tabs; more are a menu.
const fewGroups = 5

// GroupMenu says whether the groups are a menu.
func (p listPage) GroupMenu() bool { return len(p.Groups) > fewGroups }

func (s *site) tabs(wanted listing, count map[string]int) []tab {
	plain := wanted.Group == "" && wanted.Owner == ""
	return []tab{
		{s.words.text("list.mine"), s.Prefix + "?whose=" + mine, count[mine], plain && wanted.Whose == mine},
		{s.words.text("list.others"), s.Prefix + "?whose=" + others, count[others], plain && wanted.Whose == others},
	}
}

func (s *site) groupTabs(v *visit, wanted listing) (made []tab) {
	for _, group := range v.who.Groups {
		made = append(made, tab{Label: group, URL: s.groupPage(group), Current: wanted.Group == group})
	}
	return made
}

// groupPage is the address of a group's page. A browser would take a name of dots
// for a way up.
func (s *site) groupPage(group string) string {
	if group == "." || group == ".." {
		return s.Prefix + "?group=" + url.QueryEscape(group)
	}
	return s.at("group", group)
}

// notice is the word for something that was just done, if an address names one.
func (s *site) notice(v *visit) string {
	key := "notice." + v.URL.Query().Get("notice")
	if _, known := s.words[key]; !known {
		return ""
	}
	return s.words.text(key)
}
