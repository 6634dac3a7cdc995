//go:build e2e

package doctor

import (
	"slices"
	"strings"
	"testing"
)

// A server that a hub started is well, when the doctor looks at it from within
// before it listens, and while it runs.
func TestNothingIsFoundWhereAllIsWell(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "named"} {
		t.Run("server "+name, func(t *testing.T) {
			t.Parallel()
			p := admit(t, shared.hub, "well", name)
			isWell(t, p.inside)
			while, code := examine(t, p.environ, "--", shared.echo, "--port={port}")
			isWell(t, while)
			if code != 0 {
				t.Errorf("ended with %d", code)
			}
			mentions(t, while, "listening", "ok", "this very server")
			mentions(t, p.inside, "listening", "ok", "is free")
			for _, text := range []string{p.stdout} {
				if strings.Contains(text, p.variable("JUPYTERHUB_API_TOKEN")) {
					t.Errorf("the token is shown: %s", text)
				}
			}
		})
	}
}

// isWell wants a report with nothing to mend but who runs the tests.
func isWell(t *testing.T, r report) {
	t.Helper()
	// On a busy machine a hub answers late, and is well.
	late := func(f finding) bool {
		return f.Check == "hub answer" && f.Status == "warning" && strings.Contains(f.Message, "answers, but took")
	}
	for _, f := range r.of("failed", "warning") {
		if f.Check != "user" && !late(f) { // the tests may be run by root
			t.Errorf("found %s", f)
		}
	}
	for _, check := range []string{"variables", "hub address", "hub connection", "hub answer", "hub version", "clock", "token", "scopes", "login", "listening", "command"} {
		if !slices.ContainsFunc(r.Findings, func(f finding) bool { return f.Check == check && (f.Status == "ok" || late(f)) }) {
			t.Errorf("%s was not looked at: %v", check, r.Findings)
		}
	}
}

// mentions wants a finding of a check with a status and all of the words, in
// its message or its advice.
func mentions(t *testing.T, r report, check, status string, words ...string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Check != check || f.Status != status {
			continue
		}
		all := true
		for _, word := range words {
			all = all && strings.Contains(f.Message+" "+f.Advice, word)
		}
		if all {
			return
		}
	}
	t.Errorf("no finding of %q is %q with %q, but:\n%s", check, status, words, lines(r.Findings))
}

func lines(findings []finding) string {
	var all strings.Builder
	for _, f := range findings {
		all.WriteString(f.String() + "\n")
	}
	return all.String()
}

// The report for people has the same, in the same order, and no colours where
// nobody looks.
func TestReportForPeople(t *testing.T) {
	t.Parallel()
	p := admit(t, shared.hub, "people", "")
	said, code := call(t, p.environ, "doctor", "--", shared.echo, "--port={port}")
	if code != 0 {
		t.Errorf("ended with %d", code)
	}
	if strings.Contains(said, "\x1b") || strings.Contains(said, p.variable("JUPYTERHUB_API_TOKEN")) {
		t.Errorf("it shows colours, or the token: %s", said)
	}
	at := -1
	for _, f := range p.inside.Findings {
		next := strings.Index(said[at+1:], "  "+f.Check+" ")
		if next < 0 {
			t.Fatalf("%s is not there, or not in order:\n%s", f.Check, said)
		}
		at += 1 + next
	}
}
