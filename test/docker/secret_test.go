//go:build e2e

package docker

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

func TestSecurityTheImageHasNoSecretsOfTheServer(t *testing.T) {
	h := shared(t)
	for name, start := range map[string]func() server{
		"committed": func() server { return h.start("ada", "", "jupyter-ada", "echo nb > nb.ipynb; touch /tmp/ready") },
		"filled":    func() server { return withVolume(t, "echo nb > nb.ipynb") },
	} {
		t.Run(name, func(t *testing.T) {
			s := start()
			defer h.run("rm", "--force", s.id)
			s.await("/tmp/ready")
			c := h.cloner()
			snapshot, _ := h.clone(c, s.request("nb.ipynb"))
			if env := h.run("image", "inspect", "--format", "{{json .Config.Env}}", snapshot.Ref); env != `["PATH=/usr/local/bin:/usr/bin:/bin","FLAVOUR=plain"]` {
				t.Errorf("its environment is %s", env)
			}
			for _, look := range [][]string{
				{"image", "inspect", snapshot.Ref},
				{"image", "history", "--no-trunc", "--format", "{{json .}}", snapshot.Ref},
			} {
				if out := h.run(look...); strings.Contains(out, secret) || strings.Contains(out, "JUPYTERHUB") {
					t.Errorf("docker %v shows\n%s", look, out)
				}
			}
			// All of what others would get of it, all layers included.
			file := filepath.Join(t.TempDir(), "image.tar")
			if _, err := h.Try(time.Minute, engine.Command{Args: []string{"save", "--output", file, snapshot.Ref}}); err != nil {
				t.Fatal(err)
			}
			if content, err := os.ReadFile(file); err != nil || bytes.Contains(content, []byte(secret)) {
				t.Errorf("the image has the secret: %v", err)
			}
			// And what Docker keeps of images on its disk.
			folder := filepath.Join(h.Data(), "image")
			err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() {
					return err
				}
				content, err := os.ReadFile(name)
				if bytes.Contains(content, []byte(secret)) {
					t.Errorf("%s has the secret", name)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSecuritySecretFilesAreEmptied(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", `
mkdir -p .ssh proj/data .config/gcloud; echo key > .ssh/id_rsa; echo host > .ssh/config; echo TOKEN > proj/.env; echo pw > .netrc; echo g > .config/gcloud/g
echo large > proj/data/x; echo data/ > proj/.dashboardignore; echo nb > proj/nb.ipynb; ln -s /etc/passwd .pgpass; touch /tmp/ready`)
	s.await("/tmp/ready")
	c := h.cloner()
	request := s.request("nb.ipynb")
	request.Source.Folder = "proj"
	// One that does not run cannot say itself what it has.
	for _, revision := range []int{1, 2} {
		request.Revision = revision
		if revision == 2 {
			h.run("stop", "--time", "0", s.id)
		}
		snapshot, told := h.clone(c, request)
		out := h.shell(snapshot.Ref, "cd /home/jovyan; find . -type f | sort | xargs stat -c '%n %s'; find .ssh .config proj/data; test ! -L .pgpass; head -c 5 /etc/passwd")
		if out != strings.TrimSpace(`
./.netrc 0
./.pgpass 0
./proj/.dashboardignore 6
./proj/.env 0
./proj/nb.ipynb 3
.ssh
.config
.config/gcloud
proj/data
root:`) {
			t.Errorf("the image has\n%s\n%s", out, told)
		}
	}
	request = s.request(".env")
	request.Source.Folder = "proj"
	for _, hidden := range []string{".env", "data/x", "data"} {
		request.App.Path = hidden
		_, err := c.Clone(t.Context(), request, &story{})
		if failed, ok := err.(*dashboard.Error); !ok || failed.Field != "app.path" {
			t.Errorf("%s: %v", hidden, err)
		}
	}
}

// Names that are escaped by the operator's own rule can be the same; what the hub
// told a container cannot.
func TestSecurityAServerIsItsOwnersAlone(t *testing.T) {
	h := shared(t)
	s := h.start("a--b", "", "jupyter-a--b", "echo nb > nb.ipynb; touch /tmp/ready")
	s.await("/tmp/ready")
	ambiguous := func(c *docker.Config) { c.LegacyEscape = true }
	c := h.cloner(ambiguous)
	for _, each := range []struct{ user, server string }{{"a", "b"}, {"a--b", "c"}, {"a", ""}, {".*", ""}, {"jovyan", ""}} {
		request := s.request("nb.ipynb")
		request.Owner, request.Source.Server = each.user, each.server
		_, err := c.Clone(t.Context(), request, &story{})
		if failed, ok := err.(*dashboard.Error); !ok || failed.Field != "source.server" {
			t.Errorf("%+v: %v", each, err)
		}
		if entries, err := c.Browse(t.Context(), each.user, request.Source, ""); err == nil {
			t.Errorf("%+v: %v", each, entries)
		}
	}
	h.clone(c, s.request("nb.ipynb"))
	if entries, err := c.Browse(t.Context(), "a--b", s.request("").Source, ""); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestHostileNames(t *testing.T) {
	h := shared(t)
	for user, container := range map[string]string{
		"ünï/ö'\"<b>":    "jupyter--c3-bcn-c3-af-2f-c3-b6-27-22-3cb-3e--my-20server",
		"..":             "jupyter--2e-2e--my-20server",
		"a\nb $(reboot)": "jupyter-a-ab-20-24-28reboot-29--my-20server",
	} {
		s := h.start(user, "My Server", container, "echo nb > nb.ipynb; touch /tmp/ready")
		s.await("/tmp/ready")
		c := h.cloner()
		snapshot, _ := h.clone(c, s.request("nb.ipynb"))
		if got := h.run("image", "inspect", "--format", `{{index .Config.Labels "org.jhsingle.dashboard.owner"}}`, snapshot.Ref); got != user {
			t.Errorf("the owner is %q, not %q", got, user)
		}
	}
}

func TestBrowse(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", `
mkdir -p work/sub secret; echo 12345 > work/nb.ipynb; echo x > "work/$(printf 'a\nb')"; echo x > work/.env; ln -s nb.ipynb work/link; ln -s sub work/folder; ln -s /nowhere work/broken; ln -s / root; ln -s work here
mkfifo work/pipe; echo x > 'work/a b'; echo x > work/-rf; touch /tmp/ready`)
	s.await("/tmp/ready")
	c := h.cloner()
	source := s.request("").Source
	entries, err := c.Browse(t.Context(), "ada", source, "work")
	want := []dashboard.Entry{{Name: "folder", Folder: true}, {Name: "sub", Folder: true}, {Name: "-rf", Bytes: 2}, {Name: "a b", Bytes: 2}, {Name: "link", Bytes: 8}, {Name: "nb.ipynb", Bytes: 6}}
	if err != nil || len(entries) != len(want) {
		t.Fatalf("%+v, %v", entries, err)
	}
	for i := range want {
		if entries[i] != want[i] {
			t.Errorf("%+v, not %+v", entries[i], want[i])
		}
	}
	source.Folder = "here"
	if entries, err = c.Browse(t.Context(), "ada", source, "sub"); err != nil || len(entries) != 0 {
		t.Errorf("%+v, %v", entries, err)
	}
	source.Folder = ""
	for _, out := range []string{"root", "root/etc", "nowhere", "work/nb.ipynb"} {
		if entries, err := c.Browse(t.Context(), "ada", source, out); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%s: %v, %v", out, entries, err)
		}
	}
	request := s.request("passwd")
	request.Source.Folder = "root/etc"
	_, err = c.Clone(t.Context(), request, &story{})
	if failed, ok := err.(*dashboard.Error); !ok || failed.Field != "source.folder" {
		t.Errorf("%v", err)
	}
}
