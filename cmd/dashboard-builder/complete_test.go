//go:build linux

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestCompletion(t *testing.T) {
	b := newBed(t)
	b.shared("samesamesame", "cat", "Tour") // as ada's, so that its id has to do
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"op"}, []string{"open\tWrite its link, and start it if it does not run"}},
		{[]string{"show", ""}, []string{"sales-2024\tSales 2024, by ada", "samesamesame\tTour, by cat", "tourtourtour\tTour, by ada", "wetter-heute\tWetter 天気 heute, by ben"}},
		{[]string{"show", "tour", ""}, nil},
		{[]string{"export", "sales-2024", ""}, []string{"sales-2024\tSales 2024, by ada", "samesamesame\tTour, by cat", "tourtourtour\tTour, by ada", "wetter-heute\tWetter 天気 heute, by ben"}},
		{[]string{"share", "tour", "b"}, []string{"ben", "bert"}},
		{[]string{"share", "tour", "--group", "g"}, []string{"geo"}},
		{[]string{"create", "x", "--framework", ""}, []string{"voila", "streamlit"}},
		{[]string{"create", "x", "--environment", ""}, []string{"analysis", "base"}},
		{[]string{"create", "x", "--server", ""}, []string{"gpu"}},
		{[]string{"list", "--sort", "u"}, []string{"name", "owner", "created", "updated", "used"}}, // the shell chooses
		{[]string{"picture", "tour", ""}, []string{"png", "jpg", "jpeg", "webp"}},
	} {
		code, stdout, stderr := b.run(t, append([]string{"__complete"}, test.args...)...)
		got := strings.Split(strings.TrimSpace(stdout), "\n")
		got = got[:len(got)-1] // the last says how to go on
		if code != exitDone || !slices.Equal(got, test.want) && len(got)+len(test.want) > 0 {
			t.Errorf("%q: got %d, %q, want %q (%s)", test.args, code, got, test.want, stderr)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if stdout, _ := b.must(t, "completion", shell); !strings.Contains(stdout, "dashboard-builder") {
			t.Errorf("%s: got %.100q", shell, stdout)
		}
	}
}

// TestCompletionIsQuiet where there is no service, and soon over.
func TestCompletionIsQuiet(t *testing.T) {
	b := newBed(t)
	check := func(what string) {
		t.Helper()
		if code, stdout, _ := b.run(t, "__complete", "show", ""); code != exitDone || stdout != ":4\n" {
			t.Errorf("%s: got %d, %q", what, code, stdout)
		}
	}
	b.env[tokenVariable] = "unknown"
	check("a wrong token")
	b.env[urlVariable] = "http://127.0.0.1:1/"
	check("nobody there")
	delete(b.env, urlVariable)
	check("no address")

	asked := 0
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer away.Close()
	b.env[urlVariable] = away.URL
	if check("a service that is away"); asked != 1 {
		t.Errorf("it was asked %d times", asked)
	}
	released := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-released }))
	defer silent.Close()
	defer close(released)
	b.env[urlVariable], b.completing = silent.URL, 50*time.Millisecond
	check("a service that does not answer")
}

// TestSecurityACompletionRunsNothing: what a shell makes of names that others give
// is a word, and no command. It is tried in the real bash, by its real script.
func TestSecurityACompletionRunsNothing(t *testing.T) {
	b := newBed(t)
	folder := t.TempDir()
	clear(b.dashboards)
	for i, name := range []string{
		"$(touch owned)", "`touch owned`", "x;touch owned", "x|touch owned", "x&touch owned", "x\ntouch owned", "--yes", "-y", "'; touch owned; '", `"; touch owned; "`,
		"$((a[$(touch owned)]))", "${x:=$(touch owned)}", "<(touch owned)", "!touch", "~", "*", "{a,b}", "a\\", "_activeHelp_ x", ":4", "a\tb", "\x1b[A", "销售",
	} {
		b.add(dashboard.Dashboard{ID: dashboard.NewID(), Owner: "ada", Name: name, State: dashboard.Stopped, Description: string(rune('a' + i))})
	}
	_, script, _ := b.run(t, "completion", "bash")
	if err := os.WriteFile(filepath.Join(folder, "script"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	program := "#!/bin/sh\nBE_THE_PROGRAM=1 exec " + self + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(folder, "dashboard-builder"), []byte(program), 0o700); err != nil {
		t.Fatal(err)
	}
	// What readline does when somebody presses the tabulator, once for each way
	// of showing what there is (bash(1): COMP_TYPE); then the words are used.
	driver := `
compopt() { :; }
_init_completion() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
source ./script
for COMP_TYPE in 9 63 37; do
  COMP_WORDS=(dashboard-builder show "") COMP_CWORD=2 COMP_LINE="dashboard-builder show " COMP_POINT=${#COMP_LINE} COMP_KEY=9
  COMPREPLY=()
  __start_dashboard-builder
  for word in "${COMPREPLY[@]}"; do echo "$COMP_TYPE $word"; eval "set -- ${word%% *}"; done
done
`
	command := exec.Command("bash", "-c", driver)
	command.Dir = folder
	command.Env = []string{"PATH=" + folder + ":/usr/bin:/bin", "HOME=" + folder, "COLUMNS=200"}
	for name, value := range b.env {
		command.Env = append(command.Env, name+"="+value)
	}
	out, err := command.CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") != 3*23 || !strings.Contains(string(out), "a-touch-owned") {
		t.Errorf("bash says %v: %s", err, out)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 {
		t.Errorf("there are %v, %v", left, err)
	}
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) < 2 || !plainWord.MatchString(words[1]) {
			t.Errorf("bash offers %q", words)
		}
	}
}
