//go:build e2e

package source

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// server offers a world's repositories by git's own http-backend.
type server struct {
	*httptest.Server
	backend http.Handler
	// user and password are asked for, if there is a password.
	user, password string
	// before is called first, and answers itself if it returns true.
	before func(w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	heard []*http.Request
}

func newServer(t *testing.T, repositories string, secure bool) *server {
	t.Helper()
	folder, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{backend: &cgi.Handler{
		Path:       filepath.Join(strings.TrimSpace(string(folder)), "git-http-backend"),
		Env:        []string{"GIT_PROJECT_ROOT=" + repositories, "GIT_HTTP_EXPORT_ALL=1"},
		InheritEnv: []string{"PATH"},
	}}
	s.Server = httptest.NewUnstartedServer(s)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.heard = append(s.heard, r)
	before := s.before
	s.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	if user, password, _ := r.BasicAuth(); s.password != "" && (password != s.password || s.user != "" && user != s.user) {
		w.Header().Set("WWW-Authenticate", `Basic realm="repositories"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	s.backend.ServeHTTP(w, r)
}

// authorizations are those that were sent.
func (s *server) authorizations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, r := range s.heard {
		if _, password, ok := r.BasicAuth(); ok {
			found = append(found, password)
		}
	}
	return found
}
