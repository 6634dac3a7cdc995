package singleuser

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// configured writes a configuration file.
func configured(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "proxy.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheCommandLineWinsOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	file := configured(t, "ready-timeout: 11\nrequest-timeout: 12\nport: 8013\nlogs: false\n")
	got, err := settings(map[string]string{
		"JHSINGLE_CONFIG":          file,
		"JHSINGLE_REQUEST_TIMEOUT": "22",
		"JHSINGLE_PORT":            "8023",
	}, "--port=8033", "x")
	if err != nil {
		t.Fatal(err)
	}
	if got.readyTimeout != 11*time.Second || got.requestTimeout != 22*time.Second || got.port != 8033 || got.logs {
		t.Errorf("got %v %v %v %v", got.readyTimeout, got.requestTimeout, got.port, got.logs)
	}
	for flag, want := range map[string]string{"ready-timeout": file + ": line 1: ready-timeout", "request-timeout": "JHSINGLE_REQUEST_TIMEOUT", "port": "--port"} {
		if got := got.Subject(flag); got != want {
			t.Errorf("%s is called %q, want %q", flag, got, want)
		}
	}
}

func TestAContraryOnTheCommandLineWins(t *testing.T) {
	got, err := settings(map[string]string{"JHSINGLE_LOGS": "true", "JHSINGLE_AUTHTYPE": "oauth"}, "--no-logs", "--no-authentication", "x")
	if err != nil || got.logs || got.authType != authNone {
		t.Errorf("got %v %q %v", got.logs, got.authType, err)
	}
}

func TestSeveralValues(t *testing.T) {
	file := configured(t, `
command: [streamlit, run, app.py]
allow-user: [ada, "bob, the builder"]
environment:
  ONE: "1"
  TWO: "{port}"
mappath: /a=/b
`)
	got, err := settings(map[string]string{
		"JHSINGLE_ALLOW_GROUP":              `["a,b", "c"]`,
		"JHSINGLE_ALLOW_ORIGIN":             "https://a.example,https://b.example",
		"JHSINGLE_REQUEST_HEADERS_OVERRIDE": `{"X-One": "1,2"}`,
	}, "--config", file, "--mappath=/c=/d", `--mappath={"/e": "/f=g"}`, "--mappath={'/h': '/i'}")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.argv, []string{"streamlit", "run", "app.py"}) ||
		!slices.Equal(got.allowUsers, []string{"ada", "bob, the builder"}) ||
		!slices.Equal(got.allowGroups, []string{"a,b", "c"}) ||
		!slices.Equal(got.allowOrigins, []string{"https://a.example", "https://b.example"}) ||
		!maps.Equal(got.environment, map[string]string{"ONE": "1", "TWO": "{port}"}) ||
		!maps.Equal(got.requestHeaders, map[string]string{"X-One": "1,2"}) ||
		!maps.Equal(got.mapPath, map[string]string{"/c": "/d", "/e": "/f=g", "/h": "/i"}) {
		t.Errorf("got %+v", got)
	}
}

func TestABadSettingNamesItsPlace(t *testing.T) {
	for want, content := range map[string]string{
		": line 2: port is \"x\", but wants a whole number":      "debug: true\nport: x\n",
		": line 1: prot is not a setting (did you mean port?)":   "prot: 1\n",
		": line 1: port wants one plain value":                   "port: [1, 2]\n",
		": line 1: allow-user wants a value, or several":         "allow-user: {a: b}\n",
		": line 1: environment is \"A\", but wants NAME=VALUE":   "environment: [A]\n",
		": line 1: command wants a list":                         "command: streamlit run\n",
		": line 1: the file is a mapping":                        "- port\n",
		"is not YAML":                                            "port: [\n",
		": line 1: config is not a setting":                      "config: other.yaml\n",
		": line 1: ready-check-path is \"x\", but is a URL path": "ready-check-path: x\n",
		": line 1: metrics-address is \"9\", which is not host":  "metrics-address: 9\n",
		": line 1: forward-identity has \"users\", but knows":    "forward-identity: users\n",
	} {
		_, err := settings(nil, "--config", configured(t, content), "x")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "proxy.yaml") {
			t.Errorf("%q: got %v, want %s", content, err, want)
		}
	}
	for want, vars := range map[string]map[string]string{
		"JHSINGLE_PORT is \"x\", but wants a whole number":           {"JHSINGLE_PORT": "x"},
		"JHSINGLE_DEBUG is \"maybe\", but is true or false":          {"JHSINGLE_DEBUG": "maybe"},
		"JHSINGLE_ALLOW_USER is \"[a\", which is not a JSON list":    {"JHSINGLE_ALLOW_USER": "[a"},
		"JHSINGLE_READY_CHECK_PATH is \"x\", but is a URL path":      {"JHSINGLE_READY_CHECK_PATH": "x"},
		"JHSINGLE_CONFIG cannot be read: open /surely/not/there":     {"JHSINGLE_CONFIG": "/surely/not/there"},
		"JHSINGLE_IDLE_STOP is \"-1\", but cannot be negative":       {"JHSINGLE_IDLE_STOP": "-1"},
		"JHSINGLE_IDLE_STOP is \"1e99\", but is more than ten years": {"JHSINGLE_IDLE_STOP": "1e99"},
	} {
		if _, err := settings(vars, "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", vars, err, want)
		}
	}
}

func TestAVariableThatIsNoSettingIsNoticed(t *testing.T) {
	got, err := settings(nil, "x")
	if err != nil {
		t.Fatal(err)
	}
	strange := got.Strangers([]string{"JHSINGLE_PROT=1", "JHSINGLE_PORT=1", "JHSINGLE_REPO_TOKEN=x", "JHSINGLE_IDENTITY_KEY=x", "OTHER=1"})
	if !slices.Equal(strange, []string{"JHSINGLE_PROT (did you mean JHSINGLE_PORT?)"}) {
		t.Errorf("got %q", strange)
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "5": 5 * time.Second, "0.25": 250 * time.Millisecond, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "1e2": 100 * time.Second,
	} {
		got, err := settings(nil, "--idle-stop="+text, "x")
		if err != nil || got.idleStop != want {
			t.Errorf("%s: got %v, %v", text, got.idleStop, err)
		}
	}
	for _, text := range []string{"", "x", "-1", "5 m", "NaN", "Inf", "1e300", "9999999999999999999h"} {
		if got, err := settings(nil, "--idle-stop="+text, "x"); err == nil {
			t.Errorf("%q was taken for %v", text, got.idleStop)
		}
	}
}

// TestNoSettingReachesTheApp: they may be secrets, and an app may start
// another of us.
func TestNoSettingReachesTheApp(t *testing.T) {
	o := &options{}
	got := appEnvironment(o, "key", []string{"PATH=/bin", "JHSINGLE_REPO_TOKEN=x", "JHSINGLE_PORT=1", "JHSINGLE_IDENTITY_KEY=forged", "JUPYTERHUB_API_TOKEN=t", "JUPYTERHUB_USER=ada"})
	if !slices.Equal(got, []string{"PATH=/bin", "JUPYTERHUB_USER=ada", "JHSINGLE_IDENTITY_KEY=key"}) {
		t.Errorf("got %q", got)
	}
}

func TestEverySettingIsInOneSection(t *testing.T) {
	o := &options{}
	seen := map[string]string{}
	for _, section := range o.sections() {
		for _, name := range setting.FlagNames(section.flags) {
			if before, ok := seen[name]; ok {
				t.Errorf("--%s is in %q and in %q", name, before, section.title)
			}
			seen[name] = section.title
		}
	}
	// The flags of the Python program, 0.8.3, that mean something.
	for _, name := range strings.Fields("port destport ip presentation-path debug logs authtype request-timeout last-activity-interval force-alive ready-check-path ready-timeout repo repobranch repofolder conda-env forward-user-info query-user-info progressive websocket-max-message-size") {
		if seen[name] == "" {
			t.Errorf("--%s is missing", name)
		}
	}
}

func FuzzConfigurationFile(f *testing.F) {
	f.Add("port: 8888\nallow-user: [a]\nenvironment: {A: b}\n")
	f.Add("- x")
	f.Add("port: !!binary x\n? [a]\n: b")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, content string) {
		file := configured(t, content)
		got, err := settings(nil, "--config", file, "x")
		if err != nil && !strings.Contains(err.Error(), file) {
			t.Errorf("%v does not name the file", err)
		}
		if err == nil && (got.port < 0 || got.port > 65535) {
			t.Errorf("port %d", got.port)
		}
	})
}
