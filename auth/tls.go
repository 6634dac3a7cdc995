package auth

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// TLS is what JupyterHub's internal TLS (c.JupyterHub.internal_ssl) gives a
// server: one key pair for both directions, and the authorities of the other
// side.
type TLS struct {
	pair        tls.Certificate
	authorities *x509.CertPool
}

// LoadTLS reads the files of JUPYTERHUB_SSL_…, and returns nil where the hub
// uses no internal TLS.
func (e Environment) LoadTLS() (*TLS, error) {
	if e.TLSKey == "" && e.TLSCert == "" && e.TLSClientCA == "" {
		if e.BindTLS {
			return nil, errors.New("JUPYTERHUB_SERVICE_URL is https, but JUPYTERHUB_SSL_KEYFILE and JUPYTERHUB_SSL_CERTFILE are not set")
		}
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(e.TLSCert, e.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("cannot load the pair JUPYTERHUB_SSL_CERTFILE %q, JUPYTERHUB_SSL_KEYFILE %q: %w", e.TLSCert, e.TLSKey, err)
	}
	bundle, err := os.ReadFile(e.TLSClientCA)
	if err != nil {
		return nil, fmt.Errorf("cannot read JUPYTERHUB_SSL_CLIENT_CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("JUPYTERHUB_SSL_CLIENT_CA %q holds no certificate in PEM form", e.TLSClientCA)
	}
	return &TLS{pair, pool}, nil
}

// Server is the configuration for listening. A client without a certificate
// of the hub's authority gets nothing.
func (t *TLS) Server() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{t.pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    t.authorities,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"}, // the hub's proxy speaks no other
	}
}

// HubTransport carries calls to the hub: never through a proxy of the
// environment, and with our certificate where internal TLS is on (t not nil).
func (t *TLS) HubTransport() *http.Transport {
	transport := &http.Transport{
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: hubTimeout,
		TLSHandshakeTimeout:   10 * time.Second,
	}
	if t != nil {
		transport.TLSClientConfig = &tls.Config{
			Certificates: []tls.Certificate{t.pair},
			RootCAs:      t.authorities,
			MinVersion:   tls.VersionTLS12,
		}
	}
	return transport
}
