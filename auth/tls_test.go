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
	"log"
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
	loaded, err := a.environment().LoadTLS()
	if err != nil {
		a.t.Fatal(err)
	}
	return loaded
}

func TestSecurityInternalTLSIsMutual(t *testing.T) {
	ours, stranger := newAuthority(t), newAuthority(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
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
	transport := of.HubTransport()
	transport.TLSClientConfig.InsecureSkipVerify = true
	return transport
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
		if _, err := env.LoadTLS(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if loaded, err := (Environment{}).LoadTLS(); loaded != nil || err != nil {
		t.Errorf("without internal TLS: got %v, %v", loaded, err)
	}
}
