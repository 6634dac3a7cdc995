package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// jsonOf reads what a command wrote.
func jsonOf[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

func TestCreateWritesTheLink(t *testing.T) {
	b := newBed(t)
	stdout, stderr := b.must(t, "create", "My map", "--repo", "https://example.org/map.git", "--ref", "v2", "--folder", "app", "--path", "map.PY",
		"--environment", "analysis", "--argument", "--dark", "--argument=x y", "--description", "All of it", "--per-viewer",
		"--user", "cat", "--user", "ben", "--group", "geo", "--option", "memory=2G", "--option", "gpus=2", "--option", `mounts={"a":"/b"}`)
	if stdout != b.service()+"open/newnewnew003\n" || !strings.Contains(stderr, "My map is ready.") {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	made := b.dashboards["newnewnew003"]
	want := dashboard.Dashboard{
		ID: "newnewnew003", Owner: "ada", Name: "My map", Description: "All of it", State: dashboard.Running, Revision: 1,
		Source: dashboard.Source{Kind: dashboard.FromGit, Repo: "https://example.org/map.git", Ref: "v2", Folder: "app"},
		App:    dashboard.App{Framework: "streamlit", Path: "map.PY", Environment: "analysis", Arguments: []string{"--dark", "x y"}},
		Access: dashboard.Access{Users: []string{"ben", "cat"}, Groups: []string{"geo"}}, PerViewer: true,
		Options: map[string]any{"memory": "2G", "gpus": 2.0, "mounts": map[string]any{"a": "/b"}}, Created: moment, Updated: moment,
	}
	if !reflect.DeepEqual(made, want) {
		t.Errorf("got\n%+v\nwant\n%+v", made, want)
	}
}

func TestCreateFromAServer(t *testing.T) {
	b := newBed(t)
	b.rules.DefaultAccess.Everyone = true
	b.must(t, "create", "One", "--path", "One.ipynb")
	b.must(t, "create", "Two", "--server", "gpu", "--framework", "voila", "--private")
	b.must(t, "create", "Three", "--framework", "voila", "--everyone")
	one, two, three := b.dashboards["newnewnew003"], b.dashboards["newnewnew004"], b.dashboards["newnewnew005"]
	if one.Source.Kind != dashboard.FromServer || one.Source.Server != "" || one.App.Framework != "voila" || !one.Access.Everyone {
		t.Errorf("got %+v", one)
	}
	if two.Source.Server != "gpu" || two.Access.Everyone || !three.Access.Everyone {
		t.Errorf("got %+v, %+v", two, three)
	}
}

func TestCreateAsJSON(t *testing.T) {
	b := newBed(t)
	stdout, _ := b.must(t, "create", "One", "--path", "One.ipynb", "--json")
	got := jsonOf[api.Created](t, stdout)
	if got.Dashboard.State != dashboard.Running || !got.Job.Done || got.Dashboard.Open != b.service()+"open/newnewnew003" {
		t.Errorf("got %s", stdout)
	}
	b.now(func() { b.hold = true })
	stdout, stderr := b.must(t, "create", "Two", "--path", "One.ipynb", "--no-wait")
	if stdout != b.service()+"open/newnewnew004\n" || !strings.Contains(stderr, "being built") {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	if stdout, _ = b.must(t, "create", "Three", "--path", "One.ipynb", "--no-wait", "--json"); jsonOf[api.Created](t, stdout).Job.Done {
		t.Errorf("got %s", stdout)
	}
}

func TestABuildThatFails(t *testing.T) {
	b := newBed(t)
	b.failing = "The notebook Sales.ipynb is not there."
	for _, args := range [][]string{{"create", "One", "--path", "x.ipynb"}, {"rebuild", "sales-2024"}, {"edit", "sales-2024", "--rebuild"}} {
		code, stdout, stderr := b.run(t, args...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, "dashboard-builder: the build failed: The notebook Sales.ipynb is not there. (more: dashboard-builder log ") {
			t.Errorf("%q: got %d, %q, %q", args, code, stdout, stderr)
		}
		if code, stdout, _ = b.run(t, append(args, "--json")...); args[0] == "rebuild" && (code != exitFailed || jsonOf[api.Job](t, stdout).Failure == "") {
			t.Errorf("%q: got %d, %q", args, code, stdout)
		}
	}
}

func TestBeginners(t *testing.T) {
	b := newBed(t)
	for _, test := range []struct{ command, call, said string }{
		{"stop", "stop abcdefghjkmn", "Sales 2024 is stopped.\n"},
		{"start", "start abcdefghjkmn", "Sales 2024 is running.\n"},
		{"rebuild", "build abcdefghjkmn", "Sales 2024 shows what its source is now.\n"},
	} {
		b.called()
		stdout, stderr := b.must(t, test.command, "sales-2024")
		if calls := b.called(); stdout != "" || !strings.HasSuffix(stderr, test.said) || !slices.Equal(calls, []string{test.call}) {
			t.Errorf("%s: got %q, %q, %q", test.command, stdout, stderr, calls)
		}
		if stdout, _ = b.must(t, test.command, "sales-2024", "--json"); !jsonOf[api.Job](t, stdout).Done {
			t.Errorf("%s: got %s", test.command, stdout)
		}
		b.now(func() { b.hold = true })
		if _, stderr = b.must(t, test.command, "sales-2024", "--no-wait"); !strings.Contains(stderr, "of Sales 2024 has begun") {
			t.Errorf("%s: got %q", test.command, stderr)
		}
		b.now(func() { b.hold = false })
	}
}

func TestOpen(t *testing.T) {
	b := newBed(t)
	link := b.URL + "/user/ada/dashboard-sales-2024-abcdef/\n"
	if stdout, _ := b.must(t, "open", "sales 2024"); stdout != link || len(b.called()) != 0 {
		t.Errorf("got %q", stdout)
	}
	b.must(t, "stop", "sales 2024")
	if stdout, _ := b.must(t, "open", "sales 2024"); stdout != link || b.dashboards["abcdefghjkmn"].State != dashboard.Running {
		t.Errorf("got %q", stdout)
	}
	b.must(t, "stop", "sales 2024")
	if stdout, _ := b.must(t, "open", "sales 2024", "--json"); !jsonOf[api.Opening](t, stdout).Ready {
		t.Errorf("got %q", stdout)
	}
	b.must(t, "stop", "sales 2024")
	b.failing = "It does not start."
	if code, stdout, stderr := b.run(t, "open", "sales 2024"); code != exitFailed || stdout != "" || !strings.Contains(stderr, "the start failed: It does not start.") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
	b.now(func() { b.hold = true })
	if stdout, _ := b.must(t, "open", "sales 2024", "--no-wait"); stdout != link {
		t.Errorf("got %q", stdout)
	}
}

func TestEdit(t *testing.T) {
	b := newBed(t)
	before := b.dashboards["tourtourtour"]
	b.must(t, "edit", "tour", "--description", "A tour")
	want := before
	want.Description, want.Updated = "A tour", moment
	want.Access.Users, want.Access.Groups, want.App.Arguments = []string{}, []string{}, []string{}
	if got := b.dashboards["tourtourtour"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	b.called()
	_, stderr := b.must(t, "edit", "tour", "--ref", "v2", "--argument", "--dark", "--per-viewer", "--option", "memory=", "--option", "cpu=2", "--rebuild")
	got := b.dashboards["tourtourtour"]
	if got.Source.Ref != "v2" || got.Source.Repo == "" || got.App.Framework != "streamlit" || !slices.Equal(got.App.Arguments, []string{"--dark"}) ||
		!got.PerViewer || !reflect.DeepEqual(got.Options, map[string]any{"cpu": 2.0}) || got.State != dashboard.Running {
		t.Errorf("got %+v", got)
	}
	if calls := b.called(); !slices.Equal(calls, []string{"edit tourtourtour", "build tourtourtour"}) || !strings.Contains(stderr, "Tour is rebuilt.") {
		t.Errorf("got %q, %q", calls, stderr)
	}
	stdout, _ := b.must(t, "edit", "tour", "--server", "gpu", "--json")
	if got := jsonOf[api.Dashboard](t, stdout); got.Detail.Source != (api.Source{Kind: dashboard.FromServer, Server: "gpu"}) {
		t.Errorf("got %+v", got.Detail.Source)
	}
	if code, _, stderr := b.run(t, "edit", "tour"); code != exitUsage || !strings.Contains(stderr, "something to change") {
		t.Errorf("got %d, %q", code, stderr)
	}
	if code, _, stderr := b.run(t, "edit", "ben/wetter 天気 heute", "--description", "x"); code != exitForbidden || !strings.Contains(stderr, "is ben's to change") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

func TestRename(t *testing.T) {
	b := newBed(t)
	if _, stderr := b.must(t, "rename", "tour", "Round trip"); b.dashboards["tourtourtour"].Name != "Round trip" || stderr != "It is called Round trip now.\n" {
		t.Errorf("got %q", stderr)
	}
	code, _, stderr := b.run(t, "rename", "round-trip", "SALES  2024")
	if code != exitConflict || !strings.Contains(stderr, "Choose another name") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

func TestShareAndUnshare(t *testing.T) {
	b := newBed(t)
	for _, test := range []struct {
		args []string
		said string
	}{
		{[]string{"share", "tour"}, "nobody else"},
		{[]string{"share", "tour", "cat", "ben"}, "ben, cat"},
		{[]string{"share", "tour", "--user", "dan", "--group", "finance"}, "ben, cat, dan; group finance"},
		{[]string{"unshare", "tour", "ben"}, "cat, dan; group finance"},
		{[]string{"share", "tour", "--group", "geo"}, "cat, dan; groups finance, geo"},
		{[]string{"share", "tour", "--everyone"}, "everyone"},
		{[]string{"unshare", "tour", "--everyone", "--group", "finance", "cat"}, "dan; group geo"},
		{[]string{"unshare", "tour", "--all"}, "nobody else"},
	} {
		if stdout, _ := b.must(t, test.args...); stdout != "Tour is open to "+test.said+".\n" {
			t.Errorf("%q: got %q", test.args, stdout)
		}
	}
	stdout, _ := b.must(t, "share", "tour", "ben", "--json")
	if got := jsonOf[api.Dashboard](t, stdout); !slices.Equal(got.Detail.Access.Users, []string{"ben"}) {
		t.Errorf("got %s", stdout)
	}
	if code, _, stderr := b.run(t, "unshare", "tour"); code != exitUsage || !strings.Contains(stderr, "whom") {
		t.Errorf("got %d, %q", code, stderr)
	}
	if code, _, stderr := b.run(t, "share", "wetter 天気 heute"); code != exitForbidden || !strings.Contains(stderr, "ben's to say") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

func TestDeleteWantsAYes(t *testing.T) {
	b := newBed(t)
	code, _, stderr := b.run(t, "delete", "tour")
	if code != exitUsage || len(b.called()) != 0 || !strings.Contains(stderr, "give --yes") {
		t.Errorf("got %d, %q", code, stderr)
	}
	if _, stderr = b.must(t, "delete", "tour", "--yes"); len(b.dashboards) != 2 || !strings.Contains(stderr, "Tour is deleted.") {
		t.Errorf("got %q", stderr)
	}
	stdout, _ := b.must(t, "delete", "sales-2024", "-y", "--json")
	if got := jsonOf[api.Job](t, stdout); !got.Done || got.Kind != dashboard.Delete {
		t.Errorf("got %s", stdout)
	}
}

func TestLogAndJobs(t *testing.T) {
	b := newBed(t)
	if code, _, stderr := b.run(t, "log", "tour"); code != exitNotFound || !strings.Contains(stderr, "nothing has been done to Tour") {
		t.Errorf("got %d, %q", code, stderr)
	}
	b.must(t, "start", "tour")
	b.failing = "Away."
	_, _, _ = b.run(t, "rebuild", "tour")
	if stdout, stderr := b.must(t, "log", "tour"); stdout != "build of Tour\n" || stderr != "The build failed: Away.\n" {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	if stdout, _ := b.must(t, "log", "tour", "--job", "job1", "-t"); stdout != "2025-03-14 15:09:26 start of Tour\n" {
		t.Errorf("got %q", stdout)
	}
	if stdout, _ := b.must(t, "log", "tour", "--json"); len(jsonOf[api.Items[api.LogLine]](t, stdout).Items) != 1 {
		t.Errorf("got %q", stdout)
	}
	if code, _, stderr := b.run(t, "log", "tour", "--job", "job9"); code != exitNotFound || !strings.Contains(stderr, `no job "job9"`) {
		t.Errorf("got %d, %q", code, stderr)
	}
	if code, _, stderr := b.run(t, "log", "tour", "--json", "--follow"); code != exitUsage || !strings.Contains(stderr, "do not go together") {
		t.Errorf("got %d, %q", code, stderr)
	}
	stdout, _ := b.must(t, "jobs", "tour")
	b.golden(t, "jobs.txt", stdout)
	if stdout, _ = b.must(t, "jobs", "tour", "--json"); len(jsonOf[api.Items[api.Job]](t, stdout).Items) != 2 {
		t.Errorf("got %q", stdout)
	}
	if stdout, _ = b.must(t, "revisions", "sales-2024", "--json"); !jsonOf[api.Items[api.Revision]](t, stdout).Items[0].Current {
		t.Errorf("got %q", stdout)
	}
}

func TestLogFollows(t *testing.T) {
	b := newBed(t)
	b.now(func() { b.hold = true })
	b.must(t, "rebuild", "tour", "--no-wait")
	shown := newPTY(t, 80)
	done := make(chan int, 1)
	program := b.program(shown.File, shown.File)
	go func() { done <- program.run([]string{"log", "tour", "--follow"}) }()
	shown.await(t, "build of Tour")
	b.progress("job1", "Cloning", 10, "cloned 1", "cloned 2")
	shown.await(t, "cloned 2")
	b.progress("job1", "Cloning", 10, "cloned 3")
	b.now(func() { b.finish("job1") })
	if code := <-done; code != exitDone {
		t.Errorf("got %d", code)
	}
	if got := shown.end(); got != "build of Tour\ncloned 1\ncloned 2\ncloned 3\n" {
		t.Errorf("got %q", got)
	}
}

func TestPicture(t *testing.T) {
	b := newBed(t)
	folder := t.TempDir()
	picture := []byte("\x89PNG\r\n\x1a\n and more")
	file := filepath.Join(folder, "a.png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	b.must(t, "picture", "tour", file)
	if !slices.Equal(b.pictures["tourtourtour"], picture) {
		t.Errorf("got %q", b.pictures)
	}
	b.must(t, "picture", "tour", "--output", filepath.Join(folder, "b.png"))
	if got, err := os.ReadFile(filepath.Join(folder, "b.png")); err != nil || !slices.Equal(got, picture) {
		t.Errorf("got %q, %v", got, err)
	}
	if stdout, _ := b.must(t, "picture", "tour", "-o", "-"); stdout != string(picture) {
		t.Errorf("got %q", stdout)
	}
	b.must(t, "picture", "tour", "--remove")
	if len(b.pictures) != 0 {
		t.Errorf("got %q", b.pictures)
	}
	for _, test := range []struct {
		args []string
		code int
		said string
	}{
		{[]string{"picture", "tour", "-o", "-"}, exitNotFound, "no picture"},
		{[]string{"picture", "tour"}, exitUsage, "one of a file, --output and --remove"},
		{[]string{"picture", "tour", file, "--remove"}, exitUsage, "one of a file, --output and --remove"},
		{[]string{"picture", "tour", filepath.Join(folder, "none")}, exitNotFound, "there is no file"},
		{[]string{"picture", "tour", folder}, exitNotFound, "cannot read"},
		{[]string{"picture", "tour", "commands_test.go"}, exitData, "is text/plain"},
	} {
		if code, _, stderr := b.run(t, test.args...); code != test.code || !strings.Contains(stderr, test.said) {
			t.Errorf("%q: got %d, %q", test.args, code, stderr)
		}
	}
	b.stdin = strings.NewReader(strings.Repeat("x", dashboard.MaxThumbnail+1))
	if code, _, stderr := b.run(t, "picture", "tour", "-"); code != exitData || !strings.Contains(stderr, "more than 1024 KiB") {
		t.Errorf("got %d, %q", code, stderr)
	}
}
