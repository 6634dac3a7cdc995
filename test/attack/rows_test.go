//go:build e2e || attacktable

package attack

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/attack/message"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// row is one line of the table: what is done, and what has to come of it here.
type row struct {
	vector string
	ours   string
	try    func(t *testing.T, at *target, marker string) string
}

// check tries a row on our program.
func (r row) check(t *testing.T, at *target, marker string) {
	t.Helper()
	// A request with a fault in its body may have been begun at the app.
	if came := strings.TrimSuffix(r.try(t, at, marker), ", begun at the app"); came != r.ours {
		t.Errorf("%s: ours: %s; it has to be: %s", r.vector, came, r.ours)
	}
}

// target is one column of the table.
type target struct {
	*server
	title string
	// login is the owner's Cookie header, value that of the login cookie.
	login, value string
}

// enter logs the owner in, and waits until the app answers.
func enter(t *testing.T, title string, at *server) *target {
	t.Helper()
	session := shared.hub.NewSession(owner)
	awaitApp(t, session, at)
	return &target{server: at, title: title, login: cookieLine(session, at), value: cookieValue(t, session, at, at.client())}
}

// awaitApp visits a server until its app answers. While that starts, each
// program has a status of its own.
func awaitApp(t *testing.T, session *bed.Session, at *server) {
	t.Helper()
	eventually(t, func() error {
		answer, err := session.Get(t.Context(), at.prefix)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), "recorded GET /") {
			return fmt.Errorf("%s answered %d: %.300s", at.prefix, answer.Status, answer.Body)
		}
		return nil
	})
}

// who sends a request.
type visitor int

const (
	nobody    visitor = iota
	someone           // the owner, with a login
	foreigner         // a stranger, with a token of the hub
)

// request is a row whose answer is told by its status, and by whether the app
// got it.
func request(who visitor, template string) func(*testing.T, *target, string) string {
	return func(t *testing.T, at *target, marker string) string {
		credentials := map[visitor]string{someone: at.login}[who]
		if who == foreigner {
			credentials = "Authorization: token " + newToken(t, stranger) + "\r\n"
		}
		r := at.send(t, payload(template, at.server, marker, credentials))
		return describe(r) + at.passed(t, marker, who)
	}
}

// send attacks a target and waits until what it passed on has arrived.
func (at *target) send(t *testing.T, bytes string) reply {
	t.Helper()
	r := send(t, at.direct, bytes, longPause, heldLimit)
	// A request of the owner's is behind whatever was on its way.
	settled := fmt.Sprintf("settled-%d", time.Now().UnixNano())
	eventually(t, func() error {
		if !send(t, at.direct, payload("GET {P}"+settled+" HTTP/1.1\r\n"+tail, at.server, "", at.login), stays, patience).isFromApp() {
			return errors.New(at.title + " does not answer the owner any more")
		}
		return nil
	})
	return r
}

// describe tells an answer in a few words.
func describe(r reply) string {
	status := r.status()
	location := r.header("Location")
	switch {
	case status == 0 && r.end == "open":
		return fmt.Sprintf("no answer in %s, connection held", heldLimit)
	case status == 0 && len(r.bytes) > 0:
		return "an answer without a head"
	case status == 0:
		return "closed without an answer"
	case location != "" && !strings.HasPrefix(location, "/hub/"):
		return fmt.Sprintf("%d to %.60s", status, location)
	case location != "":
		return fmt.Sprintf("%d to the login", status)
	case bytes.Contains(r.bytes, []byte("Traceback")):
		return fmt.Sprintf("%d + traceback", status)
	}
	return fmt.Sprint(status)
}

// passed says whether the app got a request with the marker, or anything of it.
func (at *target) passed(t *testing.T, marker string, who visitor) string {
	t.Helper()
	var text string
	for _, connection := range at.connections(t) {
		if !bytes.Contains(connection.Received, []byte(marker)) {
			continue
		}
		p, err := connection.parse()
		if err != nil {
			text = ", passed on in a form that strict servers refuse"
			continue
		}
		for _, request := range p.requests {
			switch {
			case strings.Contains(request.Target, "smuggled-"+marker):
				return ", **a hidden request reached the app**"
			case !strings.Contains(request.Target, marker):
			case who == someone:
				text = ", passed on"
			case who == foreigner:
				text = ", **passed on**"
			default:
				text = ", **passed on without a login**"
			}
		}
		if len(p.rest) > 0 && text == "" {
			text = ", begun at the app"
		}
		if strings.Contains(string(p.tunnel), "smuggled-"+marker) && who != someone {
			return ", **what followed reached the app**"
		}
	}
	return text
}

// got is the one request that a target passed on, or nil.
func (at *target) got(t *testing.T, marker string) *message.Request {
	t.Helper()
	for _, connection := range at.connections(t) {
		p, _ := connection.parse()
		for _, request := range p.requests {
			if strings.Contains(request.Target, marker) {
				return request
			}
		}
	}
	return nil
}

// reaches is a row that asks whether a text reaches the app with a request.
func reaches(who visitor, template, what string, text func(at *target) string) func(*testing.T, *target, string) string {
	return func(t *testing.T, at *target, marker string) string {
		credentials := ""
		if who == someone {
			credentials = at.login
		}
		wanted := text(at)
		r := at.send(t, payload(strings.ReplaceAll(template, "{text}", wanted), at.server, marker, credentials))
		request := at.got(t, marker)
		switch {
		case request == nil:
			return describe(r)
		case strings.Contains(fmt.Sprintf("%+v %s %+v", request.Fields, request.Target, request.Trailer), wanted):
			return "**" + what + " reaches the app**"
		}
		return what + " is taken off"
	}
}

func fixed(text string) func(*target) string { return func(*target) string { return text } }

// answered is a row about what a visitor gets of an odd answer of the app.
func answered(answer string, look func(r reply) string) func(*testing.T, *target, string) string {
	return func(t *testing.T, at *target, marker string) string {
		query := "?answer=" + base64.RawURLEncoding.EncodeToString([]byte(payload(answer, at.server, "", "")))
		return look(at.send(t, payload("GET {P}{M}"+query+" HTTP/1.1\r\n"+tail, at.server, marker, at.login)))
	}
}

func hasCookie(r reply) string {
	if bytes.Contains(r.bytes, []byte("=poison")) {
		return "**passed on to the browser**"
	}
	return "taken off"
}

// reaching tells how far what an app says of its origin goes.
func reaching(name, far, near string) func(reply) string {
	return func(r reply) string {
		switch value := r.header(name); {
		case value == far:
			return "**passed on to the browser**"
		case value != "" && strings.HasPrefix(value, "/user/"):
			return near
		case value == "":
			return "taken off"
		default:
			return value
		}
	}
}

func rows() []row {
	section := func(title string) row { return row{vector: title} }
	const upgrade = "GET {P}{M} HTTP/1.1\r\n" + handshake
	const version = "Sec-WebSocket-Version: 13\r\n"
	return []row{
		section("Getting in without a login"),
		{"GET", "401", request(nobody, "GET {P}{M} HTTP/1.1\r\n"+tail)},
		{"GET, as a page is opened", "302 to the login", request(nobody, "GET {P}{M} HTTP/1.1\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n"+tail)},
		{"POST", "401", request(nobody, "POST {P}{M} HTTP/1.1\r\nContent-Length: 4\r\n"+tail+"body")},
		{"OPTIONS", "401", request(nobody, "OPTIONS {P}{M} HTTP/1.1\r\n"+tail)},
		{"a method that nobody knows", "401", request(nobody, "FOO {P}{M} HTTP/1.1\r\n"+tail)},
		{"websocket", "403", request(nobody, upgrade+version+"\r\n")},
		{"websocket, with a request right behind it", "403", request(nobody, upgrade+version+"\r\n{S}")},
		{"websocket of version 12", "403", request(nobody, upgrade+"Sec-WebSocket-Version: 12\r\n\r\n")},
		{"websocket by HTTP/1.0", "403", request(nobody, "GET {P}{M} HTTP/1.0\r\n"+handshake+version+"\r\n")},
		{"`..` in the path", "401", request(nobody, "GET {P}a/../{M} HTTP/1.1\r\n"+tail)},
		{"`%2e%2e%2f` in the path", "401", request(nobody, "GET {P}%2e%2e%2f{M} HTTP/1.1\r\n"+tail)},
		{"a target in absolute form", "401", request(nobody, "GET http://{H}{P}{M} HTTP/1.1\r\n"+tail)},
		{"`OPTIONS *`", "400", request(nobody, "OPTIONS * HTTP/1.1\r\n"+tail)},
		{"HTTP/0.9", "400", request(nobody, "GET {P}{M}\r\n")},
		{"HTTP/2's preface", "400", request(nobody, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")},
		{"a cookie of 200 KiB", "431", request(nobody, "GET {P}{M} HTTP/1.1\r\nCookie: "+"{K}="+strings.Repeat("x", 200<<10)+"\r\n"+tail)},
		{"a made-up cookie of the right name", "401", request(nobody, "GET {P}{M} HTTP/1.1\r\nCookie: {K}=made-up\r\n"+tail)},
		{"the token of a user who may not", "403", request(foreigner, "GET {P}{M} HTTP/1.1\r\n"+tail)},
		{"websocket with that token", "403", request(foreigner, upgrade+version+"\r\n")},

		section("Using somebody else's login"),
		{"websocket opened by another site's page", "403", request(someone, upgrade+version+"Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n\r\n")},
		{"POST sent by another site's page", "403", request(someone, "POST {P}{M} HTTP/1.1\r\nContent-Length: 0\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n"+tail)},
		{"an attacker's way back from the hub, in a browser that did not begin it", "403", loginCSRF},
		{"page opened with `Host: evil.example`", "302 to the login", request(nobody, "GET {P}{M} HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n")},

		section("Hiding a request in another (the first has a login, the hidden one has none)"),
		{"Content-Length and chunks", "200, passed on", request(someone, post+"Content-Length: 400\r\n"+chunked+"\r\n"+hidden)},
		{"two lengths", "400", request(someone, post+"Content-Length: 4\r\nContent-Length: 400\r\n\r\nbody{S}")},
		{"`Content-Length: +4`", "400", request(someone, post+"Content-Length: +4\r\n\r\nbody{S}")},
		{"`Transfer-Encoding : chunked`", "400", request(someone, post+"Transfer-Encoding : chunked\r\n\r\n"+hidden)},
		{"`Transfer-Encoding: xchunked`", "501", request(someone, post+"Transfer-Encoding: xchunked\r\n\r\n"+hidden)},
		{"a NUL in a header", "400", request(someone, get+"X: a\x00b\r\nConnection: close\r\n\r\n")},
		{"a bare CR in a header", "400", request(someone, get+"X: a\r{S}\r\nConnection: close\r\n\r\n")},
		{"a chunk size `+4`", "400", request(someone, post+chunked+"\r\n+4\r\nbody\r\n0\r\n\r\n{S}")},
		{"an upgrade with a body", "400", request(someone, upgrade+version+"Content-Length: {N}\r\n\r\n{S}")},
		{"a websocket that the app refuses, with a request right behind it", "426, passed on", request(someone, upgrade+"Sec-WebSocket-Version: 12\r\n\r\n{S}")},

		section("Telling lies to the app, and learning what it should not"),
		{"`X-Forwarded-User: mallory`", "it is taken off", reaches(someone, "GET {P}{M} HTTP/1.1\r\nX-Forwarded-User: {text}\r\n"+tail, "it", fixed("mallory"))},
		{"`X_Forwarded_User: mallory`", "it is taken off", reaches(someone, "GET {P}{M} HTTP/1.1\r\nX_Forwarded_User: {text}\r\n"+tail, "it", fixed("mallory"))},
		{"`X-CDSDASHBOARDS-JH-USER: mallory`", "it is taken off", reaches(someone, "GET {P}{M} HTTP/1.1\r\nX-CDSDASHBOARDS-JH-USER: {text}\r\n"+tail, "it", fixed("mallory"))},
		{"the visitor's login cookie", "it is taken off", reaches(someone, "GET {P}{M} HTTP/1.1\r\n"+tail, "it", func(at *target) string { return at.value })},
		{"the visitor's hub token in `Authorization`", "it is taken off", func(t *testing.T, at *target, marker string) string {
			return reaches(nobody, "GET {P}{M} HTTP/1.1\r\nAuthorization: token {text}\r\n"+tail, "it", fixed(newToken(t, owner)))(t, at, marker)
		}},
		{"the server's own token in the app's environment", "it is not there", environment},
		{"tokens, codes, states or cookies in the log (ours with --debug)", "none", logged},

		section("An app that answers oddly"),
		{"sets the hub's session cookie", "taken off", answered(ok+"Set-Cookie: jupyterhub-session-id=poison; Path=/\r\nContent-Length: 2\r\n\r\nok", hasCookie)},
		{"ends the browser's login to the hub (`Clear-Site-Data`)", "taken off", answered(ok+"Clear-Site-Data: \"*\"\r\nContent-Length: 2\r\n\r\nok", reaching("Clear-Site-Data", `"*"`, ""))},
		{"asks for a service worker that answers for the hub (`Service-Worker-Allowed: /`)", "its own path only", answered(ok+"Service-Worker-Allowed: /\r\nContent-Length: 2\r\n\r\nok", reaching("Service-Worker-Allowed", "/", "its own path only"))},
		{"Content-Length and chunks, with another answer inside", "200, its own", answered(ok+fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5+len(second))+second, ownAnswer)},
		{"two lengths", "502", answered(ok+"Content-Length: 2\r\nContent-Length: 100\r\n\r\nok"+second, ownAnswer)},
		{"101, unasked", "502", answered("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"+second, ownAnswer)},
		{"no HTTP", "502", answered("SSH-2.0-OpenSSH_9.2\r\n\r\n", ownAnswer)},
	}
}

// ownAnswer looks whether a visitor got what another answer held.
func ownAnswer(r reply) string {
	switch {
	case bytes.Contains(r.bytes, []byte("poison")):
		return describe(r) + ", **the hidden answer reaches the browser**"
	case r.status() == http.StatusOK:
		return "200, its own"
	}
	return describe(r)
}

// loginCSRF opens the end of a guest's login in the owner's browser.
func loginCSRF(t *testing.T, at *target, _ string) string {
	share(t, at.server, http.MethodPost)
	defer share(t, at.server, http.MethodDelete)
	way := beginLogin(t, signedIn(t, guest), at.server)
	victim := signedIn(t, owner)
	answer := once(t, victim, http.MethodGet, way)
	for _, cookie := range victim.Cookies(at.prefix) {
		if cookie.Name == at.client() {
			return fmt.Sprintf("%d, **logged in as the attacker**", answer.Status)
		}
	}
	return fmt.Sprint(answer.Status)
}

// environment looks for the server's token in what the app was started with.
func environment(t *testing.T, at *target, _ string) string {
	var started []string
	at.ask(t, "/environment", &started)
	if strings.Contains(strings.Join(started, "\n"), at.secret()) {
		return "**it is there**"
	}
	return "it is not there"
}

// logged looks for real values in what the program wrote so far, and after one
// more login with all that a login has.
func logged(t *testing.T, at *target, _ string) string {
	browser := signedIn(t, owner)
	way := beginLogin(t, browser, at.server)
	states := stateCookies(browser, at.server)
	once(t, browser, http.MethodGet, way)
	token := newToken(t, owner)
	at.send(t, payload("GET {P}a?token="+token+" HTTP/1.1\r\n"+tail, at.server, "", ""))
	query := mustParse(t, way).Query()
	values := map[string]string{
		"code": query.Get("code"), "state": query.Get("state"), "cookie": cookieValue(t, browser, at.server, at.client()),
		"server's token": at.secret(), "token of a URL": token,
	}
	for _, state := range states {
		values["state cookie"] = state.Value
	}
	var found []string
	log := at.log()
	for _, name := range []string{"server's token", "token of a URL", "code", "state", "state cookie", "cookie"} {
		value := values[name]
		if value != "" && (strings.Contains(log, value) || strings.Contains(log, url.QueryEscape(value)) || strings.Contains(log, jsonText(value))) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return "none"
	}
	return "**" + strings.Join(found, ", ") + "**"
}

func jsonText(value string) string {
	text, _ := json.Marshal(value) // of a string, it cannot fail
	return strings.Trim(string(text), `"`)
}
