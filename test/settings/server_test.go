//go:build e2e

package settings

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// server is a user's server. The hub stops it at its own end.
type server struct {
	hub        *hub
	user, name string
	// url is where browsers find it, with a slash at the end.
	url string
	// prefix is its path.
	prefix string
}

// echo starts the echo app below our program, with flags of ours. Tests that
// run at once need names of their own.
func (h *hub) echo(t *testing.T, user, name string, flags ...string) server {
	t.Helper()
	return h.start(t, user, name, shared.wrap(flags, shared.echo, "--port={port}"))
}

// start starts a user's server and makes the user if there is none.
func (h *hub) start(t *testing.T, user, name string, what bed.Server) server {
	t.Helper()
	at := h.server(user, name)
	h.addUser(t, user)
	_, err := h.call(t.Context(), http.MethodPost, at.apiPath(),
		map[string]any{"user_options": what}, http.StatusCreated, http.StatusAccepted)
	must(t, err)
	at.await(t, "to be ready", func(m model) (bool, error) {
		if !m.Ready && m.Pending == "" {
			return false, fmt.Errorf("%s did not start", at.url)
		}
		return m.Ready, nil
	})
	return at
}

// server names a server, whether it runs or not.
func (h *hub) server(user, name string) server {
	at := server{hub: h, user: user, name: name}
	public := mustParse(h.public)
	at.prefix = public.Path + "/user/" + url.PathEscape(user) + "/"
	if name != "" {
		at.prefix += name + "/"
	}
	host := public.Host
	if _, ok := h.traits["JupyterHub.subdomain_host"]; ok {
		host = user + "." + host
	}
	at.url = public.Scheme + "://" + host + at.prefix
	return at
}

func (s server) origin() string {
	parsed := mustParse(s.url)
	return parsed.Scheme + "://" + parsed.Host
}

// cookieName is the OAuth client's.
func (s server) cookieName() string {
	name := "jupyterhub-user-" + url.PathEscape(s.user)
	if s.name != "" {
		name += "-" + s.name
	}
	return name
}

func (s server) apiPath() string {
	if s.name == "" {
		return "/users/" + url.PathEscape(s.user) + "/server"
	}
	return "/users/" + url.PathEscape(s.user) + "/servers/" + s.name
}

// model is what the hub says about a server.
type model struct {
	Ready        bool      `json:"ready"`
	Stopped      bool      `json:"stopped"`
	Pending      string    `json:"pending"`
	URL          string    `json:"url"`
	FullURL      string    `json:"full_url"`
	LastActivity time.Time `json:"last_activity"`
}

func (s server) model(ctx context.Context) (model, error) {
	answer, err := s.hub.call(ctx, http.MethodGet, "/users/"+url.PathEscape(s.user)+"?include_stopped_servers=1", nil, http.StatusOK)
	if err != nil {
		return model{}, err
	}
	var user struct{ Servers map[string]model }
	if err := answer.JSON(&user); err != nil {
		return model{}, err
	}
	found, ok := user.Servers[s.name]
	if !ok {
		return model{}, fmt.Errorf("the hub knows no server %q of %s", s.name, s.user)
	}
	return found, nil
}

func (s server) await(t *testing.T, what string, done func(model) (bool, error)) {
	t.Helper()
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		m, err := s.model(t.Context())
		must(t, err)
		ok, err := done(m)
		must(t, err)
		if ok {
			return
		}
	}
	t.Fatalf("waited too long for %s %s", s.url, what)
}

// enter logs a user in and opens a server's root, once the app is up.
func (s server) enter(t *testing.T, user string) *visitor {
	t.Helper()
	v := s.hub.visitor(user)
	eventually(t, patience, func() error {
		answer := v.get(t, s.url)
		switch {
		case answer.Status == http.StatusOK && answer.URL.String() == s.url:
			return nil
		case answer.Status == http.StatusServiceUnavailable:
			return fmt.Errorf("%s is not ready: %s", s.url, answer.Body)
		}
		t.Fatalf("%s at %s: %d %.500s", user, strings.Join(answer.Hops, "\n"), answer.Status, answer.Body)
		return nil
	})
	return v
}

func (h *hub) addUser(t *testing.T, user string) {
	t.Helper()
	_, err := h.call(t.Context(), http.MethodPost, "/users/"+url.PathEscape(user), nil, http.StatusCreated, http.StatusConflict)
	must(t, err)
}

// addGroup puts users into a group, which is made if there is none.
func (h *hub) addGroup(t *testing.T, group string, users ...string) {
	t.Helper()
	path := "/groups/" + url.PathEscape(group)
	_, err := h.call(t.Context(), http.MethodPost, path, nil, http.StatusCreated, http.StatusConflict)
	must(t, err)
	_, err = h.call(t.Context(), http.MethodPost, path+"/users", map[string]any{"users": users}, http.StatusOK)
	must(t, err)
}

// share lets a user enter a server, and returns how to end that.
func (s server) share(t *testing.T, user string) (end func(context.Context) error) {
	t.Helper()
	s.hub.addUser(t, user)
	path := "/shares/" + url.PathEscape(s.user) + "/" + s.name
	_, err := s.hub.call(t.Context(), http.MethodPost, path, map[string]string{"user": user}, http.StatusOK)
	must(t, err)
	return func(ctx context.Context) error {
		_, err := s.hub.call(ctx, http.MethodPatch, path, map[string]string{"user": user}, http.StatusOK)
		return err
	}
}

// token makes an API token and returns it with its id.
func (h *hub) newToken(t *testing.T, user string) (token, id string) {
	t.Helper()
	answer, err := h.call(t.Context(), http.MethodPost, "/users/"+url.PathEscape(user)+"/tokens",
		map[string]any{"note": "made by a test"}, http.StatusOK, http.StatusCreated)
	must(t, err)
	var made struct{ Token, ID string }
	must(t, answer.JSON(&made))
	return made.Token, made.ID
}
