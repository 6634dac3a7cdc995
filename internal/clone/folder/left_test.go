//go:build unix

package folder

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestSecuritySecretsAreLeftOut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	secrets := []string{
		"work/.ssh/id", "work/.env", "work/.env.production", "work/.ENV", "work/prod.env", "work/id_rsa", "work/id_ed25519.bak", "work/server.key",
		"work/sub/.netrc", "work/sub/.aws/credentials", "work/.git-credentials", "work/.docker/config.json", "work/a/.config/gcloud/x",
		"work/.bash_history", "work/.python_history", "work/.Rhistory", "work/.Renviron", "work/.jupyter/jupyter_server_config.json", "work/.npmrc", "work/.pypirc",
		"work/.kube/config", "work/.local/share/jupyter/runtime/kernel.json", "work/.streamlit/secrets.toml", "work/.pgpass", "work/.gnupg/x", "work/.azure/x",
	}
	for _, name := range secrets {
		s.write(name, "secret")
	}
	s.write("work/key.pem", "-----BEGIN RSA PRIVATE KEY-----\n")
	s.write("work/pad.pem", strings.Repeat("-----BEGIN CERTIFICATE-----\n", 1000)+"-----BEGIN PRIVATE KEY-----\n")
	s.write("work/cacert.pem", "-----BEGIN CERTIFICATE-----\n")
	s.write("work/.env.example", "PASSWORD=")
	s.write("work/board.py", "")
	s.write("work/keys.csv", "")
	s.write("work/environment.yml", "")
	s.request.Source.Folder = "work"
	made := s.clone()
	wants(t, made, "cacert.pem", ".env.example", "board.py", "keys.csv", "environment.yml", "sub/", "a/", "a/.config/", ".docker/",
		".local/", ".local/share/", ".local/share/jupyter/", ".streamlit/")
	for _, words := range []string{"Left out 28 that may hold secrets:", ".env,", "id_rsa", "and 8 more", "with an exclamation mark"} {
		if !strings.Contains(s.log.said(), words) {
			t.Errorf("should say %q: %s", words, s.log.said())
		}
	}
	if strings.Contains(s.log.said(), "secret\n") {
		t.Error("the log has what is in a secret")
	}
}

// Only who names a secret gets it.
func TestSecuritySecretsComeByTheirNamesOnly(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, name := range []string{".env", ".env.local", "sub/.env", ".ssh/id_rsa", ".ssh/config", "x.key", "y.key", ".git/config", "notes.txt", "board.ipynb"} {
		s.write("work/"+name, name)
	}
	s.write("work/.dashboardignore", "*\n!*/\n!.*\n!*.ipynb\n!/.env\n!y.key\n!.dashboardignore\n")
	s.request.Source.Folder = "work"
	made := s.clone()
	wants(t, made, ".dashboardignore", ".env", "board.ipynb", "sub/", "y.key")
	if !strings.Contains(s.log.said(), "Copied 2 that may hold secrets, as a .dashboardignore names them: .env, y.key.") {
		t.Error(s.log.said())
	}
}

func TestSecretFoldersAreNoSources(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(".ssh/id_rsa", "secret")
	s.write("a/.aws/sub/x", "secret")
	for _, folder := range []string{".ssh", "a/.aws/sub", "./.ssh/", "a/../.ssh"} {
		s.request.Source.Folder = folder
		s.refused(dashboard.Invalid, "source.folder", "holds secrets")
		if _, err := s.cloner.Browse(t.Context(), "ada", s.request.Source, ""); dashboard.KindOf(err) != dashboard.Invalid {
			t.Errorf("%s can be looked at: %v", folder, err)
		}
	}
}

func TestIgnoreFiles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, name := range []string{"a.csv", "b.csv", "raw/x", "sub/a.csv", "sub/raw/x", "sub/keep.csv", "sub/tmp/x", "sub/deep/tmp/x"} {
		s.write(name, name)
	}
	s.write(".dashboardignore", "*.csv\n!b.csv\n/raw/\n")
	s.write("sub/.dashboardignore", "!keep.csv\n/tmp\n")
	s.write("raw/.dashboardignore", "!x")
	s.request.App.Path = "b.csv"
	wants(t, s.clone(), "b.csv", "sub/", "sub/.dashboardignore", "sub/raw/", "sub/raw/x", "sub/keep.csv", "sub/deep/", "sub/deep/tmp/", "sub/deep/tmp/x")
	if !strings.Contains(s.log.said(), "Left out 4 that a .dashboardignore names.") {
		t.Error(s.log.said())
	}
}

// Without what it says, more would be copied than the owner wants.
func TestSecurityIgnoreFileThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make    func(s *stage)
		mention string
	}{
		"link":   {func(s *stage) { s.link("gitignore", "sub/.dashboardignore") }, "is a link or no file"},
		"folder": {func(s *stage) { s.write("sub/.dashboardignore/x", "") }, "is a link or no file"},
		"long":   {func(s *stage) { s.write("sub/.dashboardignore", strings.Repeat("x\n", 2000)) }, "1000 patterns"},
		"large":  {func(s *stage) { s.write("sub/.dashboardignore", strings.Repeat("#", 1<<20)) }, "65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			test.make(s)
			s.refused(dashboard.Invalid, "source.folder", "sub/.dashboardignore", test.mention)
		})
	}
}

// The home itself has what programs keep in it.
func TestHome(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, name := range []string{
		".bashrc", ".config/app/token", ".cache/x", ".local/lib/x", ".streamlit/config.toml", "work/.streamlit/config.toml", "work/x.py",
		"work/__pycache__/x.pyc", "work/.ipynb_checkpoints/x", "work/.git/config", "work/node_modules/x", "venv/pyvenv.cfg", "venv/lib/x",
		"work/.env/pyvenv.cfg", "miniconda3/conda-meta/history", "miniconda3/lib/x", "kept/pyvenv.cfg",
	} {
		s.write(name, name)
	}
	s.write(".dashboardignore", "!.streamlit\n!kept\n")
	wants(t, s.clone(), ".streamlit/", ".streamlit/config.toml", "work/", "work/.streamlit/", "work/.streamlit/config.toml", "work/x.py",
		"work/node_modules/", "work/node_modules/x", "kept/", "kept/pyvenv.cfg")
	for _, words := range []string{"Left out 3 that are environments of Python or conda, which work only where they were made: miniconda3, venv, work/.env.", "Left out 4 that are hidden", "Left out 4 that no dashboard needs"} {
		if !strings.Contains(s.log.said(), words) {
			t.Errorf("should say %q: %s", words, s.log.said())
		}
	}
}

// The snapshots are not copied into a snapshot.
func TestSnapshotsInTheHome(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.root = s.home + "/snapshots"
	s.config.Root = s.root
	s.write("x", "x")
	s.clone()
	s.request.Revision = 2
	made, err := s.try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wants(t, made.Folder, "x")
	found, err := s.cloner.Browse(t.Context(), "ada", s.request.Source, "")
	if err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}

// Names are whatever bytes somebody wrote, and do nothing to the log.
func TestNames(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var names []string
	for i, name := range []string{
		"new\nline", "-rf", "a b", "tab\t", "\xff\xfe", "é", "ö", "\u202eright", "*", "?", `back\slash`, "'", `"`, "$(touch x)", "...", " ", "~", "\x1b[31m", strings.Repeat("n", 255), "a\rb",
	} {
		s.write("work/"+name, name)
		s.write("folder/"+name+"/x", name)
		s.link(name, fmt.Sprintf("links/%d", i))
		names = append(names, name)
	}
	s.write("work/\x1b[2J\n.env", "secret")
	made := s.clone()
	for i, name := range names {
		for _, path := range []string{"/work/" + name, "/folder/" + name + "/x"} {
			if content, err := os.ReadFile(made + path); err != nil || string(content) != name {
				t.Errorf("%q: %v", path, err)
			}
		}
		if target, err := os.Readlink(fmt.Sprintf("%s/links/%d", made, i)); err != nil || target != name {
			t.Errorf("the link to %q leads to %q, %v", name, target, err)
		}
	}
	for _, line := range s.log.lines {
		if strings.ContainsAny(line, "\n\x1b\r") {
			t.Errorf("the line %q is none", line)
		}
	}
}
