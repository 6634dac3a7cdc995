//go:build e2e

package attack

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A page of another site cannot use a visitor's cookie for more than reading;
// one that is allowed by name can.
func TestSecurityCrossSite(t *testing.T) {
	t.Parallel()
	closed, open := startOurs(t, "origin"), startOurs(t, "origin-allowed", "--allow-origin=https://portal.example.org")
	const evil, portal, ours = "Origin: http://evil.example\r\n", "Origin: https://portal.example.org\r\n", "Origin: http://{H}\r\n"
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	site := func(value string) string { return "Sec-Fetch-Site: " + value + "\r\n" }
	const yes, no = true, false
	rows := []struct {
		name, headers                     string
		post, websocket                   bool // whether they may
		postIfAllowed, websocketIfAllowed bool // the same with --allow-origin
	}{
		{"no header at all, as no browser does", "", yes, yes, yes, yes},
		{"our own page", ours + site("same-origin"), yes, yes, yes, yes},
		{"our own page, old browser", ours, yes, yes, yes, yes},
		{"our own page, no referrer", "Origin: null\r\n" + site("same-origin"), yes, yes, yes, yes},
		{"typed in", site("none"), yes, yes, yes, yes},
		{"another site", evil + site("cross-site"), no, no, no, no},
		{"another site, old browser", evil, no, no, no, no},
		{"another site without Origin", site("cross-site"), no, no, no, no},
		{"a sibling domain", "Origin: http://sibling.{H}\r\n" + site("same-site"), no, no, no, no},
		{"a sibling domain without Origin", site("same-site"), no, no, no, no},
		{"another port", "Origin: http://127.0.0.1:1\r\n" + site("same-site"), no, no, no, no},
		{"another port, old browser", "Origin: http://127.0.0.1:1\r\n", no, no, no, no},
		{"a sandboxed frame", "Origin: null\r\n" + site("cross-site"), no, no, no, no},
		{"a sandboxed frame, old browser", "Origin: null\r\n", no, no, no, no},
		{"an empty Origin", "Origin:\r\n", no, no, no, no},
		{"two Origins, ours first", ours + evil, no, no, no, no},
		{"two Origins, ours last", evil + ours, no, no, no, no},
		{"a list of Origins", "Origin: http://{H} http://evil.example\r\n", no, no, no, no},
		{"ours as user of another", "Origin: http://{H}@evil.example\r\n", no, no, no, no},
		{"ours as the beginning of another", "Origin: http://{H}.evil.example\r\n", no, no, no, no},
		{"an unknown Sec-Fetch-Site", site("whatever"), no, no, no, no},
		{"Sec-Fetch-Site in other case", evil + site("Same-Origin"), no, no, no, no},
		{"two Sec-Fetch-Site", evil + site("cross-site") + site("same-origin"), no, no, no, no},
		{"the portal", portal + site("cross-site"), no, no, yes, yes},
		{"the portal, old browser", portal, no, no, yes, yes},
		{"the portal in plain HTTP", "Origin: http://portal.example.org\r\n" + site("cross-site"), no, no, no, no},
		{"the portal's sibling", "Origin: https://x.portal.example.org\r\n" + site("cross-site"), no, no, no, no},
		{"the portal on another port", "Origin: https://portal.example.org:8443\r\n" + site("cross-site"), no, no, no, no},
		{"the portal and another", portal + evil, no, no, no, no},
	}
	for _, at := range []*server{closed, open} {
		login := cookieLine(visit(t, owner, at), at)
		for i, row := range rows {
			post, websocket := row.post, row.websocket
			if at == open {
				post, websocket = row.postIfAllowed, row.websocketIfAllowed
			}
			t.Run(at.name+" "+row.name, func(t *testing.T) {
				marker := fmt.Sprintf("cross-%d.", i)
				for _, way := range []string{at.direct, shared.hub.Host} {
					for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "FOO"} {
						if method == "FOO" && way != at.direct {
							continue // unknown to the hub's proxy
						}
						checkCrossSite(t, method, post, send(t, way, payload(method+" {P}{M}"+method+" HTTP/1.1\r\nContent-Length: 0\r\n"+row.headers+tail, at, marker, login), stays, patience))
					}
					checkCrossSite(t, "websocket", websocket, send(t, way, payload("GET {P}{M}websocket HTTP/1.1\r\nHost: {H}\r\n{C}"+row.headers+upgrade+"\r\n", at, marker, login), onceAnswered, patience))
					// Reading is not kept from other pages: they do not get the answer.
					checkCrossSite(t, "GET", true, send(t, way, payload("GET {P}{M}get HTTP/1.1\r\n"+row.headers+tail, at, marker+"reading", login), stays, patience))
				}
				var websockets, changes int
				for _, request := range at.requests(t) {
					switch {
					case !strings.HasPrefix(request.Target, "/"+marker):
					case request.IsUpgrade():
						websockets++
					case request.Method != http.MethodGet:
						changes++
					}
				}
				if websockets > 0 != websocket || changes > 0 != post {
					t.Errorf("the app got %d websockets and %d requests that change something", websockets, changes)
				}
			})
		}
	}
}

func checkCrossSite(t *testing.T, what string, may bool, r reply) {
	t.Helper()
	passed := r.status() == http.StatusOK || r.status() == http.StatusSwitchingProtocols
	if may && !passed || !may && r.status() != http.StatusForbidden {
		t.Errorf("%s, which may: %t, was answered %s", what, may, r)
	}
	if r.isFromApp() != may {
		t.Errorf("%s, which may: %t, and the app's part in the answer: %t", what, may, r.isFromApp())
	}
}
