package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// checkCertificate talks TLS with the hub, where its address says so.
func (h *hubVisit) checkCertificate(ctx context.Context, report report) {
	defer close(h.secured.done)
	if !after(ctx, h.connected, h.secured, report) {
		return
	}
	if h.url.Scheme != "https" {
		h.secured.ok = true
		report(Skipped, "The hub's API is plain http, as it is without c.JupyterHub.internal_ssl.", "")
		return
	}
	if h.fileErr != nil {
		h.secured.blame = "our certificate"
		report(Skipped, "Not looked at: see our certificate.", "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	dial := h.transport.DialTLSContext
	if dial == nil {
		dial = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext
	}
	conn, err := dial(ctx, "tcp", h.address)
	if err != nil {
		if isTimeout(err) && h.isPlain() {
			err = tls.RecordHeaderError{}
		}
		message, advice := h.handshakeFailed(err)
		report(h.bad, message, advice)
		return
	}
	defer conn.Close()
	h.secured.ok = true
	secure, ok := conn.(*tls.Conn)
	if !ok || len(secure.ConnectionState().PeerCertificates) == 0 {
		report(OK, "The hub speaks TLS.", "")
		return
	}
	leaf := secure.ConnectionState().PeerCertificates[0]
	if left := time.Until(leaf.NotAfter); left < soon {
		report(Warning, fmt.Sprintf("The hub's certificate runs out in %s, at %s.", days(left), stamp(leaf.NotAfter)), "Renew it in time; nobody can sign in afterwards.")
		return
	}
	report(OK, fmt.Sprintf("The hub's certificate is good until %s.", stamp(leaf.NotAfter)), "")
}

// isPlain says whether the hub answers without TLS. Its web server (Tornado) does
// not refuse a handshake, but waits for the rest of what it takes for a request.
func (h *hubVisit) isPlain() bool {
	ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+h.address+"/", nil)
	if err != nil {
		return false
	}
	answer, err := h.transport.RoundTrip(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return true
}

// isSecure says whether the hub answers to TLS, with whatever certificate.
func (h *hubVisit) isSecure() bool {
	ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
	defer cancel()
	// Only whether it speaks TLS is asked, and nothing is sent.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} // #nosec G402
	conn, err := dialer.DialContext(ctx, "tcp", h.address)
	if err == nil {
		conn.Close()
	}
	// An alert is an answer, too: that our certificate is wanted, for one.
	var alert tls.AlertError
	return err == nil || errors.As(err, &alert)
}

// soon is when a certificate that ends is worth a word.
const soon = 7 * 24 * time.Hour

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return plural(int(d.Hours()), "hour")
	}
	return plural(int(d.Hours())/24, "day")
}

func (h *hubVisit) handshakeFailed(err error) (message, advice string) {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	authority := "Its authority has to be among those of this machine."
	if h.files != nil {
		authority = "Its authority has to be in JUPYTERHUB_SSL_CLIENT_CA: the files of the hub's internal TLS may be of another hub, or from before it made new ones."
	}
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		until := ""
		if invalid.Cert != nil {
			until = fmt.Sprintf(" It is valid from %s to %s, and the clock here says %s.", stamp(invalid.Cert.NotBefore), stamp(invalid.Cert.NotAfter), stamp(time.Now()))
		}
		return "The hub's certificate has expired, or is not valid yet." + until, "Renew it (with internal TLS: delete the hub's internal-ssl folder, and restart the hub and all servers), or set the clock right."
	case errors.As(err, &unknown):
		return "The hub's certificate is by an authority that is not trusted here.", authority
	case errors.As(err, &name):
		return fmt.Sprintf("The hub's certificate is not for %s: %s.", h.url.Hostname(), clip(name.Error(), 200)), "The name in JUPYTERHUB_API_URL has to be in the certificate: see c.JupyterHub.trusted_alt_names."
	case errors.As(err, &record):
		return fmt.Sprintf("%s does not speak TLS, but JUPYTERHUB_API_URL is https.", h.address), "Without c.JupyterHub.internal_ssl the hub's own port is http; only the proxy before it is https."
	case isTimeout(err):
		return fmt.Sprintf("%s did not finish the TLS handshake within %s.", h.address, stepLimit), "What listens there may be no hub."
	}
	return fmt.Sprintf("The TLS handshake with %s failed: %s.", h.address, clip(err.Error(), 200)), "With the hub's internal TLS, both sides show certificates by the hub's own authorities: JUPYTERHUB_SSL_CERTFILE may be of another hub."
}

// checkOwnCertificate looks at the files of the hub's internal TLS.
func (e *examination) checkOwnCertificate(_ context.Context, report report) {
	if err := e.hub.fileErr; err != nil {
		advice := "They are made by the hub's internal TLS (c.JupyterHub.internal_ssl); a spawner for containers has to bring them there (move_certs)."
		if errors.Is(err, os.ErrPermission) {
			advice = "They have to belong to the user that this server runs as (see move_certs of the spawner)."
		}
		report(Failed, sentence(err), advice)
		return
	}
	if e.hub.files == nil {
		report(Skipped, "The hub gave no files for TLS, as it does with c.JupyterHub.internal_ssl.", "")
		return
	}
	pair, err := tls.LoadX509KeyPair(e.env.TLSCert, e.env.TLSKey)
	if err != nil || pair.Leaf == nil {
		report(Failed, "The certificate for internal TLS cannot be read.", "")
		return
	}
	now := time.Now()
	switch until := pair.Leaf.NotAfter; {
	case now.After(until), now.Before(pair.Leaf.NotBefore):
		report(Failed, fmt.Sprintf("Our certificate for internal TLS is valid from %s to %s, and the clock here says %s.", stamp(pair.Leaf.NotBefore), stamp(until), stamp(now)),
			"Delete the hub's internal-ssl folder and restart the hub, which makes new ones; or set the clock right.")
	case time.Until(until) < soon:
		report(Warning, fmt.Sprintf("Our certificate for internal TLS runs out in %s, at %s.", days(time.Until(until)), stamp(until)), "Delete the hub's internal-ssl folder and restart the hub, which makes new ones.")
	default:
		report(OK, fmt.Sprintf("Our certificate for internal TLS is good until %s.", stamp(until)), "")
	}
}
