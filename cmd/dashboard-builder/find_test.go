package main

import (
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// shared adds a dashboard of somebody's that everybody may open.
func (b *bed) shared(id, owner, name string) {
	b.add(dashboard.Dashboard{ID: id, Owner: owner, Name: name, State: dashboard.Running, Access: dashboard.Access{Everyone: true}})
}

func TestHowADashboardIsNamed(t *testing.T) {
	b := newBed(t)
	b.shared("evetourevete", "eve", "Tour")
	b.shared("presentation", "ben", "abcdefghjkmx")
	b.shared("catslashcats", "cat", "a/b")
	b.shared("samesamesame", "cat", "Same thing")
	b.shared("samesamesamf", "eve", "same THING")
	b.shared("chinesechine", "eve", "销售")
	b.shared("tourtourtoux", "ada", "tourtourtour") // a name like an id
	for word, want := range map[string]string{
		"abcdefghjkmn":     "abcdefghjkmn",
		"Sales 2024":       "abcdefghjkmn",
		"  sales   2024 ":  "abcdefghjkmn",
		"SALES 2024":       "abcdefghjkmn",
		"Ｓales 2024":       "abcdefghjkmn", // a wide S
		"sales-2024":       "abcdefghjkmn",
		"ada/sales 2024":   "abcdefghjkmn",
		"ada/sales-2024":   "abcdefghjkmn",
		"tour":             "tourtourtour", // one's own
		"eve/tour":         "evetourevete",
		"ada/tour":         "tourtourtour",
		"abcdefghjkmx":     "presentation",
		"presentation":     "presentation",
		"a/b":              "catslashcats",
		"cat/a/b":          "catslashcats",
		"cat/same thing":   "samesamesame",
		"eve/same-thing":   "samesamesamf",
		"eve/销售":           "chinesechine",
		"tourtourtour":     "tourtourtour",
		"ada/tourtourtour": "tourtourtoux",
	} {
		stdout, _ := b.must(t, "show", word)
		if !strings.Contains(stdout, " "+want+"\n") {
			t.Errorf("%q: got %s", word, stdout)
		}
	}
	for word, want := range map[string]struct {
		code int
		said string
	}{
		"same thing":                  {exitData, `"same thing" could be cat/Same thing (samesamesame) or eve/same THING (samesamesamf): give the id`},
		"same-thing":                  {exitData, "give the id"},
		"sales 2025":                  {exitNotFound, `there is no dashboard "sales 2025" (did you mean "Sales 2024"?): dashboard-builder list shows them`},
		"sale-2024":                   {exitNotFound, `did you mean "sales-2024"`},
		"eve/tuor":                    {exitNotFound, `did you mean "eve/Tour"`},
		"nothing like it":             {exitNotFound, `there is no dashboard "nothing like it": dashboard-builder list shows them`},
		"aaaaaaaaaaaa":                {exitNotFound, "no dashboard"},
		"":                            {exitNotFound, "no dashboard"},
		"/":                           {exitNotFound, "no dashboard"},
		"../../../hub/api":            {exitNotFound, "no dashboard"},
		"x\xff":                       {exitNotFound, "UTF-8"},
		strings.Repeat("long ", 1000): {exitNotFound, "no dashboard"},
		strings.Repeat("l", 1000) + "/" + strings.Repeat("x", 1000): {exitNotFound, "no dashboard"},
	} {
		code, _, stderr := b.run(t, "show", word)
		if code != want.code || !strings.Contains(stderr, want.said) {
			t.Errorf("%.50q: got %d, %.300q", word, code, stderr)
		}
	}
}

// TestSecurityNobodysNamePretendsToBeAnothers: one's own comes first, then the
// owner that was named.
func TestSecurityNobodysNamePretendsToBeAnothers(t *testing.T) {
	b := newBed(t)
	b.shared("evespretends", "eve", "ben/Wetter 天気 heute")
	b.shared("evespretendt", "eve", "Sales 2024")
	b.shared("evespretendu", "eve", "abcdefghjkmn")
	for word, want := range map[string]string{"ben/wetter 天気 heute": "benbenbenben", "Sales 2024": "abcdefghjkmn", "sales-2024": "abcdefghjkmn", "abcdefghjkmn": "abcdefghjkmn"} {
		stdout, _ := b.must(t, "show", word)
		if !strings.Contains(stdout, " "+want+"\n") {
			t.Errorf("%q: got %s", word, stdout)
		}
	}
}

func TestAnAdministratorNamesTheOwner(t *testing.T) {
	b := newBed(t)
	b.env[tokenVariable] = "root-token"
	code, _, stderr := b.run(t, "show", "tour")
	if code != exitNotFound {
		t.Errorf("got %d, %q", code, stderr)
	}
	if stdout, _ := b.must(t, "show", "ada/tour"); !strings.Contains(stdout, "tourtourtour") {
		t.Errorf("got %q", stdout)
	}
	if stdout, _ := b.must(t, "list", "--owner", "ada"); strings.Count(stdout, "\n") != 3 {
		t.Errorf("got %q", stdout)
	}
}
