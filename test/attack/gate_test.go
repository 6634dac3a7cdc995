//go:build e2e

package attack

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/attack/message"
)

// No byte reaches the app without a verdict, whatever is sent by whomever, to
// our port or through the hub's proxy. What the app received is compared as a
// whole: one request of the owner before, one after, and nothing in between.
func TestSecurityNoByteWithoutVerdict(t *testing.T) {
	t.Parallel()
	at, other := startOurs(t, "gate"), startOurs(t, "gate-other")
	session := visit(t, owner, at)
	enemies := attackers(t, session, at, other)
	before := at.received(t)
	const limit = 15 * time.Second // after which a connection counts as held

	t.Run("attacks", func(t *testing.T) {
		for i, enemy := range enemies {
			t.Run(enemy.name, func(t *testing.T) {
				t.Parallel()
				for j, v := range gateVectors() {
					marker := fmt.Sprintf("marker-%d-%d", i, j)
					bytes := payload(v.template, at, marker, enemy.credentials)
					checkRefused(t, v, send(t, at.direct, bytes, v.pause(), limit), true)
					if i < 4 { // what differs between the others is not the hub's proxy's business
						checkRefused(t, v, send(t, shared.hub.Host, bytes, v.pause(), limit), false)
					}
				}
			})
		}
	})

	// The owner's own request shows that the record is kept, and comes behind
	// all that might have been on its way.
	sent := payload("GET {P}sentinel HTTP/1.1\r\n"+tail, at, "", cookieLine(session, at))
	if r := send(t, at.direct, sent, stays, patience); r.status() != http.StatusOK || !r.isFromApp() {
		t.Fatalf("the owner is not let in: %s", r)
	}
	var after string
	eventually(t, func() error {
		if after = at.received(t); !strings.Contains(after, "/sentinel") {
			return fmt.Errorf("the app did not get the owner's request: %.1000q", after)
		}
		return nil
	})
	// A connection that was kept may have carried it, so the order is open.
	var news []*message.Request
	for _, request := range at.requests(t) {
		if !strings.Contains(before, request.Method+" "+request.Target+" ") {
			news = append(news, request)
		}
	}
	if len(news) != 1 || news[0].Target != "/sentinel" {
		t.Errorf("the app got %d requests, not only the owner's: %+v", len(news), news)
	}
	if grown := len(after) - len(before); grown > 2000 {
		t.Errorf("the app got %d bytes more than before, where the owner's request takes some hundred", grown)
	}
	at.mustNotHave(t, "marker-", "an attack")
	at.mustNotHave(t, "smuggled", "a smuggled request")
}

// checkRefused fails for an answer in which the app had a part, or by which the
// attacker got further than to the hub's login. Before the hub's proxy, other
// servers than ours may answer a path as well.
func checkRefused(t *testing.T, v vector, r reply, direct bool) {
	t.Helper()
	switch {
	case r.isFromApp():
		t.Errorf("%s: the app answered: %s", v.name, r)
	case r.end != "closed":
		t.Errorf("%s: the connection is held: %s", v.name, r)
	case r.status() == http.StatusSwitchingProtocols:
		t.Errorf("%s: the connection was switched: %s", v.name, r)
	case direct && r.status() == http.StatusOK && strings.HasPrefix(v.template, "GET {P}api?"):
		// The hub's probe is answered by us, with our version and no more.
		if !strings.Contains(string(r.bytes), `{"version":`) {
			t.Errorf("%s: answered %s", v.name, r)
		}
	case direct && !isRefusal(r.status()):
		t.Errorf("%s: answered %s", v.name, r)
	}
}

// isRefusal says whether a status turns somebody away: to the hub, for good, or
// without a word. A fault of ours (500) or of the app (502) is none.
func isRefusal(status int) bool {
	return status == 0 || status >= 300 && status < 500 || status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported
}

// The gate's vectors again with the owner's login: now most of them go through,
// which shows that they are no blanks, and what arrives is strict HTTP and what
// our program judged.
func TestSecurityWhatPassesTheGateIsStrict(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "strict")
	session := visit(t, owner, at)
	passed := 0
	for j, v := range gateVectors() {
		marker := fmt.Sprintf("marker-%d.", j)
		bytes := payload(v.template, at, marker, cookieLine(session, at))
		for _, address := range []string{at.direct, shared.hub.Host} {
			if r := send(t, address, bytes, v.pause(), 5*time.Second); r.isFromApp() {
				passed++
			}
		}
	}
	if passed < 100 {
		t.Errorf("only %d vectors reached the app with a login: the others prove less than they seem to", passed)
	}
	at.checkJudged(t)
}
