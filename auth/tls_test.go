package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	stdlog "log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates as the hub's internal authority does.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	a := authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "internal authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// environment writes a pair for 127.0.0.1 and the authority's bundle, and
// returns the environment that names them.
func (a authority) environment() Environment {
	a.t.Helper()
	key := newKey(a.t)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "user-ada"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	folder := a.t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			a.t.Fatal(err)
		}
		return path
	}
	return Environment{
		TLSKey: write("key", "EC PRIVATE KEY", private), TLSCert: write("cert", "CERTIFICATE", der),
		TLSClientCA: write("ca", "CERTIFICATE", a.cert.Raw), BindTLS: true,
	}
}

func (a authority) load() *TLS {
	a.t.Helper()
	loaded, err := a.environment().LoadTLS(slog.New(slog.DiscardHandler))
	if err != nil {
		a.t.Fatal(err)
	}
	return loaded
}

func TestSecurityInternalTLSIsMutual(t *testing.T) {
	ours, stranger := newAuthority(t), newAuthority(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	server.TLS = ours.load().Server()
	server.StartTLS()
	defer server.Close()

	for name, test := range map[string]struct {
		transport *http.Transport
		in        bool
	}{
		"by the same authority":         {ours.load().HubTransport(), true},
		"by another authority":          {stranger.load().HubTransport(), false},
		"without a certificate":         {&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, false},
		"a stranger who trusts anybody": {insecure(stranger.load()), false},
	} {
		t.Run(name, func(t *testing.T) {
			defer test.transport.CloseIdleConnections()
			resp, err := (&http.Client{Transport: test.transport}).Get(server.URL)
			if err == nil {
				resp.Body.Close()
			}
			if (err == nil) != test.in {
				t.Errorf("got %v", err)
			}
		})
	}
}

func insecure(of *TLS) *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{
		Certificates: []tls.Certificate{of.current().pair}, InsecureSkipVerify: true,
	}}
}

// A hub that renews its certificates should not have to restart its servers.
func TestCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	env, fresh := before.environment(), after.environment()
	var log strings.Builder
	loaded, err := env.LoadTLS(slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	loaded.every = 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	server.TLS = loaded.Server()
	server.StartTLS()
	defer server.Close()
	reach := func(by *TLS) error {
		transport := by.HubTransport()
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	old, renewed := before.load(), after.load()
	if err := reach(old); err != nil {
		t.Fatal(err)
	}

	// Half written: nothing changes, and the log says so.
	if err := os.WriteFile(env.TLSCert, []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := reach(old); err != nil {
		t.Errorf("with a broken file: %v", err)
	}
	if !strings.Contains(log.String(), "cannot be used") {
		t.Errorf("the log does not tell: %s", log.String())
	}

	for from, to := range map[string]string{fresh.TLSKey: env.TLSKey, fresh.TLSCert: env.TLSCert, fresh.TLSClientCA: env.TLSClientCA} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := reach(renewed); err != nil {
		t.Errorf("the new authority's client: %v", err)
	}
	if err := reach(old); err == nil {
		t.Error("the old authority's client is still let in")
	}
	// And towards the hub: loaded now trusts the new authority, and shows its pair.
	hub := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	hub.TLS = renewed.Server()
	hub.StartTLS()
	defer hub.Close()
	transport := loaded.HubTransport()
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(hub.URL)
	if err != nil {
		t.Fatalf("towards the hub: %v", err)
	}
	resp.Body.Close()
}

func TestLoadTLSNamesWhatIsWrong(t *testing.T) {
	good := newAuthority(t).environment()
	for want, change := range map[string]func(*Environment){
		"JUPYTERHUB_SSL_CERTFILE":  func(e *Environment) { e.TLSCert = "/nowhere" },
		"JUPYTERHUB_SSL_KEYFILE":   func(e *Environment) { e.TLSKey = e.TLSCert },
		"JUPYTERHUB_SSL_CLIENT_CA": func(e *Environment) { e.TLSClientCA = "/nowhere" },
		"no certificate in PEM":    func(e *Environment) { e.TLSClientCA = e.TLSKey },
		"is https, but":            func(e *Environment) { e.TLSKey, e.TLSCert, e.TLSClientCA = "", "", "" },
	} {
		env := good
		change(&env)
		if _, err := env.LoadTLS(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if loaded, err := (Environment{}).LoadTLS(nil); loaded != nil || err != nil {
		t.Errorf("without internal TLS: got %v, %v", loaded, err)
	}
}
