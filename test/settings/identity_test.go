//go:build e2e

package settings

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// witnessed is what the witness app received.
type witnessed struct {
	URI    string         `json:"uri"`
	Header http.Header    `json:"header"`
	Claims map[string]any `json:"claims"`
	Doubt  string         `json:"doubt"`
	// Service is where our program listens, behind the hub's proxy.
	Service string `json:"service"`
}

// userInfo is what apps of the Python program read.
type userInfo struct {
	Kind, Name string
	Admin      bool
	Groups     []string
}

// lies are a visitor's own headers that say who he is.
var lies = []string{
	"X-Forwarded-User", "admin", "X_Forwarded_User", "admin", "X-Forwarded_User", "admin",
	"X-Forwarded-Email", "admin@example.test", "X_forwarded_email", "admin@example.test",
	"X-Forwarded-Groups", "admins", "X_FORWARDED_GROUPS", "admins",
	"X-Forwarded-Identity", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", "X_Forwarded_Identity", "admin",
	"X-CDSDASHBOARDS-JH-USER", `{"name":"admin"}`, "X_CDSDASHBOARDS_JH_USER", `{"name":"admin"}`,
	"Remote-User", "admin", "X-Remote-User", "admin", "X-Auth-Request-User", "admin",
}

// witness asks the app what it heard, over HTTP and over a websocket, in the
// middle of lies.
func (v *visitor) witness(t *testing.T, at server, query string) map[string]witnessed {
	t.Helper()
	heard := map[string]witnessed{}
	headers := func() []string { return slices.Clone(lies) }
	var overHTTP witnessed
	must(t, v.fetch(t, http.MethodGet, at.url+"who?"+query, headers()...).JSON(&overHTTP))
	heard["HTTP"] = overHTTP
	conn, response, err := v.dial(t.Context(), at.url+"ws?"+query, headers()...)
	if err != nil {
		t.Fatalf("%v %v", err, response)
	}
	defer conn.Close()
	var overWebsocket witnessed
	must(t, conn.ReadJSON(&overWebsocket))
	heard["websocket"] = overWebsocket
	return heard
}

// The app is told who the visitor is, whom the owner let in and whose name is
// not of ASCII, and what the visitor himself says about that is gone.
func TestSecurityIdentityIsTheHubs(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "identity", shared.wrapWitness("--forward-user-info", "--query-user-info", "--forward-identity=all"))
	at.enter(t, "alice")
	const guest = "zoë"
	at.share(t, guest)
	h.addGroup(t, "forschung", guest)
	h.addGroup(t, "küche 2", guest)
	v := at.enter(t, guest)

	const asked = "a=1&CDSDASHBOARDS_JH_USER=%7B%22name%22%3A%22admin%22%7D&b=%2F&CDSDASHBOARDS%5FJH%5FUSER=admin"
	for way, got := range v.witness(t, at, asked) {
		t.Run(way, func(t *testing.T) {
			check := func(where, text string) {
				var info userInfo
				for i := range len(text) {
					if text[i] > 0x7e {
						t.Errorf("%s is not of ASCII: %q", where, text)
						break
					}
				}
				if err := json.Unmarshal([]byte(text), &info); err != nil {
					t.Fatalf("%s is %q", where, text)
				}
				slices.Sort(info.Groups)
				if info.Kind != "user" || info.Name != guest || info.Admin || !slices.Equal(info.Groups, []string{"forschung", "küche 2"}) {
					t.Errorf("%s says %+v", where, info)
				}
			}
			for name, want := range map[string]string{
				"X-Forwarded-User": guest, "X-Forwarded-Email": guest + "@example.test",
			} {
				if values := got.Header[name]; !slices.Equal(values, []string{want}) {
					t.Errorf("%s is %q", name, values)
				}
			}
			groups := strings.Split(got.Header.Get("X-Forwarded-Groups"), ",")
			slices.Sort(groups)
			if !slices.Equal(groups, []string{"forschung", "küche 2"}) {
				t.Errorf("X-Forwarded-Groups is %q", groups)
			}
			if values := got.Header["X-Cdsdashboards-Jh-User"]; len(values) == 1 {
				check("the header", values[0])
			} else {
				t.Errorf("X-CDSDASHBOARDS-JH-USER is %q", values)
			}
			_, query, _ := strings.Cut(got.URI, "?")
			if !strings.HasPrefix(query, "a=1&b=%2F&CDSDASHBOARDS_JH_USER=") {
				t.Errorf("the query is %q", query)
			}
			values, err := url.ParseQuery(query)
			must(t, err)
			if told := values["CDSDASHBOARDS_JH_USER"]; len(told) == 1 {
				check("the query", told[0])
			} else {
				t.Errorf("the query says %q", told)
			}
			if got.Doubt != "" || got.Claims["sub"] != guest || got.Claims["email"] != guest+"@example.test" || got.Claims["kind"] != "user" || got.Claims["admin"] != false {
				t.Errorf("the signed identity says %v (%s)", got.Claims, got.Doubt)
			}
			noLies(t, got)
		})
	}
}

// noLies looks for what the visitor said about himself.
func noLies(t *testing.T, got witnessed) {
	t.Helper()
	for name, values := range got.Header {
		if strings.Contains(strings.Join(values, " "), "admin@") || slices.Contains(values, "admin") ||
			slices.Contains(values, "admins") || strings.Contains(name, "_") {
			t.Errorf("the app got the visitor's own %s: %q", name, values)
		}
	}
	if strings.Contains(got.URI, "admin") && !strings.Contains(got.URI, "%22admin%22%3Afalse") {
		t.Errorf("the app got the visitor's own query: %s", got.URI)
	}
}

// Unasked, the app is told nothing, and lies do not get through either.
func TestSecurityNoIdentityUnasked(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.start(t, "alice", "anonymous", shared.wrapWitness())
	v := at.enter(t, "alice")
	for way, got := range v.witness(t, at, "a=1&CDSDASHBOARDS_JH_USER=admin") {
		t.Run(way, func(t *testing.T) {
			noLies(t, got)
			if _, query, _ := strings.Cut(got.URI, "?"); query != "a=1" {
				t.Errorf("the query is %q", query)
			}
			for name := range got.Header {
				if strings.HasPrefix(name, "X-Cds") || strings.HasPrefix(name, "X-Forwarded-User") || strings.HasPrefix(name, "X-Forwarded-Identity") {
					t.Errorf("the app got %s: %q", name, got.Header[name])
				}
			}
			if got.Doubt != "there is no key" {
				t.Errorf("the app got a key: %s", got.Doubt)
			}
		})
	}
}

// An operator's policy is for what the app gives without one.
func TestContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	const policy = "frame-ancestors 'self' https://portal.example.org"
	at := h.start(t, "alice", "policy", shared.wrapWitness("--content-security-policy", policy))
	v := at.enter(t, "alice")
	for path, want := range map[string]string{
		"page":   policy,
		"who":    policy,
		"policy": "default-src 'self' 'unsafe-inline'; frame-ancestors 'self'",
	} {
		if got := v.fetch(t, http.MethodGet, at.url+path).Header["Content-Security-Policy"]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s has %q", path, got)
		}
	}
	if got := h.visitor("").once(t, http.MethodGet, at.url+"oauth_callback").Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
		t.Errorf("our own page has %q", got)
	}
	bare := h.start(t, "alice", "no-policy", shared.wrapWitness())
	if got := bare.enter(t, "alice").fetch(t, http.MethodGet, bare.url+"page").Header["Content-Security-Policy"]; len(got) > 0 {
		t.Errorf("unasked, a page has %q", got)
	}
}
