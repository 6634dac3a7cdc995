package singleuser

import (
	"bytes"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/process"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

const version = "1.2.3"

// try runs the program with only the given variables.
func try(vars map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	lookup := func(name string) (string, bool) { value, ok := vars[name]; return value, ok }
	code = Run(Invocation{Name: "jhsingle-native-proxy", Version: version, Arguments: args, Lookup: lookup, Environ: os.Environ(), Stdout: &out, Stderr: &err})
	return code, out.String(), err.String()
}

// settings are what a command line and variables come to.
func settings(vars map[string]string, args ...string) (options, error) {
	p := &program{lookup: func(name string) (string, bool) { value, ok := vars[name]; return value, ok }, stdout: io.Discard, stderr: io.Discard}
	command := p.command(func() error { return nil })
	command.SetArgs(args)
	err := command.Execute()
	return p.options, err
}

func TestBadInputIsOneSentence(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, taken, _ := net.SplitHostPort(listener.Addr().String())
	open := "--authtype=none"
	for want, args := range map[string][]string{
		"JUPYTERHUB_API_TOKEN is not set":                              {"true"},
		"no command is given":                                          {open},
		"{nope}":                                                       {open, "true", "{nope}"},
		`cannot run "surely-not-there"`:                                {open, "surely-not-there"},
		"another program does already":                                 {open, "--ip=127.0.0.1", "--port=" + taken, "true"},
		"--prot is not a flag of ours (did you mean --port?)":          {open, "--prot=1", "true"},
		`--port is "x", but wants a whole number`:                      {open, "--port=x", "true"},
		`--port is "70000", but is from 0 to 65535`:                    {open, "--port=70000", "true"},
		`--destport is "-1", but is from 0`:                            {open, "--destport=-1", "true"},
		`--authtype is "ldap", but is oauth or none`:                   {"--authtype=ldap", "true"},
		`--ready-timeout is "0", but is at least 1s`:                   {open, "--ready-timeout=0", "true"},
		`--request-timeout is "-1", but cannot be negative`:            {open, "--request-timeout=-1", "true"},
		"--ready-check-path is \"x\"":                                  {open, "--ready-check-path=x", "true"},
		`--restart is "sometimes", but is never, on-failure or always`: {open, "--restart=sometimes", "true"},
		`--metrics-address is "9090"`:                                  {open, "--metrics-address=9090", "true"},
		`--log-format is "xml"`:                                        {open, "--log-format=xml", "true"},
		`--no-logs is "maybe", but is true or false`:                   {open, "--no-logs=maybe", "true"},
	} {
		code, _, stderr := try(nil, args...)
		last := strings.TrimSpace(stderr)
		if at := strings.LastIndexByte(last, '\n'); at >= 0 {
			last = last[at+1:]
		}
		if code == 0 || !strings.HasPrefix(last, "jhsingle-native-proxy: ") || !strings.Contains(last, want) {
			t.Errorf("%q: got %d, %q, want %q", args, code, stderr, want)
		}
	}
}

func TestBadVariableIsNamed(t *testing.T) {
	code, _, stderr := try(map[string]string{"JUPYTERHUB_SERVICE_URL": "nonsense"}, "--authtype=none", "true")
	if code != exitUsage || !strings.Contains(stderr, "JUPYTERHUB_SERVICE_URL") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

func TestTheAppsExitCodeIsOurs(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137} {
		code, _, stderr := try(nil, "--authtype=none", "--ip=127.0.0.1", "--port="+freePort(t), "--restart=never", "--", "sh", "-c", script)
		if code != want {
			t.Errorf("%s: got %d, want %d: %s", script, code, want, stderr)
		}
	}
}

func TestFlagsAfterTheCommand(t *testing.T) {
	// As with the Python program, {--} keeps an argument from being a flag.
	code, _, stderr := try(nil, "sh", "{-}c", "echo {--}x=$0; exit 3", "zero", "--authtype", "none", "--ip", "127.0.0.1", "--port", freePort(t), "--restart", "never", "--no-force-alive")
	if code != 3 || !strings.Contains(stderr, "--x=zero\n") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

func TestOnOffFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		want bool
	}{
		{nil, true}, {[]string{"--no-logs"}, false}, {[]string{"--logs"}, true}, {[]string{"--logs=false"}, false},
		{[]string{"--no-logs=false"}, true}, {[]string{"--no-logs", "--logs"}, true},
	} {
		got, err := settings(nil, append(test.args, "x")...)
		if err != nil || got.logs != test.want {
			t.Errorf("%q: got %v, %v", test.args, got.logs, err)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	if code, stdout, _ := try(nil, "--version"); code != 0 || !strings.Contains(stdout, version) {
		t.Errorf("got %d, %q", code, stdout)
	}
	code, stdout, _ := try(nil, "--help")
	for _, want := range []string{"{presentation_dirname}", "--ready-timeout", "voila"} {
		if code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("no %q in the help", want)
		}
	}
	if strings.Contains(stdout, " --no-debug  ") {
		t.Error("the help is crowded by --no- forms")
	}
}

func TestListenAddress(t *testing.T) {
	for _, test := range []struct {
		port     int
		ip, bind string
		underHub bool
		want     string
	}{
		{0, "", "", false, ":8888"},
		{0, "", "", true, "127.0.0.1:8888"}, // hub 1
		{0, "0.0.0.0", "", true, "0.0.0.0:8888"},
		{0, "*", "", true, ":8888"},
		{0, "", "127.0.0.1:41234", true, "127.0.0.1:41234"},
		{9000, "", "127.0.0.1:41234", true, "127.0.0.1:9000"},
		{0, "0.0.0.0", "127.0.0.1:41234", true, "0.0.0.0:41234"},
		{0, "", "[::1]:80", true, "[::1]:80"},
		{0, "*", ":443", true, ":443"},
		{0, "", ":443", true, ":443"},
	} {
		o := listening{port: test.port, ip: test.ip}
		if got := o.address(test.bind, test.underHub); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func TestPresentationVariables(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]process.Variables{
		"":             {"presentation_path": "", "presentation_dirname": "", "presentation_basename": ""},
		"/a/b.ipynb":   {"presentation_path": "/a/b.ipynb", "presentation_dirname": "/a", "presentation_basename": "b.ipynb"},
		"./b.ipynb":    {"presentation_path": here + "/./b.ipynb", "presentation_dirname": here + "/.", "presentation_basename": "b.ipynb"},
		"/b.ipynb":     {"presentation_path": "/b.ipynb", "presentation_dirname": "/", "presentation_basename": "b.ipynb"},
		"/a/folder/":   {"presentation_path": "/a/folder/", "presentation_dirname": "/a/folder", "presentation_basename": ""},
		"/a/{weird}.x": {"presentation_path": "/a/{weird}.x", "presentation_dirname": "/a", "presentation_basename": "{weird}.x"},
	} {
		o := command{presentationPath: path}
		got, err := o.variables("/user/ada/")
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%q: %s is %q, want %q", path, name, got[name], value)
			}
		}
		if got["base_url"] != "/user/ada" {
			t.Errorf("base_url %q", got["base_url"])
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(ports[0])
}
