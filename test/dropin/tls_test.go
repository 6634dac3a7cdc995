//go:build e2e

package dropin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// internalTLS makes what a hub with internal_ssl gives to a server: an
// authority, and a key with a certificate of it. The visitor, as the hub's
// proxy, has one as well.
func internalTLS(at *running) error {
	template := func(serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "side by side"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	authority := template(1)
	authority.Subject.CommonName = "authority of side by side"
	authority.IsCA, authority.BasicConstraintsValid, authority.KeyUsage = true, true, x509.KeyUsageCertSign
	leaf := template(2)
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	leaf.IPAddresses, leaf.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	signer, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return err
	}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), authorityKey)
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: signer}, "cert.pem": {Type: "CERTIFICATE", Bytes: signed}, "key.pem": {Type: "PRIVATE KEY", Bytes: encoded},
	} {
		if err := os.WriteFile(filepath.Join(at.folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(signer)
	if err != nil {
		return err
	}
	pool.AddCert(parsed)
	own := []tls.Certificate{{Certificate: [][]byte{signed}, PrivateKey: key}}
	plain := at.dial
	at.dial = over(plain, &tls.Config{RootCAs: pool, ServerName: "localhost", Certificates: own})
	at.dialBare = over(plain, &tls.Config{RootCAs: pool, ServerName: "localhost"})
	at.dialPlain = plain
	return nil
}

// over adds TLS to connections.
func over(plain func() (net.Conn, error), config *tls.Config) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		connection, err := plain()
		if err != nil {
			return nil, err
		}
		return tls.Client(connection, config), nil
	}
}

// internallyEncrypted is the line about JUPYTERHUB_SSL_….
func internallyEncrypted() line {
	by := func(dial func(*running) func() (net.Conn, error)) func(*running) string {
		return func(at *running) string {
			other := *at
			other.dial = dial(at)
			return ok(&other)
		}
	}
	return line{
		name: "tls", old: open("--last-activity-interval=0"), standalone: openAlone("--activity-interval=0"), before: internalTLS,
		environment: map[string]string{
			"JUPYTERHUB_SSL_KEYFILE": "@folder@/key.pem", "JUPYTERHUB_SSL_CERTFILE": "@folder@/cert.pem", "JUPYTERHUB_SSL_CLIENT_CA": "@folder@/ca.pem",
		},
		rows: []row{
			{what: "`JUPYTERHUB_SSL_KEYFILE`, `…CERTFILE`, `…CLIENT_CA`: who has a certificate of that authority", see: ok},
			{what: "… websocket", see: text("hello")},
			{what: "… who has none", see: by(func(at *running) func() (net.Conn, error) { return at.dialBare })},
			{what: "… without TLS", see: by(func(at *running) func() (net.Conn, error) { return at.dialPlain }), why: "a sentence that says what is missing"},
		},
	}
}
