package dashboard

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func good() Dashboard {
	return Dashboard{Name: "Sales", Source: Source{Kind: FromServer}, App: App{Framework: "voila", Path: "a.ipynb"}}
}

func TestCheckTidiesUp(t *testing.T) {
	d := good()
	d.Name, d.Description = "  Sa\u0308les\t ", "a\r\nb\n"
	d.Source.Folder, d.App.Path = "/work//x/./", "./-a b.ipynb"
	d.Access.Users = []string{"bob", " ada ", "bob", ""}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	if d.Name != "Säles" || d.Description != "a\nb" || d.Source.Folder != "work/x" || d.App.Path != "./-a b.ipynb" || !slices.Equal(d.Access.Users, []string{"ada", "bob"}) {
		t.Errorf("got %+v", d)
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		field  string
		change func(*Dashboard)
	}{
		"no name":               {"name", func(d *Dashboard) { d.Name = " " }},
		"a long name":           {"name", func(d *Dashboard) { d.Name = strings.Repeat("ä", MaxName+1) }},
		"a name with a line":    {"name", func(d *Dashboard) { d.Name = "a\nb" }},
		"a name turned round":   {"name", func(d *Dashboard) { d.Name = "a\u202eb" }},
		"a name with a NUL":     {"name", func(d *Dashboard) { d.Name = "a\x00b" }},
		"a name that is none":   {"name", func(d *Dashboard) { d.Name = "a\xff" }},
		"a long description":    {"description", func(d *Dashboard) { d.Description = strings.Repeat("a", MaxDescription+1) }},
		"no source":             {"source.kind", func(d *Dashboard) { d.Source.Kind = "disk" }},
		"two sources":           {"source.repo", func(d *Dashboard) { d.Source.Repo = "https://x/y" }},
		"two sources, turned":   {"source.server", func(d *Dashboard) { d.Source = Source{Kind: FromGit, Server: "x", Repo: "https://x/y"} }},
		"no repository":         {"source.repo", func(d *Dashboard) { d.Source = Source{Kind: FromGit} }},
		"a repository's line":   {"source.repo", func(d *Dashboard) { d.Source = Source{Kind: FromGit, Repo: "https://x\n/y"} }},
		"a folder outside":      {"source.folder", func(d *Dashboard) { d.Source.Folder = "a/../../b" }},
		"a path outside":        {"app.path", func(d *Dashboard) { d.App.Path = "../a.ipynb" }},
		"a long path":           {"app.path", func(d *Dashboard) { d.App.Path = strings.Repeat("a", MaxPath+1) }},
		"no framework":          {"app.framework", func(d *Dashboard) { d.App.Framework = "" }},
		"an option environment": {"app.environment", func(d *Dashboard) { d.App.Environment = "--x" }},
		"many arguments":        {"app.arguments", func(d *Dashboard) { d.App.Arguments = make([]string, MaxArguments+1) }},
		"a NUL in an argument":  {"app.arguments", func(d *Dashboard) { d.App.Arguments = []string{"a\x00"} }},
		"a user with a line":    {"access.users", func(d *Dashboard) { d.Access.Users = []string{"a\nb"} }},
		"many groups": {"access.groups", func(d *Dashboard) {
			for i := range MaxShared + 1 {
				d.Access.Groups = append(d.Access.Groups, strings.Repeat("g", i+1)[:min(i+1, 200)]+string(rune('a'+i%26))+string(rune('a'+i/26)))
			}
		}},
	} {
		d := good()
		test.change(&d)
		err := d.Check()
		known, ok := err.(*Error)
		if !ok || known.Kind != Invalid || known.Field != test.field || !strings.HasSuffix(known.Message, ".") {
			t.Errorf("%s: got %#v", name, err)
		}
	}
}

// FuzzCleanPath looks for a way out of a folder, and for what a program could
// take for an option.
func FuzzCleanPath(f *testing.F) {
	for _, path := range []string{"a/b", "../x", "/etc/passwd", "a/./..//b", "-x", "..\\x", "a\x00", strings.Repeat("-", MaxPath)} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, given string) {
		cleaned, err := CleanPath("path", given)
		if err != nil {
			return
		}
		if cleaned != "" && !filepath.IsLocal(cleaned) || strings.HasPrefix(cleaned, "-") || strings.ContainsAny(cleaned, "\x00\n") {
			t.Errorf("%q became %q", given, cleaned)
		}
		if again, err := CleanPath("path", cleaned); err != nil || again != cleaned {
			t.Errorf("%q became %q, and that %q, %v", given, cleaned, again, err)
		}
	})
}

func TestSecurityAccess(t *testing.T) {
	d := Dashboard{Owner: "ada", Revision: 1, Access: Access{Users: []string{"bob"}, Groups: []string{"team"}}}
	for name, test := range map[string]struct {
		v          Visitor
		open, owns bool
	}{
		"owner":         {Visitor{Name: "ada"}, true, true},
		"named":         {Visitor{Name: "bob"}, true, false},
		"member":        {Visitor{Name: "eve", Groups: []string{"x", "team"}}, true, false},
		"stranger":      {Visitor{Name: "eve", Groups: []string{"Team", ""}}, false, false},
		"nobody":        {Visitor{}, false, false},
		"administrator": {Visitor{Name: "root", Admin: true}, false, true},
	} {
		if test.v.MayOpen(d) != test.open || test.v.Owns(d) != test.owns {
			t.Errorf("%s: opens %v, owns %v", name, test.v.MayOpen(d), test.v.Owns(d))
		}
	}
	d.Revision = 0
	if (Visitor{Name: "bob"}).MayOpen(d) || !(Visitor{Name: "ada"}).MayOpen(d) {
		t.Error("what was never built is open to others, or not to its owner")
	}
	if !(Access{Everyone: true}).Allows("x", nil) || (Access{}).Allows("", []string{""}) {
		t.Error("everyone is not everyone, or nobody somebody")
	}
}
