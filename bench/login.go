package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// visitor is who starts the server, logs in to it, and sends all requests.
const visitor = "ada"

// startLogin is our program with the environment that a real JupyterHub gave a
// server, asked with the cookies of a real login. Requests go straight to it and
// not through the hub's proxy, which would be what is measured otherwise.
//
// The process that is measured is started by us like all others, as a second
// replica of the hub's: what the hub starts is of another session, which the
// kernel gives a share of the processor of its own (sched(7), autogroup). That
// alone cost a tenth, also on websockets, which pass the gate once.
func startLogin(w *workshop) (*server, error) {
	b, err := bed.Setup(w.ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	// A file of the environment, as nobody may read that of our program.
	environment := filepath.Join(w.folder, "environment")
	hub, err := b.StartHub(w.ctx, bed.Options{
		Output: filepath.Join(w.cache, "hub"),
		Server: bed.Server{Command: append([]string{"sh", "-c", `env -0 >"$0" && exec "$@"`, environment,
			w.binary("jhsingle-native-proxy")}, appCommand(w)...)},
	})
	if err != nil {
		return nil, err
	}
	s, err := visit(w, hub, environment)
	if err != nil {
		_ = hub.Close() // the first error is the one that helps
		return nil, err
	}
	stop := s.close
	s.close = func() {
		stop()
		if err := hub.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
	return s, nil
}

// visit starts the visitor's server, logs in, and starts the replica that takes
// the same login.
func visit(w *workshop, hub *bed.Hub, environment string) (*server, error) {
	if err := hub.StartServer(w.ctx, visitor, "", bed.Server{}); err != nil {
		return nil, err
	}
	session, err := hub.Login(w.ctx, visitor)
	if err != nil {
		return nil, err
	}
	path := bed.Prefix(visitor, "")
	answer, err := session.Get(w.ctx, path)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK || answer.URL.Path != path {
		return nil, fmt.Errorf("a visit to %s ended at %s with status %d", path, answer.URL, answer.Status)
	}
	var cookies []string
	for _, cookie := range session.Cookies(path) {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}

	variables, err := os.ReadFile(environment)
	if err != nil {
		return nil, err
	}
	env := strings.Split(strings.TrimRight(string(variables), "\x00"), "\x00")
	s, err := launchOurs(w, env, path)
	if err != nil {
		return nil, err
	}
	s.twin = func(flags ...string) (*server, error) { return launchOurs(w, env, path, flags...) }
	s.header = http.Header{"Cookie": {strings.Join(cookies, "; ")}}
	s.startUp = 0 // as without login, and each more would cost a hub
	return s, nil
}
