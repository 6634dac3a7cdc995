//go:build linux

package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestHelp(t *testing.T) {
	b := newBed(t)
	stdout, _ := b.must(t, "delete", "--help")
	b.golden(t, "help-delete.txt", stdout)
	all, _ := b.must(t, "--help")
	if alone, _ := b.must(t); alone != all {
		t.Errorf("got %q", alone)
	}
	for _, want := range []string{"\nDashboards:\n  list  ", "\nExit codes:\n  0    done\n", "DASHBOARD_BUILDER_TOKEN ", "\nFurther:\n  completion", "How a dashboard is named"} {
		if !strings.Contains(all, want) {
			t.Errorf("there is no %q in %s", want, all)
		}
	}
	for line := range strings.Lines(all) {
		if len(line) > 100 {
			t.Errorf("too long for a terminal: %q", line)
		}
	}
	if stdout, _ = b.must(t, "--version"); stdout != "dashboard-builder "+version+"\n" {
		t.Errorf("got %q", stdout)
	}
}

// flaky is a network on which the first call finds nobody.
type flaky struct{ calls atomic.Int32 }

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.calls.Add(1) == 1 {
		return nil, syscall.ECONNREFUSED
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestAPersonIsToldWhyNothingHappens, and a script is not.
func TestAPersonIsToldWhyNothingHappens(t *testing.T) {
	b := newBed(t)
	shown := newPTY(t, 200)
	p := b.program(shown.File, shown.File)
	p.transport = &flaky{}
	if code := p.run([]string{"list", "--mine"}); code != exitDone {
		t.Errorf("got %d", code)
	}
	if got := shown.end(); !strings.HasPrefix(got, "nothing listens at "+strings.TrimPrefix(b.URL, "http://")+": the service is not running, or its address is another. Trying again in 1 s.\n") || !strings.Contains(got, "Sales 2024") {
		t.Errorf("got %q", got)
	}
	var out, errs strings.Builder
	p = b.program(&out, &errs)
	p.transport = &flaky{}
	if code := p.run([]string{"list"}); code != exitDone || errs.String() != "" {
		t.Errorf("got %d, %q", code, errs.String())
	}
}

func TestALogThatIsNotAtItsEnd(t *testing.T) {
	b := newBed(t)
	b.now(func() { b.hold = true })
	b.must(t, "rebuild", "tour", "--no-wait")
	if stdout, stderr := b.must(t, "log", "tour"); stdout != "build of Tour\n" || stderr != "The build goes on: Waiting\n" {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	b.now(func() {
		b.logs["job1"] = nil
		b.finish("job1")
	})
	if stdout, stderr := b.must(t, "log", "tour"); stdout != "" || stderr != "The build is done. It wrote no log.\n" {
		t.Errorf("got %q, %q", stdout, stderr)
	}
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"the server gpu":                 from(api.Source{Kind: dashboard.FromServer, Server: "gpu"}),
		"https://x/y.git, folder a":      from(api.Source{Kind: dashboard.FromGit, Repo: "https://x/y.git", Folder: "a"}),
		"a.py with dash, in base, --x y": shows(api.App{Framework: "dash", Path: "a.py", Environment: "base", Arguments: []string{"--x", "y"}}),
		"group a":                        openTo(api.Access{Groups: []string{"a"}}),
		"a; groups b, c":                 openTo(api.Access{Users: []string{"a"}, Groups: []string{"b", "c"}}),
		"starting":                       stateOf(api.Dashboard{State: dashboard.Starting}).Text,
		"making":                         revisionState(api.Revision{State: dashboard.Making}).Text,
		"made":                           revisionState(api.Revision{State: dashboard.Made}).Text,
		"1.5 s":                          paused(api.Revision{Paused: 1.5}),
		"commit 0123456789ab":            snapshot(api.Revision{Kind: dashboard.Commit, Commit: "0123456789abcdef0123456789abcdef01234567"}),
		"2 dashboards are":               are(2, "dashboard"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
