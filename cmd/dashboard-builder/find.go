package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// maxLooked bounds in how many dashboards a name is looked for.
const maxLooked = 5000

// maxOwner is longer than any user's name that the service looks for.
const maxOwner = 200

// find returns the dashboard that a word of the command line means: an id, a name,
// or an owner and a name.
func (s *session) find(word string) (api.Dashboard, error) {
	if dashboard.IsID(word) {
		found, err := s.client.Dashboard(s.ctx, word)
		if err == nil || !isNotFound(err) {
			return found, err
		}
		// Names can look like one, too.
	}
	if !utf8.ValidString(word) {
		return api.Dashboard{}, failf(exitNotFound, "there is no dashboard of a name that is not UTF-8")
	}
	// Most words are a name as it is written, which the service finds among many.
	narrow, wide := []api.Query{{Text: searched(word)}}, []api.Query{{}}
	if owner, name, ok := strings.Cut(word, "/"); ok && utf8.RuneCountInString(owner) <= maxOwner {
		narrow, wide = append(narrow, api.Query{Owner: owner, Text: searched(name)}), append(wide, api.Query{Owner: owner})
	}
	var found []api.Dashboard
	for _, step := range []struct {
		queries []api.Query
		same    []func(name, word string) bool
	}{{narrow, []func(name, word string) bool{sameName}}, {wide, []func(name, word string) bool{sameName, sameSlug}}} {
		var err error
		if found, err = s.gather(step.queries); err != nil {
			return api.Dashboard{}, err
		}
		for _, same := range step.same {
			if meant, err := s.choose(word, found, same); err != nil || meant.ID != "" {
				return meant, err
			}
		}
	}
	return api.Dashboard{}, failf(exitNotFound, "there is no dashboard %q%s: %s list shows them", word, nearest(word, found), programName)
}

// searched is as much of a name as the service searches for.
func searched(name string) string {
	letters := []rune(name)
	return string(letters[:min(len(letters), dashboard.MaxName)])
}

// gather returns what any of some queries finds.
func (s *session) gather(queries []api.Query) ([]api.Dashboard, error) {
	var all []api.Dashboard
	seen := map[string]bool{}
	for _, query := range queries {
		found, _, err := s.client.All(s.ctx, query, maxLooked)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			if !seen[d.ID] {
				seen[d.ID] = true
				all = append(all, d)
			}
		}
	}
	return all, nil
}

func isNotFound(err error) bool {
	problem, ok := errors.AsType[*api.Problem](err)
	return ok && problem.Kind == dashboard.NotFound
}

// choose picks the one that a word means: nothing if there is none, and an error if
// there are several that are equally near. What others call theirs does not stand
// in the way of one's own, nor of the form with an owner.
func (s *session) choose(word string, among []api.Dashboard, same func(name, word string) bool) (api.Dashboard, error) {
	var owned, plain []api.Dashboard
	for _, d := range among {
		if name, ok := strings.CutPrefix(word, d.Owner+"/"); ok && same(d.Name, name) {
			owned = append(owned, d)
		} else if same(d.Name, word) {
			plain = append(plain, d)
		}
	}
	var mine []api.Dashboard
	if len(owned)+len(plain) > 1 {
		user, err := s.client.User(s.ctx)
		if err != nil {
			return api.Dashboard{}, err
		}
		mine = slices.DeleteFunc(slices.Clone(plain), func(d api.Dashboard) bool { return d.Owner != user.Name })
	}
	for _, candidates := range [][]api.Dashboard{mine, owned, plain} {
		switch len(candidates) {
		case 0:
		case 1:
			return candidates[0], nil
		default:
			return api.Dashboard{}, failf(exitData, "%q could be %s: give the id", word, listed(candidates))
		}
	}
	return api.Dashboard{}, nil
}

func sameName(name, word string) bool { return dashboard.FoldName(name) == dashboard.FoldName(word) }

// sameSlug is for shells, in which a name with spaces needs quotes.
func sameSlug(name, word string) bool { return word != "" && dashboard.Slug(name) == word }

// listed names dashboards so that they can be told apart.
func listed(among []api.Dashboard) string {
	var named []string
	for i, d := range among {
		if i == 5 {
			return strings.Join(named, ", ") + fmt.Sprintf(" or one of %d more", len(among)-5)
		}
		named = append(named, fmt.Sprintf("%s/%s (%s)", d.Owner, d.Name, d.ID))
	}
	return strings.Join(named[:len(named)-1], ", ") + " or " + named[len(named)-1]
}

// nearest is what a word that is none may have meant.
func nearest(word string, among []api.Dashboard) string {
	var words []string
	for _, d := range among {
		words = append(words, d.Name, dashboard.Slug(d.Name), d.Owner+"/"+d.Name, d.ID)
	}
	if near := suggest.First(word, words); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}
