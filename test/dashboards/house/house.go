// Package house is a JupyterHub with the Dashboards service, for tests and
// benchmarks: a real hub by what "dashboard-builder hub-config" prints, and the
// service by what that says to give it.
package house

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Options say what house is wanted.
type Options struct {
	// Name is its folder below test/output/dashboards.
	Name string
	// Version is the JupyterHub of .cache/hubs, and Program another one by its path;
	// the bed's own if both are empty.
	Version, Program string
	// Hub has further settings of JupyterHub's own section, Sections those of others
	// by their names, Groups who is in which group, and Roles further roles, as in
	// JupyterHub.load_roles.
	Hub      map[string]any
	Sections map[string]map[string]any
	Groups   map[string][]string
	Roles    []map[string]any
	// HubConfig are flags of "dashboard-builder hub-config"; --spawner=process if
	// there are none.
	HubConfig []string
	// Settings is the service's settings file, and Serve further flags.
	Settings string
	Serve    []string
	// Managed has the hub start the service, instead of the caller.
	Managed bool
	// Scopes lets SetScopes change those of a hub that runs.
	Scopes bool
	// Subdomains gives each user and service a name of their own below hub.localhost.
	Subdomains bool
	// PlainForms is bed.Options.PlainForms.
	PlainForms bool
}

// House is a hub with dashboards.
type House struct {
	*bed.Hub
	// Program is dashboard-builder, and Folder where what the service has is.
	Program string
	Folder  string
	// Options are those that it was opened by.
	Options Options
	// Output is where the logs are.
	Output string
	// Page is the address of the service's page for browsers.
	Page string
	// Service is the service, and Layer what is between it and the hub; nil where the
	// hub starts it.
	Service *Service
	Layer   *Layer

	bed *bed.Bed
}

// Open starts a house; with Managed also the service.
func Open(ctx context.Context, ready *bed.Bed, options Options) (*House, error) {
	folder, err := os.MkdirTemp("", "house-")
	if err != nil {
		return nil, err
	}
	h := &House{Folder: folder, Options: options, Output: filepath.Join(ready.Root, "test", "output", "dashboards", options.Name), bed: ready}
	if err := h.open(ctx, options); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *House) open(ctx context.Context, options Options) error {
	if err := os.MkdirAll(h.Output, 0o755); err != nil {
		return err
	}
	var err error
	if h.Program, err = h.bed.Build(ctx, "./cmd/dashboard-builder", os.Getenv("E2E_RACE") == "1"); err != nil {
		return err
	}
	ports, err := bed.FreePorts(2)
	if err != nil {
		return err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	settings := filepath.Join(h.Folder, "settings.yaml")
	token := filepath.Join(h.Folder, "token")
	// What the last run wrote is of another house.
	if err := os.RemoveAll(filepath.Join(h.Output, serviceLog)); err != nil {
		return err
	}
	err = errors.Join(os.WriteFile(settings, []byte(options.Settings), 0o600),
		os.WriteFile(token, []byte(newToken()+"\n"), 0o600))
	if err != nil {
		return err
	}
	serve := append([]string{"--settings=" + settings, "--debug"}, options.Serve...)
	arguments := append([]string{"hub-config", "--url=http://" + address}, options.HubConfig...)
	if options.HubConfig == nil {
		arguments = append(arguments, "--spawner=process")
	}
	if options.Managed {
		arguments = append(append(arguments, "--"), serve...)
	} else {
		arguments = append(arguments, "--token-file="+token)
	}
	printed, err := exec.CommandContext(ctx, h.Program, arguments...).Output() // #nosec G204 -- our program
	if err != nil {
		return fmt.Errorf("hub-config: %w", err)
	}
	snippet := filepath.Join(h.Folder, "dashboards.py")
	if err := os.WriteFile(snippet, printed, 0o600); err != nil {
		return err
	}
	if err := h.openHub(ctx, snippet, options); err != nil {
		return err
	}
	h.Page = h.Domain(h.serviceName()) + "/services/dashboards/"
	if options.Managed {
		return h.awaitPage(ctx)
	}
	h.Layer, err = newLayer(h.APIURL())
	if err != nil {
		return err
	}
	h.Service = &Service{
		house: h, address: address, Metrics: fmt.Sprintf("127.0.0.1:%d", ports[1]), State: filepath.Join(h.Folder, "state"),
		environment: printedEnvironment(string(printed)), flags: append(serve, "--service-token-file="+token),
	}
	return nil
}

func (h *House) openHub(ctx context.Context, snippet string, options Options) error {
	told, err := json.Marshal(map[string]any{
		"snippet": snippet, "hub": orEmpty(options.Hub), "sections": orEmpty(options.Sections),
		"groups": orEmpty(options.Groups), "roles": append([]map[string]any{}, options.Roles...), "scopes": options.Scopes,
		"domain": options.domain(),
	})
	if err != nil {
		return err
	}
	wanted := bed.Options{
		Output:      h.Output,
		Program:     options.Program,
		Config:      filepath.Join(h.bed.Root, "test", "dashboards", "house", "jupyterhub_config.py"),
		Environment: []string{"HOUSE=" + string(told)},
		PlainForms:  options.PlainForms,
		Domain:      options.domain(),
	}
	if options.Version != "" {
		wanted.Program = filepath.Join(h.bed.Root, ".cache", "hubs", options.Version, "bin", "jupyterhub")
	}
	if h.Hub, err = h.bed.StartHub(ctx, wanted); err != nil {
		return err
	}
	return os.Mkdir(h.holds(), 0o755)
}

// holds is the folder of the files by which servers are held.
func (h *House) holds() string { return filepath.Join(h.RunDir(), "holds") }

// Hold keeps a user's servers from starting until they are released: what there is to
// see of a start stays to be seen, and what is done meanwhile has all the time it takes.
func (h *House) Hold(user string) (release func() error, err error) {
	file := filepath.Join(h.holds(), user)
	return func() error { return os.Remove(file) }, os.WriteFile(file, nil, 0o600)
}

func (o Options) domain() string {
	if o.Subdomains {
		return "hub.localhost"
	}
	return ""
}

// serviceName is what JupyterHub puts before its own name for the service (utils.py:
// subdomain_hook_idna), and before 5 for all services (app.py: init_services).
func (h *House) serviceName() string {
	if version := h.Options.Version; version != "" && hub.Major(version) < 5 {
		return "services"
	}
	return "dashboards--service"
}

func orEmpty[K comparable, V any](values map[K]V) map[K]V {
	if values == nil {
		return map[K]V{}
	}
	return values
}

// printedEnvironment is what hub-config says a service needs that the hub does not
// start.
func printedEnvironment(snippet string) []string {
	var found []string
	for line := range strings.Lines(snippet) {
		if pair, ok := strings.CutPrefix(strings.TrimSpace(line), "#   JUPYTERHUB_"); ok {
			found = append(found, "JUPYTERHUB_"+pair)
		}
	}
	return found
}

// Domain is the origin of a user or a service, by the name that JupyterHub puts before
// its own; the hub's where there are no such.
func (h *House) Domain(name string) string {
	if !h.Options.Subdomains {
		return h.URL
	}
	return "http://" + name + "." + h.Host
}

// awaitPage waits until the service answers behind the hub's proxy.
func (h *House) awaitPage(ctx context.Context) error {
	return Await(ctx, patience, func() error { return Healthy(ctx, h.Client(), h.Page+"health") })
}

// Healthy says what is wrong with an address that should answer with 200.
func Healthy(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", address, answer.StatusCode)
	}
	return nil
}

// Home is the folder of a user's files, which is made if it is not there.
func (h *House) Home(user string) (string, error) {
	home := filepath.Join(h.RunDir(), "home", user)
	return home, os.MkdirAll(home, 0o755)
}

// Write puts files into a user's home, by their paths in it.
func (h *House) Write(user string, files map[string]string) error {
	home, err := h.Home(user)
	for name, content := range files {
		path := filepath.Join(home, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o600))
	}
	return err
}

// Close stops the service and the hub, and fails if something of them is left.
func (h *House) Close() error {
	var failures []error
	if h.Service != nil && h.Service.Running() {
		failures = append(failures, h.Service.Stop())
	}
	if h.Hub != nil {
		failures = append(failures, h.Hub.Close())
	}
	if h.Layer != nil {
		h.Layer.close()
	}
	left, err := bed.AwaitGone(patience, h.Folder)
	if err != nil || len(left) > 0 {
		failures = append(failures, fmt.Errorf("after the house was closed these processes were left: %v, %w", left, cmp.Or(err, errors.New("still running"))))
	}
	return errors.Join(append(failures, os.RemoveAll(h.Folder))...)
}
