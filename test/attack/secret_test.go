//go:build e2e

package attack

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// secret is a value that must stay where it belongs.
type secret struct{ name, value string }

// Logins good and bad, tokens wherever they may be, faults of the app and of
// visitors: afterwards none of the real values is in our log at its most
// talkative, in what the app got or was started with, in our pages or metrics.
func TestSecuritySecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	metrics := fmt.Sprintf("127.0.0.1:%d", ports[0])
	at := start(t, "secrets", map[string]string{"JUPYTERHUB_ALLOW_TOKEN_IN_URL": "1"}, ours("--metrics-address="+metrics))
	visit(t, owner, at)
	headerToken, urlToken, strangerToken := newToken(t, owner), newToken(t, owner), newToken(t, stranger)
	const wrongToken = "wrong-0123456789abcdef0123456789"
	secrets := []secret{
		{"the server's own token", at.secret()}, {"a token of the header", headerToken}, {"a token of the URL", urlToken},
		{"a stranger's token", strangerToken}, {"a wrong token", wrongToken},
	}
	var pages strings.Builder
	keep := func(answer *bed.Answer) *bed.Answer {
		pages.Write(answer.Body)
		return answer
	}

	// A login, with all that goes back and forth.
	browser := signedIn(t, owner)
	way := beginLogin(t, browser, at)
	query := mustParse(t, way).Query()
	secrets = append(secrets, secret{"the code", query.Get("code")}, secret{"the state", query.Get("state")})
	states := stateCookies(browser, at)
	for _, cookie := range states {
		var state struct{ Verifier string }
		if err := json.Unmarshal([]byte(unseal(t, at, cookie.Name, cookie.Value)), &state); err != nil || state.Verifier == "" {
			t.Fatalf("the state cookie holds no verifier: %v", err)
		}
		secrets = append(secrets, secret{"the state cookie", cookie.Value}, secret{"the PKCE verifier", state.Verifier})
	}
	keep(once(t, browser, http.MethodGet, way))
	value := cookieValue(t, browser, at, at.client())
	secrets = append(secrets, secret{"the login cookie", value}, secret{"the token in it", unseal(t, at, at.client(), value)},
		secret{"the hub's session", cookieValue(t, browser, at, "jupyterhub-session-id")})
	login := cookieLine(browser, at)

	// Logins that fail.
	thief := signedIn(t, owner)
	setCookies(thief, at, states)
	keep(once(t, thief, http.MethodGet, way))                                                                   // used already
	keep(once(t, shared.hub.NewSession(""), http.MethodGet, way))                                               // no state cookie
	keep(once(t, browser, http.MethodPost, way))                                                                // not by GET
	keep(once(t, browser, http.MethodGet, at.prefix+"oauth_callback?error=x&"+way[strings.Index(way, "?")+1:])) // refused by the hub
	keep(once(t, browser, http.MethodGet, at.prefix, "Cookie", at.client()+"="+forge(value)))

	// Tokens and cookies where they can be, on requests that pass, on those that
	// do not, and where the app or the visitor is at fault.
	broken := "answer=" + base64.RawURLEncoding.EncodeToString([]byte("no HTTP\r\n\r\n"))
	referer := "Referer: http://{H}{P}?token=" + urlToken + "&code=" + query.Get("code") + "\r\n"
	for _, head := range []string{
		"GET {P}a HTTP/1.1\r\n" + login, "POST {P}a HTTP/1.1\r\nContent-Length: 0\r\nSec-Fetch-Site: same-origin\r\n" + login, "GET {P}api HTTP/1.1\r\n" + login, "GET {P}.jhsingle/status HTTP/1.1\r\n" + login,
		"GET {P}?" + broken + " HTTP/1.1\r\n" + login, "GET {P}?token=" + urlToken + "&" + broken + " HTTP/1.1\r\n",
		"GET {P}a HTTP/1.1\r\nAuthorization: token " + headerToken + "\r\n", "GET {P}a HTTP/1.1\r\nAuthorization: Bearer " + headerToken + "\r\n" + login,
		"GET {P}a HTTP/1.1\r\nAuthorization: Bearer " + strangerToken + "\r\n", "GET {P}a HTTP/1.1\r\nAuthorization: Bearer " + wrongToken + "\r\n",
		"GET {P}a?b=c&token=" + urlToken + "&d=e HTTP/1.1\r\n" + referer, "GET {P}a?token=" + urlToken + " HTTP/1.1\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n" + referer,
		"GET {P}a?token=" + strangerToken + " HTTP/1.1\r\nAccept: text/html\r\n", "GET {P}a?token=" + wrongToken + " HTTP/1.1\r\nAccept: text/html\r\n", "GET {P}a?%74oken=" + wrongToken + " HTTP/1.1\r\n",
		"GET {D}?token=" + urlToken + " HTTP/1.1\r\n", "GET /elsewhere?token=" + urlToken + " HTTP/1.1\r\n" + referer, "GET {P}a?token=" + urlToken + "&token=" + headerToken + " HTTP/1.1\r\n",
		"GET {P}a?token=" + urlToken + " HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-Fetch-Mode: websocket\r\n",
		"GET {P}a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + login,
		"GET {P}a HTTP/1.1\r\nX-Bad : x\r\n" + login, "POST {P}a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + login, "GET {P}logout HTTP/1.1\r\n" + login,
	} {
		body := ""
		if strings.Contains(head, "chunked") {
			body = "broken\r\n"
		}
		r := send(t, at.direct, payload(head+"Host: {H}\r\n\r\n"+body, at, "", ""), onceAnswered, patience)
		_, text, _ := strings.Cut(string(r.bytes), "\r\n\r\n")
		if !r.isFromApp() { // which repeats its target: see the app's record
			pages.WriteString(text)
		}
	}
	eventually(t, func() error {
		if log := at.log(); strings.Count(log, `"msg":"request"`) < 25 {
			return fmt.Errorf("our log tells of too few requests to prove anything:\n%s", log)
		}
		return nil
	})

	var started []string
	at.ask(t, "/environment", &started)
	places := map[string]string{
		"our log": at.log(), "what the app received": at.received(t), "the app's environment": strings.Join(started, "\n"),
		"our pages": pages.String(), "our metrics": fetch(t, "http://"+metrics+"/metrics"),
	}
	for place, text := range places {
		if len(text) < 300 {
			t.Errorf("%s is too short to prove anything: %q", place, text)
		}
		for _, s := range secrets {
			if s.value == "" {
				t.Fatalf("%s is empty", s.name)
			}
			for _, spelled := range []string{s.value, url.QueryEscape(s.value), base64.StdEncoding.EncodeToString([]byte(s.value))} {
				if found := strings.Index(text, spelled); found >= 0 {
					if s.value == wrongToken && strings.Contains(text[max(0, found-10):found], "%74oken") {
						continue // no parameter that is a token
					}
					t.Errorf("%s is in %s: %.400q", s.name, place, text[max(0, found-200):])
				}
			}
		}
	}
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
