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
	next := requestURI(r)
	if !isLocal(next, g.env.ServicePrefix) || len(next) > maxNext {
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

	token, user, err := g.exchange(r.Context(), code, state.Verifier)
	if err == nil || errors.Is(err, errRefused) {
		// A state is of one use; it is kept only for a hub that was away.
		g.clearStates(w, r, []string{g.stateCookie(sent)})
	}
	switch {
	case errors.Is(err, errRefused):
		g.fail(w, r, http.StatusForbidden, "JupyterHub did not accept the login: it may have been used already, or be too old", err)
		return
	case err != nil:
		g.unavailable(w, r, err)
		return
	}
	g.verdicts.learn(g.session(r), token, user)
	http.SetCookie(w, g.cookies.setLogin(r, g.sealer.seal(g.cookies.login, token)))
	g.log.Info("signed in", "user", user.Name, "kind", user.Kind, "allowed", g.access.allows(user))
	next := state.Next
	if !isLocal(next, g.env.ServicePrefix) {
		next = g.env.ServicePrefix
	}
	w.Header().Set("Location", next) // http.Redirect would clean the path
	w.WriteHeader(http.StatusFound)
}

// errRefused says that the hub answered, and does not honour the code.
var errRefused = errors.New("the hub refused the code")

// exchange trades the code for a token, and asks whose it is.
func (g *Gate) exchange(ctx context.Context, code, verifier string) (string, *hub.User, error) {
	ctx, cancel := context.WithTimeout(ctx, hubTimeout)
	defer cancel()
	token, err := g.oauth.Exchange(context.WithValue(ctx, oauth2.HTTPClient, g.hub.HTTP()), code, oauth2.VerifierOption(verifier))
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode >= 400 && answer.Response.StatusCode < 500 {
			// The answer's body is not logged: it is the hub's, unbounded.
			return "", nil, errors.Join(errRefused, errors.New(answer.Response.Status+" "+clip(answer.ErrorCode, 100)))
		}
		return "", nil, errors.Join(hub.ErrUnavailable, err)
	}
	user, err := g.hub.Whoami(ctx, token.AccessToken)
	if errors.Is(err, hub.ErrNoUser) {
		return "", nil, errors.Join(errRefused, err)
	}
	return token.AccessToken, user, err
}

// logout forgets the login here and goes on to the hub's logout. Being signed
// out by a foreign page is a nuisance, not a danger, so any GET will do, as
// with the hub's own servers.
func (g *Gate) logout(w http.ResponseWriter, r *http.Request) {
	for _, token := range g.cookieTokens(r) {
		g.verdicts.forget(g.session(r), token)
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
