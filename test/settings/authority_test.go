//go:build e2e

package settings

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// authority signs certificates, as an operator's own authority does. pair is
// the one it made for the edge.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pair        signed
}

// signed is a certificate with its key, in PEM.
type signed struct {
	certificate, key []byte
	leaf             *x509.Certificate
}

func newAuthority(names ...string) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	a := authority{key: key}
	if a.certificate, err = x509.ParseCertificate(raw); err != nil {
		return authority{}, err
	}
	a.pair, err = a.sign("edge", names...)
	return a, err
}

// sign makes a certificate for both ends of a connection. With no names it is
// for this machine.
func (a authority) sign(subject string, names ...string) (signed, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signed{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return signed{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: subject},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    append(names, "localhost"),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return signed{}, err
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return signed{}, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return signed{}, err
	}
	return signed{
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}),
		key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
		leaf:        leaf,
	}, nil
}

// loadAuthority reads an authority that somebody else made.
func loadAuthority(certificate, key string) (authority, error) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return authority{}, err
	}
	return authority{certificate: pair.Leaf, key: pair.PrivateKey.(crypto.Signer)}, nil
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func (s signed) tls() (tls.Certificate, error) { return tls.X509KeyPair(s.certificate, s.key) }

// write puts the pair into two files.
func (s signed) write(certificate, key string) error {
	if err := os.WriteFile(certificate, s.certificate, 0o600); err != nil {
		return err
	}
	return os.WriteFile(key, s.key, 0o600)
}

// fingerprint is how Chromium names a key that it is to trust.
func (s signed) fingerprint() string {
	sum := sha256.Sum256(s.leaf.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
