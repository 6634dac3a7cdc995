package proxy

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestSecurityIdentityHeadersInAnySpelling(t *testing.T) {
	for _, name := range []string{"X-Forwarded-User", "X_Forwarded_User", "X-Forwarded_email", "Remote-User", "REMOTE_USER",
		"X-Auth-Request-Email", "X-CDSDASHBOARDS-JH-USER", "X-JupyterHub-User", "X_Jupyterhub_Anything"} {
		if !isIdentity(http.CanonicalHeaderKey(name)) {
			t.Errorf("%s comes through", name)
		}
	}
	for _, name := range []string{"X-Forwarded_for", "X_forwarded_proto", "X_Forwarded_Prefix"} {
		if !isForwarding(http.CanonicalHeaderKey(name)) {
			t.Errorf("%s comes through", name)
		}
	}
	for _, name := range []string{"Accept", "X-Requested-With", "Authorization", "Cookie", "X_Custom"} {
		if isIdentity(http.CanonicalHeaderKey(name)) || isForwarding(http.CanonicalHeaderKey(name)) {
			t.Errorf("%s is lost", name)
		}
	}
}

func TestForwardingHeaders(t *testing.T) {
	r := httptest.NewRequest("GET", "http://inner:1/", nil)
	r.RemoteAddr = "10.0.0.3:5"
	if got := forwardedFor(r) + " " + forwardedProto(r) + " " + forwardedHost(r); got != "10.0.0.3 http inner:1" {
		t.Errorf("direct: got %q", got)
	}
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	r.Header.Set("X-Forwarded-Proto", "https,http")
	r.Header.Set("X-Forwarded-Host", "hub.example.org")
	if got := forwardedFor(r) + " " + forwardedProto(r) + " " + forwardedHost(r); got != "192.0.2.7, 10.0.0.3 https,http hub.example.org" {
		t.Errorf("behind the hub's proxy: got %q", got)
	}
}

func TestSecurityAppCannotSetTheHubsCookies(t *testing.T) {
	got := (&Proxy{hidesCookie: passGate{}.HidesCookie}).allowedCookies([]string{"a=1; Path=/", "jupyterhub-session-id=x; Path=/", " __Host-jupyterhub-user-ada=x", "jupyter=2",
		"=jupyterhub-session-id=x", " = jupyterhub-session-id=x", "jupyterhub-session-id", "jupyterhub-session-id; Path=/"})
	if len(got) != 2 || got[0] != "a=1; Path=/" || got[1] != "jupyter=2" {
		t.Errorf("got %q", got)
	}
}

// FuzzForwarded looks for a forwarding header that breaks its line.
func FuzzForwarded(f *testing.F) {
	f.Add("1.2.3.4", "https", "h", "close, x-y")
	f.Fuzz(func(t *testing.T, client, proto, host, connection string) {
		for _, value := range []string{client, proto, host, connection} {
			if !validValue(value) {
				return // the server turns these away
			}
		}
		r := &http.Request{Host: "x", RemoteAddr: "1.2.3.4:5", Header: http.Header{
			"X-Forwarded-For": {client}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}, "Connection": {connection}}}
		for _, got := range append(connectionOptions(r.Header), forwardedFor(r), forwardedProto(r), forwardedHost(r)) {
			if !validValue(got) {
				t.Errorf("got %q", got)
			}
		}
	})
}
