package singleuser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// underHub are the variables of a launch that a hub with our hook has started.
func underHub(t *testing.T) map[string]string {
	return map[string]string{
		"JUPYTERHUB_SERVICE_URL":    "http://127.0.0.1:" + freePort(t) + "/user/ada/sales/",
		"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/sales/",
		"JUPYTERHUB_API_TOKEN":      "token",
		"JUPYTERHUB_API_URL":        "http://127.0.0.1:1/hub/api",
		"JUPYTERHUB_CLIENT_ID":      "jupyterhub-user-ada-sales",
		"JUPYTERHUB_USER":           "ada",
		ticket.ReportKey:            "the-key",
	}
}

// launching is a launch with only these variables.
func launching(vars map[string]string, stderr io.Writer, args ...string) Invocation {
	return Invocation{
		Name: "dashboard-builder launch", Version: version, Arguments: args, Environ: []string{"PATH=/nowhere"},
		Lookup: func(name string) (string, bool) { value, ok := vars[name]; return value, ok }, Stdout: io.Discard, Stderr: stderr,
	}
}

func noCopy(context.Context, string, string, *slog.Logger) error { return errors.New("not copied") }

// whyNot is what the owner reads of a launch that fails.
func whyNot(t *testing.T, args ...string) string {
	t.Helper()
	p := newProgram(launching(underHub(t), io.Discard))
	command := p.launchCommand(noCopy, p.serve)
	command.SetArgs(args)
	err := command.Execute()
	if err == nil {
		t.Fatalf("%q was launched", args)
	}
	return forOwner(err)
}

func TestWhatALaunchLacksIsSaidInWords(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"sales.ipynb", "app.py"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(folder, "config.yaml")
	if err := os.WriteFile(config, []byte("presets: {ghost: {title: Ghost, command: [no-such-program, '{target}'], target: {folder: true}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"voila", "sales.ipynb"}, []string{"voila cannot run where this dashboard does: voila is not installed", "Install it there (pip install voila), or choose another environment, then press Rebuild."}},
		{[]string{"--config", config, "ghost", "."}, []string{"The program “no-such-program” is not installed where this dashboard runs (looked in /nowhere). Install it there"}},
		{[]string{"--conda-env=gone", "voila", "sales.ipynb"}, []string{"The environment “gone” cannot be used where this dashboard runs: there is no environment of this name", "Make it there, or choose another one, then press Rebuild."}},
		{[]string{"static", "sale"}, []string{"static is to show " + folder + "/sale, which is not there", "press Rebuild"}},
		{[]string{"--workdir", folder + "/gone", "static"}, []string{folder + "/gone", "press Rebuild"}},
		{[]string{"--verdict-lifetme=1", "static"}, []string{"--verdict-lifetme is not a flag of ours (did you mean --verdict-lifetime?)", "tell whoever runs this JupyterHub"}},
		{[]string{"--verdict-lifetime=soon", "static"}, []string{`--verdict-lifetime is "soon"`, "tell whoever runs this JupyterHub"}},
		{[]string{"viola", "sales.ipynb"}, []string{"viola", "did you mean voila?"}},
		{[]string{"--clone", folder, "static"}, []string{"not copied"}},
	} {
		args := test.args
		if !strings.Contains(strings.Join(args, " "), "--workdir") && !strings.Contains(strings.Join(args, " "), "--clone") {
			args = append([]string{"--workdir", folder}, args...)
		}
		why := whyNot(t, args...)
		for _, want := range test.want {
			if !strings.Contains(why, want) {
				t.Errorf("%q: it says %q, and not %q", args, why, want)
			}
		}
		if strings.Contains(why, "..") || strings.Contains(why, ";.") || strings.ContainsAny(why, "\n\r") || !strings.HasSuffix(why, ".") {
			t.Errorf("%q: that is no sentence: %q", args, why)
		}
	}
}

func TestAFewFoldersAreEnough(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"": "", "/a:/b": "/a:/b", "/a:/b:/c:/d": "/a:/b:/c:/d", "/a:/b:/c:/d:/e:/f": "/a:/b:/c:/d and 2 more"} {
		if got := folders(path); got != want {
			t.Errorf("%s: got %s", path, got)
		}
	}
}

// asked is what a launch that failed answers to a request.
func asked(t *testing.T, address, key string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(ticket.ReportHeader, key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func TestSecurityReasonOfALaunchIsForTheHubOnly(t *testing.T) {
	t.Parallel()
	vars := underHub(t)
	p := newProgram(launching(vars, io.Discard))
	p.report = newReport(vars[ticket.ReportKey])
	p.launchCommand(noCopy, p.serve) // its defaults
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.tell(ctx, errors.New("/home/ada/secret.ipynb is not there")) }()
	server := strings.TrimSuffix(vars["JUPYTERHUB_SERVICE_URL"], "/user/ada/sales/")
	address := server + "/user/ada/sales/api"
	for {
		status, body := asked(t, address, "the-key")
		if status == 0 && ctx.Err() == nil { // it does not listen yet
			select {
			case err := <-ended:
				t.Fatal(err)
			case <-time.After(time.Millisecond):
				continue
			}
		}
		var said struct{ Launch ticket.Report }
		if err := json.Unmarshal([]byte(body), &said); err != nil || status != http.StatusServiceUnavailable || said.Launch.State != ticket.LaunchFailed || !strings.Contains(said.Launch.Reason, "secret.ipynb is not there") {
			t.Errorf("the hub reads %d %s", status, body)
		}
		break
	}
	for name, try := range map[string][2]string{
		"the hub's probe": {address, ""}, "another key": {address, "the-kez"}, "a longer key": {address, "the-key2"},
		"a visitor": {server + "/user/ada/sales/", ""}, "another path": {server + "/user/ada/sales/api/x", "the-key"}, "the root": {server + "/", "the-key"},
	} {
		if status, body := asked(t, try[0], try[1]); status != http.StatusServiceUnavailable || strings.Contains(body, "secret") {
			t.Errorf("%s reads %d %s", name, status, body)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The server that the app is behind answers the same question, and no other.
func TestSecurityReportNeedsItsKey(t *testing.T) {
	t.Parallel()
	r := newReport("the-key")
	ask := func(key string) any {
		request := httptest.NewRequest(http.MethodGet, "/user/ada/sales/api", nil)
		request.Header.Set(ticket.ReportHeader, key)
		return r.answer(request)
	}
	if got := ask("the-key"); got != (ticket.Report{State: ticket.Launched}) {
		t.Errorf("got %+v", got)
	}
	r.prepares()
	if got := ask("the-key"); got != (ticket.Report{State: ticket.LaunchPreparing}) {
		t.Errorf("got %+v", got)
	}
	r.prepared(errors.New("the repository is gone."))
	got, ok := ask("the-key").(ticket.Report)
	if !ok || got.State != ticket.LaunchFailed || !strings.Contains(got.Reason, "the repository is gone. Mend") {
		t.Errorf("got %+v", got)
	}
	for _, key := range []string{"", "the-ke", "the-key ", "THE-KEY"} {
		if got := ask(key); got != nil {
			t.Errorf("%q reads %+v", key, got)
		}
	}
	r.prepared(nil)
	if got := ask("the-key"); got != (ticket.Report{State: ticket.Launched}) {
		t.Errorf("got %+v", got)
	}
}

// Whom no hub will ask, ends at once, as on a command line.
func TestFailedLaunchEndsWhereNobodyAsks(t *testing.T) {
	t.Parallel()
	withKey := underHub(t)
	withoutKey := underHub(t)
	delete(withoutKey, ticket.ReportKey)
	for name, test := range map[string]struct {
		vars map[string]string
		args []string
	}{
		"no hub":            {nil, []string{"--authtype=none", "nope"}},
		"no authentication": {withKey, []string{"--authtype=none", "nope"}},
		"an older hook":     {withoutKey, []string{"nope"}},
		"help is no error":  {withKey, []string{"--help"}},
	} {
		var stderr bytes.Buffer
		code := Launch(launching(test.vars, &stderr, test.args...), noCopy)
		if name == "help is no error" {
			if code != 0 {
				t.Errorf("%s: %d", name, code)
			}
			continue
		}
		if code != exitUsage || !strings.Contains(stderr.String(), "nope") {
			t.Errorf("%s: %d %s", name, code, stderr.String())
		}
	}
}
