package framework

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// override applies the text of a presets section.
func override(t *testing.T, text string) (Set, error) {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	if len(root.Content) == 0 {
		return Builtin().Override("x.yaml", &root)
	}
	return Builtin().Override("x.yaml", root.Content[0])
}

func lookup(t *testing.T, set Set, name string) Framework {
	t.Helper()
	found, err := set.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOverrideABuiltInPreset(t *testing.T) {
	before := lookup(t, Builtin(), "streamlit")
	set, err := override(t, `
streamlit:
  environment: {STREAMLIT_THEME_BASE: dark, STREAMLIT_CLIENT_TOOLBAR_MODE: null, STREAMLIT_SERVER_HEADLESS: no}
  options: {ready-timeout: 120}
  arguments: [--server.maxUploadSize=5]
  target: {files: [.py, .txt]}
`)
	if err != nil {
		t.Fatal(err)
	}
	after := lookup(t, set, "streamlit")
	want := maps.Clone(before.Environment)
	delete(want, "STREAMLIT_CLIENT_TOOLBAR_MODE")
	want["STREAMLIT_THEME_BASE"], want["STREAMLIT_SERVER_HEADLESS"] = "dark", "no"
	if !maps.Equal(after.Environment, want) {
		t.Errorf("the environment is %v", after.Environment)
	}
	if !maps.Equal(after.Options, map[string]string{"ready-check-path": "/_stcore/health", "ready-timeout": "120"}) {
		t.Errorf("the options are %v", after.Options)
	}
	if !slices.Equal(after.Command, before.Command) || after.Needs != before.Needs || after.Title != before.Title {
		t.Errorf("what was not given changed: %+v", after)
	}
	if after.Place != "x.yaml: line 2: streamlit" {
		t.Errorf("the place is %q", after.Place)
	}
	launch, err := after.Launch([]string{"app.txt", "--further"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := rendered(t, launch); !slices.Equal(got[3:], []string{"--server.maxUploadSize=5", "--further"}) {
		t.Errorf("the command is %q", got)
	}
	// The built-in ones are as before.
	if again := lookup(t, Builtin(), "streamlit"); !maps.Equal(again.Environment, before.Environment) {
		t.Errorf("the built-in preset changed: %v", again.Environment)
	}
}

func TestOverrideByAlias(t *testing.T) {
	set, err := override(t, "asgi: {needs: {install: ask us}}")
	if err != nil {
		t.Fatal(err)
	}
	if got := lookup(t, set, "fastapi").Needs; got != (Needs{Program: "uvicorn", Install: "ask us"}) {
		t.Errorf("needs %+v", got)
	}
	if len(set.All()) != len(Builtin().All()) {
		t.Error("an alias became a preset of its own")
	}
}

func TestOverrideAddsPresets(t *testing.T) {
	_, err := override(t, `
board: &board
  like: panel
  title: The board
  aliases: [b]
  needs: null
own:
  command: [serve, "{target}", "{port}", "{arguments}"]
  environment: {A: 1, B: "{base_url}"}
  target: {files: [.x], folder: true, module: false, default: here.x}
  needs: {program: serve, install: ask us}
other: *board
`)
	if err == nil {
		t.Error("two presets have one alias")
	}
	set, err := override(t, `
board:
  like: panel
  title: The board
  aliases: [b]
  needs: null
own:
  command: [serve, "{target}", "{port}", "{arguments}"]
  environment: &values {A: 1, B: "{base_url}"}
  target: {files: [.x], folder: true, module: false, default: here.x}
  needs: {program: serve, install: ask us}
another:
  like: own
  environment: *values
`)
	if err != nil {
		t.Fatal(err)
	}
	board, panel := lookup(t, set, "b"), lookup(t, set, "panel")
	if board.Name != "board" || board.Title != "The board" || !slices.Equal(board.Command, panel.Command) || board.Needs != (Needs{}) {
		t.Errorf("the board is %+v", board)
	}
	launch, err := lookup(t, set, "another").Launch(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := rendered(t, launch); !slices.Equal(got, []string{"serve", "/srv/here.x", "8501"}) || launch.Environment["B"] != "/user/ada" {
		t.Errorf("%q with %v", got, launch.Environment)
	}
	if names := set.All(); !slices.IsSortedFunc(names, func(a, b Framework) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the presets are not in order")
	}
}

// A built-in preset that becomes like another keeps its name.
func TestOverrideLikeAnother(t *testing.T) {
	set, err := override(t, "asgi: {like: wsgi}")
	if err != nil {
		t.Fatal(err)
	}
	if got := lookup(t, set, "fastapi"); got.Command[0] != "gunicorn" || got.Name != "fastapi" || !slices.Contains(got.Aliases, "asgi") {
		t.Errorf("it is %+v", got)
	}
}

func TestOverrideNothing(t *testing.T) {
	for _, text := range []string{"", "null", "{}"} {
		if set, err := override(t, text); err != nil || len(set.All()) != len(Builtin().All()) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Builtin().Override("x.yaml", nil); err != nil {
		t.Error(err)
	}
}

func TestOverrideRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"[]":                                  "x.yaml: line 1: presets is a mapping from names to presets",
		"x":                                   "x.yaml: line 1: presets is a mapping",
		"voila: 3":                            "x.yaml: line 1: voila is a mapping with like, title, ",
		"\n\nvoila: {enviroment: {}}":         "x.yaml: line 3: voila.enviroment is unknown (did you mean environment?)",
		"voila: {command: serve}":             "voila.command wants a list",
		"voila: {command: []}":                "voila.command is empty, but begins with a program",
		"voila: {command: [a, [b]]}":          "voila.command[1] wants one plain value",
		"voila: {command: [a, null]}":         "voila.command[1] wants one plain value",
		"voila: {arguments: {a: b}}":          "voila.arguments wants a list",
		"voila: {defaults: --x}":              "voila.defaults wants a list",
		"voila: {title: [a]}":                 "voila.title wants one plain value",
		"voila: {environment: [A=1]}":         "voila.environment is a mapping from names to plain values",
		"voila: {environment: {A: [1]}}":      "voila.environment.A wants one plain value",
		"voila: {environment: {A=B: 1}}":      `voila.environment has "A=B", which is no name`,
		"voila: {options: {a: {}}}":           "voila.options.a wants one plain value",
		"voila: {target: []}":                 "voila.target is a mapping with files, folder, module or default",
		"voila: {target: {file: [.py]}}":      "voila.target.file is unknown (did you mean files?)",
		"voila: {target: {files: [py]}}":      `voila.target.files has "py", but wants endings such as .py`,
		"voila: {target: {files: [.tar.x]}}":  `has ".tar.x"`,
		"voila: {target: {folder: maybe}}":    `voila.target.folder is "maybe", but is true or false`,
		"voila: {needs: {progam: x}}":         "voila.needs.progam is unknown (did you mean program?)",
		"voila: {needs: {program: x, r: y}}":  "voila.needs wants one of program, python and r",
		"own: {title: x}":                     "own is new, so it wants a command, or like:",
		"own: {like: viola}":                  `x.yaml: line 1: own.like: "viola" is no framework that is known (did you mean voila?)`,
		"own: {like: own}":                    `own.like: "own" is no framework`,
		"own: {like: voila, aliases: [dash]}": "own.aliases has dash, which is another preset",
		"a b: {like: voila}":                  `"a b" cannot be the name of a preset`,
		"--x: {like: voila}":                  `"--x" cannot be the name of a preset`,
		"? [a]\n: {like: voila}":              "this is no name",
		"<<: {voila: {}}":                     "this is no name",
		"voila: {}\nvoila: {}":                "x.yaml: line 2: voila is there twice",
		"voila: {title: a, title: b}":         "title is there twice",
		"voila: &a {environment: *a}":         "wants one plain value",
	} {
		if _, err := override(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwithout %q", text, err, want)
		}
	}
}

// FuzzOverride looks for files that make the reader hang, crash, or let through
// what is no preset.
func FuzzOverride(f *testing.F) {
	for _, text := range []string{
		"streamlit: {environment: {A: null}, options: {ready-timeout: 3}}",
		"board: &b\n  like: panel\n  needs: null\nother: *b\n",
		"own:\n  command: [a, '{target}']\n  target: {files: [.x], folder: yes}\n",
		"a: &a [*a]", "<<: *x", "? {a: b}\n: c", "!!binary a: 1", "voila: !x {}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var root yaml.Node
		if yaml.Unmarshal([]byte(text), &root) != nil || len(root.Content) == 0 {
			return
		}
		set, err := Builtin().Override("x.yaml", root.Content[0])
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x.yaml: line ") {
				t.Errorf("an error that does not say where: %v", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, framework := range set.All() {
			for _, name := range append(framework.Aliases, framework.Name) {
				if seen[name] || name == "" {
					t.Errorf("%q names two presets, or none", name)
				}
				seen[name] = true
			}
			if len(framework.Command) == 0 {
				t.Errorf("%s has no command", framework.Name)
			}
			// Nothing here may fail otherwise than by an error.
			for _, target := range []string{"a.py", "b/", "m:x", text} {
				if launch, err := framework.Launch([]string{target}, ""); err == nil && len(launch.Command) > 0 && launch.PresentationPath == "" && !framework.Target.Module {
					t.Errorf("%s shows %q as a module", framework.Name, target)
				}
			}
		}
	})
}
