package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// visitor is who starts the server, logs in to it, and sends all requests.
const visitor = "ada"

// startLogin is our program as a real JupyterHub runs it, asked with the cookies
// of a real login. Requests go straight to it and not through the hub's proxy,
// which would be what is measured otherwise.
func startLogin(w *workshop) (*server, error) {
	b, err := bed.Setup(w.ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	hub, err := b.StartHub(w.ctx, bed.Options{
		Output: filepath.Join(w.cache, "hub"),
		Server: bed.Server{Command: append([]string{w.binary("jhsingle-native-proxy")}, appCommand(w, metrics)...)},
	})
	if err != nil {
		return nil, err
	}
	s, err := visit(w.ctx, hub)
	if err != nil {
		_ = hub.Close() // the first error is the one that helps
		return nil, err
	}
	s.metrics = "http://" + metrics + "/metrics"
	return s, nil
}

// visit starts the visitor's server, logs in, and keeps what it takes to ask the
// server directly.
func visit(ctx context.Context, hub *bed.Hub) (*server, error) {
	if err := hub.StartServer(ctx, visitor, "", bed.Server{}); err != nil {
		return nil, err
	}
	session, err := hub.Login(ctx, visitor)
	if err != nil {
		return nil, err
	}
	path := bed.Prefix(visitor, "")
	answer, err := session.Get(ctx, path)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK || answer.URL.Path != path {
		return nil, fmt.Errorf("a visit to %s ended at %s with status %d", path, answer.URL, answer.Status)
	}
	pid, address, err := serverProcess(hub)
	if err != nil {
		return nil, err
	}
	var cookies []string
	for _, cookie := range session.Cookies(path) {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	return &server{
		base:   address,
		header: http.Header{"Cookie": {strings.Join(cookies, "; ")}},
		pids:   []int{pid},
		close: func() {
			if err := hub.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
			}
		},
	}, nil
}

// serverProcess finds our program among the hub's processes, and where the hub
// told it to listen.
func serverProcess(hub *bed.Hub) (pid int, address string, err error) {
	processes, err := hub.Processes(visitor, "")
	if err != nil {
		return 0, "", err
	}
	for _, p := range processes {
		if !strings.Contains(p.Command, "jhsingle-native-proxy") {
			continue
		}
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.ID))
		if err != nil {
			return 0, "", err
		}
		for _, variable := range strings.Split(string(environment), "\x00") {
			if url, ok := strings.CutPrefix(variable, "JUPYTERHUB_SERVICE_URL="); ok {
				return p.ID, url, nil
			}
		}
	}
	return 0, "", fmt.Errorf("the hub runs no server of ours, only %v", processes)
}
