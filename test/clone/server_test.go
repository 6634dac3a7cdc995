//go:build e2e

package clone

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/git"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// repositories are those that servers give out, and a hub that clones one.
type repositories struct {
	t *testing.T
	// base has everything, and folder is a repository in it.
	base, folder string
	env          []string
	config       git.Config
	log          *journal
	request      dashboard.CloneRequest
}

// secret is the token of all tests; it may show nowhere.
const secret = "s3cr3t/t%ken+wïth@all"

func newRepositories(t *testing.T) *repositories {
	t.Helper()
	base := mount(t, "tmpfs")
	r := &repositories{t: t, base: base, folder: base + "/served/x", log: &journal{}}
	r.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + base, "GIT_CONFIG_NOSYSTEM=1"}
	r.config = git.Config{Root: base + "/snapshots", Env: r.env, Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	r.request = request()
	r.request.Source = dashboard.Source{Kind: dashboard.FromGit}
	r.make("x")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.log.said(), "\n", r.log.String())
		}
		if strings.Contains(r.log.said()+r.log.String(), secret) {
			t.Error("the secret is in a log")
		}
	})
	return r
}

// make makes a repository with a file of its name.
func (r *repositories) make(name string) string {
	r.t.Helper()
	folder := r.base + "/served/" + name
	if err := os.MkdirAll(folder, 0o755); err != nil {
		r.t.Fatal(err)
	}
	r.git(folder, "init", "--quiet", "-b", "main")
	r.git(folder, "config", "uploadpack.allowFilter", "true")
	r.git(folder, "config", "core.compression", "0")
	r.commitTo(folder, "name", []byte(name))
	return folder
}

func (r *repositories) git(folder string, args ...string) string {
	r.t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"}, args...)...)
	command.Dir, command.Env = folder, r.env
	out, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repositories) commitTo(folder, name string, content []byte) string {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.git(folder, "add", "--all")
	r.git(folder, "commit", "--quiet", "-m", "change "+name)
	return r.git(folder, "rev-parse", "HEAD")
}

func (r *repositories) commit(name string, content []byte) string {
	r.t.Helper()
	return r.commitTo(r.folder, name, content)
}

func random(bytes int) []byte {
	content := make([]byte, bytes)
	_, _ = rand.Read(content)
	return content
}

// open makes a cloner.
func (r *repositories) open() *git.Cloner {
	r.t.Helper()
	cloner, err := git.New(r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	return cloner
}

func (r *repositories) clone() dashboard.Snapshot {
	r.t.Helper()
	made, err := r.open().Clone(r.t.Context(), r.request, r.log)
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

// refused clones, which has to fail with an error for people, and to leave nothing.
func (r *repositories) refused(kind dashboard.ErrorKind, mention string) {
	r.t.Helper()
	_, err := r.open().Clone(r.t.Context(), r.request, r.log)
	if dashboard.KindOf(err) != kind || !strings.Contains(err.Error(), mention) {
		r.t.Errorf("it ended with %v, should mention %q", err, mention)
	}
	if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), r.config.Root)) {
		r.t.Errorf("shows what it should not: %v", err)
	}
	empty(r.t, r.config.Root)
}

// shows waits until so many names are shown. Who chooses is not kept waiting: on a
// busy machine there may be none at first, which is not remembered.
func (r *repositories) shows(names int) {
	r.t.Helper()
	cloner := r.open()
	for deadline := time.Now().Add(patience); ; {
		found, err := cloner.Browse(r.t.Context(), owner, r.request.Source, "")
		if err == nil && len(found) == names {
			return
		}
		if err != nil || len(found) > 0 || time.Now().After(deadline) {
			r.t.Errorf("it shows %v, %v", found, err)
			return
		}
	}
}

// server gives them out by git's own http-backend.
type server struct {
	*httptest.Server
	// password, if any, is asked for; before is called first, and answers itself if it
	// returns true.
	password string
	before   func(w http.ResponseWriter, r *http.Request) bool
	// most, if not 0, is how many bytes of an answer are sent before it stalls, until
	// the client goes away.
	most int

	mu    sync.Mutex
	asked int
	sent  []string // passwords
}

// serve starts a server. Its certificate is trusted by git.
func (r *repositories) serve(secure bool, password string) *server {
	r.t.Helper()
	backend := &cgi.Handler{
		Path:       filepath.Join(strings.TrimSpace(run(r.t, "git", "--exec-path")), "git-http-backend"),
		Env:        []string{"GIT_PROJECT_ROOT=" + r.base + "/served", "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
		InheritEnv: []string{"PATH"},
	}
	s := &server{password: password}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, sent, has := request.BasicAuth()
		s.mu.Lock()
		s.asked++
		if has {
			s.sent = append(s.sent, sent)
		}
		before := s.before
		s.mu.Unlock()
		switch {
		case before != nil && before(w, request):
		case s.password != "" && sent != s.password:
			w.Header().Set("WWW-Authenticate", `Basic realm="repositories"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case s.most > 0:
			backend.ServeHTTP(&stalling{w, request.Context(), s.most}, request)
		default:
			backend.ServeHTTP(w, request)
		}
	}))
	if secure {
		s.StartTLS()
		authority := r.base + "/authority.pem"
		if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
			r.t.Fatal(err)
		}
		r.config.Env = append(r.env[:len(r.env):len(r.env)], "GIT_SSL_CAINFO="+authority)
	} else {
		s.Start()
	}
	r.t.Cleanup(s.Close)
	return s
}

type stalling struct {
	http.ResponseWriter
	ctx  context.Context
	left int
}

func (s *stalling) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		<-s.ctx.Done()
		return 0, s.ctx.Err()
	}
	return s.ResponseWriter.Write(p)
}

func (s *server) host(t *testing.T) string {
	t.Helper()
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at.Host
}

func (s *server) passwords() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.sent...)
}

// token makes a token's file.
func (r *repositories) token() string {
	r.t.Helper()
	if err := os.WriteFile(r.base+"/token", []byte(secret+"\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return r.base + "/token"
}

// cloneRepository is what a service does.
func cloneRepository(root, repo string) error {
	cloner, err := git.New(git.Config{Root: root, Local: true})
	if err != nil {
		return err
	}
	order := request()
	order.Source = dashboard.Source{Kind: dashboard.FromGit, Repo: repo}
	_, err = cloner.Clone(context.Background(), order, teller{})
	return err
}
