package settings

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const manyOptions = `
servers:
  options: {size: tiny, zone: a}
  owner_options:
    - memory
    - name: size
      label: Size of the server
      hint: Large ones are few.
      choices: {small: Small, large: "Large, with a GPU"}
      inherit: true
    - {name: cores, choices: {2: Two, 4.5: , true: All}, inherit: true}
    - {name: zone, choices: [b, 1, false, 2024-01-01]}
    - {name: team, inherit: true}
`

func TestOwnerOptions(t *testing.T) {
	want := []dashboard.Option{
		{Name: "memory", Label: "memory"},
		{Name: "size", Label: "Size of the server", Hint: "Large ones are few.", Inherit: true, Choices: []dashboard.Choice{{Value: "small", Label: "Small"}, {Value: "large", Label: "Large, with a GPU"}}},
		{Name: "cores", Label: "cores", Inherit: true, Choices: []dashboard.Choice{{Value: 2.0, Label: "Two"}, {Value: 4.5, Label: "4.5"}, {Value: true, Label: "All"}}},
		{Name: "zone", Label: "zone", Choices: []dashboard.Choice{{Value: "b", Label: "b"}, {Value: 1.0, Label: "1"}, {Value: false, Label: "false"}, {Value: "2024-01-01", Label: "2024-01-01"}}},
		{Name: "team", Label: "team", Inherit: true},
	}
	rules, err := load(t, manyOptions).Rules(dashboard.Visitor{Name: "ada"})
	if err != nil || !reflect.DeepEqual(rules.Options, want) {
		t.Errorf("got\n%+v\nwant\n%+v\n%v", rules.Options, want, err)
	}
}

func TestOwnerOptionsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"size":                                   "servers.owner_options wants a list",
		"[[size]]":                               "servers.owner_options[0] is a mapping with name, label, hint, choices, inherit",
		"[{label: x}]":                           `servers.owner_options[0] is "", which is no name`,
		"[a, {nam: b}]":                          "servers.owner_options[1].nam is not a setting (did you mean name?)",
		"[a, {name: a}]":                         `servers.owner_options[1] is "a", which is there twice`,
		"[a b]":                                  `servers.owner_options[0] is "a b", which has a space in it`,
		"[{name: dashboard_ticket}]":             "the builder's own",
		"[{name: a, inherit: often}]":            `servers.owner_options[0].inherit is "often", but is true or false`,
		"[{name: a, choices: b}]":                "servers.owner_options[0].choices is a list of values, or a mapping",
		"[{name: a, choices: [[b]]}]":            "servers.owner_options[0].choices has",
		"[{name: a, choices: [~]}]":              "a value is a text, a number, true or false",
		"[{name: a, choices: ['']}]":             "a value is a text, a number, true or false",
		"[{name: a, choices: [' b']}]":           "a value is a text, a number, true or false",
		`[{name: a, choices: ["b\nc"]}]`:         "a value is a text, a number, true or false",
		"[{name: a, choices: [.nan]}]":           "a value is a text, a number, true or false",
		"[{name: a, choices: [2, '2']}]":         "servers.owner_options[0].choices has 2 twice",
		"[{name: a, choices: {b: B, b: C}}]":     "servers.owner_options[0].choices has b twice",
		"[{name: a, choices: {b: [c]}}]":         "wants a plain text that says what b is",
		"[{name: a, choices: {<<: {b: B}}}]":     `has "<<"`,
		"[{name: a, choices: {[b]: B}}]":         "a value is a text, a number, true or false",
		"[{name: a, choices: &c [*c]}]":          "servers.owner_options[0].choices",
		"[{name: a, choices: {b: B}, hint: {}}]": "servers.owner_options[0].hint wants one plain value",
	} {
		_, err := parse("x.yaml", []byte("servers:\n  owner_options: "+text+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "x.yaml: ") {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
}

// What an owner gives is one of the choices, by its value or its text.
func TestOptionsOfAnOwner(t *testing.T) {
	settings := load(t, manyOptions)
	given := map[string]any{"size": "large", "cores": "2", "zone": nil, "memory": map[string]any{"a": 1.0}}
	want := map[string]any{"size": "large", "cores": 2.0, "memory": map[string]any{"a": 1.0}}
	if got, err := settings.checkOptions(given); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	want["zone"] = "a" // the operator's
	if got, err := settings.SpawnerOptions(given); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"size", "lage", "The option “size” cannot be “lage” here. Choose one of small, large."},
		{"cores", 3.0, "The option “cores” cannot be “3” here. Choose one of 2, 4.5, true."},
		{"cores", []any{2.0}, "cannot be “[2]” here"},
		{"zone", "", "cannot be “” here"},
		{"profile", "x", "The option “profile” of the server cannot be set here. There is memory, size, cores, zone, team."},
	} {
		d := dashboard.Dashboard{Source: dashboard.Source{Kind: dashboard.FromServer}, App: dashboard.App{Framework: "voila", Path: "a.ipynb"}, Options: map[string]any{test.name: test.value}}
		failed, ok := settings.Check(&d).(*dashboard.Error)
		if !ok || failed.Kind != dashboard.Invalid || failed.Field != "options."+test.name || !strings.Contains(failed.Message, test.want) {
			t.Errorf("%s %v: %#v", test.name, test.value, failed)
		}
	}
}

// A user starts servers with whatever options they like: a dashboard has none that
// its owner could not give, and none of ours.
func TestSecurityInheritedOptions(t *testing.T) {
	settings := load(t, manyOptions)
	of := func(kind dashboard.SourceKind, options map[string]any) dashboard.Dashboard {
		return dashboard.Dashboard{Source: dashboard.Source{Kind: kind}, Options: options}
	}
	if names := settings.Inherited(of(dashboard.FromServer, map[string]any{"size": nil, "memory": 1})); !reflect.DeepEqual(names, []string{"cores", "team"}) {
		t.Error(names)
	}
	if names := settings.Inherited(of(dashboard.FromGit, nil)); names != nil {
		t.Error(names)
	}
	names := settings.Inherited(of(dashboard.FromServer, nil))
	for server, want := range map[string]map[string]any{
		"":                          {"memory": 1},
		"null":                      {"memory": 1},
		"[1]":                       {"memory": 1},
		"{}":                        {"memory": 1},
		`{"size": "large"}`:         {"memory": 1, "size": "large"},
		`{"size": "huge"}`:          {"memory": 1},
		`{"size": ["large"]}`:       {"memory": 1},
		`{"size": null}`:            {"memory": 1},
		`{"cores": "4.5"}`:          {"memory": 1, "cores": 4.5},
		`{"team": {"a": [1, "b"]}}`: {"memory": 1, "team": map[string]any{"a": []any{1.0, "b"}}},
		`{"memory": 99, "zone": "b", "profile": "x", "size": "small"}`:                    {"memory": 1, "size": "small"},
		`{"dashboard_ticket": "x", "dashboard_accepted": "y", "team": "z"}`:               {"memory": 1, "team": "z"},
		`{"team": "` + strings.Repeat("x", maxOptions) + `", "cores": 2, "size": "HUGE"}`: {"memory": 1, "cores": 2.0},
	} {
		owners := map[string]any{"memory": 1}
		if got := settings.Inherit(owners, names, json.RawMessage(server)); !reflect.DeepEqual(got, want) {
			t.Errorf("%.60s: got %v, want %v", server, got, want)
		}
		if len(owners) != 1 {
			t.Error("what the owner gave has changed")
		}
	}
}

// FuzzInherit reads what a user has written into a hub.
func FuzzInherit(f *testing.F) {
	settings := Settings{Servers: Servers{OwnerOptions: []OwnerOption{{Name: "size", Choices: Choices{{Value: "a"}, {Value: 2.0}}, Inherit: true}, {Name: "any", Inherit: true}}}}
	for _, text := range []string{`{"size": 2, "any": [null]}`, `{"any": 1e999}`, `[`, `{"size": {"a": {}}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, server []byte) {
		got := settings.Inherit(nil, []string{"size", "any"}, server)
		if _, err := settings.SpawnerOptions(got); err != nil {
			t.Errorf("%q gives %v: %v", server, got, err)
		}
	})
}
