package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/web"
)

var update = flag.Bool("update", false, "write the golden files anew")

// bed is a Dashboards service with its real gate and its real handler, and what a
// program run beside it is told.
type bed struct {
	*memory
	*httptest.Server
	env   map[string]string
	stdin io.Reader
	// patience is for how long a run may take, and completing for how long it waits
	// for a completion.
	patience, completing time.Duration
}

// newBed starts a service for ada, ben and the administrator root, whose tokens
// are their names with "-token".
func newBed(t *testing.T) *bed {
	t.Helper()
	hubServer := httptest.NewServer(http.HandlerFunc(answerAsHub))
	t.Cleanup(hubServer.Close)
	told := map[string]string{
		"JUPYTERHUB_API_URL": hubServer.URL + "/hub/api", "JUPYTERHUB_API_TOKEN": "service-token", "JUPYTERHUB_CLIENT_ID": "service-dashboards",
		"JUPYTERHUB_SERVICE_NAME": "dashboards", "JUPYTERHUB_SERVICE_PREFIX": "/services/dashboards/", "JUPYTERHUB_BASE_URL": "/",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:services!service=dashboards"]`,
	}
	env, err := auth.ParseEnvironment(func(name string) (string, bool) { value, ok := told[name]; return value, ok })
	if err != nil {
		t.Fatal(err)
	}
	client, err := hub.NewClient(env.APIURL, "service-token", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	gate, err := auth.NewGate(auth.Config{Environment: env, Hub: client, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{memory: newMemory(), patience: 20 * time.Second, completing: time.Minute}
	handler, err := web.New(web.Config{
		Prefix: env.ServicePrefix, Service: b.memory, Gate: gate, Log: log, HubURL: env.HubURL, ByHeader: auth.ByHeader,
		Key: []byte("a key of more than sixteen bytes"),
		Visitor: func(ctx context.Context) (dashboard.Visitor, bool) {
			pass := auth.PassOf(ctx)
			if pass == nil {
				return dashboard.Visitor{}, false
			}
			user := pass.User()
			return dashboard.Visitor{Name: user.Name, Admin: user.Admin, Groups: user.Groups}, true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Server = httptest.NewServer(handler)
	t.Cleanup(b.Server.Close)
	b.env = map[string]string{"DASHBOARD_BUILDER_URL": b.service(), "DASHBOARD_BUILDER_TOKEN": "ada-token", "LANG": "C.UTF-8", "TERM": "xterm"}
	return b
}

// service is the service's address.
func (b *bed) service() string { return b.URL + "/services/dashboards/" }

// answerAsHub says whose a token is (JupyterHub apihandlers/users.py).
func answerAsHub(w http.ResponseWriter, r *http.Request) {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	name, ok := strings.CutSuffix(token, "-token")
	model := map[string]any{"kind": "user", "name": name, "admin": name == "root", "groups": []string{}, "scopes": []string{"access:services!service=dashboards"}}
	switch {
	case r.URL.Path != "/hub/api/user":
		w.WriteHeader(http.StatusNotFound)
	case ok && slices.Contains([]string{"ada", "ben", "root"}, name):
	case name == "weak":
		model["scopes"] = []string{"read:users!user=weak"}
	default:
		w.WriteHeader(http.StatusForbidden)
		model = map[string]any{"status": 403, "message": "Forbidden"}
	}
	_ = json.NewEncoder(w).Encode(model)
}

// program is one run with some writers.
func (b *bed) program(stdout, stderr io.Writer) *program {
	var environ []string
	for name, value := range b.env {
		environ = append(environ, name+"="+value)
	}
	stdin := b.stdin
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	return &program{
		lookup:  func(name string) (string, bool) { value, ok := b.env[name]; return value, ok },
		environ: environ, stdin: stdin, stdout: stdout, stderr: stderr,
		now:        func() time.Time { return moment },
		completing: b.completing,
	}
}

// run runs the program without a terminal.
func (b *bed) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	done := make(chan int, 1)
	go func() { done <- b.program(&out, &errs).run(args) }()
	select {
	case code = <-done:
	case <-time.After(b.patience):
		t.Fatalf("%q does not end", args)
	}
	return code, out.String(), errs.String()
}

// must is run for what has to be done.
func (b *bed) must(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := b.run(t, args...)
	if code != exitDone {
		t.Fatalf("%q ends with %d: %s", args, code, stderr)
	}
	return stdout, stderr
}

// now does something to the memory while others may look at it.
func (b *bed) now(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do()
}

// called are the calls since the last time.
func (b *bed) called() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls := b.calls
	b.calls = nil
	return calls
}

// golden compares with a file of testdata. What differs from run to run is the
// address of the service.
func (b *bed) golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, b.URL, "https://hub.example.org")
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}
