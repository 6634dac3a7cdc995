//go:build e2e || hubs

// Package hubconfig runs what "dashboard-builder hub-config" prints in real
// JupyterHubs, and our client of their API against them.
//
//	go test -tags e2e ./test/hubconfig/
//	go test -tags hubs ./test/hubconfig/    # JupyterHub 5, 4, 3 and 2
package hubconfig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/hubconfig"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 2 * time.Minute

// token is the service's, on every hub.
const token = "0123456789abcdef0123456789abcdef"

// house is a hub with dashboards.
type house struct {
	*bed.Hub
	// service speaks in the name of the service, and signer signs as it does.
	service *hub.Client
	signer  ticket.Signer
	// recorder is the program of all servers, and record what it wrote.
	recorder, record string
}

// build starts a hub. place is where the configuration is: "file" or "pasted"; with
// managed, the hub starts the service, which is the recorder, makes its token, and
// asks nobody for consent.
func build(ctx context.Context, ready *bed.Bed, place, version string, managed bool) (*house, error) {
	recorder, err := ready.Build(ctx, "./test/hubconfig/recorder", false)
	if err != nil {
		return nil, err
	}
	name := version + "-" + place
	if managed {
		name += "-managed"
	}
	output := filepath.Join(ready.Root, "test", "output", "hubconfig", name)
	if err := os.MkdirAll(output, 0o755); err != nil {
		return nil, err
	}
	h := &house{signer: ticket.NewSigner(token), recorder: recorder, record: filepath.Join(output, "record.jsonl")}
	tokenFile := filepath.Join(output, "token")
	settings := hubconfig.Options{Spawner: hubconfig.Process, TokenFile: tokenFile, Command: recorder, HideServers: true}
	if managed {
		ports, err := bed.FreePorts(1)
		if err != nil {
			return nil, err
		}
		settings.SkipConsent = true
		settings.TokenFile, settings.Serve = "", []string{recorder, "--record=" + h.record, "serve {x} é"}
		settings.URL = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	}
	printed, err := hubconfig.Render(settings)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(output, "dashboards.py")
	err = errors.Join(os.RemoveAll(h.record), os.WriteFile(h.record, nil, 0o600),
		os.WriteFile(tokenFile, []byte(token+"\n"), 0o600), os.WriteFile(file, []byte(printed), 0o600))
	if err != nil {
		return nil, err
	}
	options := bed.Options{
		Output: output,
		Config: filepath.Join(ready.Root, "test", "hubconfig", "jupyterhub_config.py"),
		Environment: []string{
			"HUBCONFIG_SNIPPET=" + file, "HUBCONFIG_PLACE=" + place,
			"HUBCONFIG_SERVER=" + recorder, "HUBCONFIG_RECORD=" + h.record,
		},
		PlainForms: hub.Major(version) < 4,
	}
	if version != bedVersion {
		options.Program = filepath.Join(ready.Root, ".cache", "hubs", version, "bin", "jupyterhub")
	}
	if h.Hub, err = ready.StartHub(ctx, options); err != nil {
		return nil, err
	}
	if h.service, err = hub.NewClient(h.URL+"/hub/api", token, h.Client().Transport); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// bedVersion is the JupyterHub of the test bed.
const bedVersion = "6.1.1"

// as is a client in a user's own name, who is made if there is none.
func (h *house) as(t *testing.T, user string, scopes ...string) *hub.Client {
	t.Helper()
	if err := h.AddUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	token, err := h.NewToken(t.Context(), user, scopes...)
	if err != nil {
		t.Fatal(err)
	}
	return h.service.As(token)
}

// permit is a ticket for a server, as the service issues it.
func (h *house) permit(user, server string, arguments ...string) ticket.Ticket {
	return ticket.Ticket{
		User: user, Server: server, Dashboard: "abcdefghijkm", Revision: 1, Title: "Sales",
		Arguments: append([]string{"--workdir", "/srv/a b"}, arguments...),
	}
}

func sign(t *testing.T, signer ticket.Signer, permit ticket.Ticket) string {
	t.Helper()
	signed, err := signer.Sign(permit)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func withTicket(text any) map[string]any { return map[string]any{ticket.Option: text} }

// start starts a server and returns when it is ready, or with what the hub says.
func (h *house) start(t *testing.T, as *hub.Client, user, server string, options map[string]any) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := as.StartServer(ctx, user, server, hub.Start{DisplayName: "Sales 📊", Options: options}); err != nil {
		return err
	}
	// Whether it is pending or not: a start that fails just when the hub has waited
	// enough looks like one that did not.
	return as.Progress(ctx, user, server, func(hub.ProgressEvent) {})
}

func (h *house) mustStart(t *testing.T, as *hub.Client, user, server string, options map[string]any) {
	t.Helper()
	if err := h.start(t, as, user, server, options); err != nil {
		t.Fatalf("%s/%s does not start: %v\n%s", user, server, err, h.LogTail(40))
	}
}

// stop stops a server and returns when it has.
func (h *house) stop(t *testing.T, as *hub.Client, user, server string, remove bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := as.StopServer(ctx, user, server, remove)
	for err == nil {
		var account hub.Account
		if account, err = as.Account(ctx, user); err == nil {
			if known, there := account.Servers[server]; !there || known.Stopped && !remove {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	t.Fatalf("%s/%s does not stop: %v\n%s", user, server, err, h.LogTail(40))
}

// run is one start of a server, as the recorder saw it.
type run struct {
	User        string
	Server      string
	Arguments   []string
	Environment map[string]string
}

// runs are all starts of a server so far.
func (h *house) runs(t *testing.T, user, server string) []run {
	t.Helper()
	content, err := os.ReadFile(h.record)
	if err != nil {
		t.Fatal(err)
	}
	var found []run
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		var r run
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.User == user && r.Server == server {
			found = append(found, r)
		}
	}
	return found
}

// lastRun is the last start of a server, of so many. The hub does not wait until a
// service that it starts has written down its own.
func (h *house) lastRun(t *testing.T, user, server string, count int) run {
	t.Helper()
	runs := h.runs(t, user, server)
	for end := time.Now().Add(patience); len(runs) < count && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		runs = h.runs(t, user, server)
	}
	if len(runs) != count {
		t.Fatalf("%s/%s was started %d times, not %d", user, server, len(runs), count)
	}
	return runs[count-1]
}

func (h *house) wantArguments(t *testing.T, r run, want ...string) {
	t.Helper()
	if want = append([]string{h.recorder}, want...); !slices.Equal(r.Arguments, want) {
		t.Errorf("%s/%s ran %q, not %q", r.User, r.Server, r.Arguments, want)
	}
}
