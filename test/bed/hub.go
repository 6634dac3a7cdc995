package bed

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startPatience is for several hubs that start at once on a machine that is busy.
	startPatience = 5 * time.Minute
	stopPatience  = 45 * time.Second
	gonePatience  = 30 * time.Second
)

// Hub is a JupyterHub that runs, with its proxy.
type Hub struct {
	// URL is where browsers find it, without a slash at the end.
	URL string
	// Host is the host and port in URL.
	Host string
	// Password is everybody's.
	Password string
	// LogFile holds what the hub, its proxy and the servers wrote.
	LogFile string

	options      Options
	directURL    string
	runDir       string
	serviceToken string
	command      *exec.Cmd
	ended        chan struct{}
	close        func() error
	client       *http.Client
}

// hubConfig is what jupyterhub_config.py reads from BED_HUB.
type hubConfig struct {
	ServiceToken string `json:"service_token"`
}

// StartHub starts a hub on free ports with a run directory of its own, and
// returns when it is up. The context is for the start only.
func (b *Bed) StartHub(ctx context.Context, options Options) (*Hub, error) {
	ports, err := FreePorts(3)
	if err != nil {
		return nil, err
	}
	runDir, err := os.MkdirTemp("", "bed-hub-")
	if err != nil {
		return nil, err
	}
	hub := &Hub{
		Host:         fmt.Sprintf("%s:%d", cmp.Or(options.Domain, "127.0.0.1"), ports[0]),
		Password:     rand.Text(),
		LogFile:      filepath.Join(options.Output, "hub.log"),
		options:      options,
		directURL:    fmt.Sprintf("http://127.0.0.1:%d", ports[1]),
		runDir:       runDir,
		serviceToken: rand.Text(),
		ended:        make(chan struct{}),
		client:       &http.Client{Transport: newTransport()},
	}
	hub.URL = "http://" + hub.Host
	hub.close = sync.OnceValue(hub.stop)
	config, err := json.Marshal(hubConfig{ServiceToken: hub.serviceToken})
	if err != nil {
		return nil, err
	}
	if err := os.Remove(hub.LogFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	hub.command = exec.Command(
		cmp.Or(options.Program, filepath.Join(b.Folder, "venv", "bin", "jupyterhub")),
		"--config", cmp.Or(options.Config, filepath.Join(b.Root, "test", "bed", "jupyterhub_config.py")))
	hub.command.Dir = runDir
	hub.command.Env = append(append(os.Environ(), options.Environment...),
		"PATH="+b.Path(),
		"BED_HUB="+string(config),
		"DEMO_RUN_DIR="+runDir,
		"DEMO_PASSWORD="+hub.Password,
		fmt.Sprintf("DEMO_PORT=%d", ports[0]),
		fmt.Sprintf("DEMO_HUB_PORT=%d", ports[1]),
		fmt.Sprintf("DEMO_PROXY_PORT=%d", ports[2]),
	)
	hub.command.SysProcAttr = hubAttributes()
	if err := hub.run(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the hub did not start: %w\n%s", err, hub.LogTail(40)), hub.Close())
	}
	return hub, nil
}

func (h *Hub) run(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(h.LogFile), 0o755); err != nil {
		close(h.ended)
		return err
	}
	log, err := os.OpenFile(h.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		close(h.ended)
		return err
	}
	defer log.Close()
	h.command.Stdout, h.command.Stderr = log, log
	if err := h.command.Start(); err != nil {
		close(h.ended)
		return err
	}
	go func() {
		_ = h.command.Wait() // how it ended is in its log
		close(h.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	// The hub itself is up a moment before its proxy knows the way to it.
	for _, url := range []string{h.directURL, h.URL} {
		if err := h.awaitHealth(ctx, url+"/hub/health"); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hub) awaitHealth(ctx context.Context, url string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := h.client.Do(request); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-h.ended:
			return fmt.Errorf("it ended: %v", h.command.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", url, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// RunDir is the folder in which the hub keeps what is its own. It goes with the hub.
func (h *Hub) RunDir() string { return h.runDir }

// APIURL is where the hub itself answers its API, without its proxy.
func (h *Hub) APIURL() string { return h.directURL + "/hub/api" }

// Client finds the hub, and what is below its name, as a browser does.
func (h *Hub) Client() *http.Client { return h.client }

// Close stops the hub, which stops its proxy and all servers, and fails if any
// process of them is left. Calling it again returns the same.
func (h *Hub) Close() error { return h.close() }

func (h *Hub) stop() error {
	var failures []error
	if h.command.Process != nil {
		_ = h.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-h.ended:
		case <-time.After(stopPatience):
			failures = append(failures, fmt.Errorf("the hub did not stop within %s\n%s", stopPatience, h.LogTail(40)))
			_ = h.command.Process.Kill()
		}
		// Everything below the hub has the run directory in its environment,
		// if only as HOME.
		left, err := AwaitGone(gonePatience, h.runDir)
		if err != nil {
			failures = append(failures, err)
		}
		if len(left) > 0 {
			kill(left)
			failures = append(failures, fmt.Errorf("after the hub stopped these processes were left: %v", left))
		}
	}
	return errors.Join(append(failures, os.RemoveAll(h.runDir))...)
}

// Prefix is the path of a user's server, with a slash at both ends. The
// default server's name is empty.
func Prefix(user, server string) string {
	if server == "" {
		return "/user/" + user + "/"
	}
	return "/user/" + user + "/" + server + "/"
}

// Processes returns the running processes of a server: ours, the app's, and
// whatever these started.
func (h *Hub) Processes(user, server string) ([]Process, error) {
	return ProcessesWith(h.runDir, serverMark(user, server))
}

// AwaitNoProcess waits until a server has no process, and returns those that
// do not go.
func (h *Hub) AwaitNoProcess(user, server string, patience time.Duration) ([]Process, error) {
	return AwaitGone(patience, h.runDir, serverMark(user, server))
}

func serverMark(user, server string) string {
	return "JUPYTERHUB_SERVICE_PREFIX=" + Prefix(user, server) + "\x00"
}

// LogTail returns the last lines of the hub's log.
func (h *Hub) LogTail(lines int) string {
	log, err := os.ReadFile(h.LogFile)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(log)), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return h.LogFile + ":\n" + strings.Join(all, "\n")
}
