//go:build e2e

package settings

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// setting is a hub as a test wants it.
type setting struct {
	// name is for its log.
	name string
	// public is where browsers find the hub, with its base path and without a
	// slash at the end.
	public string
	// ports are for its proxy, for itself, and for how it steers the proxy.
	ports []int
	// traits are what is set, by names like JupyterHub.base_url.
	traits map[string]any
}

// hub is a JupyterHub that runs with a setting of its own. Other than the
// test bed's it may be anywhere: below a path, on a name, behind TLS.
type hub struct {
	setting
	password string
	log      string

	client  *http.Client
	token   string
	runDir  string
	command *exec.Cmd
	ended   chan struct{}
}

func startHub(ctx context.Context, s *stage, want setting) (*hub, error) {
	runDir, err := os.MkdirTemp("", "settings-hub-")
	if err != nil {
		return nil, err
	}
	h := &hub{
		setting: want, password: rand.Text(), token: rand.Text(), runDir: runDir,
		log:    filepath.Join(s.output, want.name+".log"),
		client: &http.Client{Transport: s.transport(), Timeout: patience},
		ended:  make(chan struct{}),
	}
	traits, err := json.Marshal(want.traits)
	if err != nil {
		return nil, err
	}
	service, err := json.Marshal(map[string]string{"service_token": h.token})
	if err != nil {
		return nil, err
	}
	log, err := os.Create(h.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	h.command = exec.Command(filepath.Join(s.Folder, "venv", "bin", "jupyterhub"),
		"--config", filepath.Join(s.Root, "test", "settings", "jupyterhub_config.py"))
	h.command.Dir = runDir
	h.command.Stdout, h.command.Stderr = log, log
	h.command.SysProcAttr = dieWithUs()
	h.command.Env = append(os.Environ(),
		"PATH="+s.Path(),
		"SETTINGS_HUB="+string(traits),
		"BED_HUB="+string(service),
		"DEMO_RUN_DIR="+runDir,
		"DEMO_PASSWORD="+h.password,
		fmt.Sprintf("DEMO_PORT=%d", want.ports[0]),
		fmt.Sprintf("DEMO_HUB_PORT=%d", want.ports[1]),
		fmt.Sprintf("DEMO_PROXY_PORT=%d", want.ports[2]),
	)
	if err := h.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = h.command.Wait() // how it ended is in its log
		close(h.ended)
	}()
	if err := h.awaitHealth(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the hub %s did not start: %w\n%s", want.name, err, h.tail(40)), h.close())
	}
	return h, nil
}

func (h *hub) awaitHealth(ctx context.Context) error {
	last := errors.New("never tried")
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
		select {
		case <-h.ended:
			return fmt.Errorf("it ended: %v", h.command.ProcessState)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
		var answer *bed.Answer
		if answer, last = h.api(ctx, http.MethodGet, "/user", nil); last == nil {
			// Only the hub knows the service; an app on its port would not.
			if answer.Status == http.StatusOK && strings.Contains(string(answer.Body), `"service"`) {
				return nil
			}
			last = fmt.Errorf("it answers %d: %.200s", answer.Status, answer.Body)
		}
	}
	return last
}

// close stops the hub, which stops its proxy and all servers, and fails if a
// process of them is left.
func (h *hub) close() error {
	var failures []error
	_ = h.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-h.ended:
	case <-time.After(45 * time.Second):
		failures = append(failures, fmt.Errorf("the hub %s did not stop\n%s", h.name, h.tail(40)))
		_ = h.command.Process.Kill()
	}
	left, err := bed.AwaitGone(30*time.Second, h.runDir)
	if err != nil {
		failures = append(failures, err)
	}
	for _, process := range left {
		_ = syscall.Kill(process.ID, syscall.SIGKILL)
		failures = append(failures, fmt.Errorf("after the hub %s stopped there was left: %v", h.name, process))
	}
	return errors.Join(append(failures, os.RemoveAll(h.runDir))...)
}

// logged is all that the hub, its proxy and its servers wrote.
func (h *hub) logged() string {
	log, err := os.ReadFile(h.log)
	if err != nil {
		return err.Error()
	}
	return string(log)
}

func (h *hub) tail(lines int) string {
	all := strings.Split(strings.TrimSpace(h.logged()), "\n")
	return h.log + ":\n" + strings.Join(all[max(0, len(all)-lines):], "\n")
}

// origin is the hub's origin as a browser writes it.
func (h *hub) origin() string {
	parsed := mustParse(h.public)
	return parsed.Scheme + "://" + parsed.Host
}

// api calls the hub's REST API with the token of the tests' service.
func (h *hub) api(ctx context.Context, method, path string, body any) (*bed.Answer, error) {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, h.public+"/hub/api"+path, &sent)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "token "+h.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := h.client.Do(request)
	if err != nil {
		return nil, err
	}
	return read(response)
}

// call is api for calls of which only some answers are good.
func (h *hub) call(ctx context.Context, method, path string, body any, good ...int) (*bed.Answer, error) {
	answer, err := h.api(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	for _, status := range good {
		if answer.Status == status {
			return answer, nil
		}
	}
	return nil, fmt.Errorf("the hub answered %s %s with %d: %s", method, path, answer.Status, answer.Body)
}

func read(response *http.Response) (*bed.Answer, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s broke off: %w", response.Request.URL, err)
	}
	return &bed.Answer{URL: response.Request.URL, Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

func mustParse(address string) *url.URL {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(fmt.Sprintf("the test asks for a URL that is none: %v", err))
	}
	return parsed
}
