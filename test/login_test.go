//go:build e2e

package test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Somebody who follows a link deep into the app ends up exactly there, byte for
// byte, after logging in.
func TestLoginReturnsToTheVeryURL(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "")
	const deep = "deep/path%2Fx;y?q=a%20b&x=%E2%82%AC"
	session := shared.hub.NewSession("alice")
	answer := get(t, session, at.prefix+deep)
	if got := answer.URL.String(); got != shared.hub.URL+at.prefix+deep {
		t.Errorf("ended at %s", got)
	}
	if got := hear(t, answer).URI; got != "/"+deep {
		t.Errorf("the app was asked for %s", got)
	}
	for _, station := range []string{"/hub/login", "/hub/api/oauth2/authorize", at.prefix + "oauth_callback"} {
		if !slices.ContainsFunc(answer.Hops, func(hop string) bool {
			return strings.HasPrefix(hop, shared.hub.URL+station)
		}) {
			t.Errorf("the way did not lead over %s: %q", station, answer.Hops)
		}
	}
	if again := once(t, session, http.MethodGet, at.prefix+deep); again.Status != http.StatusOK {
		t.Errorf("the second visit was answered %d", again.Status)
	}
}

// Paths that programs in between like to clean arrive as they were sent. The
// hub's own proxy cleans some, so those go to our program directly.
func TestPathsArriveAsSent(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "paths")
	session := visit(t, "alice", at)
	direct := serviceHost(t, session, at)
	for _, path := range []string{
		"", "a//b", "/", "%7Euser/~user", "a%3Fb?c?d", "x?a=1;b=2&a=%zz", "%E2%82%AC/a+b%20c", "@me/$&'()*,", "a%25%2F%5C",
	} {
		t.Run(path, func(t *testing.T) {
			arrivesAsSent(t, session, shared.hub.Host, at, path)
			arrivesAsSent(t, session, direct, at, path)
		})
	}
	for _, path := range []string{"a/%2e%2E/b", "?", "a/../b", "./", "%2e/", "€", "a|b^c`d{}\"", "#"} {
		t.Run("directly "+path, func(t *testing.T) {
			arrivesAsSent(t, session, direct, at, path)
		})
	}
}

func arrivesAsSent(t *testing.T, session *bed.Session, host string, at server, path string) {
	t.Helper()
	request := session.NewRequest(t.Context(), http.MethodGet, at.prefix, "")
	request.URL.Host = host
	request.URL.Opaque = at.prefix + path // sent as it is
	answer, err := session.Once(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := hear(t, answer).URI; got != "/"+path {
		t.Errorf("sent %s to %s, the app got %s", path, host, got)
	}
}

// serviceHost is where our program itself listens, behind the hub's proxy.
func serviceHost(t *testing.T, owner *bed.Session, at server) string {
	t.Helper()
	service, err := url.Parse(hear(t, fetch(t, owner, at.prefix)).Environment["JUPYTERHUB_SERVICE_URL"])
	if err != nil || service.Host == "" {
		t.Fatalf("the app has no usable JUPYTERHUB_SERVICE_URL: %v %v", service, err)
	}
	return service.Host
}

// What cannot follow a redirect to a login page is told so instead.
func TestNoLogin(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "no-login")
	nobody := shared.hub.NewSession("")
	t.Run("fetch", func(t *testing.T) {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"} {
			answer := once(t, nobody, method, at.prefix+"nobody-fetches", "Accept", "application/json", "Sec-Fetch-Mode", "cors")
			if location := answer.Header.Get("Location"); answer.Status != http.StatusUnauthorized || location != "" {
				t.Errorf("%s was answered %d, Location %q", method, answer.Status, location)
			}
		}
	})
	t.Run("websocket", func(t *testing.T) {
		if status := refused(t, nobody, at.prefix+"ws?nobody", nil); status != http.StatusForbidden {
			t.Errorf("the handshake was answered %d", status)
		}
	})
	t.Run("navigation", func(t *testing.T) {
		answer := get(t, nobody, at.prefix+"nobody-navigates")
		if answer.URL.Path != "/hub/login" {
			t.Errorf("led to %s", answer.URL)
		}
	})
	for _, line := range seen(t, visit(t, "alice", at), at) {
		if strings.Contains(line, "nobody") {
			t.Errorf("the app saw %q", line)
		}
	}
}
