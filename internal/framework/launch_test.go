package framework

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

// known is what package process puts in, and what --presentation-path does.
func known(path string) process.Variables {
	at := strings.LastIndexByte(path, '/')
	return process.Variables{
		"port": "8501", "unix_socket": "/run/app.sock", "base_url": "/user/ada", "origin_host": "hub.example.org",
		"presentation_path": path, "presentation_dirname": path[:max(at, 0)], "presentation_basename": path[at+1:],
	}
}

// rendered is a command line as it will be run.
func rendered(t *testing.T, launch Launch) []string {
	t.Helper()
	path := ""
	if launch.PresentationPath != "" {
		path = "/srv/" + launch.PresentationPath
	}
	argv, err := known(path).RenderAll(launch.Command)
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []map[string]string{launch.Environment, launch.Options} {
		for name, value := range values {
			if values[name], err = known(path).Render(value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	return argv
}

func start(t *testing.T, name string, arguments ...string) Launch {
	t.Helper()
	framework, err := Builtin().Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	launch, err := framework.Launch(arguments, "")
	if err != nil {
		t.Fatal(err)
	}
	return launch
}

// Every preset gives a command line that process can render, and says where to
// listen, what to show, and what it needs.
func TestBuiltin(t *testing.T) {
	for _, framework := range Builtin().All() {
		t.Run(framework.Name, func(t *testing.T) {
			target := "shown"
			if len(framework.Target.Files) > 0 {
				target += framework.Target.Files[0]
			}
			launch, err := framework.Launch([]string{target, "--further"}, "")
			if err != nil {
				t.Fatal(err)
			}
			argv := rendered(t, launch)
			all := strings.Join(argv, " ") + " " + strings.Join(slices.Collect(maps.Values(launch.Environment)), " ")
			if strings.Contains(all, "8501") == strings.Contains(all, "/run/app.sock") {
				t.Errorf("it is to listen on a port or on a socket: %s", all)
			}
			if !strings.Contains(all, "shown") || !slices.Contains(argv, "--further") {
				t.Errorf("it does not get what the user said: %q", argv)
			}
			if framework.Title == "" || framework.Synopsis == "" || framework.Target.String() == "" {
				t.Errorf("it does not say enough of itself: %+v", framework)
			}
			if framework.Name != "static" && framework.Needs.Install == "" {
				t.Error("it does not say how to install it")
			}
			for _, word := range argv {
				if strings.Contains(word, "{") && !strings.Contains(word, "\n") {
					t.Errorf("a placeholder was left in %q", word)
				}
			}
		})
	}
}

func TestLaunch(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		framework string
		arguments []string
		want      []string
		path      string
	}{
		"a notebook": {
			"voila", []string{"a b.ipynb", "--theme=dark"},
			[]string{
				"voila", "/srv/a b.ipynb", "--port=8501", "--Voila.ip=127.0.0.1", "--Voila.port_retries=0", "--no-browser",
				"--Voila.base_url=/user/ada/", "--Voila.server_url=/",
				"--MappingKernelManager.cull_idle_timeout=900", "--MappingKernelManager.cull_interval=60", "--theme=dark",
			}, "a b.ipynb",
		},
		"a file with braces": {"streamlit", []string{"{odd}.py"}, []string{"streamlit", "run", "/srv/{odd}.py"}, "{odd}.py"},
		"a placeholder for the app": {
			"streamlit", []string{"app.py", "--", "{base_url}"}, []string{"streamlit", "run", "/srv/app.py", "--", "/user/ada"}, "app.py",
		},
		"a module": {
			"fastapi", []string{"board.main:api"},
			[]string{
				"uvicorn", "--uds=/run/app.sock", "--root-path=/user/ada", "--proxy-headers", "--forwarded-allow-ips=*",
				"--app-dir=.", "board.main:api",
			}, "",
		},
		"a module without attribute": {
			"wsgi", []string{"main", "--workers=2"},
			[]string{"gunicorn", "--bind=unix:/run/app.sock", "--forwarded-allow-ips=*", "--threads=8", "--pythonpath=.", "--workers=2", "main:app"}, "",
		},
		"a file as module": {
			"wsgi", []string{"web/main.py"},
			[]string{"gunicorn", "--bind=unix:/run/app.sock", "--forwarded-allow-ips=*", "--threads=8", "--pythonpath=/srv/web", "main:app"}, "web/main.py",
		},
		"a file with an attribute": {
			"wsgi", []string{"web/main.py:make()"},
			[]string{"gunicorn", "--bind=unix:/run/app.sock", "--forwarded-allow-ips=*", "--threads=8", "--pythonpath=/srv/web", "main:make()"}, "web/main.py",
		},
		"a call with braces": {
			"wsgi", []string{"web/main.py:make({})"},
			[]string{"gunicorn", "--bind=unix:/run/app.sock", "--forwarded-allow-ips=*", "--threads=8", "--pythonpath=/srv/web", "main:make({})"}, "web/main.py",
		},
		"the default":                  {"static", nil, []string{own, "serve-folder", "/run/app.sock", "/srv/."}, "."},
		"the default, with an option":  {"static", []string{"--x"}, []string{own, "serve-folder", "/run/app.sock", "/srv/.", "--x"}, "."},
		"a folder with a dot":          {"static", []string{"v1.2"}, []string{own, "serve-folder", "/run/app.sock", "/srv/v1.2"}, "v1.2"},
		"a folder for who takes files": {"rshiny", []string{"board/"}, nil, "board/"},
	} {
		t.Run(name, func(t *testing.T) {
			launch := start(t, test.framework, test.arguments...)
			if launch.PresentationPath != test.path {
				t.Errorf("the presentation path is %q", launch.PresentationPath)
			}
			if got := rendered(t, launch); test.want != nil && !slices.Equal(got, test.want) {
				t.Errorf("the command is\n%q\nbut should be\n%q", got, test.want)
			}
		})
	}
}

func TestLaunchOfFlaskKeepsTheAttribute(t *testing.T) {
	argv := rendered(t, start(t, "flask", "web/app.py:make('x')"))
	if argv[len(argv)-1] != "/srv/web/app.py:make('x')" {
		t.Errorf("the launcher gets %q", argv[3:])
	}
	argv = rendered(t, start(t, "dash", "board.main:app"))
	if argv[len(argv)-1] != "board.main:app" {
		t.Errorf("the launcher gets %q", argv[3:])
	}
}

func TestLaunchWithPresentationPath(t *testing.T) {
	framework, err := Builtin().Lookup("voila")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{nil, "flag.ipynb"},
		{[]string{"--theme=dark"}, "flag.ipynb"},
		{[]string{"given.ipynb"}, "given.ipynb"},
	} {
		launch, err := framework.Launch(test.arguments, "flag.ipynb")
		if err != nil || launch.PresentationPath != test.want {
			t.Errorf("%q shows %q, %v", test.arguments, launch.PresentationPath, err)
		}
	}
}

func TestLaunchRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		framework string
		arguments []string
		want      []string
	}{
		"nothing":             {"streamlit", nil, []string{"streamlit wants to know what to show: run streamlit app.py"}},
		"only options":        {"voila", []string{"--theme=dark"}, []string{"voila wants to know what to show"}},
		"another kind":        {"streamlit", []string{"board.ipynb"}, []string{`takes a file that ends in .py, but "board.ipynb" is none`}},
		"a module":            {"panel", []string{"board:app"}, nil},
		"an attribute too":    {"streamlit", []string{"app.py:app"}, []string{`"app.py:app"`}},
		"what is no module":   {"fastapi", []string{"3d:app"}, []string{"a file that ends in .py or module:attribute"}},
		"a folder for a file": {"dash", []string{"board/"}, []string{"dash takes"}},
	} {
		t.Run(name, func(t *testing.T) {
			framework, err := Builtin().Lookup(test.framework)
			if err != nil {
				t.Fatal(err)
			}
			_, err = framework.Launch(test.arguments, "")
			if test.want == nil {
				// A folder may be called so: whether it is there is seen later.
				if err != nil {
					t.Error(err)
				}
				return
			}
			for _, part := range test.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("the error is %v, without %q", err, part)
				}
			}
		})
	}
}

// Not every program takes an option twice, so defaults give way.
func TestDefaultsGiveWay(t *testing.T) {
	preset := Framework{
		Name: "x", Command: []string{"x", "{arguments}", "{target}"}, Target: Target{Folder: true, Default: "."},
		Defaults: []string{"--limit=5", "--a.b=1", "--limits=6", "-v"}, Arguments: []string{"--a.b", "2"},
	}
	for _, test := range []struct{ users, want []string }{
		{nil, []string{"x", "--limit=5", "--limits=6", "-v", "--a.b", "2", "{presentation_path}"}},
		{[]string{".", "--limit=7"}, []string{"x", "--limits=6", "-v", "--a.b", "2", "--limit=7", "{presentation_path}"}},
		{[]string{".", "--limit", "7", "-v"}, []string{"x", "--limits=6", "--a.b", "2", "--limit", "7", "-v", "{presentation_path}"}},
	} {
		launch, err := preset.Launch(test.users, "")
		if err != nil || !slices.Equal(launch.Command, test.want) {
			t.Errorf("%q: got %q, %v", test.users, launch.Command, err)
		}
	}
}
