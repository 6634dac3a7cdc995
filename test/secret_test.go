//go:build e2e

package test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// The app gets nothing by which it could act as its visitor or as the server,
// and nothing that says somebody is who he is not.
func TestSecretsStayAway(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "secrets")
	session := visit(t, "alice", at)

	client := hear(t, fetch(t, session, at.prefix)).Environment["JUPYTERHUB_CLIENT_ID"]
	if client == "" {
		t.Fatal("the app has no JUPYTERHUB_CLIENT_ID to tell the login cookie's name by")
	}
	names := func() (names []string) {
		for _, cookie := range session.Cookies(at.prefix) {
			names = append(names, cookie.Name)
		}
		return names
	}
	if !slices.Contains(names(), client) || !slices.Contains(names(), "jupyterhub-session-id") {
		t.Fatalf("the browser should have the cookies of its login, and has %q", names())
	}
	// As if the paths of the others did not keep them from here.
	for _, name := range []string{
		client + "-oauth-state", client + "-oauth-state-abcdefgh", "jupyterhub-hub-login",
		"jupyterhub-user-alice", "jupyterhub-user-alice-other", "__Host-" + client,
	} {
		session.SetCookie(name, "secret")
	}
	session.SetCookie("flavour", "oat")
	session.SetCookie("my-jupyterhub-notes", "kept")

	t.Run("cookies", func(t *testing.T) {
		for _, got := range []heard{
			hear(t, fetch(t, session, at.prefix+"cookies")),
			hear(t, once(t, session, http.MethodPost, at.prefix+"cookies", "Origin", shared.hub.URL, "Sec-Fetch-Site", "same-origin")),
			hello(t, at, session),
		} {
			cookies := strings.Split(strings.Join(got.values("Cookie"), "; "), "; ")
			slices.Sort(cookies)
			if !slices.Equal(cookies, []string{"flavour=oat", "my-jupyterhub-notes=kept"}) {
				t.Errorf("for %s %s the app got the cookies %q", got.Method, got.URI, cookies)
			}
		}
	})
	t.Run("the app's own authorization", func(t *testing.T) {
		got := hear(t, fetch(t, session, at.prefix, "Authorization", "Basic YTpi"))
		if values := got.values("Authorization"); !slices.Equal(values, []string{"Basic YTpi"}) {
			t.Errorf("the app got Authorization %q", values)
		}
	})
	t.Run("identity headers", func(t *testing.T) {
		for _, name := range []string{
			"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
			"X-Forwarded-Access-Token", "X-Auth-Request-User", "X-Auth-Request-Email", "Remote-User", "X-Remote-User",
			"X-WebAuth-User", "X-JupyterHub-User", "X-CDSDASHBOARDS-JH-USER", "x_forwarded_user", "REMOTE_USER",
		} {
			request := session.NewRequest(t.Context(), http.MethodGet, at.prefix, "")
			request.Header[name] = []string{"mallory"} // spelled like this on the wire
			answer, err := session.Once(request)
			if err != nil {
				t.Fatal(err)
			}
			for _, header := range hear(t, answer).Headers {
				if strings.Contains(header[1], "mallory") {
					t.Errorf("%s reached the app as %q", name, header)
				}
			}
		}
	})
	t.Run("environment", func(t *testing.T) {
		got := hear(t, fetch(t, session, at.prefix))
		for _, name := range got.Names {
			if strings.Contains(name, "API_TOKEN") {
				t.Errorf("the app has %s", name)
			}
		}
		if got.Environment["JUPYTERHUB_USER"] != "alice" || got.Environment["JUPYTERHUB_SERVICE_PREFIX"] != at.prefix {
			t.Errorf("the app lacks what it may know: %v", got.Environment)
		}
	})
}

// hello is what the app heard in a websocket's handshake.
func hello(t *testing.T, at server, session *bed.Session) heard {
	t.Helper()
	_, got := dial(t, dialer(session), at.prefix+"ws", nil)
	return got
}
