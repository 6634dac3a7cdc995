//go:build e2e

package fault

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// authority is one that our program is told to trust, or not.
type authority struct {
	certificate *x509.Certificate
	key         any
}

// sign makes a certificate for the layer's host, good until then.
func (a authority) sign(t *testing.T, host string, until time.Time) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "hub"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.ParseIP(host)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// hubsAuthority is the one that the hub made for itself.
func (h *theHub) hubsAuthority(t *testing.T) authority {
	t.Helper()
	pair, err := h.pair("hub-ca")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, pair.PrivateKey}
}

// stranger is an authority of somebody else, of the same name.
func stranger(t *testing.T, like authority) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: like.certificate.Subject,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return authority{template, key}
}

// pair is a certificate and its key of the hub's store.
func (h *theHub) pair(name string) (tls.Certificate, error) {
	base := filepath.Join(h.folder, "certs", name, name)
	return tls.LoadX509KeyPair(base+".crt", base+".key")
}

// dialTLS connects to the hub as one of its own components does.
func (h *theHub) dialTLS(port int) (net.Conn, error) {
	pair, err := h.pair("hub-internal")
	if err != nil {
		return nil, err
	}
	// Who the hub is has been settled: this is the hub that the test started.
	return tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), &tls.Config{
		Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true,
	})
}

// startTLSHub starts a hub with internal TLS. Such a hub speaks to nobody
// without a certificate, while the bed asks by plain HTTP whether it is up; so
// a layer stands where the bed asks, and has the certificate.
func startTLSHub(t *testing.T) (hub *theHub, port int) {
	t.Helper()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	go func() {
		future := &theHub{folder: folder}
		for t.Context().Err() == nil {
			asked, err := os.ReadFile(filepath.Join(folder, "hub-port"))
			if err == nil && len(asked) > 0 {
				plain := &layer{
					address: "127.0.0.1:" + string(asked),
					dial:    func() (net.Conn, error) { return future.dialTLS(ports[0]) },
					conns:   map[net.Conn]bool{}, ended: make(chan struct{}), calls: map[string]int{},
				}
				plain.open(t)
				t.Cleanup(func() { plain.set(&fault{down: true}) })
				return
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	hub, err = shared.startHubIn(t.Context(), folder, "tls", bed.Options{
		Environment: []string{fmt.Sprintf("FAULT_TLS_PORT=%d", ports[0])},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.Close(); err != nil {
			t.Error(err)
		}
	})
	return hub, ports[0]
}

// With internal TLS, a hub whose certificate has expired, or that of somebody
// in between, is a hub that cannot be asked.
func TestSecurityCertificate(t *testing.T) {
	t.Parallel()
	hub, port := startTLSHub(t)
	trusted := hub.hubsAuthority(t)
	for _, test := range []struct {
		name, says string
		by         authority
		until      time.Time
	}{
		{"certificate-expired", "certificate has expired", trusted, time.Now().Add(-time.Hour)},
		{"certificate-of-a-stranger", "certificate signed by unknown authority", stranger(t, trusted), time.Now().Add(time.Hour)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLayer(t, hub.direct(t))
			l.dial = func() (net.Conn, error) { return hub.dialTLS(port) }
			host, _, _ := strings.Cut(l.address, ":")
			good, bad := trusted.sign(t, host, time.Now().Add(time.Hour)), test.by.sign(t, host, test.until)
			l.secure = &tls.Config{
				ClientAuth: tls.RequireAnyClientCert,
				GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
					if present := l.present(); present != nil && present.certificate != nil {
						return present.certificate, nil
					}
					return good, nil
				},
			}
			at := newStand(t, test.name, setup{hub: hub, layer: l, scheme: "https"})
			playFault(t, at, kind{name: test.name, fault: fault{certificate: bad}, says: test.says})
		})
	}
}
