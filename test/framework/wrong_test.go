//go:build e2e

package framework

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestList is what somebody sees who does not know what there is.
func TestList(t *testing.T) {
	for _, arguments := range [][]string{{"run"}, {"run", "--help"}} {
		text, code := output(t, nil, arguments...)
		if code != 0 {
			t.Errorf("%q: exit code %d", arguments, code)
		}
		for _, name := range []string{"voila", "streamlit", "panel", "bokeh", "dash", "gradio", "shiny", "rshiny", "flask", "fastapi", "wsgi", "static"} {
			if !strings.Contains(text, "\n  "+name+" ") {
				t.Errorf("%q does not list %s:\n%s", arguments, name, text)
			}
		}
	}
}

// TestWrong is what somebody sees who made a mistake: a sentence that says what,
// and at once.
func TestWrong(t *testing.T) {
	config := filepath.Join(t.TempDir(), "settings.yaml")
	must(t, os.WriteFile(config, []byte("presets:\n  streamlit:\n    enviroment: {A: B}\n"), 0o600))
	option := filepath.Join(t.TempDir(), "settings.yaml")
	must(t, os.WriteFile(option, []byte("presets:\n  streamlit:\n    options: {ready-timout: 3}\n"), 0o600))
	// The machine's own programs, but none of the frameworks.
	bare := t.TempDir()
	must(t, os.Symlink("/usr/bin/env", filepath.Join(bare, "env")))
	for name, test := range map[string]struct {
		environment, arguments []string
		want                   string
	}{
		"an unknown framework": {nil, []string{"run", "streamlti", "streamlit_app.py"}, `"streamlti" is no framework that is known (did you mean streamlit?)`},
		"nothing to show":      {nil, []string{"run", "voila"}, "voila wants to know what to show: run voila notebook.ipynb | folder"},
		"a missing file":       {nil, []string{"run", "streamlit", "streamlt_app.py"}, shared.apps + "/streamlt_app.py, which is not there: did you mean streamlit_app.py?"},
		"a missing notebook":   {nil, []string{"run", "voila", "wave.ipynb"}, "which is not there; in " + shared.apps + " there is "},
		"a wrong kind":         {nil, []string{"run", "streamlit", "voila.ipynb"}, `streamlit takes a file that ends in .py, but "voila.ipynb" is none`},
		"no Python": {
			[]string{"PATH=" + bare}, []string{"run", "streamlit", "streamlit_app.py"},
			"streamlit is not installed: there is no program streamlit on PATH, and no python3 either: pip install streamlit",
		},
		"not installed": {
			[]string{"PATH=" + filepath.Dir(shared.Python())}, []string{"run", "streamlit", "streamlit_app.py"},
			"streamlit is not installed in the environment of " + filepath.Dir(shared.Python()) + "/python3: pip install streamlit",
		},
		"a package that is not": {
			[]string{"PATH=" + filepath.Dir(shared.Python())}, []string{"run", "gradio", "gradio_app.py"},
			"gradio is not installed in the environment of " + filepath.Dir(shared.Python()) + "/python3: pip install gradio",
		},
		"no R":                 {[]string{"PATH=" + bare}, []string{"run", "rshiny", "rshiny"}, "R is not installed"},
		"a configuration file": {nil, []string{"--config=" + config, "run", "streamlit", "streamlit_app.py"}, config + ": line 3: streamlit.enviroment is unknown (did you mean environment?)"},
		"an option in it":      {nil, []string{"--config=" + option, "run", "streamlit", "streamlit_app.py"}, option + ": line 2: streamlit: ready-timout is not a setting (did you mean ready-timeout?)"},
	} {
		t.Run(name, func(t *testing.T) {
			text, code := output(t, test.environment, test.arguments...)
			if code == 0 || !strings.Contains(text, test.want) {
				t.Errorf("exit code %d and\n%s\nwithout %q", code, text, test.want)
			}
		})
	}
}
