//go:build unix

package folder

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestNotebookThatIsNotThere(t *testing.T) {
	t.Parallel()
	for wanted, test := range map[string]struct{ mention []string }{
		"sales.ipynb":      {[]string{`There is no "sales.ipynb" in the folder. Did you mean reports/2024/Sales.ipynb or reports/sale.ipynb?`}},
		"bord.ipynb":       {[]string{`Did you mean board.ipynb?`}},
		"nothing-like.txt": {[]string{`There is no "nothing-like.txt" in the folder. Choose a file that is there.`}},
		"./-dash.py":       {[]string{`There is no "-dash.py"`}},
		"board.ipynb/x":    {[]string{`There is no "board.ipynb/x"`}},
		"reports/nothing/": {[]string{`There is no "reports/nothing"`}},
		".env":             {[]string{`".env" is left out of the copy, because files of that name hold secrets`}},
		"ignored/a.ipynb":  {[]string{`"ignored/a.ipynb" is left out of the copy by a .dashboardignore`}},
		"out.ipynb":        {[]string{`"out.ipynb" is a link that leads out of the folder`}},
		".hidden/a.ipynb":  {[]string{`".hidden/a.ipynb" is hidden in the home folder`}},
		"venv/a.ipynb":     {[]string{`"venv/a.ipynb" is in an environment`}},
		"near/nothing":     {[]string{`There is no "near/nothing"`}}, // behind a link
	} {
		t.Run(wanted, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for _, name := range []string{"board.ipynb", "reports/2024/Sales.ipynb", "reports/sale.ipynb", ".env", "ignored/a.ipynb", ".hidden/a.ipynb", "venv/pyvenv.cfg", "venv/a.ipynb"} {
				s.write(name, "")
			}
			s.link("/etc/passwd", "out.ipynb")
			s.link("reports", "near")
			s.write(".dashboardignore", "ignored")
			s.request.App.Path = wanted
			s.refused(dashboard.Invalid, "app.path", test.mention...)
		})
	}
}

func TestNotebookThatIsThere(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("reports/a.ipynb", "")
	s.write("-dash.py", "")
	s.link("reports", "near")
	s.link("near/a.ipynb", "other.ipynb")
	for i, wanted := range []string{"", "reports", "reports/a.ipynb", "./-dash.py", "near", "near/a.ipynb", "other.ipynb", "reports/"} {
		s.request.App.Path, s.request.Revision = wanted, i+1
		if _, err := s.try(t.Context()); err != nil {
			t.Errorf("%q: %v", wanted, err)
		}
	}
}

func TestFolderThatIsNone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("file", "")
	s.write("real/sub/x", "")
	s.link("real", "link")
	s.link("/etc", "out")
	for folder, mention := range map[string]string{
		"nothing": `no folder "nothing"`, "file": `"file" is no folder`, "file/x": `"file/x" is no folder`, "link": `is, or is behind, a link`,
		"link/sub": `is, or is behind, a link`, "out": `is, or is behind, a link`, "real/nothing": `no folder "real/nothing"`,
	} {
		s.request.Source.Folder = folder
		s.refused(dashboard.Invalid, "source.folder", mention)
	}
	s.request.Source.Folder, s.request.Owner = "", "bob"
	s.refused(dashboard.Invalid, "source.server", "Start your server once")
}

func TestSecurityOwnersStayInTheirHomes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("x", "")
	if err := os.WriteFile(s.home+"/../other", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{"", ".", "..", "ada/../ada", "../homes/ada", "/", "ada/", "ada\x00"} {
		s.request.Owner = owner
		if _, err := s.try(t.Context()); err == nil {
			t.Errorf("%q has a home", owner)
		}
		if _, err := s.open().Browse(t.Context(), owner, s.request.Source, ""); err == nil {
			t.Errorf("%q can look round", owner)
		}
	}
	s.request.Owner = "ada"
	for _, folder := range []string{"..", "../..", "/../bob", "a/../../.."} {
		s.request.Source.Folder = folder
		if found, err := s.open().Browse(t.Context(), "ada", s.request.Source, "../.."); err == nil && (len(found) != 1 || found[0].Name != "x") {
			t.Errorf("%q leads to %v", folder, found)
		}
	}
	for _, id := range []string{"", "..", "short", "abcdefghijk/", "ABCDEFGHIJKM"} {
		s.request = dashboard.CloneRequest{Dashboard: id, Revision: 1, Owner: "ada", Source: dashboard.Source{Kind: dashboard.FromServer}}
		if _, err := s.try(t.Context()); err == nil {
			t.Errorf("%q is a dashboard", id)
		}
	}
	s.nothing()
}

func TestHomesTemplate(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]homes{
		"/home/{username}":          {"/home", "{username}", ""},
		"/home/jupyter-{username}/": {"/home", "jupyter-{username}", ""},
		"/srv/{username}/work/all":  {"/srv", "{username}", "work/all"},
		"/{username}":               {"/", "{username}", ""},
	} {
		if got, err := parseHomes(template); err != nil || got != want {
			t.Errorf("%q is %+v, %v", template, got, err)
		}
	}
	for _, template := range []string{"", "/home", "home/{username}", "/{username}/{username}", "/home/{user}", "/home/{username}\x00"} {
		if _, err := New(Config{Root: t.TempDir(), Homes: template}); err == nil {
			t.Errorf("%q is taken", template)
		}
	}
}

// A home that is a link of the operator's is one; a folder in it that is one is
// not.
func TestSecurityLinkedHomes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	base := strings.TrimSuffix(s.home, "/homes/ada")
	s.write("work/x", "")
	if err := os.Rename(s.home, base+"/elsewhere"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(base+"/elsewhere", s.home); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(base+"/elsewhere/work/x", base+"/elsewhere/work/absolute"); err != nil {
		t.Fatal(err)
	}
	s.config.Homes += "/work"
	wants(t, s.clone(), "x", "absolute -> x")
	if err := os.Rename(base+"/elsewhere/work", base+"/private"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../private", base+"/elsewhere/work"); err != nil {
		t.Fatal(err)
	}
	s.request.Revision = 2
	if _, err := s.try(t.Context()); err == nil {
		t.Error("a link of the owner's was followed")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 5 {
		s.write(fmt.Sprintf("many/%d", i), "x")
	}
	s.write("large/x", strings.Repeat("x", 5000))
	s.write("y", "y")
	s.config.Limits = Limits{Bytes: 5000}
	s.refused(dashboard.Limit, "", "5.0 kB to copy, and the limit is 5.0 kB", "largest part is large with 5.0 kB", ".dashboardignore")
	s.config.Limits, s.cloner = Limits{Files: 8}, nil
	s.refused(dashboard.Limit, "", "more than 8 files to copy", "choose a smaller folder")
	s.config.Limits, s.cloner = Limits{Bytes: 5006, Files: 9}, nil
	s.clone()
}

func TestTooDeep(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(strings.Repeat("d/", 150)+"x", "")
	s.clone()
	s.request.Revision = 2
	s.write("deep/"+strings.Repeat("d/", 250)+"x", "")
	_, err := s.try(t.Context())
	if dashboard.KindOf(err) != dashboard.Limit || !strings.Contains(err.Error(), "200 folders deep") || len(err.Error()) > 400 {
		t.Errorf("%v", err)
	}
	s.write(".dashboardignore", "/deep")
	if _, err := s.try(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFolderFromARepository(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.request.Source = dashboard.Source{Kind: dashboard.FromGit, Repo: "https://example.org/x"}
	if _, err := s.try(t.Context()); err == nil {
		t.Error("it worked")
	}
	s.nothing()
}

func TestBrowse(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, name := range []string{"b/x", "A/x", "c.ipynb", "B.py", ".hidden", ".ssh/x", "server.key", "__pycache__/x", "bad\nname", "\xff"} {
		s.write("work/"+name, "four")
	}
	s.link("c.ipynb", "work/link")
	s.link("/etc", "work/etc")
	source := dashboard.Source{Kind: dashboard.FromServer, Folder: "work"}
	found, err := s.open().Browse(t.Context(), "ada", source, "")
	want := []dashboard.Entry{{Name: "A", Folder: true}, {Name: "b", Folder: true}, {Name: "B.py", Bytes: 4}, {Name: "c.ipynb", Bytes: 4}}
	if err != nil || fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("%v, %v", found, err)
	}
	if found, err = s.open().Browse(t.Context(), "ada", source, "b"); err != nil || len(found) != 1 || found[0].Name != "x" {
		t.Errorf("%v, %v", found, err)
	}
	for _, folder := range []string{"etc", "link", "nothing", "c.ipynb", ".ssh"} {
		if found, err := s.open().Browse(t.Context(), "ada", source, folder); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%s: %v, %v", folder, found, err)
		}
	}
	if found, err := s.open().Browse(t.Context(), "ada", source, "../../../.."); err != nil || len(found) != 1 || found[0].Name != "work" {
		t.Errorf("%v, %v", found, err)
	}
	for i := range 600 {
		s.write(fmt.Sprintf("many/%03d", i), "")
	}
	if found, err = s.open().Browse(t.Context(), "ada", source, "../many"); err != nil || len(found) != 500 || found[499].Name != "499" {
		t.Errorf("%d, %v", len(found), err)
	}
}

// What the owner may not read is left out, also where we could.
func TestSecurityUnreadable(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("closed/x", "")
	s.write("file", "")
	s.write("list/x", "")
	s.write("y", "")
	if os.Geteuid() == 0 {
		nobody := account.Account{UID: 65534, GID: 65534}
		s.config.As = func(context.Context, string) (account.Account, error) { return nobody, nil }
		s.give(nobody)
		if err := os.Chmod(filepath.Dir(filepath.Dir(s.root)), 0o711); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]fs.FileMode{"closed": 0, "file": 0, "list": 0o300} {
		if err := os.Chmod(s.home+"/"+name, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(s.home+"/closed", 0o700); _ = os.Chmod(s.home+"/list", 0o700) })
	wants(t, s.clone(), "y")
	if !strings.Contains(s.log.said(), "Left out 3 that their owner may not read: closed, file, list.") {
		t.Error(s.log.said())
	}
}
