package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// tlsLook is how often the files are looked at, at most: they are when a
// connection begins.
const tlsLook = 5 * time.Second

// TLS is what JupyterHub's internal TLS (c.JupyterHub.internal_ssl) gives a
// server: one key pair for both directions, and the authorities of the other
// side. Its files are read again when they change.
type TLS struct {
	key, cert, ca string
	log           *slog.Logger
	every         time.Duration

	mu     sync.Mutex
	looked time.Time
	stamp  fileStamp
	now    *material
}

// material is one state of the files.
type material struct {
	pair        tls.Certificate
	authorities *x509.CertPool
}

// fileStamp tells one state of the files from another.
type fileStamp [3]struct {
	changed time.Time
	size    int64
}

// LoadTLS reads the files of JUPYTERHUB_SSL_…, and returns nil where the hub
// uses no internal TLS.
func (e Environment) LoadTLS(log *slog.Logger) (*TLS, error) {
	if e.TLSKey == "" && e.TLSCert == "" && e.TLSClientCA == "" {
		if e.BindTLS {
			return nil, errors.New("JUPYTERHUB_SERVICE_URL is https, but JUPYTERHUB_SSL_KEYFILE and JUPYTERHUB_SSL_CERTFILE are not set")
		}
		return nil, nil
	}
	t := &TLS{key: e.TLSKey, cert: e.TLSCert, ca: e.TLSClientCA, log: log, every: tlsLook, looked: time.Now()}
	var err error
	t.stamp = t.stampNow()
	t.now, err = t.read()
	return t, err
}

func (t *TLS) read() (*material, error) {
	pair, err := tls.LoadX509KeyPair(t.cert, t.key)
	if err != nil {
		return nil, fmt.Errorf("cannot load the pair JUPYTERHUB_SSL_CERTFILE %q, JUPYTERHUB_SSL_KEYFILE %q: %w", t.cert, t.key, err)
	}
	bundle, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, fmt.Errorf("cannot read JUPYTERHUB_SSL_CLIENT_CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("JUPYTERHUB_SSL_CLIENT_CA %q holds no certificate in PEM form", t.ca)
	}
	return &material{pair, pool}, nil
}

func (t *TLS) stampNow() fileStamp {
	var stamp fileStamp
	for i, name := range []string{t.key, t.cert, t.ca} {
		if info, err := os.Stat(name); err == nil {
			stamp[i].changed, stamp[i].size = info.ModTime(), info.Size()
		}
	}
	return stamp
}

// current returns what the files hold. Files that cannot be used, as while
// they are being written, leave in force what was read before.
func (t *TLS) current() *material {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.looked) < t.every {
		return t.now
	}
	t.looked = time.Now()
	stamp := t.stampNow()
	if stamp == t.stamp {
		return t.now
	}
	fresh, err := t.read()
	if err != nil {
		t.log.Warn("the changed files for internal TLS cannot be used; going on with what was read before", "error", err)
		return t.now
	}
	t.log.Info("the files for internal TLS have changed, and were read again", "certificate", t.cert, "until", fresh.pair.Leaf.NotAfter)
	t.stamp, t.now = stamp, fresh
	return fresh
}

// Server is the configuration for listening. A client without a certificate
// of the hub's authority gets nothing.
func (t *TLS) Server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			now := t.current()
			return &tls.Config{
				Certificates: []tls.Certificate{now.pair},
				ClientAuth:   tls.RequireAndVerifyClientCert,
				ClientCAs:    now.authorities,
				MinVersion:   tls.VersionTLS12,
				NextProtos:   []string{"http/1.1"}, // the hub's proxy speaks no other
				// A ticket would outlive the authorities by which it was given.
				SessionTicketsDisabled: true,
			}, nil
		},
	}
}

// HubTransport carries calls to the hub: never through a proxy of the
// environment, and with our certificate where internal TLS is on (t not nil).
func (t *TLS) HubTransport() *http.Transport {
	transport := &http.Transport{
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: hubTimeout,
		TLSHandshakeTimeout:   tlsTimeout,
	}
	if t != nil {
		transport.DialTLSContext = t.dial
	}
	return transport
}

// tlsTimeout bounds one handshake with the hub.
const tlsTimeout = 10 * time.Second

// dial connects to the hub by what the files hold now.
func (t *TLS) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	now := t.current()
	dialer := tls.Dialer{Config: &tls.Config{
		Certificates: []tls.Certificate{now.pair},
		RootCAs:      now.authorities,
		MinVersion:   tls.VersionTLS12,
	}}
	return dialer.DialContext(ctx, network, address)
}
