package docker

import (
	"slices"
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
	s := selectFrom("/home/jovyan", "/home/jovyan/work", parsed)
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
		"/opt/.env":                          false, // is not in the home
		"/home/jovyanx/.env":                 false,
		"/home/jovyan/.config/gcloud/x/y/z":  true,
		"/home/jovyan/work/.git-credentials": true,
	} {
		if got := s.leavesOut(name, false); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEmptied(t *testing.T) {
	t.Parallel()
	changed := func(kind container.ChangeType, names ...string) (made []container.FilesystemChange) {
		for _, name := range names {
			made = append(made, container.FilesystemChange{Kind: kind, Path: name})
		}
		return made
	}
	all := append(changed(container.ChangeAdd,
		"/home", "/home/jovyan", "/home/jovyan/.ssh", "/home/jovyan/.ssh/id", "/home/jovyan/.ssh/deep", "/home/jovyan/.ssh/deep/id",
		"/home/jovyan/.env", "/home/jovyan/nb.ipynb", "/home/jovyan/a/.netrc", "/etc/.env", "/home/jovyan/volume", "/home/jovyan/volume/.env",
		"relative/.env", "",
	), changed(container.ChangeDelete, "/home/jovyan/.pgpass")...)
	got := emptied(all, rules(t, ""), []string{"/home/jovyan/volume"})
	if want := []string{"/home/jovyan/.env", "/home/jovyan/.ssh/", "/home/jovyan/a/.netrc"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
