package docker

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
)

func TestSecuritySecretsAreLeftOut(t *testing.T) {
	t.Parallel()
	parsed, err := ignore.Parse([]byte("data/\n*.csv\n!.env\n!deep/.netrc\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := source{home: "/home/jovyan", folder: "/home/jovyan/work"}.selected(parsed)
	for name, want := range map[string]bool{
		"/home/jovyan/.ssh":                  false, // is no folder
		"/home/jovyan/.ssh/id":               true,
		"/home/jovyan/.env":                  true,  // is not in the folder
		"/home/jovyan/work/.env":             false, // is asked for
		"/home/jovyan/work/deep/.netrc":      false,
		"/home/jovyan/work/.netrc":           true,
		"/home/jovyan/work/deep/.aws/x":      true,
		"/home/jovyan/work/data":             false, // is no folder
		"/home/jovyan/work/data/x":           true,
		"/home/jovyan/data/x":                false,
		"/home/jovyan/work/a.csv":            true,
		"/home/jovyan/a.csv":                 false,
		"/home/jovyan/work/nb.ipynb":         false,
		"/home/jovyan/.local/lib/x.py":       false,
		"/home/jovyan/work":                  false,
		"/home/jovyan":                       false,
		"/opt/.env":                          false, // is in no home
		"/home/bob/.env":                     true,
		"/root/.ssh/id":                      true,
		"/home/jovyan/.config/gcloud/x/y/z":  true,
		"/home/jovyan/work/.git-credentials": true,
	} {
		if got := s.leavesOut(name, false); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSecurityHomesAreWhereSecretsAre(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		home string
		env  []string
		want []string
	}{
		{home: "/home/jovyan/work", want: []string{"/home", "/root"}},
		{home: "/srv/work", env: []string{"HOME=/srv/"}, want: []string{"/home", "/root", "/srv"}},
		{home: "/work", env: []string{"HOME=/users/ada"}, want: []string{"/home", "/root", "/users/ada", "/work"}},
		{home: "/work", env: []string{"HOME=/"}, want: []string{"/home", "/root", "/work"}},
		{home: "/root", env: []string{"HOME=~"}, want: []string{"/home", "/root"}},
	} {
		s := source{home: test.home}
		s.Config = &container.Config{Env: test.env}
		if got := s.homes(); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

func TestEmptied(t *testing.T) {
	t.Parallel()
	changes := func(kind container.ChangeType, names ...string) (made []container.FilesystemChange) {
		for _, name := range names {
			made = append(made, container.FilesystemChange{Kind: kind, Path: name})
		}
		return made
	}
	all := append(changes(container.ChangeAdd,
		"/home", "/home/jovyan", "/home/jovyan/.ssh", "/home/jovyan/.ssh/id", "/home/jovyan/.ssh/deep", "/home/jovyan/.ssh/deep/id",
		"/home/jovyan/.env", "/home/jovyan/nb.ipynb", "/home/jovyan/a/.netrc", "/etc/.env", "/home/jovyan/volume", "/home/jovyan/volume/.env",
		"relative/.env", "",
	), changes(container.ChangeDelete, "/home/jovyan/.pgpass")...)
	got := emptied(changed(all), rules(t, ""), []string{"/home/jovyan/volume"})
	if want := []string{"/home/jovyan/.env", "/home/jovyan/.ssh/", "/home/jovyan/a/.netrc"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestParseFiles(t *testing.T) {
	t.Parallel()
	got := parseFiles([]byte("d /home/jovyan/.ssh\x00f /home/jovyan/.ssh/id\x00f /home/../etc/passwd\x00f /etc/passwd\x00f a\x00f /home/a//b\x00f /home\x00f /home/a\nb c\x00f \x00f\x00\x00f /root/cut"), []string{"/home", "/root"})
	want := []file{{"/home/jovyan/.ssh", true}, {"/home/jovyan/.ssh/id", false}, {"/home/a\nb c", false}, {"/root/cut", false}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func FuzzParseFiles(f *testing.F) {
	f.Add([]byte("d /home/.ssh\x00f /home/.ssh/id\x00f /home/../.env\x00"))
	f.Fuzz(func(t *testing.T, listing []byte) {
		for _, name := range emptied(parseFiles(listing, []string{home}), rules(t, "*"), nil) {
			if at := strings.TrimSuffix(name, "/"); path.Clean(at) != at || !below(at, home) || at == home {
				t.Errorf("%q would be emptied", name)
			}
		}
	})
}
