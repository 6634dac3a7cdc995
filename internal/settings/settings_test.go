package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// example is the file that explains every setting.
const example = "../../deploy/dashboard-builder.yaml"

func TestExampleIsTheDefault(t *testing.T) {
	loaded, err := Load(example)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded, Default()) {
		t.Errorf("the example is\n%+v\nbut it says that it is what holds by default:\n%+v", loaded, Default())
	}
}

func TestExampleHasEverySetting(t *testing.T) {
	content, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]any
	if err := yaml.Unmarshal(content, &written); err != nil {
		t.Fatal(err)
	}
	var look func(name string, group reflect.Type, written map[string]any)
	look = func(name string, group reflect.Type, written map[string]any) {
		for i := range group.NumField() {
			field := group.Field(i)
			key := field.Tag.Get("yaml")
			if key == "" {
				t.Errorf("%s.%s has no name in the file", name, field.Name)
				continue
			}
			value, ok := written[key]
			if !ok {
				t.Errorf("%s does not explain %s", example, join(name, key))
			}
			if _, special := reflect.New(field.Type).Interface().(decoder); field.Type.Kind() == reflect.Struct && !special {
				below, _ := value.(map[string]any)
				look(join(name, key), field.Type, below)
			}
		}
	}
	look("", reflect.TypeFor[Settings](), written)
}

// The commented values of the example are ones that work.
func TestExamplesOfTheExample(t *testing.T) {
	content, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		indent, comment, ok := strings.Cut(line, "#   ")
		key, _, _ := strings.Cut(comment, ":")
		if !ok || !strings.Contains(string(content), "\n"+indent+key+": ") || strings.Contains(key, " ") {
			continue
		}
		given[key] = true
	}
	for _, key := range []string{"frameworks", "presets", "paths", "repositories", "options", "arguments"} {
		if !given[key] {
			t.Errorf("%s shows no value for %s", example, key)
		}
	}
	_, err = parse("x.yaml", []byte(`
frameworks: [voila, streamlit, board]
presets:
  streamlit:
    environment: {STREAMLIT_THEME_BASE: dark}
  board:
    title: Our board
    command: [python3, -m, our_board, "{target}", "--port={port}"]
    target: {files: [.toml]}
sources: {paths: shared/.*, repositories: [github.com/our-team, "https://git.example.org", "file:///srv/git"]}
servers: {options: {profile: small}, arguments: [--ready-timeout=120]}
`))
	if err != nil {
		t.Error(err)
	}
}

func load(t *testing.T, text string) Settings {
	t.Helper()
	loaded, err := parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestLoad(t *testing.T) {
	got := load(t, `
create: {allow_groups: [science], administrators: false}
frameworks: [board, r-shiny]
presets: {board: {like: panel, title: The board}}
environments: {names: [base, /opt/env], free: true}
access: {everyone: true, users: [ada]}
sources: {servers: false, paths: 'shared/.*', repositories: [github.com]}
servers:
  name: 'board-{owner}-{id}'
  options: {profile: small, memory: 4, gpu: {kind: a}}
  owner_options: [memory]
  per_viewer: offered
  visitor: [user, info]
  arguments: [--ready-timeout=90]
  environment: {TZ: Europe/Vienna}
pages: {groups: false}
limits: {dashboards: 0, snapshot_size: 500MB, snapshot_files: 10, builds: 7, build_time: 90s, idle: 14d}
retention: {revisions: 5, unused: 100d}
`)
	want := Default()
	want.Create.AllowGroups, want.Create.Administrators = []string{"science"}, false
	want.Allowed = []string{"board", "rshiny"}
	want.Presets = got.Presets // see the tests of it
	want.Environments = Environments{Names: []string{"base", "/opt/env"}, Free: true}
	want.Access = Access{Everyone: true, Users: []string{"ada"}}
	want.Sources = Sources{Git: true, Paths: "shared/.*", Repositories: []Repository{"github.com"}}
	want.Servers = Servers{
		Name: "board-{owner}-{id}", Options: Options{"profile": "small", "memory": 4.0, "gpu": map[string]any{"kind": "a"}},
		OwnerOptions: []OwnerOption{{Name: "memory"}}, PerViewer: Offered, Visitor: []Told{"user", "info"},
		Arguments: []string{"--ready-timeout=90"}, Environment: map[string]string{"TZ": "Europe/Vienna"},
	}
	want.Pages.Groups = false
	want.Limits = Limits{SnapshotSize: 500e6, SnapshotFiles: 10, Builds: 7, BuildTime: 90e9, Idle: 14 * 24 * 3600e9}
	want.Retention = Retention{Revisions: 5, Unused: 100 * 24 * 3600e9}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestLoadNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "~", "{}", "limits:\n", "limits: {builds: }", "frameworks: []"} {
		if got := load(t, text); !reflect.DeepEqual(got, Default()) {
			t.Errorf("%q gives %+v", text, got)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"limits:\n  bulids: 3":                           "x.yaml: line 2: limits.bulids is not a setting (did you mean builds?); there is dashboards, snapshot_size",
		"limit: {}":                                      "x.yaml: line 1: limit is not a setting (did you mean limits?)",
		"pages: {groups: 1}":                             `pages.groups is "1", but is true or false`,
		"pages: {groups: [true]}":                        "pages.groups wants one plain value",
		"pages: true":                                    "pages is a mapping with groups",
		"- a":                                            "x.yaml: line 1: a mapping with create, frameworks",
		"limits: {builds: 0}":                            "x.yaml: limits.builds is 0, so no dashboard could be built",
		"limits: {builds: two}":                          `limits.builds is "two", but wants a whole number`,
		"limits: {builds: -1}":                           `limits.builds is "-1", but wants a whole number`,
		"limits: {builds: 99999999999}":                  `limits.builds is "99999999999"`,
		"limits: {builds: 1, builds: 2}":                 "builds is there twice",
		"limits: {idle: 5}":                              `limits.idle is "5", but wants a time with its unit`,
		"limits: {idle: -5m}":                            `limits.idle is "-5m"`,
		"limits: {idle: xd}":                             `limits.idle is "xd"`,
		"limits: {idle: 99999999999d}":                   `limits.idle is "99999999999d"`,
		"limits: {idle: [1h]}":                           `limits.idle is ""`,
		"limits: {snapshot_size: 10 GiBs}":               "limits.snapshot_size",
		"limits: {snapshot_size: 9999999999GiB}":         "limits.snapshot_size",
		"frameworks: voila":                              "frameworks wants a list",
		"frameworks: [voila, ~]":                         "frameworks[1] wants a plain value",
		"frameworks: [voila, stremlit]":                  `frameworks[1]: "stremlit" is no framework that is known (did you mean streamlit?)`,
		"frameworks: [[voila]]":                          "frameworks[0] wants one plain value",
		"presets: {x: {titel: X}}":                       "x.yaml: line 1: x.titel is unknown (did you mean title?)",
		"presets: [x]":                                   "x.yaml: line 1: presets is a mapping",
		"create: {allow_users: ['a\tb']}":                `create.allow_users[0] is "a\tb", which is no name`,
		"create: {block_groups: ['']}":                   "create.block_groups[0]",
		"environments: {names: [--x]}":                   "environments.names[0]",
		"access: {users: [\"a\\u0000\"]}":                "access: ",
		"sources: {git: false, servers: false}":          "sources.servers and sources.git are both false",
		"sources: {paths: '('}":                          `sources.paths is "(", which is no regular expression`,
		"sources: {paths: 'a)|(b'}":                      "sources.paths",
		"sources: {repositories: [a b]}":                 "sources.repositories[0]",
		"sources: {repositories: ['git@x:y']}":           "sources.repositories[0]",
		"sources: {repositories: ['u@x/y']}":             "has a user in it",
		"sources: {repositories: ['ftp://x/y']}":         "sources.repositories[0]",
		"servers: {name: x}":                             "servers.name: the server name template",
		"servers: {options: [1]}":                        "servers.options is a mapping",
		"servers: {options: {dashboard_ticket: 1}}":      "the builder's own",
		"servers: {options: {user_options: {}}}":         "means something else to JupyterHub",
		"servers: {options: {x: {1: 2, y: .nan}}}":       "servers.options",
		"servers: {options: {x: .inf}}":                  "servers.options has a value that JSON has not",
		"servers: {owner_options: [dashboard_accepted]}": "the builder's own",
		"servers: {owner_options: [display_name]}":       "servers.owner_options[0]",
		"servers: {per_viewer: offerd}":                  `servers.per_viewer is "offerd", but is one of never, offered, always (did you mean offered?)`,
		"servers: {visitor: [users]}":                    "(did you mean user?)",
		"servers: {arguments: ['--']}":                   "servers.arguments[0]",
		"servers: {arguments: ['']}":                     "servers.arguments[0]",
		"servers: {environment: {JUPYTERHUB_ANYONE: 1}}": "JUPYTERHUB_ANYONE, which is the hub's to set",
		"servers: {environment: {A=B: 1}}":               "servers.environment",
		"servers: {environment: {A: [1]}}":               "servers.environment.A wants one plain value",
		"retention: {revisions: 0}":                      "retention.revisions is 0",
		"a: &a [*a]":                                     "a is not a setting",
		"servers: {options: &o {x: *o}}":                 "servers.options",
		"x: [":                                           "x.yaml is not YAML",
		"{}\n---\n{}":                                    "second document",
		"{<<: {a: b}}":                                   "this is no name",
	} {
		_, err := parse("x.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "x.yaml") {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestLoadAFileThatCannotBe(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Join(folder, "none.yaml")} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s: %v", path, err)
		}
	}
	large := filepath.Join(folder, "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("#\n", maxFile)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(large); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a large file: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	content, err := os.ReadFile(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	for _, text := range []string{
		"servers: {options: {a: [1, {b: c}]}}", "a: &a [*a]", "presets: {x: {like: voila}}", "limits: {idle: 5d, snapshot_size: 1GiB}",
		"sources: {repositories: [github.com/x, 'file:///x'], paths: 'a|b'}", "<<: *x", "? [a]\n: b", "servers: &s {options: *s}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		loaded, err := parse("x.yaml", content)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x.yaml") && !strings.HasPrefix(err.Error(), "the settings x.yaml") {
				t.Errorf("the error names no file: %v", err)
			}
			return
		}
		// What was accepted can be asked.
		if _, err := loaded.Rules(dashboard.Visitor{Name: "ada"}); err != nil && loaded.Environments.File == "" {
			t.Error(err)
		}
		if len(loaded.Frameworks()) == 0 || len(loaded.SourceKinds()) == 0 {
			t.Error("nothing can be chosen")
		}
		if _, err := loaded.SpawnerOptions(nil); err != nil {
			t.Error(err)
		}
		made := dashboard.ServerName(loaded.Servers.Name, "abcdefghijkl", "Sales", "ada")
		if made == "" || len(made) > 30 {
			t.Errorf("the template %q makes %q", loaded.Servers.Name, made)
		}
	})
}
