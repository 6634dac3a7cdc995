//go:build e2e

package framework

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreset runs every preset with its real framework, as a person would who
// knows nothing but its name and a file.
func TestPreset(t *testing.T) {
	for _, preset := range []struct {
		name      string
		app       string // which way browser/double.mjs uses it; the name if empty
		arguments []string
		socket    bool // whether the page opens a websocket
		unix      bool // whether the app listens on a unix socket
	}{
		{name: "voila", arguments: []string{"voila.ipynb"}, socket: true},
		{name: "streamlit", arguments: []string{"streamlit_app.py"}, socket: true},
		{name: "panel", arguments: []string{"panel_app.py"}, socket: true, unix: true},
		{name: "bokeh", arguments: []string{"bokeh_app.py"}, socket: true, unix: true},
		{name: "dash", arguments: []string{"dash_app.py"}, unix: true},
		{name: "gradio", arguments: []string{"gradio_app.py"}},
		{name: "shiny", arguments: []string{"shiny_app.py"}, socket: true},
		{name: "rshiny", arguments: []string{"rshiny"}, socket: true},
		{name: "flask", arguments: []string{"flask"}, unix: true},
		{name: "fastapi", arguments: []string{"fastapi_app.py"}, socket: true, unix: true},
		{name: "asgi", app: "fastapi", arguments: []string{"fastapi_app:app"}, socket: true, unix: true},
		{name: "wsgi", app: "flask", arguments: []string{"flask/app.py"}, unix: true},
		{name: "static", arguments: []string{"static"}, unix: true},
	} {
		t.Run(preset.name, func(t *testing.T) {
			t.Parallel()
			at := serve(t, preset.name, append([]string{"run", preset.name}, preset.arguments...)...)
			t.Logf("%s was ready after %s", preset.name, at.ready.Round(1e7))
			at.onlyLocal(t, preset.unix)
			app := preset.app
			if app == "" {
				app = preset.name
			}
			seen := browse(t, scene{URL: at.url, App: app, Name: preset.name})
			seen.check(t, at.url, preset.socket)
			pictured(t, preset.name)
		})
	}
}

// check holds the browser's report against what a visitor may expect.
func (s sight) check(t *testing.T, url string, socket bool) {
	t.Helper()
	s.checkBelow(t, url, url, socket)
}

// checkBelow is check where pages of another path of the host are seen, too:
// those of the hub's login.
func (s sight) checkBelow(t *testing.T, url, other string, socket bool) {
	t.Helper()
	if !strings.HasPrefix(s.URL, url) {
		t.Errorf("the visitor ended at %s", s.URL)
	}
	if s.Title != "Double it" {
		t.Errorf("the title is %q", s.Title)
	}
	for _, asked := range s.Asked {
		if isElsewhere(asked, url) && hostOf(asked) != "" {
			t.Logf("the page asked for %s", asked)
		}
	}
	for _, complaint := range append(s.Complaints, s.Failed...) {
		if !isElsewhere(complaint.URL, url) && !isKnown(complaint) {
			t.Errorf("the browser complains: %+v", complaint)
		}
	}
	for _, asked := range s.Asked {
		if !strings.HasPrefix(asked, url) && !strings.HasPrefix(asked, other) && !isElsewhere(asked, url) && pathOf(asked) != gradioManifest {
			t.Errorf("the page asked for %s, outside of its prefix", asked)
		}
	}
	for i, width := range []int{1280, 390} {
		if i < len(s.Widths) && s.Widths[i] > width {
			t.Errorf("on a screen of %d pixels the page is %d wide", width, s.Widths[i])
		}
	}
	if socket != (len(s.Sockets) > 0) {
		t.Errorf("websockets: %v", s.Sockets)
	}
	for _, opened := range s.Sockets {
		if !strings.HasPrefix(strings.Replace(opened, "ws", "http", 1), url) {
			t.Errorf("the page opened the websocket %s, outside of its prefix", opened)
		}
	}
}

// isElsewhere says whether an address is of another host, such as a network of
// fonts, which is the framework's affair.
func isElsewhere(address, url string) bool {
	return hostOf(address) != hostOf(url)
}

// gradioManifest is what Gradio's page asks for at the root of the host, whatever
// prefix it is told (6.31, templates/frontend/index.html). It is for installing
// the app on a phone, and its absence hurts nothing.
const gradioManifest = "/manifest.json"

// isKnown says whether a complaint is none of ours.
func isKnown(c complaint) bool {
	switch {
	case c.Kind == "failed" && c.Text == "net::ERR_ABORTED":
		return true // the page itself gave the request up, as it had what it wanted
	case pathOf(c.URL) == "/favicon.ico":
		return true // the browser's own wish, for which JupyterHub has an answer
	case pathOf(c.URL) == gradioManifest, strings.Contains(c.Text, gradioManifest):
		return true
	case strings.HasSuffix(c.URL, "/strftime-min.js"):
		return true // Debian's r-cran-shiny names a file that it does not have
	}
	return false
}

func pathOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Path
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "data" || parsed.Scheme == "blob" {
		return ""
	}
	return parsed.Host
}

// pictured looks whether the pictures were made.
func pictured(t *testing.T, name string) {
	t.Helper()
	for _, screen := range []string{"desktop", "phone"} {
		file := filepath.Join(shared.output, name+"-"+screen+".png")
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			t.Errorf("there is no picture %s: %v", file, err)
		}
	}
}
