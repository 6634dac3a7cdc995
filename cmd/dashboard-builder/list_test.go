package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestList(t *testing.T) {
	b := newBed(t)
	for name, args := range map[string][]string{
		"list.txt":        {"list"},
		"list-mine.txt":   {"list", "--mine"},
		"list-others.txt": {"ls", "--others"},
		"list-word.txt":   {"list", "FIGURES", "year"},
		"list-used.txt":   {"list", "--sort", "used"},
		"list-unused.txt": {"list", "--sort", "used", "--reverse"},
		"list-group.txt":  {"list", "--group", "finance"},
		"list.json":       {"list", "--json"},
		"show.txt":        {"show", "abcdefghjkmn"},
		"show-failed.txt": {"show", "tour"},
		"show-other.txt":  {"show", "ben/Wetter 天気 heute"},
		"show.json":       {"show", "abcdefghjkmn", "--json"},
		"revisions.txt":   {"revisions", "sales-2024"},
		"choices.txt":     {"choices"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr := b.must(t, args...)
			b.golden(t, name, stdout)
			if stderr != "" {
				t.Errorf("it says %q", stderr)
			}
		})
	}
}

func TestListOnTerminals(t *testing.T) {
	b := newBed(t)
	long := b.dashboards["abcdefghjkmn"]
	long.ID, long.Name, long.Owner = "longlonglong", "A name that is much longer than what most people give", "somebody.with.a.long.name@example.org"
	long.Access.Everyone = true
	b.add(long)
	for _, columns := range []int{120, 80, 50, 30, 12} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			_, shown := b.on(t, columns, "list")
			b.golden(t, fmt.Sprintf("list-%d.txt", columns), shown)
		})
	}
	b.env["NO_COLOR"] = "1"
	b.env["LANG"] = "C"
	_, shown := b.on(t, 60, "list")
	b.golden(t, "list-ascii.txt", shown)
	_, shown = b.on(t, 60, "show", "sales-2024")
	b.golden(t, "show-60.txt", shown)
}

func TestAnEmptyListTeaches(t *testing.T) {
	b := newBed(t)
	clear(b.dashboards)
	if stdout, stderr := b.must(t, "list"); stdout != "" || !strings.Contains(stderr, "create --help") {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	if stdout, stderr := b.must(t, "list", "word"); stdout != "" || !strings.Contains(stderr, "no dashboard like that") {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	if stdout, _ := b.must(t, "list", "--json"); stdout != "{\n  \"items\": [],\n  \"total\": 0\n}\n" {
		t.Errorf("got %q", stdout)
	}
}

// TestManyDashboards come page by page, each once.
func TestManyDashboards(t *testing.T) {
	b := newBed(t)
	clear(b.dashboards)
	for i := range 401 {
		b.add(dashboard.Dashboard{ID: fmt.Sprintf("aaaaaaaa%04d", i), Owner: "ada", Name: fmt.Sprintf("Dashboard %04d", i), State: dashboard.Stopped})
	}
	stdout, _ := b.must(t, "list", "--json", "--limit", "5000")
	var got struct {
		Items []struct{ ID string }
		Total int
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || len(got.Items) != 401 || got.Total != 401 {
		t.Fatalf("got %d of %d, %v", len(got.Items), got.Total, err)
	}
	if !slices.IsSortedFunc(got.Items, func(a, b struct{ ID string }) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("they are not in order")
	}
	stdout, stderr := b.must(t, "list", "--limit", "3")
	if strings.Count(stdout, "\n") != 4 || !strings.Contains(stderr, "3 of 401") {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	if stdout, _ = b.must(t, "show", "dashboard 0399"); !strings.Contains(stdout, "aaaaaaaa0399") {
		t.Errorf("got %q", stdout)
	}
	code, _, stderr := b.run(t, "show", "dashboard 399")
	if code != exitNotFound || !strings.Contains(stderr, "did you mean") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

// TestSecurityNothingSteersTheTerminal: names, descriptions, logs and problems are
// by others.
func TestSecurityNothingSteersTheTerminal(t *testing.T) {
	const attack = "\x1b]0;owned\x07\x1b[31mred\x1b[0m\u009b2Jx\rz\u202e\u2066y\x7f\x00"
	b := newBed(t)
	bad := b.dashboards["abcdefghjkmn"]
	bad.Name, bad.Description, bad.Owner = "Bad "+attack, "One\n"+attack, "ada"
	bad.Failure = attack
	bad.Source.Folder, bad.App.Path, bad.App.Arguments = attack, attack, []string{attack}
	bad.Access.Groups = []string{attack}
	b.add(bad)
	b.failing = attack
	b.servers[1].Why = attack
	b.rules.WhyNot, b.rules.Environments = attack, []string{attack}
	b.revisions["abcdefghjkmn"][0].By = attack
	_, _, _ = b.run(t, "rebuild", "abcdefghjkmn")
	b.logs["job1"] = []dashboard.LogLine{{Number: 1, At: time.Time{}, Text: attack}}
	for _, locale := range []string{"C.UTF-8", "C"} {
		b.env["LANG"], b.env["NO_COLOR"] = locale, "1"
		for _, args := range [][]string{
			{"list"}, {"list", "--json"}, {"show", "abcdefghjkmn"}, {"show", "abcdefghjkmn", "--json"}, {"log", "abcdefghjkmn"}, {"log", "-t", "abcdefghjkmn"},
			{"log", "abcdefghjkmn", "--json"}, {"jobs", "abcdefghjkmn"}, {"jobs", "abcdefghjkmn", "--json"}, {"revisions", "abcdefghjkmn"}, {"choices"}, {"choices", "--json"},
			{"rebuild", "abcdefghjkmn"}, {"rebuild", "abcdefghjkmn", "--json"}, {"stop", "abcdefghjkmn"}, {"share", "abcdefghjkmn"}, {"export"},
			{"picture", "abcdefghjkmn", "--remove"}, {"show", "bad" + attack}, {attack}, {"list", "--" + attack},
		} {
			_, shown := b.on(t, 60, args...)
			// The bar itself goes back to the line's beginning.
			shown = strings.ReplaceAll(shown, "\r\x1b[K", "")
			for _, r := range shown {
				if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u2066' || locale == "C" && r > 0x7f) {
					t.Errorf("%q with %s shows %q", args, locale, shown)
					break
				}
			}
			code, stdout, stderr := b.run(t, args...)
			if strings.ContainsAny(stdout+stderr, "\x1b\x07\x00\r\x7f\u009b\u202e\u2066") {
				t.Errorf("%q writes %q, %q (%d)", args, stdout, stderr, code)
			}
		}
	}
}
