package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// stubHub answers as a JupyterHub would, and can be made to fail. What it
// imitates is tested on a real hub in test/.
type stubHub struct {
	*httptest.Server
	mu    sync.Mutex
	users map[string]string // token to user model
	codes map[string]string // code to token
	// challenge is the PKCE challenge of the last login, to be matched.
	challenge string
	down      int // status to fail with, if not 0
	asked     int
}

func newStubHub(t testing.TB) *stubHub {
	s := &stubHub{
		users: map[string]string{
			"ada-token":   `{"kind":"user","name":"ada@example.org","scopes":["access:servers!user=ada@example.org"]}`,
			"bob-token":   `{"kind":"user","name":"bob","scopes":["access:servers!user=bob"],"admin":true,"groups":["g"]}`,
			"old-token":   `{"kind":"user","name":"ada@example.org"}`,
			"wrong-token": `{"kind":"user","name":"ada@example.org","scopes":"access:servers"}`,
		},
		codes: map[string]string{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hub/api/user", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		model, ok := s.users[strings.TrimPrefix(r.Header.Get("Authorization"), "token ")]
		switch {
		case s.down != 0:
			w.WriteHeader(s.down)
		case !ok:
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"status":403,"message":"Missing or invalid credentials."}`)
		default:
			io.WriteString(w, model)
		}
	})
	mux.HandleFunc("POST /hub/api/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		digest := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		token, ok := s.codes[r.FormValue("code")]
		delete(s.codes, r.FormValue("code"))
		w.Header().Set("Content-Type", "application/json")
		switch {
		case s.down != 0:
			w.WriteHeader(s.down)
		case !ok || r.FormValue("client_secret") != "0123456789abcdef0123456789abcdef" ||
			r.FormValue("redirect_uri") != "/user/ada@example.org/lab/oauth_callback" ||
			base64.RawURLEncoding.EncodeToString(digest[:]) != s.challenge:
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"invalid_grant"}`)
		default:
			json.NewEncoder(w).Encode(map[string]string{"access_token": token, "token_type": "Bearer"})
		}
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// authorize does what the hub's authorize page does for a user.
func (s *stubHub) authorize(t testing.TB, location, token string) (callback string) {
	t.Helper()
	parsed, err := url.Parse(location)
	if err != nil || parsed.Path != "/hub/api/oauth2/authorize" {
		t.Fatalf("not sent to the hub but to %q", location)
	}
	query := parsed.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenge = query.Get("code_challenge")
	code := fmt.Sprintf("code-%d", len(s.codes)+1)
	s.codes[code] = token
	return query.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {query.Get("state")}}.Encode()
}

func (s *stubHub) fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = status
}

// world is a gate before an app that tells what it got.
type world struct {
	t       testing.TB
	hub     *stubHub
	gate    *Gate
	handler http.Handler
	// seen is the request that reached the app, nil if none did.
	seen *http.Request
	log  strings.Builder
	// verdicts are those observed.
	verdicts []Outcome
}

func newWorld(t testing.TB, change func(map[string]string), allowed ...string) *world {
	w := &world{t: t, hub: newStubHub(t)}
	vars := spawned()
	vars["JUPYTERHUB_API_URL"] = w.hub.URL + "/hub/api"
	if change != nil {
		change(vars)
	}
	env, err := ParseEnvironment(lookupIn(vars))
	if err != nil {
		t.Fatal(err)
	}
	client, err := hub.NewClient(env.APIURL, env.APIToken.Reveal(), http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	w.gate, err = NewGate(Config{
		Environment: env, Hub: client, Origins: allowed,
		Log:     slog.New(slog.NewTextHandler(&w.log, nil)),
		Observe: func(o Outcome) { w.verdicts = append(w.verdicts, o) },
	})
	if err != nil {
		t.Fatal(err)
	}
	app := w.gate.Wrap(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.seen = r
		io.WriteString(rw, "the app")
	}))
	w.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		path, _, _ := strings.Cut(strings.TrimPrefix(r.RequestURI, env.ServicePrefix), "?")
		if own, ok := w.gate.Routes()[path]; ok {
			own(rw, r)
			return
		}
		app.ServeHTTP(rw, r)
	})
	return w
}

const home = "/user/ada@example.org/lab/"

// do sends a request with the given "Name: value" headers.
func (w *world) do(method, target string, headers ...string) *http.Response {
	w.seen = nil
	r := httptest.NewRequest(method, "http://hub.example.org/", nil)
	r.RequestURI = target
	parsed, err := url.ParseRequestURI(target)
	if err != nil {
		w.t.Fatal(err)
	}
	r.URL = parsed
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

const navigate = "Sec-Fetch-Mode: navigate"

// signIn goes through the whole login, and returns the Cookie header of then.
func (w *world) signIn(token, target string) (cookie string, location string) {
	w.t.Helper()
	begin := w.do("GET", target, navigate)
	if begin.StatusCode != http.StatusFound {
		w.t.Fatalf("no redirect to the hub: %s", begin.Status)
	}
	callback := w.hub.authorize(w.t, begin.Header.Get("Location"), token)
	back := w.do("GET", callback, navigate, "Cookie: "+cookieHeader(begin))
	if back.StatusCode != http.StatusFound {
		body, _ := io.ReadAll(back.Body)
		w.t.Fatalf("no way back: %s\n%s", back.Status, body)
	}
	return cookieHeader(back), back.Header.Get("Location")
}

// cookieHeader is what a browser would send after a response.
func cookieHeader(resp *http.Response) string {
	var pairs []string
	for _, cookie := range resp.Cookies() {
		if cookie.MaxAge >= 0 {
			pairs = append(pairs, cookie.Name+"="+cookie.Value)
		}
	}
	return strings.Join(pairs, "; ")
}

func TestLoginComesBackToTheVeryURL(t *testing.T) {
	w := newWorld(t, nil)
	for _, target := range []string{home, home + "a%2Fb;c/%C3%A9?q=a%20b&x=%E2%82%AC&y", home + "?", home + "a//b/../c?d=/e"} {
		cookie, location := w.signIn("ada-token", target)
		if location != target {
			t.Errorf("came back to %q, want %q", location, target)
		}
		if resp := w.do("GET", target, navigate, "Cookie: "+cookie); resp.StatusCode != http.StatusOK || w.seen == nil {
			t.Errorf("not let in afterwards: %s", resp.Status)
		}
	}
}

func TestSecurityAppSeesNoCredentials(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	w.do("GET", home, "Cookie: a=1; "+cookie+"; jupyterhub-session-id=s; jupyterhub-hub-login=l; jupyterhub-user-ada%40example.org-lab-oauth-state-x=y; b=2")
	if got := w.seen.Header.Get("Cookie"); got != "a=1; b=2" {
		t.Errorf("the app sees the cookies %q", got)
	}
	w.do("GET", home, "Authorization: Bearer ada-token", "Cookie: a=1")
	if got := w.seen.Header.Get("Authorization"); got != "" {
		t.Errorf("the app sees the token %q", got)
	}
	w.do("GET", home, "Cookie: "+cookie, "Authorization: Basic dTpw")
	if got := w.seen.Header.Get("Authorization"); got != "Basic dTpw" {
		t.Errorf("the app's own Authorization became %q", got)
	}
}

func TestSecurityWhoMayPass(t *testing.T) {
	w := newWorld(t, nil)
	bob, _ := w.signIn("bob-token", home)
	upgrade := []string{"Upgrade: websocket", "Connection: Upgrade"}
	for _, test := range []struct {
		name    string
		method  string
		headers []string
		status  int
	}{
		{"owner's token", "GET", []string{"Authorization: token ada-token"}, 200},
		{"owner's bearer", "POST", []string{"Authorization: bearer ada-token"}, 200},
		{"nobody, page", "GET", []string{navigate}, 302},
		{"nobody, old browser", "GET", []string{"Accept: text/html"}, 302},
		{"nobody, script", "GET", []string{"Sec-Fetch-Mode: cors", "Accept: text/html"}, 401},
		{"nobody, old script", "GET", []string{"Accept: text/html", "X-Requested-With: XMLHttpRequest"}, 401},
		{"nobody, post", "POST", nil, 401},
		{"nobody, options", "OPTIONS", nil, 401},
		{"nobody, strange method", "BREW", nil, 401},
		{"nobody, websocket", "GET", upgrade, 403},
		{"nobody, websocket that claims to navigate", "GET", append(upgrade, navigate), 403},
		{"stranger, page", "GET", []string{navigate, "Cookie: " + bob}, 403},
		{"stranger, script", "POST", []string{"Cookie: " + bob}, 403},
		{"stranger, websocket", "GET", append(upgrade, "Cookie: "+bob), 403},
		{"stranger's token", "GET", []string{"Authorization: token bob-token"}, 403},
		{"unknown token", "GET", []string{"Authorization: token nobody"}, 401},
		{"token with a space", "GET", []string{"Authorization: token ada-token x"}, 401},
		{"basic", "GET", []string{"Authorization: Basic ada-token"}, 401},
		{"token in the URL is off", "GET", nil, 401},
		{"unsealed cookie", "GET", []string{"Cookie: jupyterhub-user-ada%40example.org-lab=ada-token"}, 401},
		{"model without scopes", "GET", []string{"Authorization: token old-token"}, 403},
		{"model with bad scopes", "GET", []string{"Authorization: token wrong-token"}, 503},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := w.do(test.method, home+"x?token=ada-token", test.headers...)
			if resp.StatusCode != test.status {
				t.Errorf("got %d, want %d", resp.StatusCode, test.status)
			}
			if (w.seen != nil) != (test.status == 200) {
				t.Errorf("the app was reached: %v", w.seen != nil)
			}
		})
	}
}

func TestTokenInTheURL(t *testing.T) {
	w := newWorld(t, func(v map[string]string) { v["JUPYTERHUB_ALLOW_TOKEN_IN_URL"] = "1" })
	// A script's goes on to the app without it.
	w.do("GET", home+"x?a=1&token=ada-token&b=%20", "Sec-Fetch-Mode: cors", "Referer: http://hub.example.org/x?token=ada-token")
	if w.seen == nil || w.seen.RequestURI != home+"x?a=1&b=%20" || w.seen.Header.Get("Referer") != "" {
		t.Fatalf("the app sees %v", w.seen)
	}
	// A page's becomes a login, and leaves the address.
	resp := w.do("GET", home+"x?a=1&token=ada-token&b=%20", navigate)
	if resp.StatusCode != 302 || resp.Header.Get("Location") != home+"x?a=1&b=%20" || w.seen != nil {
		t.Fatalf("got %s to %q", resp.Status, resp.Header.Get("Location"))
	}
	cookie := cookieHeader(resp)
	if resp := w.do("GET", home, "Cookie: "+cookie); resp.StatusCode != 200 {
		t.Errorf("the token was not kept as a login: %s", resp.Status)
	}
	if resp := w.do("GET", home+"?token=ada-token", "Sec-Fetch-Mode: cors"); len(resp.Cookies()) != 0 {
		t.Error("a script's token became a login")
	}
	// What is not a token of the hub's is the app's own.
	w.do("GET", home+"?token=of-the-app", "Cookie: "+cookie)
	if w.seen == nil || w.seen.RequestURI != home+"?token=of-the-app" {
		t.Errorf("the app's own parameter was lost")
	}
}

// With SameSite=Strict, the redirects after a click on another site end on a
// page of ours, from which the browser sends the cookie.
func TestStrictCookiesSurviveAClickOnAnotherSite(t *testing.T) {
	w := newWorld(t, func(v map[string]string) { v["JUPYTERHUB_COOKIE_OPTIONS"] = `{"samesite": "Strict"}` })
	target := home + "x?a=1&b=%22"
	begin := w.do("GET", target, navigate)
	if state := begin.Cookies()[0]; state.SameSite != http.SameSiteLaxMode {
		t.Errorf("the state cookie is %v", state)
	}
	back := w.do("GET", w.hub.authorize(t, begin.Header.Get("Location"), "ada-token"), navigate, "Cookie: "+cookieHeader(begin))
	body, _ := io.ReadAll(back.Body)
	if back.StatusCode != 200 || !strings.Contains(string(body), `<meta http-equiv="refresh" content="0;url=`+html.EscapeString(target)+`">`) {
		t.Errorf("got %s\n%s", back.Status, body)
	}
	for _, cookie := range back.Cookies() {
		if cookie.Name == w.gate.cookies.login && cookie.SameSite != http.SameSiteStrictMode {
			t.Errorf("the login cookie is %v", cookie)
		}
	}
}

func TestSecurityForgedCallback(t *testing.T) {
	w := newWorld(t, nil)
	begin := w.do("GET", home, navigate)
	callback := w.hub.authorize(t, begin.Header.Get("Location"), "ada-token")
	state := cookieHeader(begin)
	other := cookieHeader(w.do("GET", home, navigate))
	for _, test := range []struct {
		name, target, cookie string
		status               int
	}{
		{"no state cookie", callback, "", 403},
		{"the state of another login", callback, other, 403},
		{"no code", home + "oauth_callback?state=x", state, 400},
		{"no state", home + "oauth_callback?code=x", state, 400},
		{"the hub's error", home + "oauth_callback?error=access_denied&error_description=%3Cb%3Eno", state, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := w.do("GET", test.target, navigate, "Cookie: "+test.cookie)
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != test.status || strings.Contains(cookieHeader(resp), w.gate.cookies.login+"=") {
				t.Errorf("got %s, cookies %q", resp.Status, cookieHeader(resp))
			}
			if strings.Contains(string(body), "<b>no") {
				t.Error("the hub's text is not escaped")
			}
		})
	}
	// The right one works, once.
	if resp := w.do("GET", callback, navigate, "Cookie: "+state); resp.StatusCode != 302 {
		t.Fatalf("got %s", resp.Status)
	}
	if resp := w.do("GET", callback, navigate, "Cookie: "+state); resp.StatusCode != 403 {
		t.Errorf("a code was taken twice: %s", resp.Status)
	}
	if strings.Contains(w.log.String(), "code-") || strings.Contains(w.log.String(), "ada-token") {
		t.Errorf("the log holds a secret:\n%s", &w.log)
	}
}

func TestTwoLoginsAtOnceDoNotDisturbEachOther(t *testing.T) {
	w := newWorld(t, nil)
	first, second := w.do("GET", home+"1", navigate), w.do("GET", home+"2", navigate)
	both := "Cookie: " + cookieHeader(first) + "; " + cookieHeader(second)
	for i, begin := range []*http.Response{first, second} {
		back := w.do("GET", w.hub.authorize(t, begin.Header.Get("Location"), "ada-token"), navigate, both)
		if want := fmt.Sprint(home, i+1); back.Header.Get("Location") != want {
			t.Errorf("got %s to %q, want %q", back.Status, back.Header.Get("Location"), want)
		}
	}
}

func TestSecurityStateCookiesOfABrowserAreBounded(t *testing.T) {
	w := newWorld(t, nil)
	jar := map[string]string{}
	for range 50 {
		var pairs []string
		for name, value := range jar {
			pairs = append(pairs, name+"="+value)
		}
		for _, cookie := range w.do("GET", home, navigate, "Cookie: "+strings.Join(pairs, "; ")).Cookies() {
			if jar[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
				delete(jar, cookie.Name)
			}
		}
	}
	if len(jar) > maxStates {
		t.Errorf("%d state cookies, want at most %d", len(jar), maxStates)
	}
}

func TestSecurityOpenRedirect(t *testing.T) {
	for _, target := range []string{"//evil.example/", `/\evil.example/`, "/user/bob/", "https://evil.example/", "/x y", "/x\ty", "/\r\nX: y", ""} {
		if isLocal(target, "/user/ada/") || (isLocal(target, "/") && target != "/user/bob/") {
			t.Errorf("%q would be redirected to", target)
		}
	}
	if !isLocal("/user/ada/a%2Fb?c=//d", "/user/ada/") {
		t.Error("a plain path is refused")
	}
}

func TestSecurityCrossOrigin(t *testing.T) {
	w := newWorld(t, nil, "https://portal.example.org")
	cookie, _ := w.signIn("ada-token", home)
	upgrade := "Upgrade: websocket"
	for _, test := range []struct {
		name    string
		method  string
		headers []string
		status  int
	}{
		{"reading from anywhere", "GET", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, 200},
		{"websocket from elsewhere", "GET", []string{upgrade, "Origin: https://evil.example"}, 403},
		{"websocket from a sibling", "GET", []string{upgrade, "Origin: http://x.example.org", "Sec-Fetch-Site: same-site"}, 403},
		{"websocket from nowhere", "GET", []string{upgrade, "Origin: null"}, 403},
		{"websocket with two origins", "GET", []string{upgrade, "Origin: http://hub.example.org", "Origin: https://evil.example"}, 403},
		{"websocket from here", "GET", []string{upgrade, "Origin: http://hub.example.org"}, 200},
		{"websocket from the public host", "GET", []string{upgrade, "Origin: https://public.example.org", "X-Forwarded-Host: public.example.org"}, 200},
		{"websocket from the line before TLS", "GET", []string{upgrade, "Origin: http://hub.example.org", "X-Forwarded-Proto: https"}, 403},
		{"websocket from here by TLS that nobody tells of", "GET", []string{upgrade, "Origin: https://hub.example.org"}, 200},
		{"websocket of a program", "GET", []string{upgrade}, 200},
		{"websocket from a friend", "GET", []string{upgrade, "Origin: https://portal.example.org", "Sec-Fetch-Site: same-site"}, 200},
		{"form from elsewhere", "POST", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, 403},
		{"form from elsewhere without an origin", "POST", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"form from here with a blanked origin", "POST", []string{"Origin: null", "Sec-Fetch-Site: same-origin"}, 200},
		{"another upgrade from elsewhere", "GET", []string{"Upgrade: h2c", "Origin: https://evil.example"}, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := w.do(test.method, home, append(test.headers, "Cookie: "+cookie)...)
			if resp.StatusCode != test.status {
				t.Errorf("got %d, want %d", resp.StatusCode, test.status)
			}
		})
	}
	// A token was put on the request by a program, not by a browser.
	if resp := w.do("POST", home, "Origin: https://evil.example", "Authorization: token ada-token"); resp.StatusCode != 200 {
		t.Errorf("a token's request was refused: %s", resp.Status)
	}
}

func TestSecurityCookiesOfTheHubAreNotTheApps(t *testing.T) {
	w := newWorld(t, nil)
	env := w.gate.env
	for name, want := range map[string]bool{
		"jupyterhub-user-ada%40example.org-lab": true, "__Host-jupyterhub-user-ada%40example.org-lab": true,
		"jupyterhub-user-ada%40example.org-lab-oauth-state-x": true, "jupyterhub-session-id": true, "jupyterhub-hub-login": true,
		"_xsrf": false, "session": false, "": false, "jupyter": false,
	} {
		if got := w.gate.HidesCookie(name); got != want {
			t.Errorf("the gate: %q is %v", name, got)
		}
		if got := newOpen(t, env).HidesCookie(name); got != want {
			t.Errorf("the open gate: %q is %v", name, got)
		}
	}
}

func TestSecurityHubAwayIsNoOpenDoorAndNoLoginLoop(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	w.hub.fail(http.StatusInternalServerError)
	if resp := w.do("GET", home, "Cookie: "+cookie); resp.StatusCode != 200 {
		t.Errorf("who is in was put out: %s", resp.Status)
	}
	for _, status := range []int{500, 502, 429, 404, 302} {
		w.hub.fail(status)
		resp := w.do("GET", home, navigate, fmt.Sprintf("Authorization: token new-%d", status))
		if resp.StatusCode != http.StatusServiceUnavailable || w.seen != nil || resp.Header.Get("Retry-After") == "" {
			t.Errorf("hub says %d: got %s", status, resp.Status)
		}
	}
	w.hub.Close()
	if resp := w.do("GET", home, navigate, "Authorization: token another"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("hub is gone: got %s", resp.Status)
	}
}

func TestAnAppsOwnTokenDoesNotShutOutWhenTheHubIsAway(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	w.hub.fail(http.StatusBadGateway)
	if resp := w.do("GET", home, "Cookie: "+cookie, "Authorization: Bearer of-the-app"); resp.StatusCode != 200 {
		t.Errorf("got %s", resp.Status)
	}
}

func TestHubAwayInTheMiddleOfALoginCanBeTriedAgain(t *testing.T) {
	w := newWorld(t, nil)
	begin := w.do("GET", home, navigate)
	callback := w.hub.authorize(t, begin.Header.Get("Location"), "ada-token")
	state := "Cookie: " + cookieHeader(begin)
	w.hub.fail(http.StatusBadGateway)
	resp := w.do("GET", callback, navigate, state)
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusServiceUnavailable || len(resp.Cookies()) != 0 {
		t.Fatalf("got %s, cookies %v", resp.Status, resp.Cookies())
	}
	if strings.Contains(string(body), "code-") {
		t.Error("the code is in the page")
	}
}

func TestLogout(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	resp := w.do("GET", home+"logout", navigate, "Cookie: "+cookie)
	if resp.StatusCode != 302 || resp.Header.Get("Location") != "/hub/logout" {
		t.Errorf("got %s to %q", resp.Status, resp.Header.Get("Location"))
	}
	if cookies := resp.Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 || cookies[0].Path != home {
		t.Errorf("the cookie is not cleared: %v", cookies)
	}
	w.hub.mu.Lock()
	delete(w.hub.users, "ada-token") // the hub's logout revokes it
	w.hub.mu.Unlock()
	resp = w.do("GET", home, "Cookie: "+cookie)
	if resp.StatusCode != 401 || w.seen != nil {
		t.Errorf("the old cookie still opens: %s", resp.Status)
	}
	if cookies := resp.Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 {
		t.Errorf("the useless cookie is left: %v", cookies)
	}
}

func TestSecurityCookieTossedFromASiblingPath(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	asked := w.hub.asked
	tossed := strings.Repeat(w.gate.cookies.login+"=planted; ", maxCandidates-1)
	if resp := w.do("GET", home, "Cookie: "+tossed+cookie); resp.StatusCode != 200 {
		t.Errorf("got %s", resp.Status)
	}
	if w.hub.asked != asked {
		t.Errorf("the hub was asked %d times about planted cookies", w.hub.asked-asked)
	}
}

func TestLegacyHubWithoutScopes(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(map[string]string)
		token  string
		status int
	}{
		{"owner", nil, "old-token", 200},
		{"stranger who is admin", nil, "bob-token", 403},
		{"admin with admin access", func(v map[string]string) { v["JUPYTERHUB_ADMIN_ACCESS"] = "1" }, "bob-token", 200},
		{"member of the group", func(v map[string]string) { v["JUPYTERHUB_GROUP"] = "g" }, "bob-token", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(v map[string]string) {
				delete(v, "JUPYTERHUB_OAUTH_ACCESS_SCOPES")
				if test.change != nil {
					test.change(v)
				}
			})
			if resp := w.do("GET", home, "Authorization: token "+test.token); resp.StatusCode != test.status {
				t.Errorf("got %s, want %d", resp.Status, test.status)
			}
		})
	}
}

func TestWebsocketCookieCanBeSwitchedOff(t *testing.T) {
	w := newWorld(t, func(v map[string]string) { v["JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH"] = "0" })
	cookie, _ := w.signIn("ada-token", home)
	for _, mode := range []string{"Sec-Fetch-Mode: websocket", "X-Old-Browser: yes"} {
		if resp := w.do("GET", home, "Upgrade: websocket", mode, "Cookie: "+cookie); resp.StatusCode != 403 {
			t.Errorf("by cookie, %s: got %s", mode, resp.Status)
		}
	}
	if resp := w.do("GET", home+"?token=ada-token", "Upgrade: websocket", "Sec-Fetch-Mode: websocket"); resp.StatusCode != 200 {
		t.Errorf("by token: got %s", resp.Status)
	}
}

func TestHotPathAsksTheHubOnce(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	asked := w.hub.asked
	for range 1000 {
		w.do("GET", home, "Cookie: "+cookie)
	}
	if w.hub.asked != asked {
		t.Errorf("%d calls of the hub for 1000 requests", w.hub.asked-asked)
	}
}

func newOpen(t *testing.T, env Environment, origins ...string) Open {
	t.Helper()
	open, err := NewOpen(env, origins)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

func TestSecurityOpenGateRefusesWebsocketsOfOtherOrigins(t *testing.T) {
	for _, test := range []struct {
		method, upgrade, origin string
		allowed                 []string
		want                    int
	}{
		{"GET", "websocket", "https://evil.example", nil, 403},
		{"GET", "websocket", "null", nil, 403},
		{"GET", "websocket", "http://example.com", nil, 200}, // httptest's host
		{"GET", "websocket", "", nil, 200},
		{"GET", "websocket", "https://portal.example", []string{"https://portal.example"}, 200},
		{"GET", "websocket", "https://evil.example", []string{"*"}, 200},
		{"GET", "", "https://evil.example", nil, 200},
		{"POST", "", "https://evil.example", nil, 200}, // as both peers do: a browser keeps the answer from that page
	} {
		reached := 403
		handler := newOpen(t, Environment{ServicePrefix: "/"}, test.allowed...).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = 200 }))
		r := httptest.NewRequest(test.method, "/", nil)
		if test.upgrade != "" {
			r.Header.Set("Upgrade", test.upgrade)
		}
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if reached != test.want || w.Code != test.want {
			t.Errorf("%+v: got %d, %d", test, reached, w.Code)
		}
	}
}

func TestOpenGateKeepsTheHubsCookiesToo(t *testing.T) {
	var seen string
	handler := newOpen(t, Environment{ServicePrefix: "/"}).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("Cookie")
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "a=1; jupyterhub-session-id=s; __Host-jupyterhub-user-x=t")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	if seen != "a=1" {
		t.Errorf("the app sees %q", seen)
	}
}

// FuzzCallback looks for a callback that signs in without a login begun here.
func FuzzCallback(f *testing.F) {
	f.Add("code=a&state=b", "x=y")
	f.Add("error=a&error_description=%3Cscript%3E", "")
	f.Fuzz(func(t *testing.T, query, cookie string) {
		if strings.ContainsAny(query, "\x00\r\n \x7f#") {
			return
		}
		w := newWorld(t, nil)
		if _, err := url.ParseRequestURI(home + "oauth_callback?" + query); err != nil {
			return
		}
		resp := w.do("GET", home+"oauth_callback?"+query, navigate, "Cookie: "+cookie)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode < 400 || strings.Contains(cookieHeader(resp), w.gate.cookies.login) || strings.Contains(string(body), "<script>") {
			t.Errorf("got %s, %q", resp.Status, cookieHeader(resp))
		}
	})
}
