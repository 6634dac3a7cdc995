package hubconfig

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func render(t *testing.T, o Options) string {
	t.Helper()
	text, err := Render(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRender(t *testing.T) {
	text := render(t, Options{
		Spawner: Docker, Service: "boards", URL: "http://10.0.0.5:10101", TokenFile: "/etc/it's \"ours\"",
		Binary: "/opt/dashboard-builder", KeepVolumes: []string{"/srv/data", "café"}, ServerPrefix: "board-", HideServers: true,
	})
	for _, line := range []string{
		`SERVICE = "boards"`, `URL = "http://10.0.0.5:10101"`, `SERVE = []`, `TOKEN_FILE = "/etc/it's \"ours\""`, `TOKEN_VARIABLE = ""`,
		`COMMAND = "/usr/local/bin/dashboard-builder"`, `BINARY = "/opt/dashboard-builder"`, `KEEP_VOLUMES = ["/srv/data", "caf\u00e9"]`,
		`PREFIX = "board-"`, `OPTION = "dashboard_ticket"`, `LIFETIME = 300`, `MAX_AHEAD = 60`, `class HideDashboards(Extension):`,
	} {
		if !strings.Contains(text, "\n    "+line+"\n") {
			t.Errorf("there is no %s in\n%s", line, text)
		}
	}
	for _, want := range []string{"#   JUPYTERHUB_CLIENT_ID=service-boards\n", "#   JUPYTERHUB_SERVICE_URL=http://10.0.0.5:10101\n", "\n_dashboards(c)"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q", want)
		}
	}
}

func TestRenderOfEachSpawner(t *testing.T) {
	for spawner, own := range map[Spawner]string{Docker: "remove=True", Process: `"SudoSpawner"`, Systemd: `"$$"`, Kube: "load_user_options"} {
		text := render(t, Options{Spawner: spawner, Serve: []string{"dashboard-builder", "serve", "--settings=/etc/d.yaml"}})
		if !strings.Contains(text, own) || !strings.Contains(text, `SERVE = ["dashboard-builder", "serve", "--settings=/etc/d.yaml"]`) {
			t.Errorf("%s:\n%s", spawner, text)
		}
		if strings.Contains(text, "HideDashboards") || strings.Contains(text, "JUPYTERHUB_CLIENT_ID") {
			t.Errorf("%s has what nobody asked for:\n%s", spawner, text)
		}
		for number, line := range strings.Split(text, "\n") {
			if utf8.RuneCountInString(line) > 110 || strings.ContainsAny(line, "\t\r") || strings.TrimRight(line, " ") != line {
				t.Errorf("%s, line %d: %q", spawner, number+1, line)
			}
		}
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	good := Options{Spawner: Docker, TokenFile: "/token"}
	render(t, good)
	for name, change := range map[string]func(*Options){
		"no spawner":             func(o *Options) { o.Spawner = "" },
		"unknown spawner":        func(o *Options) { o.Spawner = "sudo" },
		"no token":               func(o *Options) { o.TokenFile = "" },
		"two tokens":             func(o *Options) { o.TokenVariable = "TOKEN" },
		"relative token":         func(o *Options) { o.TokenFile = "token" },
		"no UTF-8":               func(o *Options) { o.TokenFile = "/\xff" },
		"no UTF-8 in a list":     func(o *Options) { o.Serve = []string{"\xff"} },
		"no variable":            func(o *Options) { o.TokenFile, o.TokenVariable = "", "A B" },
		"service with a line":    func(o *Options) { o.Service = "a\nb" },
		"service too short":      func(o *Options) { o.Service = "a" },
		"URL with a line":        func(o *Options) { o.URL = "http://a/\nimport os" },
		"URL with a user":        func(o *Options) { o.URL = "http://a@b/" },
		"URL with a path":        func(o *Options) { o.URL = "http://a/b" },
		"no URL":                 func(o *Options) { o.URL = "a:1" },
		"prefix of other names":  func(o *Options) { o.ServerPrefix = "Dash_" },
		"prefix of two hyphens":  func(o *Options) { o.ServerPrefix = "a--" },
		"long prefix":            func(o *Options) { o.ServerPrefix = strings.Repeat("a", 21) },
		"relative binary":        func(o *Options) { o.Binary = "dashboard-builder" },
		"binary is a template":   func(o *Options) { o.Binary = "/{username}/b" },
		"binary mounted nowhere": func(o *Options) { o.Binary, o.Command = "/b", "dashboard-builder" },
		"binary for kube":        func(o *Options) { o.Spawner, o.Binary = Kube, "/b" },
		"volumes for a process":  func(o *Options) { o.Spawner, o.KeepVolumes = Process, []string{"/data"} },
	} {
		o := good
		change(&o)
		if text, err := Render(o); err == nil || text != "" {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{
		"": `""`, "a": `"a"`, `"'`: `"\"'"`, `\`: `"\\"`, "\n\r\t\x00\x7f": `"\n\r\t\x00\x7f"`, "{x} %s $(y)": `"{x} %s $(y)"`,
		"é": `"\u00e9"`, "\u2028": `"\u2028"`, "\u202e": `"\u202e"`, "😀": `"\U0001f600"`, "\uFFFD": `"\ufffd"`,
	} {
		if got, err := literal(text); err != nil || got != want {
			t.Errorf("%q: got %s, %v", text, got, err)
		}
	}
}

// FuzzLiteral looks for a text that ends its literal early, or goes on in the next
// line.
func FuzzLiteral(f *testing.F) {
	for _, text := range []string{`"`, `\"`, `\\"`, "\n", "'''", "\u2028", "\\", "#", "\x00", "\\N{DIGIT ONE}", "é\U0001f600"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		written, err := literal(text)
		if err != nil {
			if utf8.ValidString(text) {
				t.Fatal(err)
			}
			return
		}
		inner := written[1 : len(written)-1]
		for i := 0; i < len(inner); i++ {
			switch c := inner[i]; {
			case c < ' ' || c > '~' || c == '"':
				t.Fatalf("%q has %q in it", written, c)
			case c == '\\':
				if i++; i == len(inner) {
					t.Fatalf("%q escapes its end", written)
				}
				// The escapes that Python knows and reads as Go does.
				if !strings.ContainsRune(`abfnrtv\"xuU`, rune(inner[i])) {
					t.Fatalf("%q has an unknown escape", written)
				}
			}
		}
		if written[0] != '"' || written[len(written)-1] != '"' {
			t.Errorf("%q is no literal", written)
		}
	})
}
