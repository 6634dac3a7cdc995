//go:build e2e

package settings

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// files are the ways to a server's TLS files, as the hub gave them, and where
// it listens.
type files struct {
	certificate, key, authorities string
	address                       string
}

func (s server) files(t *testing.T, v *visitor) files {
	t.Helper()
	told := hear(t, v.fetch(t, http.MethodGet, s.url)).Environment
	service, err := url.Parse(told["JUPYTERHUB_SERVICE_URL"])
	must(t, err)
	if service.Scheme != "https" || !strings.HasPrefix(told["JUPYTERHUB_API_URL"], "https://") {
		t.Fatalf("there is no internal TLS: %v", told)
	}
	return files{
		certificate: told["JUPYTERHUB_SSL_CERTFILE"], key: told["JUPYTERHUB_SSL_KEYFILE"],
		authorities: told["JUPYTERHUB_SSL_CLIENT_CA"], address: service.Host,
	}
}

// component is the pair that the hub made for one of its parts.
func (h *hub) component(t *testing.T, name string) tls.Certificate {
	t.Helper()
	base := filepath.Join(h.runDir, "internal-ssl", name, name)
	pair, err := tls.LoadX509KeyPair(base+".crt", base+".key")
	must(t, err)
	return pair
}

// knock makes a connection to our program itself and asks it one question. An
// error is a refusal before HTTP.
func knock(ctx context.Context, address string, config *tls.Config) (leaf string, status int, err error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: config}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", 0, err
	}
	if _, err := io.WriteString(conn, "GET /user/alice/inner/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); err != nil {
		return "", 0, err
	}
	// With TLS 1.3 a client learns of its refusal only here.
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", 0, err
	}
	if _, err := fmt.Sscanf(string(answer), "HTTP/1.1 %d", &status); err != nil {
		return "", 0, fmt.Errorf("no answer: %q", answer)
	}
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), status, nil
}

// With the hub's internal TLS everything works as without.
func TestInternalTLS(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.internal)
	at := h.echo(t, "alice", "inner", "--last-activity-interval=1")
	v := at.enter(t, "alice")
	conn, hello := v.open(t, at.url+"ws")
	must(t, echoes(conn, []byte("over internal TLS")))
	for _, header := range []string{"Cookie", "Authorization"} {
		if got := hello.values(header); len(got) > 0 {
			t.Errorf("the app got %s %q", header, got)
		}
	}
	token, _ := h.newToken(t, "alice")
	if got := h.visitor("").fetch(t, http.MethodGet, at.url, "Authorization", "token "+token).Status; got != http.StatusOK {
		t.Errorf("a token was answered %d", got)
	}
	eventually(t, patience, func() error {
		for line := range strings.SplitSeq(h.logged(), "\n") {
			if contains(line, " 200 POST ", "/hub/api/users/alice/activity") {
				return nil
			}
		}
		return errors.New("the hub's log has no activity of the server")
	})
	logout := v.once(t, http.MethodGet, at.url+"logout")
	if location := logout.Header.Get("Location"); location != "/hub/logout" {
		t.Errorf("the logout leads to %q", location)
	}

	t.Run("TestSecurityOnlyTheHubMayConnect", func(t *testing.T) { t.Parallel(); onlyTheHub(t, h, at) })
	t.Run("TestSecurityTokenIsForTheHubOnly", func(t *testing.T) { t.Parallel(); onlyToTheHub(t, h) })
	t.Run("reload", func(t *testing.T) { t.Parallel(); reload(t, h) })
}

// onlyTheHub knocks with all kinds of certificates.
func onlyTheHub(t *testing.T, h *hub, at server) {
	way := at.files(t, at.enter(t, "alice"))
	stranger, err := newAuthority()
	must(t, err)
	forged, err := stranger.sign("proxy-client")
	must(t, err)
	fromElsewhere, err := forged.tls()
	must(t, err)
	selfMade := tls.Certificate{Certificate: [][]byte{stranger.certificate.Raw}, PrivateKey: stranger.key}
	user, err := tls.LoadX509KeyPair(way.certificate, way.key)
	must(t, err)

	config := func(pairs ...tls.Certificate) *tls.Config {
		// Whom the client trusts is not what is tested here, and MinVersion
		// is only so low for the client not to refuse by itself.
		return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, Certificates: pairs}
	}
	hubs := config(h.component(t, "hub-internal"))
	proxys := config(h.component(t, "proxy-client"))
	older := func(version uint16) *tls.Config {
		c := proxys.Clone()
		c.MaxVersion = version
		return c
	}
	for name, test := range map[string]struct {
		config *tls.Config
		enters bool
	}{
		"the hub":                     {hubs, true},
		"its proxy":                   {proxys, true},
		"its proxy with TLS 1.2":      {older(tls.VersionTLS12), true},
		"its proxy with TLS 1.1":      {older(tls.VersionTLS11), false},
		"its proxy with TLS 1.0":      {older(tls.VersionTLS10), false},
		"nobody":                      {config(), false},
		"a self-made certificate":     {config(selfMade), false},
		"a certificate of another CA": {config(fromElsewhere), false},
		"another user's server, of the CA for servers": {config(user), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, status, err := knock(t.Context(), way.address, test.config)
			switch {
			case test.enters && (err != nil || status != http.StatusUnauthorized):
				t.Errorf("was answered %d, %v", status, err)
			case !test.enters && err == nil:
				t.Errorf("was let in, and answered %d", status)
			}
		})
	}
	t.Run("no TLS at all", func(t *testing.T) {
		answer, err := http.Get("http://" + way.address + at.prefix)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("was answered %d", answer.StatusCode)
		}
	})
}

// onlyToTheHub gives our program an API address where somebody else answers.
// He gets no token of anybody.
func onlyToTheHub(t *testing.T, h *hub) {
	stranger, err := newAuthority()
	must(t, err)
	forged, err := stranger.sign("hub-internal")
	must(t, err)
	pair, err := forged.tls()
	must(t, err)
	for name, test := range map[string]struct {
		pair  tls.Certificate
		heard bool
	}{
		"somebody else":                   {pair, false},
		"somebody with the hub's own key": {h.component(t, "hub-internal"), true}, // or the test could not see it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			fake := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				http.Error(w, "{}", http.StatusServiceUnavailable)
			}))
			fake.TLS = &tls.Config{Certificates: []tls.Certificate{test.pair}}
			fake.StartTLS()
			defer fake.Close()
			user := map[bool]string{true: "frieda", false: "frank"}[test.heard]
			at := h.start(t, user, "misled", with(shared.wrapEcho(), "JUPYTERHUB_API_URL", fake.URL+"/hub/api"))
			token, _ := h.newToken(t, user)
			answer := h.visitor("").fetch(t, http.MethodGet, at.url, "Authorization", "token "+token)
			if answer.Status != http.StatusServiceUnavailable {
				t.Errorf("the token was answered %d: %s", answer.Status, answer.Body)
			}
			if heard := requests.Load() > 0; heard != test.heard {
				t.Errorf("it heard %d requests", requests.Load())
			}
		})
	}
}

// reload gives our program new files while it runs, good and bad ones.
func reload(t *testing.T, h *hub) {
	at := h.start(t, "rita", "renewed", shared.wrapEcho())
	v := at.enter(t, "rita")
	way := at.files(t, v)
	old, _ := v.open(t, at.url+"ws")
	client := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{h.component(t, "proxy-client")}}
	serves := func(want string) error {
		got, _, err := knock(t.Context(), way.address, client)
		if err == nil && got != want {
			err = fmt.Errorf("new connections get the certificate %s, not %s", got, want)
		}
		return err
	}
	first, _, err := knock(t.Context(), way.address, client)
	must(t, err)

	ca := filepath.Join(h.runDir, "internal-ssl", "notebooks-ca", "notebooks-ca")
	authority, err := loadAuthority(ca+".crt", ca+".key")
	must(t, err)
	fresh, err := authority.sign("user-rita")
	must(t, err)
	must(t, replace(fresh, way))
	renewed := fresh.leaf.SerialNumber.String()
	if renewed == first {
		t.Fatal("the new certificate is the old one")
	}
	eventually(t, patience, func() error { return serves(renewed) })
	must(t, echoes(old, []byte("on the old connection")))
	if got := hear(t, v.fetch(t, http.MethodGet, at.url+"after")).URI; got != "/after" {
		t.Errorf("through the hub's proxy came %s", got)
	}
	if again := at.enter(t, "rita"); again == nil { // our own calls to the hub, by the new pair
		t.Error("nobody can log in any more")
	}

	for name, broken := range map[string]func() error{
		"half a certificate": func() error { return os.WriteFile(way.certificate, fresh.certificate[:200], 0o600) },
		"no key":             func() error { return os.Remove(way.key) },
	} {
		warnings := strings.Count(h.logged(), "the changed files for internal TLS cannot be used")
		must(t, broken())
		eventually(t, patience, func() error {
			if err := serves(renewed); err != nil {
				t.Fatalf("with %s: %v", name, err)
			}
			if strings.Count(h.logged(), "the changed files for internal TLS cannot be used") == warnings {
				return fmt.Errorf("the log does not warn of %s", name)
			}
			return nil
		})
		must(t, echoes(old, []byte("on the old connection")))
	}
	last, err := authority.sign("user-rita")
	must(t, err)
	must(t, replace(last, way))
	eventually(t, patience, func() error { return serves(last.leaf.SerialNumber.String()) })
	must(t, echoes(old, []byte("on the old connection")))
}

// replace renames new files into the place of the old ones, as programs do that
// renew certificates.
func replace(pair signed, way files) error {
	if err := pair.write(way.certificate+".new", way.key+".new"); err != nil {
		return err
	}
	return errors.Join(os.Rename(way.certificate+".new", way.certificate), os.Rename(way.key+".new", way.key))
}
