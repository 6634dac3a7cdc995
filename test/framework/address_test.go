//go:build e2e

package framework

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestSeen asks apps what they know of their visitor: the public address, with
// the prefix, and not that of our program.
func TestSeen(t *testing.T) {
	t.Run("fastapi", func(t *testing.T) {
		at := serve(t, "seen-fastapi", "run", "fastapi", "fastapi_app:app")
		_, body, err := at.get("seen")
		must(t, err)
		var seen struct{ URL, Client, Path string }
		if err := json.Unmarshal([]byte(body), &seen); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if seen.URL != at.url+"seen" || seen.Client != "127.0.0.1" || seen.Path+"/" != prefix {
			t.Errorf("it sees %+v", seen)
		}
		if status, docs, err := at.get("docs"); err != nil || status != 200 || !strings.Contains(docs, prefix+"openapi.json") {
			t.Errorf("the documentation: %d %v %s", status, err, docs)
		}
	})
	for _, name := range []string{"flask", "wsgi"} {
		t.Run(name, func(t *testing.T) {
			at := serve(t, "seen-"+name, "run", name, "flask/app.py")
			_, body, err := at.get("")
			must(t, err)
			if !strings.Contains(body, `href="`+prefix+`static/style.css"`) || !strings.Contains(body, `action="`+prefix+`double"`) {
				t.Errorf("its links are %s", body)
			}
			// Gunicorn itself takes no visitor's address from a header.
			if name == "flask" && !strings.Contains(body, " 127.0.0.1</p>") {
				t.Errorf("it sees %s", body)
			}
			if !strings.Contains(body, ">"+strings.ReplaceAll(at.url, "%40", "@")+" ") {
				t.Errorf("it does not know its address: %s", body)
			}
		})
	}
}

// TestSecurityGradioSharesNothing: the app asks for a public link, which would
// be a way in past the login, and for a port of its own on all interfaces.
func TestSecurityGradioSharesNothing(t *testing.T) {
	at := serve(t, "shared", "run", "gradio", "gradio_app.py")
	at.onlyLocal(t, false)
	for _, word := range []string{"Could not create share link", "Running on public URL"} {
		if log := at.tail(); strings.Contains(log, word) {
			t.Errorf("it wanted to be shared:\n%s", log)
		}
	}
}

// TestSecurityDashHasNoDebugger: the app asks for debug=True, which lets
// visitors run code by Werkzeug's console, and shows them the app's errors.
func TestSecurityDashHasNoDebugger(t *testing.T) {
	at := serve(t, "debugged", "run", "dash", "dash_app.py")
	status, body, err := at.get("?__debugger__=yes&cmd=resource&f=debugger.js")
	must(t, err)
	if status != 200 || strings.Contains(body, "openShell") {
		t.Errorf("there is a debugger: %d %.200s", status, body)
	}
	if _, config, err := at.get(""); err != nil || strings.Contains(config, `"hot_reload"`) || !strings.Contains(config, `"ui":false`) {
		t.Errorf("the development tools are on: %v %s", err, config)
	}
}
