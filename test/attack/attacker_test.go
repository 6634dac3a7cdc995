//go:build e2e || attacktable

package attack

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// attacker is somebody who must not get in, by header lines.
type attacker struct {
	name        string
	credentials string
}

// attackers are all kinds of them that a server can meet. The owner's session
// is that of a real login; other is another server of the same owner.
func attackers(t *testing.T, session *bed.Session, at, other *server) []attacker {
	t.Helper()
	name := at.client()
	value := cookieValue(t, session, at, name)
	token := unseal(t, at, name, value)
	fresh := "Cookie: " + name + "=" + seal(t, at, name, token, time.Now()) + "\r\n"
	if r := send(t, at.direct, payload("GET {P}control HTTP/1.1\r\n"+tail, at, "", fresh), stays, patience); r.status() != http.StatusOK {
		t.Fatalf("a cookie sealed by the test does not open the door, so that one that has expired proves nothing: %s", r)
	}
	return []attacker{
		{"nobody", ""},
		{"a stranger with a token", "Authorization: token " + newToken(t, stranger) + "\r\n"},
		{"a stranger with a login of the hub", loginOf(t, stranger)},
		{"a former guest with a login cookie", formerGuest(t, at)},
		{"a token that the hub does not know", "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n"},
		{"a forged cookie", "Cookie: " + name + "=" + forge(value) + "\r\n"},
		{"a cookie cut off", "Cookie: " + name + "=" + value[:len(value)-4] + "\r\n"},
		{"the token itself as a cookie", "Cookie: " + name + "=" + token + "\r\n"},
		{"a cookie that has expired", "Cookie: " + name + "=" + seal(t, at, name, token, time.Now().Add(-32*24*time.Hour)) + "\r\n"},
		{"a good cookie under other names", "Cookie: " + strings.Join([]string{
			name + "-other=" + value, "__Host-" + name + "=" + value, strings.ToUpper(name) + "=" + value, name + "-oauth-state=" + value,
			"jupyterhub-user-" + owner + "=" + value, "x" + name + "=" + value, "\"" + name + "\"=" + value, "token=" + token,
		}, "; ") + "\r\n"},
		{"the cookie of the owner's other server", "Cookie: " + name + "=" + cookieValue(t, visit(t, owner, other), other, other.client()) + "\r\n"},
	}
}

// forge changes one letter in the middle of a cookie's value.
func forge(value string) string {
	at := len(value) / 2
	letter := "A"
	if value[at] == 'A' {
		letter = "B"
	}
	return value[:at] + letter + value[at+1:]
}

func newToken(t *testing.T, user string) string {
	t.Helper()
	token, err := shared.hub.NewToken(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// loginOf is the Cookie header of somebody who is logged in to the hub, but not
// to any server.
func loginOf(t *testing.T, user string) string {
	t.Helper()
	session, err := shared.hub.Login(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for _, cookie := range session.Cookies("/hub/") {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	if len(pairs) == 0 {
		t.Fatalf("%s has no cookie of the hub", user)
	}
	return "Cookie: " + strings.Join(pairs, "; ") + "\r\n"
}

// formerGuest is the Cookie header of the guest, with whom the server was
// shared and then not any more. The hub's session has a new name in it, so that
// no old verdict is found.
func formerGuest(t *testing.T, at *server) string {
	t.Helper()
	share(t, at, http.MethodPost)
	session := visit(t, guest, at)
	share(t, at, http.MethodDelete)
	session.SetCookie("jupyterhub-session-id", "another")
	return cookieLine(session, at)
}

// share begins or ends that a server is shared with the guest.
func share(t *testing.T, at *server, method string) {
	t.Helper()
	var body any
	if method == http.MethodPost {
		body = map[string]string{"user": guest}
	}
	answer, err := shared.hub.API(t.Context(), method, "/shares/"+owner+"/"+at.name, body)
	if err != nil || answer.Status >= 300 {
		t.Fatalf("%s of a share: %v, %+v", method, err, answer)
	}
}
