package framework

import (
	_ "embed"
	"strings"
)

// The launchers are small programs for the frameworks whose own commands cannot
// be told a port or a prefix from outside.
var (
	//go:embed launcher/dash.py
	dashLauncher string
	//go:embed launcher/flask.py
	flaskLauncher string
	//go:embed launcher/gradio.py
	gradioLauncher string
	//go:embed launcher/shiny.R
	shinyLauncher string
)

// Builtin returns the presets that need no configuration.
//
// An app listens on a unix socket where its framework can, as then no other user
// of the machine gets to it past the login; else on a port of 127.0.0.1.
//
// An app's own check of the Origin header, and its protection against forged
// forms, are left as they are: nobody knows the public host when the app starts,
// but those checks compare with the Host header, which is passed on as it came.
// Bokeh and Panel have a list of hosts instead, and none on a unix socket, where
// this is the proxy's affair: the gate refuses every websocket and every form of
// another origin before the app sees it (package auth, origin.go).
//
// The readiness check asks for something cheap: a page may start a kernel.
func Builtin() Set {
	return newSet(
		Framework{
			Name: "voila", Title: "Voilà", Synopsis: "notebook.ipynb | folder",
			// The server gets paths without the prefix, the page asks with it.
			Command: []string{
				"voila", "{target}", "--port={port}", "--Voila.ip=127.0.0.1", "--Voila.port_retries=0", "--no-browser",
				"--Voila.base_url={base_url}/", "--Voila.server_url=/", "{arguments}",
			},
			// A page asks for the end of its kernel when it is left, and Voila refuses
			// that for want of a cookie that it never sets (Voila 0.5 with jupyter_server 2,
			// also without a proxy). So a kernel to which no websocket is open any more ends
			// by itself, a quarter of an hour later: a laptop may only have slept.
			Defaults: []string{"--MappingKernelManager.cull_idle_timeout=900", "--MappingKernelManager.cull_interval=60"},
			Options:  map[string]string{"ready-check-path": "/voila/static/ready"},
			Target:   Target{Files: []string{".ipynb", ".py"}, Folder: true},
			Needs:    Needs{Program: "voila", Install: "pip install voila"},
		},
		Framework{
			Name: "streamlit", Title: "Streamlit", Synopsis: "app.py",
			Command: []string{"streamlit", "run", "{target}", "{arguments}"},
			// The environment wins over an app's .streamlit/config.toml, and the
			// user's arguments win over it.
			Environment: map[string]string{
				"STREAMLIT_SERVER_ADDRESS":             "127.0.0.1", // it had unix sockets once, and has no longer
				"STREAMLIT_SERVER_PORT":                "{port}",
				"STREAMLIT_SERVER_HEADLESS":            "true",
				"STREAMLIT_SERVER_FILE_WATCHER_TYPE":   "none",
				"STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
				"STREAMLIT_CLIENT_TOOLBAR_MODE":        "viewer", // who deployed it sits elsewhere
			},
			Options: map[string]string{"ready-check-path": "/_stcore/health"},
			Target:  Target{Files: []string{".py"}},
			Needs:   Needs{Program: "streamlit", Install: "pip install streamlit"},
		},
		Framework{
			Name: "panel", Title: "Panel", Synopsis: "app.py | notebook.ipynb | folder",
			Command: []string{
				"panel", "serve", "{target}", "--unix-socket={unix_socket}", "--use-xheaders", "{arguments}",
			},
			Options: map[string]string{"ready-check-path": "/favicon.ico"},
			Target:  Target{Files: []string{".py", ".ipynb", ".md"}, Folder: true},
			Needs:   Needs{Program: "panel", Install: "pip install panel"},
		},
		Framework{
			Name: "bokeh", Title: "Bokeh", Synopsis: "app.py | notebook.ipynb | folder",
			// Unlike Panel's, its pages ask for its files by absolute paths.
			Command: []string{
				"bokeh", "serve", "{target}", "--unix-socket={unix_socket}", "--prefix={base_url}",
				"--use-xheaders", "{arguments}",
			},
			Options: map[string]string{"absolute-url": "true", "ready-check-path": "{base_url}/favicon.ico"},
			Target:  Target{Files: []string{".py", ".ipynb"}, Folder: true},
			Needs:   Needs{Program: "bokeh", Install: "pip install bokeh"},
		},
		Framework{
			Name: "dash", Title: "Dash", Synopsis: "app.py[:attribute]",
			Command: []string{"python3", "-c", literal(dashLauncher), "{unix_socket}", "{target}", "{arguments}"},
			Environment: map[string]string{
				"DASH_REQUESTS_PATHNAME_PREFIX": "{base_url}/",
				"DASH_ROUTES_PATHNAME_PREFIX":   "/",
			},
			Options: map[string]string{"ready-check-path": "/_favicon.ico"},
			Target:  Target{Files: []string{".py"}, Module: true},
			Needs:   Needs{Python: "dash", Install: "pip install dash"},
		},
		Framework{
			Name: "gradio", Title: "Gradio", Synopsis: "app.py",
			Command: []string{"python3", "-c", literal(gradioLauncher), "{port}", "{base_url}", "{target}", "{arguments}"},
			Environment: map[string]string{
				"GRADIO_ANALYTICS_ENABLED": "False", // so spelled: Gradio compares with "True"
				"HF_HUB_DISABLE_TELEMETRY": "1",
			},
			Options: map[string]string{"ready-check-path": "/theme.css"},
			Target:  Target{Files: []string{".py"}},
			Needs:   Needs{Python: "gradio", Install: "pip install gradio"},
		},
		Framework{
			Name: "shiny", Title: "Shiny for Python", Synopsis: "app.py[:attribute]",
			// Development mode, the default, shows visitors the app's errors.
			Command: []string{"shiny", "run", "--host=127.0.0.1", "--port={port}", "--no-dev-mode", "{arguments}", "{target}"},
			Target:  Target{Files: []string{".py"}, Module: true},
			Needs:   Needs{Program: "shiny", Install: "pip install shiny"},
		},
		Framework{
			Name: "rshiny", Aliases: []string{"r-shiny"}, Title: "Shiny for R", Synopsis: "app.R | folder",
			Command: []string{"Rscript", "-e", literal(oneLine(shinyLauncher)), "{target}", "{port}", "{arguments}"},
			Target:  Target{Files: []string{".R", ".r", ".Rmd"}, Folder: true},
			Needs:   Needs{R: "shiny", Install: `install.packages("shiny") in R, or r-cran-shiny of Debian`},
		},
		Framework{
			Name: "flask", Title: "Flask", Synopsis: "app.py[:attribute] | folder | module:attribute",
			Command: []string{"python3", "-c", literal(flaskLauncher), "{unix_socket}", "{target}", "{arguments}"},
			// An app that starts its own server when it is imported does not.
			Environment: map[string]string{"FLASK_RUN_FROM_CLI": "true"},
			Target:      Target{Files: []string{".py"}, Folder: true, Module: true, Default: "."},
			Needs:       Needs{Python: "flask", Install: "pip install flask"},
		},
		Framework{
			Name: "fastapi", Aliases: []string{"asgi", "uvicorn"}, Title: "FastAPI and other ASGI apps",
			Synopsis: "module:attribute | app.py[:attribute]",
			// Only we can reach the socket, and what we say of the visitor can
			// be trusted.
			Command: []string{
				"uvicorn", "--uds={unix_socket}", "--root-path={base_url}", "--proxy-headers", "--forwarded-allow-ips=*",
				"--app-dir={module_folder}", "{arguments}", "{module}",
			},
			Target: Target{Files: []string{".py"}, Module: true},
			Needs:  Needs{Program: "uvicorn", Install: "pip install 'uvicorn[standard]'"},
		},
		Framework{
			Name: "wsgi", Aliases: []string{"gunicorn"}, Title: "WSGI apps, by Gunicorn",
			Synopsis: "module:attribute | app.py[:attribute]",
			Command: []string{
				"gunicorn", "--bind=unix:{unix_socket}", "--forwarded-allow-ips=*", "--threads=8",
				"--pythonpath={module_folder}", "{arguments}", "{module}",
			},
			// Gunicorn takes the prefix off the path itself.
			Environment: map[string]string{"SCRIPT_NAME": "{base_url}"},
			Options:     map[string]string{"absolute-url": "true", "ready-check-path": "{base_url}/"},
			Target:      Target{Files: []string{".py"}, Module: true},
			Needs:       Needs{Program: "gunicorn", Install: "pip install gunicorn"},
		},
		Framework{
			Name: "static", Aliases: []string{"folder"}, Title: "A folder of files", Synopsis: "[folder]",
			Command: []string{"{executable}", "serve-folder", "{unix_socket}", "{target}", "{arguments}"},
			Target:  Target{Folder: true, Default: "."},
		},
	)
}

// literal protects a text's braces from the rendering.
func literal(text string) string { return strings.NewReplacer("{", "{{", "}", "}}").Replace(text) }

// oneLine joins the lines of R, which has a line break as a semicolon, and drops
// its comments: Rscript takes an expression of one line only.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
