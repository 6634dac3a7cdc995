package dashboard

import (
	"regexp"
	"strings"
	"testing"
)

func TestIDsAreWellFormedAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if !IsID(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
	for _, bad := range []string{"", "short", "1bcdefghijkl", "Abcdefghijkl", "abcdefghijklm", "abcdefghij/l", "abcdefghijk\n"} {
		if IsID(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestServerTemplates(t *testing.T) {
	for _, good := range []string{DefaultServerTemplate, "d{id}", "dash-{id}-{owner}"} {
		if err := CheckServerTemplate(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"dashboard-{name}":             "{id}",
		"{id}-x":                       "begins",
		"d-{id}-{user}":                "placeholder",
		"D-{id}":                       "small letters",
		"d--{id}":                      "small letters",
		"d_{id}":                       "small letters",
		"dashboards-of-our-team-{id}x": "at most",
	} {
		if err := CheckServerTemplate(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", bad, err, want)
		}
	}
}

func TestServerNames(t *testing.T) {
	for name, want := range map[string]string{
		"Sales 2026":                     "dashboard-sales-2026-abcdef",
		"Größe & Ähnliches":              "dashboard-grosse-ahnlic-abcdef",
		"売上":                             "dashboard-abcdef",
		"../../etc":                      "dashboard-etc-abcdef",
		"--":                             "dashboard-abcdef",
		"a name that is far too long xx": "dashboard-a-name-that-i-abcdef",
	} {
		if got := ServerName(DefaultServerTemplate, "abcdefghijkl", name, "ada"); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

// FuzzServerName looks for a name that JupyterHub 6 would not take (slugs.py).
func FuzzServerName(f *testing.F) {
	form := regexp.MustCompile(`^[a-z](?:-?[a-z0-9])*$`)
	f.Add("Sales", "ada", uint8(0))
	f.Add("ﬁ-ẞ", "a@b", uint8(1))
	f.Fuzz(func(t *testing.T, name, owner string, which uint8) {
		templates := []string{DefaultServerTemplate, "d{id}", "dash-{id}-{owner}", "x-{owner}-{name}-{id}"}
		template := templates[int(which)%len(templates)]
		got := ServerName(template, "abcdefghijkl", name, owner)
		if !form.MatchString(got) || len(got) > 30 || !strings.Contains(got, "abcdef") || !strings.HasPrefix(got, ServerPrefix(template)) {
			t.Errorf("%s of %q, %q: %q", template, name, owner, got)
		}
	})
}
