package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
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

// authority makes certificates, as the hub's does for its internal TLS.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: rand.Text()}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, certificate}
}

// sign makes a pair for 127.0.0.1, or for another name, that is good until then.
func (a *authority) sign(t *testing.T, until time.Time, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if name == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// files writes a pair and an authority as the hub does for a server, and gives
// the variables that say where.
func (a *authority) files(t *testing.T, pair tls.Certificate) []string {
	t.Helper()
	folder := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return []string{
		"JUPYTERHUB_SSL_KEYFILE", write("key", "PRIVATE KEY", key),
		"JUPYTERHUB_SSL_CERTFILE", write("cert", "CERTIFICATE", pair.Certificate[0]),
		"JUPYTERHUB_SSL_CLIENT_CA", write("ca", "CERTIFICATE", a.certificate.Raw),
		"JUPYTERHUB_SERVICE_URL", "https://127.0.0.1:0/user/ada/",
	}
}

// secure starts a hub that wants certificates by an authority.
func secure(t *testing.T, pair tls.Certificate, clients *authority) string {
	t.Helper()
	plain := theHub(t, nil)
	server := httptest.NewUnstartedServer(plain.Config.Handler)
	pool := x509.NewCertPool()
	pool.AddCert(clients.certificate)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the refusals that are asked for
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func TestInternalTLS(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	later, soonOver, over := time.Now().Add(30*24*time.Hour), time.Now().Add(30*time.Hour), time.Now().Add(-time.Hour)
	good := secure(t, ours.sign(t, later, ""), ours)
	for name, test := range map[string]struct {
		hub    string
		own    tls.Certificate
		check  string
		status Status
		words  []string
	}{
		"well":                      {good, ours.sign(t, later, ""), "hub certificate", OK, []string{"good until"}},
		"ours, well":                {good, ours.sign(t, later, ""), "our certificate", OK, []string{"good until"}},
		"ours soon over":            {good, ours.sign(t, soonOver, ""), "our certificate", Warning, []string{"runs out in 29 hours", "internal-ssl"}},
		"ours over":                 {good, ours.sign(t, over, ""), "our certificate", Failed, []string{"is valid from", "internal-ssl"}},
		"ours of another hub":       {good, other.sign(t, later, ""), "hub answer", Failed, []string{"no answer"}},
		"the hub's soon over":       {secure(t, ours.sign(t, soonOver, ""), ours), ours.sign(t, later, ""), "hub certificate", Warning, []string{"runs out in 29 hours"}},
		"the hub's over":            {secure(t, ours.sign(t, over, ""), ours), ours.sign(t, later, ""), "hub certificate", Failed, []string{"has expired"}},
		"the hub's by another":      {secure(t, other.sign(t, later, ""), ours), ours.sign(t, later, ""), "hub certificate", Failed, []string{"not trusted", "JUPYTERHUB_SSL_CLIENT_CA"}},
		"the hub's of another name": {secure(t, ours.sign(t, later, "hub.test"), ours), ours.sign(t, later, ""), "hub certificate", Failed, []string{"is not for 127.0.0.1", "trusted_alt_names"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := Run(t.Context(), healthy(hubEnvironment(test.hub, ours.files(t, test.own)...)))
			wants(t, findings, test.check, test.status, test.words...)
			if test.status == OK && AnyFailed(findings) {
				t.Errorf("found %+v", others(findings, ""))
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	ours := newAuthority(t)
	pairs := ours.files(t, ours.sign(t, time.Now().Add(time.Hour), ""))
	pairs[1] = filepath.Join(t.TempDir(), "none")
	findings := Run(t.Context(), healthy(hubEnvironment(secure(t, ours.sign(t, time.Now().Add(time.Hour), ""), ours), pairs...)))
	wants(t, findings, "our certificate", Failed, "JUPYTERHUB_SSL_KEYFILE", "move_certs")
	wants(t, findings, "hub certificate", Skipped, "our certificate")
	wants(t, findings, "token", Skipped, "our certificate")
}

// A scheme that is wrong, in either direction, is found to be that.
func TestSchemeThatIsWrong(t *testing.T) {
	plain := theHub(t, nil).URL
	wants(t, Run(t.Context(), healthy(hubEnvironment(strings.Replace(plain, "http:", "https:", 1)))), "hub certificate", Failed, "does not speak TLS")

	ours := newAuthority(t)
	encrypted := secure(t, ours.sign(t, time.Now().Add(time.Hour), ""), ours)
	findings := Run(t.Context(), healthy(hubEnvironment(strings.Replace(encrypted, "https:", "http:", 1))))
	wants(t, findings, "hub answer", Failed, "speaks TLS, but JUPYTERHUB_API_URL is http")

	// The real hub's server waits in silence for the rest of a request.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				first := make([]byte, 1)
				if _, err := io.ReadFull(conn, first); err == nil && first[0] == 'H' {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
					return
				}
				_, _ = io.Copy(io.Discard, conn) // until the other side gives up
			}()
		}
	}()
	findings = Run(t.Context(), healthy(hubEnvironment("https://"+listener.Addr().String())))
	wants(t, findings, "hub certificate", Failed, "does not speak TLS")
}

// A redirect by what listens there is not followed, and gets no token.
func TestSecurityTokenStaysWithTheHub(t *testing.T) {
	var got []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got = append(got, r.Header.Get("Authorization"), string(body), r.URL.String())
		if err != nil && !errors.Is(err, io.EOF) {
			got = append(got, err.Error())
		}
	}))
	defer thief.Close()
	hub := theHub(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/hub/api" {
			return false
		}
		http.Redirect(w, r, thief.URL+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	})
	findings := Run(t.Context(), healthy(hubEnvironment(hub.URL)))
	if len(got) > 0 {
		t.Errorf("another was asked: %q", got)
	}
	wants(t, findings, "token", Failed, "could not say")
	wants(t, findings, "login", Warning, "says neither")
}
