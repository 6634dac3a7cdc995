//go:build e2e

package framework

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/framework"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// TestLauncher gives our own launchers files in which there is no app: they say
// so, and end.
func TestLauncher(t *testing.T) {
	for name, test := range map[string]struct{ framework, file, text, want string }{
		"no Dash app":  {"dash", "x.py", "app = 3\n", "there is no Dash app in "},
		"no such name": {"dash", "x.py:other", "app = 3\n", "other in "},
		"an app of FastAPI": {
			"dash", "x.py", "from dash import Dash\nfrom fastapi import FastAPI\napp = Dash(__name__, server=FastAPI())\n",
			"uses another backend than Flask: serve its server with \"run asgi ",
		},
		"no Gradio app":    {"gradio", "x.py", "demo = 3\n", "there is no Gradio app in "},
		"no Flask app":     {"flask", "x.py", "app = 3\n", "Failed to find Flask application or factory in module 'x'"},
		"an empty folder":  {"flask", "empty", "", "there is neither a wsgi.py nor an app.py in "},
		"an error in it":   {"flask", "x.py", "import nothing_of_this_name\n", "No module named 'nothing_of_this_name'"},
		"no app for Shiny": {"rshiny", "x.R", "stop('not today')\n", "not today"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			file, _, _ := strings.Cut(test.file, ":")
			if test.text == "" {
				must(t, os.Mkdir(filepath.Join(folder, file), 0o755))
			} else {
				must(t, os.WriteFile(filepath.Join(folder, file), []byte(test.text), 0o600))
			}
			preset, err := framework.Builtin().Lookup(test.framework)
			must(t, err)
			launch, err := preset.Launch([]string{test.file}, "")
			must(t, err)
			environ := append(os.Environ(), "PATH="+shared.path())
			launch, err = launch.Locate(t.Context(), environ)
			must(t, err)
			argv, err := process.Variables{
				"port": "1", "unix_socket": filepath.Join(folder, "app.sock"), "base_url": "", "presentation_path": filepath.Join(folder, file),
			}.RenderAll(launch.Command)
			must(t, err)
			command := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
			command.Env, command.Dir = environ, folder
			said, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(said), test.want) {
				t.Errorf("%v, and it said\n%s\nwithout %q", err, said, test.want)
			}
		})
	}
}
