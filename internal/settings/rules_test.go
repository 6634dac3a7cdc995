package settings

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestSecurityWhoMayCreate(t *testing.T) {
	ada := dashboard.Visitor{Name: "ada", Groups: []string{"science", "all"}}
	bob := dashboard.Visitor{Name: "bob"}
	root := dashboard.Visitor{Name: "root", Admin: true, Groups: []string{"viewers"}}
	for text, want := range map[string]string{
		"":                                  "ada bob root",
		"create: {allow_groups: [science]}": "ada root",
		"create: {allow_users: [bob]}":      "bob root",
		"create: {allow_users: [bob], allow_groups: [science]}":          "ada bob root",
		"create: {block_groups: [science]}":                              "bob root",
		"create: {block_users: [bob, root]}":                             "ada root",
		"create: {block_groups: [viewers], administrators: false}":       "ada bob",
		"create: {allow_groups: [science], block_users: [ada]}":          "root", // a block wins
		"create: {allow_groups: [science], administrators: false}":       "ada",
		"create: {allow_users: [Ada, ad, 'ad*'], administrators: false}": "",
	} {
		settings, may := load(t, text), []string{}
		for _, visitor := range []dashboard.Visitor{ada, bob, root} {
			err := settings.MayCreate(visitor)
			if err == nil {
				may = append(may, visitor.Name)
			} else if dashboard.KindOf(err) != dashboard.Forbidden || strings.Contains(err.Error(), "science") {
				t.Errorf("%s: %v", text, err)
			}
			rules, _ := settings.Rules(visitor)
			if (rules.WhyNot == "") != (err == nil) {
				t.Errorf("%s: the rules say %q", text, rules.WhyNot)
			}
		}
		if got := strings.Join(may, " "); got != want {
			t.Errorf("%q: %q may, want %q", text, got, want)
		}
	}
}

func TestMayHaveAnother(t *testing.T) {
	settings := load(t, "limits: {dashboards: 3}")
	if err := settings.MayHaveAnother(2); err != nil {
		t.Error(err)
	}
	if err := settings.MayHaveAnother(3); dashboard.KindOf(err) != dashboard.Limit {
		t.Error(err)
	}
	if err := load(t, "limits: {dashboards: 0}").MayHaveAnother(1e6); err != nil {
		t.Error(err)
	}
}

func names(choices []dashboard.FrameworkChoice) []string {
	var found []string
	for _, choice := range choices {
		found = append(found, choice.Name)
	}
	return found
}

func TestFrameworks(t *testing.T) {
	all := Default().Frameworks()
	if got := names(all); len(got) != len(Default().Presets.Set().All()) || !slices.Contains(got, "voila") {
		t.Errorf("all are %q", got)
	}
	settings := load(t, "frameworks: [streamlit, board]\npresets: {board: {like: panel, target: {default: main.py}}}")
	got := settings.Frameworks()
	if want := []string{"streamlit", "board"}; !slices.Equal(names(got), want) {
		t.Errorf("%q, want %q", names(got), want)
	}
	if got[0].Title != "Streamlit" || !slices.Equal(got[0].Files, []string{".py"}) || got[0].Folder || got[0].Default != "" {
		t.Errorf("streamlit is %+v", got[0])
	}
	if got[1].Title != "Panel" || !got[1].Folder || got[1].Default != "main.py" {
		t.Errorf("board is %+v", got[1])
	}
	if untitled := load(t, "frameworks: [x]\npresets: {x: {command: [x]}}").Frameworks(); untitled[0].Title != "x" {
		t.Errorf("%+v", untitled)
	}
}

// What the operator wrote of presets goes on to the server in the same format.
func TestPresetsGoOn(t *testing.T) {
	settings := load(t, "presets: {board: {like: panel, title: The board}, voila: {options: {ready-timeout: 5}}}")
	again := load(t, "presets:\n  "+strings.ReplaceAll(settings.Presets.Text(), "\n", "\n  "))
	for _, name := range []string{"board", "voila"} {
		want, err := settings.Presets.Set().Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Presets.Set().Lookup(name)
		if err != nil || got.Title != want.Title || got.Options["ready-timeout"] != want.Options["ready-timeout"] {
			t.Errorf("%s was %+v and is %+v, %v", name, want, got, err)
		}
	}
	if text := Default().Presets.Text(); text != "" {
		t.Errorf("nothing is %q", text)
	}
}

func TestCheckApp(t *testing.T) {
	settings := load(t, `
frameworks: [voila, streamlit, static, fastapi]
environments: {names: [base, ml]}
sources: {paths: 'shared/.*|public'}
`)
	server, git := dashboard.Source{Kind: dashboard.FromServer}, dashboard.Source{Kind: dashboard.FromGit}
	below := func(folder string) dashboard.Source {
		return dashboard.Source{Kind: dashboard.FromServer, Folder: folder}
	}
	for _, test := range []struct {
		app    dashboard.App
		source dashboard.Source
		field  string // which is wrong; empty if none
	}{
		{dashboard.App{Framework: "voila", Path: "shared/a.ipynb"}, server, ""},
		{dashboard.App{Framework: "voila", Path: "a.ipynb"}, below("shared"), ""},
		{dashboard.App{Framework: "voila", Path: "shared/a.ipynb"}, below("private"), "app.path"},
		{dashboard.App{Framework: "voila", Path: "private/shared/a.ipynb"}, server, "app.path"},
		{dashboard.App{Framework: "voila", Path: "publicity"}, server, "app.path"},
		{dashboard.App{Framework: "voila", Path: "a.ipynb"}, git, ""},
		{dashboard.App{Framework: "voila", Path: ""}, git, ""}, // all of it
		{dashboard.App{Framework: "streamlit", Path: ""}, git, "app.path"},
		{dashboard.App{Framework: "streamlit", Path: "a.py", Environment: "ml"}, git, ""},
		{dashboard.App{Framework: "streamlit", Path: "a.ipynb"}, git, "app.path"},
		{dashboard.App{Framework: "streamlit", Path: "folder"}, git, "app.path"},
		{dashboard.App{Framework: "streamlit", Path: "a.py", Environment: "mll"}, git, "app.environment"},
		{dashboard.App{Framework: "static"}, below("public"), ""},
		{dashboard.App{Framework: "static"}, server, "app.path"},
		{dashboard.App{Framework: "asgi", Path: "a.py:app"}, git, ""},
		{dashboard.App{Framework: "panel", Path: "a.py"}, git, "app.framework"},
		{dashboard.App{Framework: "voilla", Path: "a.ipynb"}, git, "app.framework"},
	} {
		err := settings.CheckApp(test.app, test.source)
		failed, _ := err.(*dashboard.Error)
		if (test.field == "") != (err == nil) || failed != nil && (failed.Field != test.field || failed.Kind != dashboard.Invalid) {
			t.Errorf("%+v of %+v: %v, want %q to be wrong", test.app, test.source, err, test.field)
		}
	}
	if err := settings.CheckApp(dashboard.App{Framework: "voilla"}, git); !strings.Contains(err.Error(), "Did you mean voila?") {
		t.Error(err)
	}
}

func TestCheckSettles(t *testing.T) {
	made := func() *dashboard.Dashboard {
		return &dashboard.Dashboard{
			Source: dashboard.Source{Kind: dashboard.FromGit, Repo: "https://example.org/a.git"},
			App:    dashboard.App{Framework: "r-shiny", Path: "app.R"},
		}
	}
	d := made()
	if err := load(t, "servers: {per_viewer: always}").Check(d); err != nil || !d.PerViewer || d.App.Framework != "rshiny" {
		t.Errorf("%v: %+v", err, d)
	}
	d = made()
	d.PerViewer = true
	if err := load(t, "servers: {per_viewer: offered}").Check(d); err != nil || !d.PerViewer {
		t.Errorf("%v: %+v", err, d)
	}
	if err := Default().Check(d); dashboard.KindOf(err) != dashboard.Invalid {
		t.Error(err)
	}
	d = made()
	d.Options = map[string]any{"profile": "large"}
	if err := Default().Check(d); dashboard.KindOf(err) != dashboard.Invalid {
		t.Error(err)
	}
}

func TestEnvironmentsOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "environments")
	settings := load(t, "environments: {names: [base], file: "+path+"}")
	app := dashboard.App{Framework: "voila", Path: "a.ipynb", Environment: "ml"}
	git := dashboard.Source{Kind: dashboard.FromGit}
	if err := settings.CheckApp(app, git); dashboard.KindOf(err) != dashboard.Unavailable || strings.Contains(err.Error(), path) {
		t.Errorf("without the file: %v", err)
	}
	rules, err := settings.Rules(dashboard.Visitor{})
	if err == nil || !slices.Equal(rules.Environments, []string{"base"}) {
		t.Errorf("without the file: %v, %v", rules.Environments, err)
	}
	if err := os.WriteFile(path, []byte("# made by a job\r\nml\r\n\nbase\n /opt/env \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := settings.CheckApp(app, git); err != nil {
		t.Error(err)
	}
	rules, err = settings.Rules(dashboard.Visitor{})
	if err != nil || !slices.Equal(rules.Environments, []string{"base", "ml", "/opt/env"}) {
		t.Errorf("%q, %v", rules.Environments, err)
	}
	app.Environment = "other"
	if err := settings.CheckApp(app, git); err == nil || !strings.Contains(err.Error(), "“other”") {
		t.Error(err)
	}
	if err := load(t, "environments: {free: true}").CheckApp(app, git); err != nil {
		t.Error(err)
	}
	if err := Default().CheckApp(app, git); err == nil || !strings.Contains(err.Error(), "No environment") {
		t.Error(err)
	}
}

func TestCheckSource(t *testing.T) {
	git, server := dashboard.Source{Kind: dashboard.FromGit, Repo: "https://example.org/a"}, dashboard.Source{Kind: dashboard.FromServer}
	if Default().CheckSource(git) != nil || Default().CheckSource(server) != nil {
		t.Error("not both by default")
	}
	for text, refused := range map[string]dashboard.Source{"sources: {git: false}": git, "sources: {servers: false}": server} {
		if err := load(t, text).CheckSource(refused); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%s: %v", text, err)
		}
		if rules, _ := load(t, text).Rules(dashboard.Visitor{}); len(rules.Sources) != 1 || rules.Sources[0] == refused.Kind {
			t.Errorf("%s: %v", text, rules.Sources)
		}
	}
}

func TestSecurityRepositories(t *testing.T) {
	settings := load(t, "sources: {repositories: [github.com/team, 'https://git.example.org', 'http://intra:8080/a/b', 'file:///srv/git', 'ssh://deep.example.org/x']}")
	for _, good := range []string{
		"https://github.com/team/a", "https://github.com/team/a.git", "HTTPS://GitHub.com:443/team/a/", "git@github.com:team/a.git",
		"ssh://git@github.com:22/team/a", "ssh://github.com/team/a", "https://git.example.org/any/thing", "https://git.example.org./any",
		"http://intra:8080/a/b/c", "file:///srv/git/a", "me@deep.example.org:x/y",
	} {
		if err := settings.checkRepository(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"https://github.com/teammate/a", "https://github.com/Team/a", "https://github.com/team/../other/a", "https://github.com/team/%2e%2e/other",
		"https://github.com/team%2f..%2fother", "https://github.com/team%2Fa", "https://github.com/./team/a", "https://github.com//team/a",
		"https://github.com/other/team/a", "https://github.com:8443/team/a", "http://github.com/team/a", "git://github.com/team/a",
		"https://github.com.evil.org/team/a", "https://evil.org/github.com/team/a", "https://github.com@evil.org/team/a",
		"https://evil.org#@github.com/team/a", "https://evil.org?@github.com/team/a", `https://evil.org\@github.com/team/a`,
		"https://github.com/team@evil.org/a", "git@evil.org:github.com/team/a", "git@github.com:te%61m/a", "git@github.com:../team/a",
		"ssh://git.example.org/any", "http://intra/a/b/c", "http://intra:8080/a/bc", "file:///srv/gitx", "file:///srv/git/../etc", "file:///etc",
		"/srv/git/a", "./a", "ext::sh -c id", "ext::sh", "--upload-pack=id", "-oProxyCommand=x:y/z", "https://", "https:///team/a", "https://github.com",
		"ftp://github.com/team/a", "", " https://github.com/team/a", "https://github.com/team/a\n", "https://github.com/team/a\x00", "\xff", "::", "a:", ":a",
	} {
		if err := settings.checkRepository(bad); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	// Without a list any host will do, but nothing of the service's own machine.
	for bad, want := range map[string]bool{
		"https://anywhere.example/a": true, "git@anywhere.example:a": true, "http://h/a": true, "git://h/a": true,
		"file:///etc": false, "/etc": false, "..": false, "ext::sh": false,
	} {
		if err := Default().checkRepository(bad); (err == nil) != want {
			t.Errorf("%q without a list: %v", bad, err)
		}
	}
}

func TestSecurityRepositoryWithoutSecrets(t *testing.T) {
	for _, address := range []string{"https://ada:hunter2@example.org/a", "https://hunter2@example.org/a", "ssh://ada:hunter2@example.org/a", "https://ada:hunter2@exa mple.org/a", "https://ada:hunter2@[example.org/a"} {
		err := Default().checkRepository(address)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestSpawnerOptions(t *testing.T) {
	settings := load(t, "servers: {options: {profile: small, memory: 2}, owner_options: [memory]}")
	got, err := settings.SpawnerOptions(map[string]any{"memory": 8})
	if err != nil || got["profile"] != "small" || got["memory"] != 8 || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if got["profile"] = "changed"; settings.Servers.Options["profile"] != "small" {
		t.Error("the settings changed")
	}
	for _, owners := range []map[string]any{{"profile": "large"}, {"dashboard_ticket": "x"}, {"dashboard_accepted": "x"}, {"memory": strings.Repeat("x", maxOptions)}, {"memory": func() {}}} {
		if _, err := settings.SpawnerOptions(owners); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%v: %v", owners, err)
		}
	}
	if got, err := Default().SpawnerOptions(nil); err != nil || got == nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLaunchArguments(t *testing.T) {
	settings := load(t, "servers: {visitor: [user, jwt, info, query], arguments: [--ready-timeout=9], environment: {A: b}}")
	want := []string{"--forward-identity=user", "--forward-identity=jwt", "--forward-user-info", "--query-user-info", "--ready-timeout=9"}
	if got := settings.LaunchArguments(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := settings.LaunchEnvironment(); len(got) != 1 || got["A"] != "b" {
		t.Error(got)
	}
	if got := Default().LaunchArguments(); len(got) != 0 {
		t.Error(got)
	}
}

func FuzzRepository(f *testing.F) {
	for _, address := range []string{"https://github.com/team/a", "git@github.com:team/a", "ssh://u@h:1/a/../b", "file:///a", "https://h/%2e%2e/a", "a:b"} {
		f.Add(address)
	}
	settings := Settings{Sources: Sources{Repositories: []Repository{"github.com/team"}}}
	f.Fuzz(func(t *testing.T, address string) {
		if settings.checkRepository(address) != nil {
			return
		}
		lower := strings.ToLower(address)
		if !strings.Contains(lower, "github.com") || !strings.Contains(address, "team") && !strings.Contains(address, "%") || strings.Contains(address, "..") {
			t.Errorf("%q was taken for one of github.com/team", address)
		}
	})
}
