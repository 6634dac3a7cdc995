package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestExport(t *testing.T) {
	b := newBed(t)
	stdout, _ := b.must(t, "export")
	b.golden(t, "export.json", stdout)
	file := filepath.Join(t.TempDir(), "a.json")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr := b.must(t, "export", "tour", "--output", file); !strings.Contains(stderr, "1 dashboard is in") {
		t.Errorf("got %q", stderr)
	}
	content, err := os.ReadFile(file)
	if err != nil || strings.Count(string(content), `"framework"`) != 1 {
		t.Errorf("got %s, %v", content, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("there are %v", left)
	}
	if code, _, stderr := b.run(t, "export", "wetter-heute"); code != exitForbidden || !strings.Contains(stderr, "is ben's") {
		t.Errorf("got %d, %q", code, stderr)
	}
	if code, _, stderr := b.run(t, "export", "--output", filepath.Join(file, "none")); code != exitFailed || stderr == "" {
		t.Errorf("got %d, %q", code, stderr)
	}
}

// TestImportBringsBackWhatExportWrote to another user of another hub.
func TestImportBringsBackWhatExportWrote(t *testing.T) {
	old := newBed(t)
	exported, _ := old.must(t, "export")
	b := newBed(t)
	b.env[tokenVariable] = "ben-token"
	b.stdin = strings.NewReader(exported)
	stdout, _ := b.must(t, "import", "-")
	if stdout != "NAME        ACTION   WHY\nSales 2024  created\nTour        created\n" {
		t.Errorf("got %q", stdout)
	}
	for was, is := range map[string]string{"abcdefghjkmn": "newnewnew003", "tourtourtour": "newnewnew004"} {
		want, got := old.dashboards[was], b.dashboards[is]
		if got.Owner != "ben" || got.State != dashboard.Running || got.Name != want.Name || got.Description != want.Description || got.Source != want.Source ||
			!reflect.DeepEqual(got.Options, want.Options) || api.AppOf(got.App).Path != want.App.Path || got.Access.Everyone != want.Access.Everyone || len(got.Access.Users) != len(want.Access.Users) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	b.called()
	b.stdin = strings.NewReader(exported)
	if stdout, _ = b.must(t, "import", "-"); strings.Count(stdout, "skip    you have one of that name") != 2 || len(b.called()) != 0 {
		t.Errorf("got %q", stdout)
	}
}

func TestImportReplaces(t *testing.T) {
	b := newBed(t)
	file := filepath.Join(t.TempDir(), "a.json")
	content := `{"format":"dashboard-builder","version":1,"dashboards":[
		{"name":"TOUR","source":{"kind":"git","repo":"https://example.org/new.git"},"app":{"framework":"voila"},"options":{"cpu":2}},
		{"name":"New","source":{"kind":"server"},"app":{"framework":"voila","path":"./x//New.ipynb"}}]}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, _ := b.must(t, "import", file, "--dry-run", "--replace")
	if stdout != "NAME  ACTION   WHY\nTOUR  replace\nNew   create\n" || len(b.called()) != 0 {
		t.Errorf("got %q", stdout)
	}
	stdout, _ = b.must(t, "import", file, "--replace", "--json")
	got := jsonOf[api.Items[step]](t, stdout).Items
	if len(got) != 2 || got[0].Action != replaced || got[0].ID != "tourtourtour" || got[1].Action != created || got[1].ID != "newnewnew003" {
		t.Errorf("got %s", stdout)
	}
	tour := b.dashboards["tourtourtour"]
	if tour.Name != "TOUR" || tour.Source.Repo != "https://example.org/new.git" || tour.Source.Ref != "" || tour.App.Environment != "" || !reflect.DeepEqual(tour.Options, map[string]any{"cpu": 2.0}) {
		t.Errorf("got %+v", tour)
	}
	if made := b.dashboards["newnewnew003"]; made.App.Path != "x/New.ipynb" {
		t.Errorf("got %+v", made)
	}
}

// TestImportGoesOn where one dashboard is refused, and not where nothing can go.
func TestImportGoesOn(t *testing.T) {
	b := newBed(t)
	content := `{"format":"dashboard-builder","version":1,"dashboards":[`
	for _, name := range []string{"one", "two", "three"} {
		content += `{"name":"` + name + `","source":{"kind":"server"},"app":{"framework":"voila"}},`
	}
	content = strings.TrimSuffix(content, ",") + "]}"
	b.fault = func(call string) error {
		if call == "create two" {
			return dashboard.Errorf(dashboard.Limit, "You have enough.")
		}
		return nil
	}
	b.stdin = strings.NewReader(content)
	code, stdout, stderr := b.run(t, "import", "-")
	if code != exitFailed || !strings.Contains(stdout, "two    failed   You have enough.\nthree  created") || !strings.Contains(stderr, "1 of 3 failed") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
	b.fault, b.failing = nil, "It is broken."
	b.stdin = strings.NewReader(strings.ReplaceAll(content, `:"t`, `:"T-`))
	if code, stdout, _ = b.run(t, "import", "-"); code != exitFailed || !strings.Contains(stdout, "failed  the build failed: It is broken.") {
		t.Errorf("got %d, %q", code, stdout)
	}
	b.called()
	b.fault = func(call string) error {
		if call != "list" {
			return dashboard.Errorf(dashboard.Forbidden, "You may not create dashboards.")
		}
		return nil
	}
	b.stdin = strings.NewReader(strings.ReplaceAll(content, `"name":"`, `"name":"x`))
	code, stdout, stderr = b.run(t, "import", "-")
	if code != exitForbidden || !strings.Contains(stderr, "You may not create") || len(b.called()) != 1 || !strings.Contains(stdout, "xone    create") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
}

func TestDocumentsThatAreNone(t *testing.T) {
	b := newBed(t)
	one := `{"name":"one","source":{"kind":"server"},"app":{"framework":"voila"}}`
	for content, said := range map[string]string{
		"":                       "- is not JSON",
		"x":                      "- is not JSON: invalid character 'x'",
		"[]":                     `- is not what "dashboard-builder export" writes: it has no "format": "dashboard-builder" and "version": 1`,
		"{}":                     "is not what",
		`{"items":[],"total":0}`: "is not what",
		`{"format":"dashboard-builder","version":2,"dashboards":[{"later":1}]}`:                                                                       "has version 2, but this program reads up to version 1: take a newer one",
		`{"format":"dashboard-builder","version":1,"dashboard":[]}`:                                                                                   `is not what it should be: unknown field "dashboard"`,
		`{"format":"dashboard-builder","version":1,"dashboards":{}}`:                                                                                  "is not what it should be",
		`{"format":"dashboard-builder","version":1,"dashboards":[]} {}`:                                                                               "is not JSON",
		`{"format":"dashboard-builder","version":1,"dashboards":[` + one + `,` + strings.ToUpper(one[:12]) + `]}`:                                     "is not JSON",
		`{"format":"dashboard-builder","version":1,"dashboards":[` + one + `,` + one + `]}`:                                                           `has two dashboards of the name "one"`,
		`{"format":"dashboard-builder","version":1,"dashboards":[{"name":"one"}]}`:                                                                    `has a mistake in dashboard 1, "one": source.kind: `,
		`{"format":"dashboard-builder","version":1,"dashboards":[{"name":"a","source":{"kind":"server"},"app":{"framework":"voila","path":"../x"}}]}`: `app.path: The path "../x" leads out`,
	} {
		b.stdin = strings.NewReader(content)
		code, stdout, stderr := b.run(t, "import", "-")
		if code != exitData || stdout != "" || !strings.Contains(stderr, said) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: got %d, %q, %q", content, code, stdout, stderr)
		}
	}
	if code, _, stderr := b.run(t, "import", "/nowhere/at/all.json"); code != exitNotFound || !strings.Contains(stderr, "there is no file") {
		t.Errorf("got %d, %q", code, stderr)
	}
	b.stdin = strings.NewReader(`{"format":"dashboard-builder","version":1,"dashboards":[]}`)
	if stdout, stderr := b.must(t, "import", "-"); stdout != "" || !strings.Contains(stderr, "no dashboard in it") {
		t.Errorf("got %q, %q", stdout, stderr)
	}
}

func TestBecoming(t *testing.T) {
	old := map[string]any{"a": 1.0, "b": map[string]any{"c": 1.0, "d": 2.0}, "e": 1.0}
	wanted := map[string]any{"a": 2.0, "b": map[string]any{"c": 1.0}}
	want := map[string]any{"a": 2.0, "b": map[string]any{"c": 1.0, "d": nil}, "e": nil}
	if got := becoming(old, wanted); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

// FuzzDocument looks for a document that is taken and that the service would refuse,
// or that is another when it is written again.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"format":"dashboard-builder","version":1,"exported":"2025-03-14T15:09:26Z","dashboards":[{"name":"one","source":{"kind":"git","repo":"x"},"app":{"framework":"voila"},"access":{"users":["b","a"]},"options":{"a":{"b":null}}}]}`))
	f.Add([]byte(`{"format":"dashboard-builder","version":1}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		parsed, err := parseDocument(content)
		if err != nil {
			return
		}
		for i := range parsed.Dashboards {
			if err := tidy(&parsed.Dashboards[i]); err != nil {
				t.Errorf("%v", err)
			}
		}
		written, err := json.Marshal(parsed)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseDocument(written)
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if rewritten, _ := json.Marshal(again); string(rewritten) != string(written) {
			t.Errorf("got %s, want %s", rewritten, written)
		}
	})
}
