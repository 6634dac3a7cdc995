package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

const (
	// stateAge bounds one login, from the redirect to the way back.
	stateAge = 10 * time.Minute
	// maxStates bounds how many logins one browser has under way, as each
	// leaves a cookie and cookies fill a request.
	maxStates = 6
	// maxNext bounds the URL remembered in a cookie, of 4 KiB in all.
	maxNext = 2048
)

// loginState is what is remembered of one login under way. It is kept in the
// visitor's own browser, sealed, so that a restart in the middle loses nothing
// and a flood of visitors fills no memory of ours.
type loginState struct {
	State    string `json:"state"`
	Next     string `json:"next"`
	Verifier string `json:"verifier"`
}

// login sends the visitor to the hub (RFC 6749 section 4.1.1, RFC 7636), and
// remembers where to come back to.
func (g *Gate) login(w http.ResponseWriter, r *http.Request) {
	next := g.local(requestURI(r))
	if len(next) > maxNext {
		next = g.env.ServicePrefix
	}
	var random [16]byte
	rand.Read(random[:]) // never fails (crypto/rand)
	state := loginState{
		State:    base64.RawURLEncoding.EncodeToString(random[:]),
		Next:     next,
		Verifier: oauth2.GenerateVerifier(),
	}
	encoded, err := json.Marshal(state)
	if err != nil {
		g.fail(w, r, http.StatusInternalServerError, "The login could not be started", err)
		return
	}

	if names := g.stateCookies(r); len(names) >= maxStates {
		g.clearStates(w, r, names)
	}
	name := g.stateCookie(state.State)
	http.SetCookie(w, g.cookies.setState(r, name, g.sealer.seal(name, string(encoded)), stateAge))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, g.oauth.AuthCodeURL(state.State, oauth2.S256ChallengeOption(state.Verifier)), http.StatusFound)
}

// callback is where the hub sends the visitor back to (RFC 6749 section
// 4.1.2). It needs no login, and gives one only for a state that this very
// browser was given.
func (g *Gate) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		g.fail(w, r, http.StatusMethodNotAllowed, "This address is only for the way back from JupyterHub's login", nil)
		return
	}
	query := r.URL.Query()
	if query.Has("error") {
		reason := query.Get("error_description")
		if reason == "" {
			reason = query.Get("error")
		}
		g.fail(w, r, http.StatusBadRequest, "JupyterHub did not let you in: "+clip(reason, 300), nil)
		return
	}
	code, sent := query.Get("code"), query.Get("state")
	if code == "" || sent == "" {
		g.fail(w, r, http.StatusBadRequest, "The address lacks what JupyterHub's login adds to it", nil)
		return
	}

	state, err := g.readState(r, sent)
	if err != nil {
		// Two tabs, or a reload: who is in already just goes on.
		if g.judge(r).outcome == Allowed {
			http.Redirect(w, r, g.env.ServicePrefix, http.StatusFound)
			return
		}
		g.fail(w, r, http.StatusForbidden, "This login was not begun in this browser, or took more than ten minutes", err)
		return
	}

	if !g.loginLimits.permit(r, g.now()) {
		g.limited(w, r)
		return
	}
	token, err := g.exchange(r.Context(), code, state.Verifier)
	var refused *refusedCode
	if errors.As(err, &refused) {
		g.clearStates(w, r, []string{g.stateCookie(sent)})
		g.fail(w, r, http.StatusForbidden, refused.message, err)
		return
	}
	if err != nil {
		// The state is kept for when the hub is back: the page asks again.
		g.verdicts.heard(err)
		g.unavailable(w, r)
		return
	}
	// Code and state are used up; who holds the token, the gate finds out.
	g.clearStates(w, r, []string{g.stateCookie(sent)})
	sealed := g.sealer.seal(g.cookies.login, token)
	session, _ := g.readCookies(r)
	found, err := g.verdicts.find(r.Context(), newVerdictKey(session, candidate{sealed, fromCookie}), token, g.lifetime(session), always)
	if err == nil && found.user == nil {
		// Sent on, the visitor would be sent round in circles.
		g.fail(w, r, http.StatusForbidden, "JupyterHub gave a login that it does not know itself", nil)
		return
	}
	http.SetCookie(w, g.cookies.setLogin(r, sealed))
	if err == nil {
		g.log.Info("signed in", "user", found.user.Name, "kind", found.user.Kind, "allowed", found.pass != nil)
	}
	if g.cookies.options.sameSite == http.SameSiteStrictMode {
		// Somebody who followed another site's link came here by redirects of
		// that click, on which a browser sends no Strict cookie. From a page of
		// ours it does.
		page.Write(w, r, page.Page{
			Status: http.StatusOK, State: "signed_in", Title: "You are signed in",
			Message: "The app opens now.", NextURL: g.local(state.Next),
			Actions: []page.Action{{Label: "Open the app", URL: g.local(state.Next)}},
		})
		return
	}
	g.sendTo(w, state.Next)
}

// refusedCode says that the hub answered, and does not honour the code.
type refusedCode struct {
	message string
	err     error
}

func (r *refusedCode) Error() string { return "the hub refused the code: " + r.err.Error() }
func (r *refusedCode) Unwrap() error { return r.err }

// exchange trades the code for a token.
func (g *Gate) exchange(ctx context.Context, code, verifier string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, hubTimeout)
	defer cancel()
	token, err := g.oauth.Exchange(context.WithValue(ctx, oauth2.HTTPClient, g.hub.HTTP()), code, oauth2.VerifierOption(verifier))
	if err == nil {
		return token.AccessToken, nil
	}
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return "", errors.Join(hub.ErrUnavailable, err)
	}
	// The answer's body is not logged: it is the hub's, unbounded. Only an
	// error by RFC 6749 section 5.2 says something about the code; whatever
	// else stands before a hub may answer 4xx as well.
	told := errors.New(answer.Response.Status + " " + clip(answer.ErrorCode, 100))
	switch {
	case answer.ErrorCode == "invalid_client" || answer.ErrorCode == "unauthorized_client":
		return "", &refusedCode{"JupyterHub does not know this server any more: stop it there and start it again", told}
	case answer.ErrorCode != "" && answer.Response.StatusCode < 500:
		return "", &refusedCode{"JupyterHub did not accept the login: it may have been used already, or be too old", told}
	}
	return "", errors.Join(hub.ErrUnavailable, told)
}

// logout forgets the login here and goes on to the hub's logout. Being signed
// out by a foreign page is a nuisance, not a danger, so any GET will do, as
// with the hub's own servers.
func (g *Gate) logout(w http.ResponseWriter, r *http.Request) {
	_, logins := g.readCookies(r)
	for _, sealed := range logins {
		if token, err := g.sealer.open(g.cookies.login, sealed, loginAge); err == nil {
			g.verdicts.forget(token)
			g.watches.end(token, Ending{Reason: "signed out"})
		}
	}
	http.SetCookie(w, g.cookies.clearLogin(r))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, g.env.HubURL("logout"), http.StatusFound)
}

// readState finds what was remembered of the login that the hub names.
func (g *Gate) readState(r *http.Request, sent string) (loginState, error) {
	name := g.stateCookie(sent)
	seen := 0
	for found, value := range eachCookie(r.Header) {
		if found != name {
			continue
		}
		if seen++; seen > maxCandidates {
			break
		}
		opened, err := g.sealer.open(name, value, stateAge)
		if err != nil {
			continue
		}
		var state loginState
		if err := json.Unmarshal([]byte(opened), &state); err != nil {
			continue
		}
		if subtle.ConstantTimeCompare([]byte(state.State), []byte(sent)) == 1 {
			return state, nil
		}
	}
	return loginState{}, errors.New("no state cookie of this login")
}

// stateCookie names the cookie of one login. Each login has its own, so that
// two tabs do not disturb each other.
func (g *Gate) stateCookie(state string) string {
	if len(state) > 8 {
		state = state[:8]
	}
	return g.cookies.state + "-" + state
}

func (g *Gate) stateCookies(r *http.Request) []string {
	var names []string
	for name := range eachCookie(r.Header) {
		if strings.HasPrefix(name, g.cookies.state) {
			names = append(names, name)
		}
	}
	return names
}

func (g *Gate) clearStates(w http.ResponseWriter, r *http.Request, names []string) {
	for _, name := range names {
		http.SetCookie(w, g.cookies.clearState(r, name))
	}
}

// fail ends a login that cannot go on, with a way to try again.
func (g *Gate) fail(w http.ResponseWriter, r *http.Request, status int, message string, err error) {
	g.log.Warn("login failed", "status", status, "reason", message, "error", err)
	page.Write(w, r, page.Page{
		Status: status, State: "login_failed", Title: "Signing in did not work",
		Message: message + ".",
		Actions: []page.Action{
			{Label: "Try again", URL: g.env.ServicePrefix},
			{Label: "JupyterHub home", URL: g.env.HubURL("home")},
		},
	})
}

// clip bounds a text from outside.
func clip(text string, length int) string {
	if len(text) > length {
		return strings.ToValidUTF8(text[:length], "") + "…"
	}
	return text
}
