//go:build e2e

package framework

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOverride changes a preset by a configuration file, and adds one.
func TestOverride(t *testing.T) {
	config := filepath.Join(t.TempDir(), "settings.yaml")
	must(t, os.WriteFile(config, []byte(`
presets:
  static:
    target: {default: static/style}
    options: {content-security-policy: "sandbox"}
  listing:
    like: static
    title: A list of files, by Python
    command: [python3, -m, http.server, "--bind=127.0.0.1", "--directory={target}", "{arguments}", "{port}"]
    environment: {GREETING: "hello from {base_url}"}
    needs: {program: python3, install: apt install python3}
`), 0o600))
	t.Run("a built-in one", func(t *testing.T) {
		at := serve(t, "override", "--config="+config, "run", "static")
		status, body, err := at.get("page.css")
		must(t, err)
		if status != 200 || !strings.Contains(body, "sans-serif") {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("an own one", func(t *testing.T) {
		at := serve(t, "own", "--config="+config, "run", "listing", "static", "--", "--protocol=HTTP/1.1")
		status, body, err := at.get("double.js")
		must(t, err)
		if status != 200 || !strings.Contains(body, "doubled") {
			t.Errorf("%d %s", status, body)
		}
	})
}

// TestLast lets the command line have the last word.
func TestLast(t *testing.T) {
	at := serve(t, "last", "run", "--environment=STREAMLIT_CLIENT_TOOLBAR_MODE=developer", "streamlit", "streamlit_app.py", "--", "--client.showErrorDetails=none")
	status, body, err := at.get("_stcore/health")
	must(t, err)
	if status != 200 || body != "ok" {
		t.Errorf("%d %s", status, body)
	}
	if log := at.tail(); !strings.Contains(log, "streamlit_app.py --client.showErrorDetails=none") {
		t.Errorf("the argument did not arrive:\n%s", log)
	}
}
