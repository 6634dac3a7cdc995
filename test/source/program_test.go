//go:build e2e

package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// program is our program, as a spawner starts it, without a hub behind it.
type program struct {
	url string
	log *journal
}

// start starts it with the app that reports where it runs.
func (w *world) start(env []string, flags ...string) *program {
	w.t.Helper()
	return w.startApp(env, []string{"python3", filepath.Join(shared.Root, "test", "source", "report.py"), "{port}"}, flags...)
}

func (w *world) startApp(env, app []string, flags ...string) *program {
	w.t.Helper()
	ports, err := bed.FreePorts(1)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &program{url: fmt.Sprintf("http://127.0.0.1:%d/user/ada/", ports[0]), log: &journal{}}
	arguments := slices.Concat([]string{fmt.Sprintf("--port=%d", ports[0]), "--ip=127.0.0.1", "--authtype=none"}, flags, []string{"--"}, app)
	command := exec.Command(shared.proxy, arguments...)
	command.Dir = w.home
	command.Env = slices.Concat(w.env, []string{"JUPYTERHUB_SERVICE_PREFIX=/user/ada/"}, env)
	command.Stdout, command.Stderr = p.log, p.log
	if err := command.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { _ = command.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(patience):
			w.t.Error("it does not stop")
			_ = command.Process.Kill()
			<-done
		}
		if w.t.Failed() {
			w.t.Log(p.log.String())
		}
		if strings.Contains(p.log.String(), secret) {
			w.t.Error("the secret is in the log")
		}
	})
	return p
}

// look asks for the page as a browser does.
func (p *program) look(method, path string) (int, string, error) {
	request, err := http.NewRequest(method, p.url+path, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Sec-Fetch-Mode", "navigate")
	request.Header.Set("Sec-Fetch-Dest", "document")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if bytes.Contains(body, []byte(secret)) {
		return 0, "", errors.New("the secret is on the page")
	}
	return answer.StatusCode, string(body), err
}

// report is what report.py says.
type report struct {
	Prefix, Folder string
	Files          []string
	Environment    map[string]string
}

// app waits for the app and returns what it reports.
func (p *program) app(t *testing.T) report {
	t.Helper()
	var said report
	eventually(t, func() error {
		status, body, err := p.look(http.MethodGet, "")
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("%d, %v: %s", status, err, body)
		}
		return json.Unmarshal([]byte(body), &said)
	})
	return said
}

// shows waits until the page has certain words.
func (p *program) shows(t *testing.T, words string) {
	t.Helper()
	eventually(t, func() error {
		_, body, err := p.look(http.MethodGet, "")
		if err != nil || !strings.Contains(body, words) {
			return fmt.Errorf("should show %q, %v: %s", words, err, body)
		}
		return nil
	})
}

// The visitor sees how far the repository is, and then the app in its folder,
// which gets to know neither the token nor how git was called.
func TestProgramWithRepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	s := newServer(t, w.repositories, false)
	s.password = secret
	held := make(chan struct{})
	s.before = func(answer http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.Header.Get("Authorization") != "" {
			<-held
		}
		return false
	}
	p := w.start([]string{"GIT_TOKEN=" + secret, "JHSINGLE_REPO_TOKEN=" + secret}, "--repo="+s.URL+"/x", "--repofolder=clone")
	p.shows(t, "Asking the remote")
	close(held)
	said := p.app(t)
	if said.Folder != filepath.Join(w.home, "clone") || !slices.Contains(said.Files, "name") {
		t.Errorf("it runs in %s with %v", said.Folder, said.Files)
	}
	for name, value := range said.Environment {
		if strings.Contains(value, secret) || strings.HasPrefix(name, "JHSINGLE_GIT") {
			t.Errorf("the app has %s", name)
		}
	}

	// The next start brings news, and keeps what was changed.
	write(t, w.home+"/clone/name", "mine")
	w.commit(folder, "news", "news")
	file := write(t, w.home+"/token", secret)
	again := w.start(nil, "--repo="+s.URL+"/x", "--repofolder=clone", "--repo-token-file="+file)
	if said := again.app(t); !slices.Contains(said.Files, "news") {
		t.Errorf("it has %v", said.Files)
	}
	if content, err := os.ReadFile(w.home + "/clone/name"); string(content) != "mine" {
		t.Errorf("the file is %q, %v", content, err)
	}
}

// Without a folder that is free, the repository gets one of its own.
func TestProgramWithoutFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.repository("x")
	write(t, w.home+"/.bashrc", "")
	s := newServer(t, w.repositories, false)
	p := w.start(nil, "--repo="+s.URL+"/x")
	if said := p.app(t); said.Folder != filepath.Join(w.home, "x") {
		t.Errorf("it runs in %s", said.Folder)
	}
}

// A failure says why, and trying again helps once the reason is gone.
func TestProgramRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.repository("x")
	s := newServer(t, w.repositories, false)
	s.password = secret
	token := write(t, w.home+"/token", "wrong "+secret[:4])
	p := w.start(nil, "--repo="+s.URL+"/x", "--repofolder=clone", "--repo-token-file="+token)
	p.shows(t, "did not accept the user and token")
	p.shows(t, "Try again")
	write(t, token, secret)
	if status, body, err := p.look(http.MethodPost, ".jhsingle/retry"); err != nil || status >= 500 && status != http.StatusServiceUnavailable {
		t.Fatalf("%d, %v: %s", status, err, body)
	}
	p.app(t)
}

// Stopped while it fetches, nothing of it is left.
func TestProgramStopsWhileItFetches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.repository("x")
	s := newServer(t, w.repositories, false)
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	s.before = func(http.ResponseWriter, *http.Request) bool { <-held; return true }
	mark := "SOURCE_TEST_MARK=" + filepath.Base(filepath.Dir(w.home)) + t.Name()
	done := t.Run("start", func(t *testing.T) {
		inner := *w
		inner.t = t
		p := inner.start([]string{mark}, "--repo="+s.URL+"/x", "--repofolder=clone")
		p.shows(t, "Asking the remote")
	})
	if !done {
		return
	}
	left, err := bed.AwaitGone(patience, mark)
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
	if _, err := os.Stat(w.home + "/clone"); err == nil {
		t.Error("the folder was left there")
	}
}

// What cannot work is refused at once.
func TestProgramRefusals(t *testing.T) {
	t.Parallel()
	for flag, mention := range map[string]string{
		"--repo=ext::sh -c x":                      "run a program",
		"--repo=--upload-pack=x":                   "hyphen",
		"--repo=ftp://x/y":                         "ftp",
		"--repo=https://a:s3cr3t@h/x#y":            "#",
		"--conda-env=no-such-environment-anywhere": "no-such-environment-anywhere",
		"--conda-env=/surely/not/there":            "/surely/not/there",
		"--conda-env=$(touch pwned)":               "$(touch pwned)",
	} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			command := exec.Command(shared.proxy, "--authtype=none", "--port=0", flag, "--", "sleep", "600")
			command.Dir, command.Env = w.home, w.env
			out, err := command.CombinedOutput()
			if failed := (*exec.ExitError)(nil); !errors.As(err, &failed) || !bytes.Contains(out, []byte(mention)) || bytes.Contains(out, []byte("s3cr3t")) {
				t.Errorf("ended with %v: %s", err, out)
			}
			if _, err := os.Stat(w.home + "/pwned"); err == nil {
				t.Error("a shell has read it")
			}
		})
	}
}

// uv makes an environment, as its users do.
func (w *world) uv(folder string, args ...string) {
	w.t.Helper()
	command := exec.Command(shared.uv, args...)
	command.Dir = folder
	command.Env = append(w.env[:len(w.env):len(w.env)], "UV_CACHE_DIR="+w.home+"/.cache/uv", "UV_PYTHON_DOWNLOADS=never", "UV_OFFLINE=1")
	if out, err := command.CombinedOutput(); err != nil {
		w.t.Fatalf("uv %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// The interpreter of each kind of environment is the app's.
func TestProgramInEnvironments(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(w *world) (flag, prefix string){
		"uv venv": func(w *world) (string, string) {
			w.uv(w.home, "venv", "my env")
			return w.home + "/my env", w.home + "/my env"
		},
		"uv project": func(w *world) (string, string) {
			w.uv(w.home, "init", "--bare", "--vcs=none", "project")
			w.uv(w.home+"/project", "sync")
			return "./project", w.home + "/project/.venv"
		},
		"venv by its name": func(w *world) (string, string) {
			prefix := w.home + "/.virtualenvs/board"
			if out, err := exec.Command("python3", "-m", "venv", "--without-pip", prefix).CombinedOutput(); err != nil {
				w.t.Fatalf("%v: %s", err, out)
			}
			return "board", prefix
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			flag, prefix := make(w)
			p := w.start([]string{"PYTHONHOME=/surely/not/there", "VIRTUAL_ENV=/surely/not/there"}, "--conda-env="+flag)
			said := p.app(t)
			if said.Prefix != prefix || said.Environment["VIRTUAL_ENV"] != prefix || said.Environment["PYTHONHOME"] != "" {
				t.Errorf("it runs in %s with %v", said.Prefix, said.Environment)
			}
			kind := strings.Fields(name)[0]
			eventually(t, func() error {
				if log := p.log.String(); !strings.Contains(log, "kind="+kind) || !strings.Contains(log, "/bin/python") {
					return errors.New("the log does not tell the interpreter")
				}
				return nil
			})
		})
	}
}

// An environment that comes with the repository.
func TestProgramInEnvironmentOfRepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	w.git(folder, "checkout", "--quiet", "main")
	w.uv(folder, "venv", "--relocatable", "env")
	if err := os.Remove(folder + "/env/.gitignore"); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	w.git(folder, "add", "--force", "--all")
	w.git(folder, "commit", "--quiet", "-m", "environment")
	s := newServer(t, w.repositories, false)
	p := w.start(nil, "--repo="+s.URL+"/x", "--repofolder=clone", "--conda-env=./env")
	if said := p.app(t); said.Prefix != w.home+"/clone/env" {
		t.Errorf("it runs in %s", said.Prefix)
	}
}
