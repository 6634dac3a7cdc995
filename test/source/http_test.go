//go:build e2e

package source

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	first := w.git(folder, "rev-parse", "HEAD")
	big := make([]byte, 4<<20)
	_, _ = rand.Read(big)
	w.commit(folder, "big", string(big))
	s := newServer(t, w.repositories, false)
	steps := w.pull(w.source(s.URL + "/x"))
	w.wants("name", "x")
	if all := strings.Join(steps, "\n"); !strings.Contains(all, "Receiving objects 100") || !strings.Contains(all, "Counting objects") {
		t.Errorf("it told %s", all)
	}
	if count := w.git(w.folder, "rev-list", "--count", "HEAD"); count != "1" {
		t.Errorf("%s commits came", count)
	}
	write(t, filepath.Join(w.folder, "name"), "mine")
	w.commit(folder, "news", "news")
	w.pull(w.source(s.URL + "/x"))
	w.wants("name", "mine")
	w.wants("news", "news")

	pinned := w.source(s.URL + "/x")
	pinned.Branch, pinned.Folder = first, w.folder+"-pinned"
	w.pull(pinned)
	if head := w.git(pinned.Folder, "rev-parse", "HEAD"); head != first {
		t.Errorf("it is at %s", head)
	}
	if err := w.source(s.URL + "/x").Reach(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.source(s.URL + "/y").Reach(t.Context()); err == nil {
		t.Error("what is not there can be reached")
	}
}

// A server without a program, which cannot leave out the history.
func TestDumbServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	w.commit(folder, "more", "more")
	w.git(folder, "update-server-info")
	s := newServer(t, w.repositories, false)
	s.backend = http.FileServer(http.Dir(w.repositories))
	w.pull(w.source(s.URL + "/x/.git"))
	w.wants("more", "more")
}

// Each way in which git can get to know a token.
func TestSecurityTokens(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]func(w *world, at *url.URL) (user, address string, env []string, file string){
		"file": func(w *world, at *url.URL) (string, string, []string, string) {
			return "x-access-token", at.String(), nil, write(w.t, w.home+"/token", secret+"\n")
		},
		"JHSINGLE_REPO_TOKEN": func(w *world, at *url.URL) (string, string, []string, string) {
			return "x-access-token", at.String(), []string{"JHSINGLE_REPO_TOKEN=" + secret, "GIT_TOKEN=wrong"}, ""
		},
		"GIT_TOKEN": func(w *world, at *url.URL) (string, string, []string, string) {
			return "x-access-token", at.String(), []string{"GIT_TOKEN=" + secret}, ""
		},
		"user in the address": func(w *world, at *url.URL) (string, string, []string, string) {
			at.User = url.User("ada")
			return "ada", at.String(), []string{"GIT_TOKEN=" + secret}, ""
		},
		"password in the address": func(w *world, at *url.URL) (string, string, []string, string) {
			at.User = url.UserPassword("ada", secret)
			return "ada", at.String(), nil, ""
		},
		"credential helper": func(w *world, at *url.URL) (string, string, []string, string) {
			write(w.t, w.home+"/.gitconfig", "[credential]\n\thelper = "+script(w.t, w.home+"/helper", "test $1 = get && printf 'username=ada\\npassword=%s\\n' '"+secret+"'"))
			return "ada", at.String(), nil, ""
		},
		"credential helper, and a user": func(w *world, at *url.URL) (string, string, []string, string) {
			write(w.t, w.home+"/.gitconfig", "[credential]\n\thelper = "+script(w.t, w.home+"/helper", "test $1 = get && grep -q username=ada && printf 'password=%s\\n' '"+secret+"'"))
			at.User = url.User("ada")
			return "ada", at.String(), nil, ""
		},
		"GIT_ASKPASS": func(w *world, at *url.URL) (string, string, []string, string) {
			ask := script(w.t, w.home+"/ask", "case $1 in User*) echo ada;; *) echo '"+secret+"';; esac")
			return "ada", at.String(), []string{"GIT_ASKPASS=" + ask}, ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			folder := w.repository("x")
			s := newServer(t, w.repositories, false)
			s.password = secret
			seen := make(chan error, 64)
			s.before = func(_ http.ResponseWriter, r *http.Request) bool {
				if _, _, ok := r.BasicAuth(); ok && !strings.Contains(name, "helper") && name != "GIT_ASKPASS" {
					seen <- showsSecret()
				}
				return false
			}
			at, err := url.Parse(s.URL + "/x")
			if err != nil {
				t.Fatal(err)
			}
			user, address, env, file := with(w, at)
			s.user = user
			source := w.source(address, env...)
			source.TokenFile = file
			w.pull(source)
			w.wants("name", "x")
			w.commit(folder, "name", "news")
			w.pull(source)
			w.wants("name", "news")
			w.kept()
			close(seen)
			for err := range seen {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// showsSecret looks at the command lines of all processes.
func showsSecret() error {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(lines) == 0 {
		return fmt.Errorf("no processes are seen, so nothing is proven: %v", err)
	}
	for _, line := range lines {
		content, _ := os.ReadFile(line)
		if bytes.Contains(content, []byte(secret)) {
			return fmt.Errorf("the secret is on a command line: %q", bytes.ReplaceAll(content, []byte(secret), []byte("SECRET")))
		}
	}
	return nil
}

// The token can be renewed while we run, and the user's own helpers are not
// told to keep it.
func TestSecurityTokenIsReadAnewAndNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	s := newServer(t, w.repositories, false)
	called := w.home + "/called"
	write(t, w.home+"/.gitconfig", "[credential]\n\thelper = "+script(t, w.home+"/helper", "echo $1 >>"+called)+
		"\n[credential \""+s.URL+"\"]\n\thelper = "+w.home+"/helper\n")
	source := w.source(s.URL + "/x")
	source.TokenFile = w.home + "/token"
	for _, token := range []string{secret, "another-token"} {
		write(t, source.TokenFile, token)
		s.password = token
		w.commit(folder, "name", token)
		w.pull(source)
		w.wants("name", token)
	}
	if content, err := os.ReadFile(called); err == nil {
		t.Errorf("a helper of the user's was called: %s", content)
	}
}

func TestLoginIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.repository("x")
	s := newServer(t, w.repositories, false)
	s.password = "another-token"
	w.refused(w.source(s.URL+"/x"), "needs a login", "--repo-token-file")
	w.refused(w.source(s.URL+"/x", "GIT_TOKEN="+secret), "did not accept the user and token")
}

// A token is for the site of the address only.
func TestSecurityTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	t.Run("redirect", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.repository("x")
		other := newServer(t, w.repositories, false)
		other.password = secret // so that it asks
		s := newServer(t, w.repositories, false)
		s.password = secret
		s.before = func(answer http.ResponseWriter, r *http.Request) bool {
			if _, _, ok := r.BasicAuth(); !ok {
				return false
			}
			http.Redirect(answer, r, other.URL+r.URL.String(), http.StatusFound)
			return true
		}
		w.refused(w.source(s.URL+"/x", "GIT_TOKEN="+secret), "token")
		if len(s.authorizations()) == 0 {
			t.Error("the site itself got no token, so this proves nothing")
		}
		other.mu.Lock()
		asked := len(other.heard)
		other.mu.Unlock()
		if asked == 0 {
			t.Error("the redirect was not followed, so this proves nothing")
		}
		if sent := other.authorizations(); len(sent) > 0 {
			t.Errorf("the other host got %q", sent)
		}
	})
	t.Run("submodules", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		near, far, top := w.repository("near"), w.repository("far"), w.repository("x")
		s, other := newServer(t, w.repositories, false), newServer(t, w.repositories, false)
		s.password = secret
		other.password = secret
		w.git(top, "submodule", "--quiet", "add", near, "near")
		w.git(top, "submodule", "--quiet", "add", far, "far")
		w.git(top, "config", "--file", ".gitmodules", "submodule.near.url", "../near")
		w.git(top, "config", "--file", ".gitmodules", "submodule.far.url", other.URL+"/far")
		w.git(top, "commit", "--quiet", "-a", "-m", "submodules")
		w.pull(w.source(s.URL+"/x", "GIT_TOKEN="+secret))
		w.wants("near/name", "near")
		if sent := other.authorizations(); len(sent) > 0 {
			t.Errorf("the other host got %q", sent)
		}
		if len(other.heard) == 0 {
			t.Error("the other host was not asked, so this proves nothing")
		}
		if !strings.Contains(w.log.String(), "a submodule cannot be fetched") {
			t.Error("did not warn")
		}
		w.kept()

		// It goes on without, and brings news of the other.
		w.commit(near, "name", "news")
		w.git(filepath.Join(top, "near"), "pull", "--quiet", near, "main")
		w.git(top, "commit", "--quiet", "-a", "-m", "news")
		w.pull(w.source(s.URL+"/x", "GIT_TOKEN="+secret))
		w.wants("near/name", "news")
	})
}

func TestSecuritySubmodulesOfThisMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private, top := w.repository("private"), w.repository("x")
	w.git(top, "submodule", "--quiet", "add", private, "sub")
	w.git(top, "config", "--file", ".gitmodules", "submodule.ext.path", "ext")
	w.git(top, "config", "--file", ".gitmodules", "submodule.ext.url", "ext::touch "+w.home+"/pwned")
	w.git(top, "update-index", "--add", "--cacheinfo", "160000,"+w.git(top, "rev-parse", "HEAD")+",ext")
	w.git(top, "commit", "--quiet", "-m", "hostile")
	w.git(top, "add", ".gitmodules")
	w.git(top, "commit", "--quiet", "-m", "hostile")
	s := newServer(t, w.repositories, false)
	w.pull(w.source(s.URL + "/x"))
	w.wants("name", "x")
	for _, path := range []string{w.folder + "/sub/name", w.home + "/pwned"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
}

// What the user changes in submodules stays, and news come where they can.
func TestSubmoduleChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inner, sub, top := w.repository("inner"), w.repository("sub"), w.repository("x")
	s := newServer(t, w.repositories, false)
	w.git(sub, "submodule", "--quiet", "add", "--name", "inner", inner, "inner")
	w.git(sub, "config", "--file", ".gitmodules", "submodule.inner.url", "../inner")
	w.git(sub, "commit", "--quiet", "-a", "-m", "submodule")
	w.git(top, "submodule", "--quiet", "add", "--name", "sub", sub, "sub")
	w.git(top, "config", "--file", ".gitmodules", "submodule.sub.url", "../sub")
	w.git(top, "commit", "--quiet", "-a", "-m", "submodule")
	source := w.source(s.URL + "/x")
	w.pull(source)
	w.wants("sub/inner/name", "inner")

	bump := func() {
		w.git(filepath.Join(top, "sub"), "pull", "--quiet", sub, "main")
		w.git(top, "commit", "--quiet", "-a", "-m", "news")
	}
	w.commit(sub, "news", "news")
	bump()
	w.pull(source)
	w.wants("sub/news", "news")

	write(t, w.folder+"/sub/name", "mine")
	write(t, w.folder+"/sub/inner/name", "mine too")
	w.commit(sub, "name", "theirs")
	bump()
	w.commit(top, "top", "top")
	for range 2 {
		w.pull(source)
		w.wants("sub/name", "mine")
		w.wants("sub/inner/name", "mine too")
		w.wants("top", "top")
	}
}

// A submodule that could not be had, or not whole, comes the next time: what is
// there is not taken for what the user wants.
func TestSubmoduleComesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sub, top := w.repository("sub"), w.repository("x")
	s := newServer(t, w.repositories, false)
	w.git(top, "submodule", "--quiet", "add", "--name", "sub", sub, "sub")
	w.git(top, "config", "--file", ".gitmodules", "submodule.sub.url", "../sub")
	w.git(top, "commit", "--quiet", "-a", "-m", "submodule")
	source := w.source(s.URL + "/x")
	w.pull(source)

	w.commit(sub, "name", "news")
	w.git(filepath.Join(top, "sub"), "pull", "--quiet", sub, "main")
	w.git(top, "commit", "--quiet", "-a", "-m", "news")
	latest := w.git(top, "rev-parse", "HEAD")
	s.mu.Lock()
	s.before = func(answer http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/sub/") {
			http.Error(answer, "", http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	s.mu.Unlock()
	for range 2 {
		w.pull(source)
		w.wants("sub/name", "sub")
	}
	s.mu.Lock()
	s.before = nil
	s.mu.Unlock()
	w.pull(source)
	w.wants("sub/name", "news")
	if head := w.git(w.folder, "rev-parse", "HEAD"); head != latest {
		t.Error("something was committed that nobody changed")
	}

	// As git leaves it when it is killed after the clone.
	for _, path := range []string{"/.git/modules/sub/index", "/sub/name"} {
		if err := os.Remove(w.folder + path); err != nil {
			t.Fatal(err)
		}
	}
	w.pull(source)
	w.wants("sub/name", "news")
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.repository("x")
	s := newServer(t, w.repositories, true)
	w.refused(w.source(s.URL+"/x"), "certificate", "GIT_SSL_CAINFO")
	authority := write(t, w.home+"/ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	w.pull(w.source(s.URL+"/x", "GIT_SSL_CAINFO="+authority))
	w.wants("name", "x")
}

func TestServersInTrouble(t *testing.T) {
	t.Parallel()
	for mention, trouble := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"no such repository": func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "", http.StatusNotFound)
			return true
		},
		"trouble of its own (error 503)": func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "https://a:"+url.QueryEscape(secret)+"@h/", http.StatusServiceUnavailable)
			return true
		},
		"access was denied": func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "", http.StatusForbidden)
			return true
		},
		"broke off": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				panic(http.ErrAbortHandler)
			}
			return false
		},
		"no such repository, or no right": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>\nwelcome\n</html>\n"))
			return true
		},
	} {
		t.Run(mention, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.repository("x")
			s := newServer(t, w.repositories, false)
			s.before = trouble
			w.refused(w.source(s.URL+"/x"), mention)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ports, err := bed.FreePorts(1)
		if err != nil {
			t.Fatal(err)
		}
		w.refused(w.source(fmt.Sprintf("http://127.0.0.1:%d/x", ports[0])), "cannot be reached")
	})
	t.Run("no such host", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.refused(w.source("https://no-such-host.invalid/x", "GIT_TOKEN="+secret), "host no-such-host.invalid was not found")
		w.refused(w.source("git://no-such-host.invalid/x"), "host no-such-host.invalid was not found")
	})
}

// A connection that is cut in the middle of the files leaves a clone as it was.
func TestUpdateBrokenOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	s := newServer(t, w.repositories, false)
	source := w.source(s.URL + "/x")
	w.pull(source)
	write(t, w.folder+"/name", "mine")
	big := make([]byte, 8<<20)
	_, _ = rand.Read(big)
	w.commit(folder, "big", string(big))
	s.mu.Lock()
	s.before = func(answer http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		s.backend.ServeHTTP(&cut{ResponseWriter: answer, left: 1 << 20}, r)
		return true
	}
	s.mu.Unlock()
	if err := source.Pull(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Fatalf("ended with %v", err)
	}
	w.wants("name", "mine")
	s.mu.Lock()
	s.before = nil
	s.mu.Unlock()
	w.pull(source)
	w.wants("name", "mine")
	w.wants("big", string(big))
}

// cut breaks a connection after so many bytes.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}
