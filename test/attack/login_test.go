//go:build e2e

package attack

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Nobody can make a login end anywhere but at a path of this very server,
// whatever address, host or proxy header it was begun with.
func TestSecurityLoginIsNoOpenRedirect(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "redirect")
	alice := visit(t, owner, at)
	const navigation = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n"
	for i, head := range []string{
		"GET {P}?next=//evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}/evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}//evil.example/ HTTP/1.1\r\nHost: {H}\r\n",
		"GET {P}\\evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}%2f%2fevil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}%5cevil.example HTTP/1.1\r\nHost: {H}\r\n",
		"GET {P}../../../..//evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}..//..//..//evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}%2e%2e/%2e%2e/%2e%2e//evil.example HTTP/1.1\r\nHost: {H}\r\n",
		"GET {P}%0d%0aLocation:%20http://evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}%09//evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}@evil.example HTTP/1.1\r\nHost: {H}\r\n",
		"GET {P}#//evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET {P}\x01evil HTTP/1.1\r\nHost: {H}\r\n", "GET {P}" + strings.Repeat("x", 5000) + " HTTP/1.1\r\nHost: {H}\r\n",
		"GET //evil.example{P} HTTP/1.1\r\nHost: {H}\r\n", "GET /\\evil.example{P} HTTP/1.1\r\nHost: {H}\r\n", "GET //evil.example/%2e%2e{P} HTTP/1.1\r\nHost: {H}\r\n", "GET {D}//evil.example HTTP/1.1\r\nHost: {H}\r\n",
		"GET {D}\\evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET /%75ser/{T}//evil.example HTTP/1.1\r\nHost: {H}\r\n", "GET /%2fevil.example/..{P} HTTP/1.1\r\nHost: {H}\r\n",
		"GET http://evil.example{P} HTTP/1.1\r\nHost: {H}\r\n", "GET http://evil.example{P} HTTP/1.1\r\nHost: evil.example\r\n", "GET http:///evil.example{P} HTTP/1.1\r\nHost: {H}\r\n",
		"GET javascript://evil.example{P} HTTP/1.1\r\nHost: {H}\r\n", "GET https:evil.example{P} HTTP/1.1\r\nHost: {H}\r\n", "GET http://evil.example//evil.example{P} HTTP/1.1\r\nHost: {H}\r\n",
		"GET {P} HTTP/1.1\r\nHost: evil.example\r\n", "GET {P} HTTP/1.1\r\nHost: {H}@evil.example\r\n", "GET {P} HTTP/1.1\r\nHost: evil.example#{H}\r\n", "GET {P} HTTP/1.0\r\n",
		"GET {P} HTTP/1.1\r\nHost: {H}\r\nX-Forwarded-Host: evil.example\r\n", "GET {P} HTTP/1.1\r\nHost: {H}\r\nX-Forwarded-Proto: javascript\r\nX-Scheme: javascript\r\n",
		"GET {P} HTTP/1.1\r\nHost: {H}\r\nForwarded: host=evil.example;proto=https\r\n", "GET {P} HTTP/1.1\r\nHost: {H}\r\nX-Forwarded-Prefix: //evil.example\r\nX-Forwarded-Context: //evil.example\r\n",
		"GET {P} HTTP/1.1\r\nHost: {H}\r\nX-Original-URL: //evil.example\r\nX-Rewrite-URL: //evil.example\r\nReferer: http://evil.example/\r\n",
		"GET {P}logout?next=//evil.example HTTP/1.1\r\nHost: {H}\r\nX-Forwarded-Host: evil.example\r\n", "GET {P}oauth_callback?next=//evil.example&code=x&state=x HTTP/1.1\r\nHost: evil.example\r\n",
	} {
		t.Run(fmt.Sprintf("%d %.60q", i, head), func(t *testing.T) {
			r := send(t, at.direct, payload(head, at, "", "")+navigation+"\r\n", stays, patience)
			if r.status() >= 500 {
				t.Fatalf("answered %s", r)
			}
			location := r.header("Location")
			if location == "" {
				return // turned away
			}
			checkSameOrigin(t, location)
			if !strings.HasPrefix(location, "/hub/api/oauth2/authorize?") {
				return // to the right spelling of the prefix, or to the hub's logout
			}
			if back := mustParse(t, location).Query().Get("redirect_uri"); back != at.prefix+"oauth_callback" {
				t.Errorf("the hub is to send the visitor back to %q", back)
			}
			end := finishLogin(t, alice, at, r).Header.Get("Location")
			if !strings.HasPrefix(end, at.prefix) {
				t.Errorf("the login ends at %q", end)
			}
			checkSameOrigin(t, end)
		})
	}
}

// checkSameOrigin fails if a browser could take a Location for another origin.
func checkSameOrigin(t *testing.T, location string) {
	t.Helper()
	hasControl := strings.ContainsFunc(location, func(c rune) bool { return c <= ' ' || c == 0x7f })
	if !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.Contains(location, "\\") || hasControl {
		t.Errorf("sent on to %q", location)
	}
}

// finishLogin goes on from a redirect to the hub, in the owner's browser, and
// returns the answer to the way back.
func finishLogin(t *testing.T, session *bed.Session, at *server, begun reply) *bed.Answer {
	t.Helper()
	plant(t, session, at, begun.header("Set-Cookie"))
	answer := once(t, session, http.MethodGet, begun.header("Location"))
	way := answer.Header.Get("Location")
	if !strings.HasPrefix(way, at.prefix+"oauth_callback?") {
		t.Fatalf("the hub answered %d, to %q", answer.Status, way)
	}
	return once(t, session, http.MethodGet, way)
}

// plant puts a Set-Cookie into a browser.
func plant(t *testing.T, session *bed.Session, at *server, setCookie string) {
	t.Helper()
	cookie, err := http.ParseSetCookie(setCookie)
	if err != nil {
		t.Fatalf("%q: %v", setCookie, err)
	}
	session.Jar().SetCookies(mustParse(t, shared.hub.URL+at.prefix), []*http.Cookie{cookie})
}

// checkNoLogin fails if an answer gave a login, or if the app had part in it.
func checkNoLogin(t *testing.T, at *server, what string, answer *bed.Answer) {
	t.Helper()
	for _, cookie := range answer.Header.Values("Set-Cookie") {
		if parsed, err := http.ParseSetCookie(cookie); err != nil || (parsed.Name == at.client() && parsed.MaxAge >= 0) {
			t.Errorf("%s: gave the cookie %.60q", what, cookie)
		}
	}
	if answer.Header.Get("X-Recorder") != "" || answer.Status < 300 || answer.Status >= 500 {
		t.Errorf("%s: answered %d: %.300s", what, answer.Status, answer.Body)
	}
}

// An attacker's code in a victim's browser logs nobody in: not without a login,
// where the victim would work under the attacker's name, and not over one.
func TestSecurityLoginCSRF(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "login-csrf")
	alice := visit(t, owner, at)
	share(t, at, http.MethodPost)
	way := beginLogin(t, signedIn(t, guest), at) // the guest is the attacker

	t.Run("without a login", func(t *testing.T) {
		answer := once(t, signedIn(t, owner), http.MethodGet, way)
		checkNoLogin(t, at, "the callback", answer)
		if answer.Status != http.StatusForbidden {
			t.Errorf("answered %d", answer.Status)
		}
	})
	t.Run("over a login", func(t *testing.T) {
		before := cookieValue(t, alice, at, at.client())
		answer := once(t, alice, http.MethodGet, way)
		checkNoLogin(t, at, "the callback", answer)
		if location := answer.Header.Get("Location"); answer.Status != http.StatusFound || location != at.prefix {
			t.Errorf("answered %d, to %q", answer.Status, location)
		}
		if cookieValue(t, alice, at, at.client()) != before {
			t.Error("the victim's login was replaced")
		}
	})
	t.Run("while the victim logs in", func(t *testing.T) {
		victim := signedIn(t, owner)
		beginLogin(t, victim, at) // so that there is a state cookie, but another
		checkNoLogin(t, at, "the callback", once(t, victim, http.MethodGet, way))
	})
	t.Run("with the victim's state", func(t *testing.T) {
		victim := signedIn(t, owner)
		own := mustParse(t, beginLogin(t, victim, at)).Query().Get("state")
		code := mustParse(t, way).Query().Get("code")
		answer := once(t, victim, http.MethodGet, at.prefix+"oauth_callback?"+url.Values{"code": {code}, "state": {own}}.Encode())
		// The hub knows the code for one of another login by PKCE.
		checkNoLogin(t, at, "the callback", answer)
		if answer.Status != http.StatusForbidden {
			t.Errorf("answered %d", answer.Status)
		}
	})
}

// A code and a state are good once, in the browser that they were given to.
func TestSecurityCodesAndStatesAreOfOneUse(t *testing.T) {
	t.Parallel()
	at, other := startOurs(t, "one-use"), startOurs(t, "one-use-other")
	visit(t, owner, at)
	visit(t, owner, other)

	browser := signedIn(t, owner)
	way := beginLogin(t, browser, at)
	states := stateCookies(browser, at)
	if len(states) != 1 {
		t.Fatalf("the browser has the state cookies %v", states)
	}
	if answer := once(t, browser, http.MethodGet, way); answer.Status != http.StatusFound || answer.Header.Get("Location") != at.prefix+"deep?a=b" {
		t.Fatalf("a good login was answered %d, to %q", answer.Status, answer.Header.Get("Location"))
	}
	if left := stateCookies(browser, at); len(left) > 0 {
		t.Errorf("the state is left in the browser: %v", left)
	}
	query := mustParse(t, way).Query()

	t.Run("replayed code", func(t *testing.T) {
		thief := signedIn(t, owner)
		setCookies(thief, at, states)
		answer := once(t, thief, http.MethodGet, way)
		checkNoLogin(t, at, "the callback", answer)
		if answer.Status != http.StatusForbidden {
			t.Errorf("answered %d", answer.Status)
		}
	})
	t.Run("replayed state", func(t *testing.T) {
		thief := signedIn(t, owner)
		code := mustParse(t, beginLogin(t, thief, at)).Query().Get("code")
		setCookies(thief, at, states)
		checkNoLogin(t, at, "the callback", once(t, thief, http.MethodGet, at.prefix+"oauth_callback?"+url.Values{"code": {code}, "state": query["state"]}.Encode()))
	})
	t.Run("state of another browser", func(t *testing.T) {
		one, two := signedIn(t, owner), signedIn(t, owner)
		way := beginLogin(t, one, at)
		beginLogin(t, two, at)
		checkNoLogin(t, at, "the callback", once(t, two, http.MethodGet, way))
	})
	t.Run("state of another server", func(t *testing.T) {
		thief := signedIn(t, owner)
		way := beginLogin(t, thief, other)
		foreign := stateCookies(thief, other)
		state := mustParse(t, way).Query().Get("state")
		for _, cookie := range foreign { // under the names that this server reads
			cookie.Name = at.client() + strings.TrimPrefix(cookie.Name, other.client())
		}
		setCookies(thief, at, foreign)
		code := mustParse(t, beginLogin(t, thief, at)).Query().Get("code")
		checkNoLogin(t, at, "the callback", once(t, thief, http.MethodGet, at.prefix+"oauth_callback?"+url.Values{"code": {code}, "state": {state}}.Encode()))
	})
	t.Run("code of another server", func(t *testing.T) {
		thief := signedIn(t, owner)
		code := mustParse(t, beginLogin(t, thief, other)).Query().Get("code")
		state := mustParse(t, beginLogin(t, thief, at)).Query().Get("state")
		checkNoLogin(t, at, "the callback", once(t, thief, http.MethodGet, at.prefix+"oauth_callback?"+url.Values{"code": {code}, "state": {state}}.Encode()))
	})
	t.Run("forged state", func(t *testing.T) {
		thief := signedIn(t, owner)
		way := beginLogin(t, thief, at)
		forged := stateCookies(thief, at)
		for _, cookie := range forged {
			cookie.Value = forge(cookie.Value)
		}
		setCookies(thief, at, forged)
		checkNoLogin(t, at, "the callback", once(t, thief, http.MethodGet, way))
	})
}

// The way back takes nothing but one code and one state by GET, and repeats
// nothing that would be a script.
func TestSecurityCallbackParameters(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "callback")
	browser := visit(t, owner, at)
	before := at.received(t)
	const script = "<script>alert(1)</script>"
	for _, query := range []string{
		"", "?", "?code=", "?state=", "?code=x", "?state=x", "?code=&state=", "?code=x&state=", "?code=x&state=x", "?code=x&code=y&state=x&state=y", "?code[]=x&state[]=x",
		"?code=%00&state=%00", "?code=%0d%0aSet-Cookie:%20{K}=x&state=%0d%0aX", "?state=..%2f..%2f&code=x", "?code=x&state=%ff%fe", "?code=%zz&state=%zz", "?code=x;state=x", "?CODE=x&STATE=x",
		"?error=access_denied", "?error=" + url.QueryEscape(script), "?error=x&error_description=" + url.QueryEscape(script), "?error=x&code=x&state=x", "?error=" + strings.Repeat("x", 50000),
		"?code=x&state=" + strings.Repeat("x", 50000), "?code=" + strings.Repeat("x", 50000) + "&state=x", "?" + strings.Repeat("a&", 25000) + "code=x&state=x", "?next=//evil.example&code=x&state=x",
	} {
		for _, head := range []string{
			"GET {P}oauth_callback" + query + " HTTP/1.1\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n", "GET {P}oauth_callback" + query + " HTTP/1.1\r\n", "POST {P}oauth_callback" + query + " HTTP/1.1\r\nContent-Length: 0\r\n",
		} {
			r := send(t, at.direct, payload(head+tail, at, "", ""), stays, patience)
			if s := r.status(); s < 400 || s >= 500 || r.header("Set-Cookie") != "" || r.header("Location") != "" {
				t.Errorf("%.100q: answered %s", head, r)
			}
			if strings.Contains(string(r.bytes), "<script>alert") || len(r.bytes) > 30000 {
				t.Errorf("%.100q: the page repeats what it was given: %.2000s", head, r.bytes)
			}
		}
	}
	// A state of its own, but all the rest wrong.
	fresh := signedIn(t, owner)
	state := url.QueryEscape(mustParse(t, beginLogin(t, fresh, at)).Query().Get("state"))
	for _, query := range []string{"?code=x&state=" + state, "?code=x&code=y&state=" + state, "?code=" + strings.Repeat("x", 10000) + "&state=" + state} {
		checkNoLogin(t, at, query[:min(40, len(query))], once(t, fresh, http.MethodGet, at.prefix+"oauth_callback"+query))
	}
	if after := at.received(t); after != before {
		t.Errorf("the app got something of it: %.1000q", strings.TrimPrefix(after, before))
	}
	if _, err := browser.Get(t.Context(), at.prefix); err != nil {
		t.Error(err)
	}
}

// Cookies that a page of a sibling path planted, before and after the real one,
// give nobody access, and do not keep the owner out.
func TestSecurityCookieTossing(t *testing.T) {
	t.Parallel()
	at, other := startOurs(t, "tossing"), startOurs(t, "tossing-other")
	alice := visit(t, owner, at)
	name, value := at.client(), cookieValue(t, alice, at, at.client())
	foreign := cookieValue(t, visit(t, owner, other), other, other.client())
	ask := func(t *testing.T, cookies string) reply {
		return send(t, at.direct, payload("GET {P}tossed HTTP/1.1\r\n"+tail, at, "", "Cookie: "+cookies+"\r\n"), stays, patience)
	}
	good := name + "=" + value
	for what, planted := range map[string]string{
		"nonsense": name + "=x", "nothing": name + "=", "a forged one": name + "=" + forge(value), "another server's": name + "=" + foreign, "quotes": name + "=\"" + value + "\"",
		"states": name + "-oauth-state-x=y; " + name + "-oauth-state=z", "names in other case": strings.ToUpper(name) + "=x", "a nameless one": "=" + name + "=x",
	} {
		t.Run(what, func(t *testing.T) {
			for place, cookies := range map[string]string{"before": planted + "; " + good, "after": good + "; " + planted, "around": planted + "; " + good + "; " + planted} {
				if r := ask(t, cookies); r.status() != http.StatusOK || !r.isFromApp() {
					t.Errorf("%s the real one: %s", place, r)
				}
			}
			if r := ask(t, planted); r.status() != http.StatusUnauthorized {
				t.Errorf("alone: %s", r)
			}
		})
	}
	t.Run("many", func(t *testing.T) {
		if r := ask(t, strings.Repeat(name+"=x; ", 5)+good); r.status() != http.StatusOK {
			t.Errorf("five before the real one: %s", r)
		}
		// What is beyond all use is not looked at, and lets nobody in.
		if r := ask(t, strings.Repeat(name+"=x; ", 3000)); r.status() != http.StatusUnauthorized {
			t.Errorf("thousands: %s", r)
		}
	})
	for _, request := range at.requests(t) {
		for cookie := range strings.SplitSeq(strings.Join(request.Values("Cookie"), "; "), "; ") {
			if strings.HasPrefix(cookie, "jupyterhub-") || strings.Contains(cookie, value) {
				t.Errorf("the app got the cookie %q", cookie)
			}
		}
	}
}

// A login cookie is good for the server that it was made for, for the user that
// it was made for, and for as long as the hub says.
func TestSecuritySwappedCookies(t *testing.T) {
	t.Parallel()
	at, other := startOurs(t, "swapped", "--verdict-lifetime=1"), startOurs(t, "swapped-other")
	alice, elsewhere := visit(t, owner, at), visit(t, owner, other)
	value := cookieValue(t, alice, at, at.client())
	session := cookieValue(t, alice, at, "jupyterhub-session-id")
	ask := func(server *server, cookies string) int {
		return send(t, server.direct, payload("GET {P}swapped HTTP/1.1\r\n"+tail, server, "", "Cookie: "+cookies+"\r\n"), stays, patience).status()
	}
	if status := ask(other, other.client()+"="+value); status != http.StatusUnauthorized {
		t.Errorf("the cookie of a server, under the name of the other's, was answered %d there", status)
	}
	if status := ask(other, at.client()+"="+value+"; "+other.client()+"="); status != http.StatusUnauthorized {
		t.Errorf("the cookie of a server was answered %d at the other", status)
	}
	if status := ask(at, at.client()+"="+cookieValue(t, elsewhere, other, other.client())); status != http.StatusUnauthorized {
		t.Errorf("the cookie of the other server was answered %d", status)
	}
	// The hub's session of somebody else makes nobody somebody else.
	foreign := cookieValue(t, signedIn(t, stranger), at, "jupyterhub-session-id")
	if status := ask(at, "jupyterhub-session-id="+session); status != http.StatusUnauthorized {
		t.Errorf("the owner's session alone was answered %d", status)
	}
	guest := strings.TrimSpace(strings.TrimPrefix(formerGuest(t, at), "Cookie: "))
	if status := ask(at, "jupyterhub-session-id="+session+"; "+guest); status != http.StatusForbidden {
		t.Errorf("a former guest in the owner's session was answered %d", status)
	}
	for _, id := range []string{session, foreign, "made-up", ""} {
		if status := ask(at, "jupyterhub-session-id="+id+"; "+at.client()+"="+value); status != http.StatusOK {
			t.Errorf("the owner's cookie in the session %.5q was answered %d", id, status)
		}
	}
	// After the owner's logout at the hub the cookie is worth nothing, in
	// whatever session it is shown.
	if _, err := alice.Get(t.Context(), "/hub/logout"); err != nil {
		t.Fatal(err)
	}
	if status := ask(at, "jupyterhub-session-id=new; "+at.client()+"="+value); status != http.StatusUnauthorized {
		t.Errorf("after the logout the cookie in a new session was answered %d", status)
	}
	for _, id := range []string{session, foreign, "made-up", ""} {
		eventually(t, func() error {
			if status := ask(at, "jupyterhub-session-id="+id+"; "+at.client()+"="+value); status != http.StatusUnauthorized {
				return errors.New("after the logout, and the end of the verdict, the cookie was answered " + fmt.Sprint(status))
			}
			return nil
		})
	}
}
