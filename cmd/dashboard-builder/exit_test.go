package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestWrongCommandLines(t *testing.T) {
	b := newBed(t)
	for _, test := range []struct {
		args []string
		said string
	}{
		{[]string{"lst"}, `there is no command "lst" (did you mean list?): dashboard-builder --help lists them`},
		{[]string{"show"}, "show wants a dashboard: see dashboard-builder show --help"},
		{[]string{"show", "Sales", "2024"}, `show wants a dashboard, and no "2024": put a name with spaces in quotes`},
		{[]string{"rename", "tour"}, "rename wants a dashboard and its new name"},
		{[]string{"create"}, "create wants a name for the dashboard"},
		{[]string{"list", "--mien"}, "--mien is not a flag of list (did you mean --mine?)"},
		{[]string{"list", "-x"}, "-x is not a flag of list"},
		{[]string{"list", "--sort"}, "--sort wants a value"},
		{[]string{"list", "--sort", "nmae"}, `--sort is "nmae", but is name, owner, created, updated or used (did you mean name?)`},
		{[]string{"list", "--limit", "0"}, `--limit is "0", but is from 1 to 5000`},
		{[]string{"list", "--mine", "--others"}, "--mine and --others do not go together"},
		{[]string{"create", "x", "--server", "a", "--repo", "b"}, "--server and --repo do not go together"},
		{[]string{"create", "x"}, "what does it show? Give the --path of a file, or a --framework: voila, streamlit"},
		{[]string{"create", "x", "--path", "x.R"}, `which framework shows "x.R"? Choose one with --framework: voila, streamlit`},
		{[]string{"create", "x", "--option", "memory"}, `--option is "memory", but wants NAME=VALUE`},
		{[]string{"import"}, "import wants a file"},
		{[]string{"serve"}, "the service has no token: "},
		{[]string{"serve", "--service-token-file", "/dev/null"}, `--service-token-file is "/dev/null", which does not hold one token`},
	} {
		code, stdout, stderr := b.run(t, test.args...)
		if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, "dashboard-builder: ") || !strings.Contains(stderr, test.said) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: got %d, %q, %q", test.args, code, stdout, stderr)
		}
	}
	if calls := b.called(); len(calls) != 0 {
		t.Errorf("the service was asked for %q", calls)
	}
}

func TestWhatTheServiceRefuses(t *testing.T) {
	b := newBed(t)
	for _, test := range []struct {
		fault error
		code  int
		said  string
	}{
		{dashboard.InvalidField("name", "The name is odd."), exitData, "dashboard-builder: name: The name is odd.\n"},
		{dashboard.InvalidField("source.repo", "There is no such repository."), exitData, "dashboard-builder: --repo: There is no such repository.\n"},
		{dashboard.InvalidField("app.arguments", "They are odd."), exitData, "dashboard-builder: --argument: They are odd.\n"},
		{dashboard.InvalidField("access.users", "There is no user x."), exitData, "dashboard-builder: --user: There is no user x.\n"},
		{dashboard.InvalidField("per_viewer", "Not here."), exitData, "dashboard-builder: --per-viewer: Not here.\n"},
		{dashboard.Errorf(dashboard.Forbidden, "You may not."), exitForbidden, "dashboard-builder: You may not.\n"},
		{dashboard.Errorf(dashboard.NotFound, "It is away."), exitNotFound, "dashboard-builder: It is away.\n"},
		{dashboard.Errorf(dashboard.Conflict, "It is in the way."), exitConflict, "dashboard-builder: It is in the way.\n"},
		{dashboard.Errorf(dashboard.Limit, "You have enough."), exitAgain, "dashboard-builder: You have enough.\n"},
		{dashboard.Errorf(dashboard.Unavailable, "The hub is away."), exitAgain, "dashboard-builder: The hub is away.\n"},
		{errors.New("disk on fire"), exitFault, "give the number"},
	} {
		b.now(func() { b.fault = func(string) error { return test.fault } })
		code, stdout, stderr := b.run(t, "create", "x", "--framework", "voila")
		if code != test.code || stdout != "" || !strings.Contains(stderr, test.said) || strings.Contains(stderr, "fire") {
			t.Errorf("%v: got %d, %q, %q", test.fault, code, stdout, stderr)
		}
		if calls := b.called(); len(calls) != 1 {
			t.Errorf("%v: it was asked for %q", test.fault, calls)
		}
	}
}

func TestTokensThatAreNotTaken(t *testing.T) {
	b := newBed(t)
	for token, want := range map[string]string{
		"unknown":    "the token from DASHBOARD_BUILDER_TOKEN is not known to JupyterHub, or has expired: make one at " + b.URL + "/hub/token, with the scope access:services!service=dashboards",
		"weak-token": "the token from DASHBOARD_BUILDER_TOKEN does not let you use the service: make one at " + b.URL + "/hub/token",
	} {
		b.env[tokenVariable] = token
		for _, args := range [][]string{{"list"}, {"delete", "abcdefghjkmn", "--yes"}, {"export"}, {"create", "x", "--path", "x.ipynb"}} {
			code, stdout, stderr := b.run(t, args...)
			if code != exitForbidden || stdout != "" || !strings.Contains(stderr, want) || strings.Contains(stderr, token) {
				t.Errorf("%s, %q: got %d, %q, %q", token, args, code, stdout, stderr)
			}
		}
	}
	b.env[tokenVariable] = "two words"
	if code, _, stderr := b.run(t, "list"); code != exitData || !strings.Contains(stderr, "DASHBOARD_BUILDER_TOKEN: the token has characters") || strings.Contains(stderr, "words") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

func TestWhatIsNotTheService(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a page":  func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"no page": http.NotFound,
		"other JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte("[]"))
		},
		"a login": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hub/login", http.StatusFound) },
		"another place": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example.org/x?token=y", http.StatusMovedPermanently)
		},
	} {
		server := httptest.NewServer(handler)
		b := newBed(t)
		b.env[urlVariable] = server.URL + "/services/dashboards/"
		code, stdout, stderr := b.run(t, "list")
		if code != exitUnreachable || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: got %d, %q, %q", name, code, stdout, stderr)
		}
		if name == "another place" && (!strings.Contains(stderr, "to https://elsewhere.example.org: if that is right, give it as the address") || strings.Contains(stderr, "token=")) {
			t.Errorf("%s: got %q", name, stderr)
		}
		server.Close()
	}
}

// TestExitCodesAreInTheHelp, each with its meaning, and no two are the same.
func TestExitCodes(t *testing.T) {
	seen := map[int]bool{}
	for _, exit := range exitCodes() {
		if seen[exit.Code] || exit.Meaning == "" {
			t.Errorf("%d is there twice, or says nothing", exit.Code)
		}
		seen[exit.Code] = true
	}
	if code := codeOf(errors.New("any")); code != exitFailed {
		t.Errorf("got %d", code)
	}
	if ended(0) != nil || codeOf(ended(3)) != 3 {
		t.Error("an exit code is not passed on")
	}
}
