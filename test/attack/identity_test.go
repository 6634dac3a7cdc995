//go:build e2e

package attack

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// spoofed are the headers by which apps are told who is asking, in the spellings
// that servers take for the same.
func spoofed() []string {
	var names []string
	for _, name := range []string{
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Identity", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
		"X-Forwarded-Id-Token", "X-Remote-User", "X-Remote-Group", "X-Remote-Groups", "X-Remote-Email", "Remote-User", "Remote-Groups", "Remote-Email", "Remote-Name",
		"X-User", "X-WebAuth-User", "X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-JupyterHub-User", "X-CDSDASHBOARDS-JH-USER",
	} {
		names = append(names, name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"), strings.ToLower(strings.ReplaceAll(name, "-", "_")),
			strings.Replace(name, "-", "_", 1))
	}
	return append(names, "CDSDASHBOARDS_JH_USER", "REMOTE_USER")
}

// What a visitor says about who is asking does not reach the app, by whatever
// spelling, and neither can he make our word on it disappear.
func TestSecuritySpoofedIdentity(t *testing.T) {
	t.Parallel()
	plain := startOurs(t, "identity")
	telling := startOurs(t, "identity-told", "--forward-identity=all", "--forward-user-info", "--query-user-info")
	for _, at := range []*server{plain, telling} {
		t.Run(at.name, func(t *testing.T) {
			login := cookieLine(visit(t, owner, at), at)
			var lies strings.Builder
			for _, name := range spoofed() {
				lies.WriteString(name + ": mallory\r\n")
			}
			var queries = []string{
				"?CDSDASHBOARDS_JH_USER=mallory", "?a=b&CDSDASHBOARDS_JH_USER=mallory&c=d", "?CDSDASHBOARDS_JH_USER=mallory&CDSDASHBOARDS_JH_USER=mallory",
				"?CDSDASHBOARDS%5FJH%5FUSER=mallory", "?%43DSDASHBOARDS_JH_USER=mallory", "?CDSDASHBOARDS_JH_USER=mallory#x", "?&&CDSDASHBOARDS_JH_USER=mallory",
				"?a=b;CDSDASHBOARDS_JH_USER=mallory", "?CDSDASHBOARDS_JH_USER=mallory;a=b", "?CDSDASHBOARDS_JH_USER=%7B%22name%22%3A%22mallory%22%7D",
			}
			count := 0
			ask := func(template string) {
				count++
				marker := fmt.Sprintf("spoof-%d.", count)
				for _, address := range []string{at.direct, shared.hub.Host} {
					r := send(t, address, payload(template, at, marker, login), onceAnswered, patience)
					if r.status() != http.StatusOK && r.status() != http.StatusSwitchingProtocols && r.status() != http.StatusBadRequest {
						t.Errorf("%.100q was answered %s", template, r)
					}
				}
			}
			const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
			for _, how := range []string{"", upgrade} {
				ask("GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}" + lies.String() + how + "\r\n")
				for _, query := range queries {
					ask("GET {P}{M}" + query + " HTTP/1.1\r\nHost: {H}\r\n{C}" + how + "\r\n")
				}
			}
			// By Connection a sender can have a proxy drop fields; not ours.
			ask("GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Connection: X-Forwarded-User, X-Forwarded-Email, X-Forwarded-Groups, X-Forwarded-Identity, X-CDSDASHBOARDS-JH-USER, X-Forwarded-For, X-Forwarded-Proto\r\n\r\n")
			for _, odd := range []string{"X-Forwarded-User : mallory", "X-Forwarded-User\t: mallory", " X-Forwarded-User: mallory", "X-Forwarded-User\x00: mallory", "X\r\nX-Forwarded-User: mallory"} {
				send(t, at.direct, payload("GET {P}odd HTTP/1.1\r\nHost: {H}\r\nX: y\r\n"+odd+"\r\n{C}Connection: close\r\n\r\n", at, "", login), onceAnswered, patience)
			}

			checked := 0
			for _, request := range at.requests(t) {
				if strings.Contains(request.Target, "mallory") {
					t.Errorf("the app was asked for %s", request.Target)
				}
				for _, field := range request.Fields {
					if strings.Contains(field.Value, "mallory") && !strings.EqualFold(field.Name, "X") {
						t.Errorf("the app got %s: %s", field.Name, field.Value)
					}
				}
				if !strings.Contains(request.Target, "spoof-") {
					continue
				}
				checked++
				checkIdentity(t, at == telling, request.Target, request.Values)
			}
			if checked < 2*count-4 { // the hub's proxy refuses some itself
				t.Errorf("only %d of %d requests reached the app", checked, 2*count)
			}
		})
	}
}

// checkIdentity fails unless the app is told by us, and once, who the owner is;
// or nothing where it is not to be told.
func checkIdentity(t *testing.T, told bool, target string, values func(string) []string) {
	t.Helper()
	for name, want := range map[string]string{"X-Forwarded-User": owner, "X-Forwarded-Identity": "", "X-CDSDASHBOARDS-JH-USER": `"` + owner + `"`} {
		got := values(name)
		if !told && len(got) > 0 || told && (len(got) != 1 || !strings.Contains(got[0], want)) {
			t.Errorf("%s: the app got %s %q", target, name, got)
		}
	}
	if times := strings.Count(target, "CDSDASHBOARDS_JH_USER="); told && (times != 1 || !strings.Contains(target, owner)) {
		t.Errorf("the app was asked for %s", target)
	}
}
