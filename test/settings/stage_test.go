//go:build e2e

// Package settings holds the tests of the gate under hubs that are set
// differently: with subdomains, a public URL, TLS inside and outside, cookies of
// all kinds. Every hub is real and really set so, and our program started by it.
//
//	go test -tags e2e ./test/settings/
package settings

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 60 * time.Second

// The names by which the hubs are visited; none of them is known to any DNS.
const (
	subdomainName = "hub.localhost"
	publicName    = "public.example.test"
	forwardedName = "forwarded.example.test"
)

// stage is what the tests share.
type stage struct {
	*bed.Bed
	proxy   string // our program
	echo    string // test/apps/echo
	witness string // test/settings/witness
	output  string // folder for logs and pictures
	pki     authority
	edge    edge
	portal  *httptest.Server
	hubs    hubs
}

// hubs are started by the first test that needs them.
type hubs struct {
	plain, subdomain, public, forwarded, internal func() (*hub, error)

	mutex   sync.Mutex
	running []*hub
}

var shared *stage

func TestMain(m *testing.M) {
	os.Exit(play(m))
}

func play(m *testing.M) (code int) {
	var err error
	shared, err = build(context.Background())
	if shared != nil {
		defer func() {
			if err := shared.close(); err != nil {
				fmt.Fprintln(os.Stderr, "after the tests of the settings:", err)
				code = 1
			}
		}()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the settings cannot begin:", err)
		return 1
	}
	// Most of the tests' time is waiting.
	if err := flag.Set("test.parallel", "24"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output", "settings")}
	if err := os.MkdirAll(s.output, 0o755); err != nil {
		return nil, err
	}
	// E2E_RACE=1 has the race detector watch our program.
	race := os.Getenv("E2E_RACE") == "1"
	for _, binary := range []struct {
		pkg  string
		race bool
		path *string
	}{
		{"./cmd/jhsingle-native-proxy", race, &s.proxy},
		{"./test/apps/echo", false, &s.echo},
		{"./test/settings/witness", false, &s.witness},
	} {
		if *binary.path, err = s.Build(ctx, binary.pkg, binary.race); err != nil {
			return nil, err
		}
	}
	if s.pki, err = newAuthority(publicName, forwardedName, "*.example.test"); err != nil {
		return nil, err
	}
	// All ports at once, as they must differ.
	ports, err := bed.FreePorts(18)
	if err != nil {
		return nil, err
	}
	s.edge = edge{public: ports[15], proto: ports[16], forwarded: ports[17]}
	if err := s.edge.start(s, ports[6], ports[9]); err != nil {
		return s, err
	}
	s.settings(ports)
	s.portal = newPortal()
	return s, nil
}

// settings says how each hub is set; each takes three ports.
func (s *stage) settings(ports []int) {
	s.hubs.plain = s.once(setting{
		name: "plain", ports: ports[0:3],
		public: fmt.Sprintf("http://127.0.0.1:%d/jupyter", ports[0]),
		traits: map[string]any{
			// The path is the hub's base URL.
			"JupyterHub.bind_url": fmt.Sprintf("http://127.0.0.1:%d/jupyter/", ports[0]),
		},
	})
	s.hubs.subdomain = s.once(setting{
		name: "subdomain", ports: ports[3:6],
		public: fmt.Sprintf("http://%s:%d", subdomainName, ports[3]),
		traits: map[string]any{
			"JupyterHub.subdomain_host":   fmt.Sprintf("http://%s:%d", subdomainName, ports[3]),
			"JupyterHub.tornado_settings": cookieOptions(map[string]any{"samesite": "Lax", "expires_days": 7}),
		},
	})
	s.hubs.public = s.once(setting{
		name: "public", ports: ports[6:9],
		public: fmt.Sprintf("https://%s:%d", publicName, s.edge.public),
		traits: map[string]any{
			"JupyterHub.public_url": fmt.Sprintf("https://%s:%d/", publicName, s.edge.public),
			// For pages of other sites that show the app in a frame.
			"JupyterHub.tornado_settings": cookieOptions(map[string]any{"samesite": "None", "secure": true, "expires_days": nil}),
		},
	})
	s.hubs.forwarded = s.once(setting{
		name: "forwarded", ports: ports[9:12],
		public: fmt.Sprintf("https://%s:%d", forwardedName, s.edge.proto),
		traits: map[string]any{"JupyterHub.cookie_host_prefix_enabled": true},
	})
	s.hubs.internal = s.once(setting{
		name: "internal", ports: ports[12:15],
		public: fmt.Sprintf("http://127.0.0.1:%d", ports[12]),
		traits: map[string]any{"JupyterHub.internal_ssl": true},
	})
}

func cookieOptions(options map[string]any) map[string]any {
	return map[string]any{"cookie_options": options}
}

func (s *stage) once(want setting) func() (*hub, error) {
	return sync.OnceValues(func() (*hub, error) {
		h, err := startHub(context.Background(), s, want)
		if err != nil {
			return nil, err
		}
		s.hubs.mutex.Lock()
		defer s.hubs.mutex.Unlock()
		s.hubs.running = append(s.hubs.running, h)
		return h, nil
	})
}

func (s *stage) close() error {
	failures := make([]error, len(s.hubs.running))
	var all sync.WaitGroup
	for i, h := range s.hubs.running {
		all.Go(func() { failures[i] = h.close() })
	}
	all.Wait()
	if s.portal != nil {
		s.portal.Close()
	}
	return errors.Join(append(failures, s.edge.close())...)
}

// transport finds every name on this machine, and trusts the edge's TLS.
func (s *stage) transport() *http.Transport {
	return &http.Transport{DialContext: dialHere, TLSClientConfig: s.trust(), MaxIdleConnsPerHost: 4, IdleConnTimeout: bed.KeepAlive}
}

func (s *stage) trust() *tls.Config { return &tls.Config{RootCAs: s.pki.pool()} }

// dialHere connects to the port of an address on the loopback address,
// whatever its name: as a DNS of a deployment would find it.
func dialHere(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

// wrap is a server that runs an app below our program.
func (s *stage) wrap(flags []string, app ...string) bed.Server {
	command := append([]string{s.proxy}, flags...)
	return bed.Server{Command: append(append(command, "--"), app...)}
}

// take returns a hub, started if need be.
func take(t *testing.T, start func() (*hub, error)) *hub {
	t.Helper()
	h, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.tail(30))
		}
	})
	return h
}

// eventually waits until a check passes, and fails with its last complaint.
func eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	err := errors.New("never tried")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("after %s: %v", limit, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
