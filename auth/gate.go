// Package auth decides who is asking and whether they may: JupyterHub's OAuth
// login, tokens, scopes, and the gate that every request has to pass.
package auth

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

// The gate's own routes, below the server's prefix.
const (
	callbackRoute = "oauth_callback"
	logoutRoute   = "logout"
)

// loginAge is how long a sealed login is accepted, Tornado's figure for a
// signed cookie. The hub's own verdict on the token in it is much shorter.
const loginAge = 31 * 24 * time.Hour

// Config is what a Gate needs.
type Config struct {
	Environment Environment
	Hub         *hub.Client
	Log         *slog.Logger
	// Origins are further origins, such as https://portal.example.org, whose
	// pages may open websockets here and send state-changing requests; "*" is
	// every origin. Our own origin always may.
	Origins []string
	// OnlyUsers and OnlyGroups, if any are given, narrow down who may enter to
	// the users named and the members of the groups named.
	OnlyUsers, OnlyGroups []string
	// Identity is what the app is told of who is asking.
	Identity Identity
	// VerdictLifetime is how long the hub's word on a user is trusted, and
	// VerdictCacheSize how many verdicts are remembered; 0 is the default.
	VerdictLifetime  time.Duration
	VerdictCacheSize int
	// Observe, if set, is told every verdict.
	Observe func(Outcome)
}

// Gate stands before the app. It is safe for concurrent use.
type Gate struct {
	env      Environment
	hub      *hub.Client
	log      *slog.Logger
	access   access
	cookies  cookies
	sealer   *sealer
	verdicts *verdicts
	watches  watches
	// tokens and logins are limited apart, so that who floods one does not hold
	// up the other.
	tokenLimits, loginLimits *limits
	oauth                    *oauth2.Config
	origins                  origins
	identity                 Identity
	observe                  func(Outcome)
	now                      func() time.Time
	// limitLog keeps a flood of requests from being one of the log.
	limitLog rate.Sometimes
}

// NewGate makes the gate for a valid environment.
func NewGate(config Config) (*Gate, error) {
	env := config.Environment
	if err := env.Validate(); err != nil {
		return nil, err
	}
	allowed, err := newOrigins(env, config.Origins)
	if err != nil {
		return nil, err
	}
	sealer, err := newSealer(env.APIToken, time.Now)
	if err != nil {
		return nil, err
	}
	observe := config.Observe
	if observe == nil {
		observe = func(Outcome) {}
	}
	rule := newAccess(env, config.OnlyUsers, config.OnlyGroups)
	rule.announce(config.Log)
	gate := &Gate{
		env:         env,
		hub:         config.Hub,
		log:         config.Log,
		access:      rule,
		cookies:     newCookies(env),
		sealer:      sealer,
		tokenLimits: tokenLimits(),
		loginLimits: loginLimits(),
		oauth: &oauth2.Config{
			ClientID:     env.ClientID,
			ClientSecret: env.APIToken.Reveal(),
			// The browser goes to the public address, we to the internal one.
			Endpoint: oauth2.Endpoint{
				AuthURL:   env.HubURL("api/oauth2/authorize"),
				TokenURL:  config.Hub.URL("/oauth2/token"),
				AuthStyle: oauth2.AuthStyleInParams,
			},
			RedirectURL: env.CallbackURL,
		},
		origins:  allowed,
		identity: config.Identity,
		observe:  observe,
		now:      time.Now,

		limitLog: rate.Sometimes{First: 1, Interval: 10 * time.Second},
	}
	gate.verdicts = newVerdicts(config.Hub, time.Now)
	gate.verdicts.lifetime = cmp.Or(config.VerdictLifetime, DefaultVerdictLifetime)
	gate.verdicts.size = cmp.Or(config.VerdictCacheSize, DefaultVerdictCacheSize)
	gate.verdicts.grant = gate.grant
	gate.verdicts.heard = (&outage{log: config.Log, now: time.Now}).heard
	return gate, nil
}

// Routes are the handlers that the gate itself needs outside of it, by their
// names below the prefix.
func (g *Gate) Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		callbackRoute: g.callback,
		logoutRoute:   g.logout,
	}
}

// Wrap puts the gate before next. What next sees is authenticated, and has
// lost the cookies and the token by which it was.
func (g *Gate) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ruling := g.judge(r)
		g.observe(ruling.outcome)
		if ruling.outcome == Allowed {
			if g.persist(w, r, ruling) {
				return
			}
			g.scrub(r, ruling)
			next.ServeHTTP(w, withPass(r, ruling.pass, ruling.used.from))
			return
		}
		g.refuse(w, r, ruling)
	})
}

// HidesCookie says whether a cookie is between the hub, its servers and the
// browser, so that the app neither gets nor sets it.
func (g *Gate) HidesCookie(name string) bool { return g.cookies.isOurs(name) }

// ruling is the gate's finding on one request.
type ruling struct {
	outcome Outcome
	user    *hub.User
	used    candidate
	pass    *Pass // if allowed
	// stale says that a login cookie was sent that is of no use any more.
	stale bool
	err   error
}

// HasCredentials says whether a request carries anything that the gate would
// look at. A hub's probe does not.
func (g *Gate) HasCredentials(r *http.Request) bool {
	if len(g.tokens(r)) > 0 {
		return true
	}
	for name := range eachCookie(r.Header) {
		if name == g.cookies.login {
			return true
		}
	}
	return false
}

// judge finds out who asks and whether they may. Tokens come before the
// cookie, the first that the hub knows decides, and whatever is not clearly
// allowed is not.
func (g *Gate) judge(r *http.Request) ruling {
	session, logins := g.readCookies(r)
	var unanswered error
	for _, sent := range g.tokens(r) {
		found, err := g.verdictOnToken(r, session, sent)
		if err != nil {
			unanswered = err
			continue
		}
		if found.user != nil {
			return admit(found, sent)
		}
	}

	stale := false
	for _, value := range logins {
		sent := candidate{value, fromCookie}
		found, ok, err := g.verdictOnCookie(r, session, sent)
		switch {
		case !ok:
			continue
		case err != nil:
			unanswered = err
			continue
		case found.user == nil:
			stale = true
			continue
		}
		// A browser adds the cookie by itself, also when another site's page
		// makes the request, so the page must be one of ours.
		if !g.origins.allow(r) {
			return ruling{outcome: CrossOrigin, user: found.user}
		}
		return admit(found, sent)
	}
	switch {
	case errors.Is(unanswered, errLimited):
		return ruling{outcome: Limited, err: unanswered}
	case unanswered != nil:
		return ruling{outcome: Unavailable, err: unanswered}
	}
	return ruling{outcome: Anonymous, stale: stale}
}

// verdictOnToken asks about a token. Anybody can make one up, so there is a
// limit.
func (g *Gate) verdictOnToken(r *http.Request, session string, sent candidate) (verdict, error) {
	key := newVerdictKey(session, sent)
	if found, ok := g.verdicts.recall(key); ok {
		return found, found.err
	}
	return g.verdicts.find(r.Context(), key, sent.text, g.verdicts.lifetime, func() bool { return g.tokenLimits.permit(r, g.now()) })
}

// verdictOnCookie asks about the token in a cookie, and is not ok if the cookie
// is none of ours. Only we can make one that opens, so no limit is needed.
func (g *Gate) verdictOnCookie(r *http.Request, session string, sent candidate) (found verdict, ok bool, err error) {
	key := newVerdictKey(session, sent)
	if found, ok := g.verdicts.recall(key); ok {
		return found, true, found.err
	}
	token, err := g.sealer.open(g.cookies.login, sent.text, loginAge)
	if err != nil {
		return verdict{}, false, nil
	}
	found, err = g.verdicts.find(r.Context(), key, token, g.lifetime(session), always)
	return found, true, err
}

// lifetime is how long a cookie's verdict is trusted. Without the hub's session
// beside it, the end of that session would not be felt, so it is short.
func (g *Gate) lifetime(session string) time.Duration {
	if session == "" {
		return min(negativeAge, g.verdicts.lifetime)
	}
	return g.verdicts.lifetime
}

func always() bool { return true }

// admit lets in whoever has a pass.
func admit(found verdict, used candidate) ruling {
	if found.pass == nil {
		return ruling{outcome: Forbidden, user: found.user, used: used}
	}
	return ruling{outcome: Allowed, user: found.user, used: used, pass: found.pass}
}

// grant makes the pass of a user who may enter.
func (g *Gate) grant(key verdictKey, found verdict) *Pass {
	if !g.access.allows(found.user) {
		return nil
	}
	told := g.identity.describe(found.user, found.expires, g.log)
	return &Pass{
		Identity: told.header, query: told.query,
		gate: g, user: found.user, key: key, token: found.token, expires: found.expires,
	}
}

// readCookies finds the hub's session of this browser, and the login cookies as
// they were sent. There can be several of one name, from different paths.
func (g *Gate) readCookies(r *http.Request) (session string, logins []string) {
	usable := g.env.WebsocketCookie || !(page.IsUpgrade(r) || r.Header.Get("Sec-Fetch-Mode") == "websocket")
	hasSession := false
	for name, value := range eachCookie(r.Header) {
		switch {
		case name == sessionCookie && !hasSession:
			session, hasSession = value, true
		case name == g.cookies.login && usable && len(logins) < maxCandidates:
			logins = append(logins, value)
		}
	}
	return session, logins
}

// persist turns a token from a URL into a login cookie, as the hub's own
// servers do, so that the page's further requests work. Only a page may. It is
// sent on to the address without the token, which else would stay in the
// browser's history and be told by the Referer of all that the page loads.
func (g *Gate) persist(w http.ResponseWriter, r *http.Request, ruling ruling) (sentOn bool) {
	if ruling.used.from != fromURL || !page.IsNavigation(r) {
		return false
	}
	http.SetCookie(w, g.cookies.setLogin(r, g.sealer.seal(g.cookies.login, ruling.used.text)))
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	ruling.used.remove(r)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	g.sendTo(w, requestURI(r))
	return true
}

// sendTo redirects to a path here, and to the prefix if it is none.
func (g *Gate) sendTo(w http.ResponseWriter, next string) {
	w.Header().Set("Location", g.local(next)) // http.Redirect would clean the path
	w.WriteHeader(http.StatusFound)
}

// local is a target if it is a path here, and the prefix otherwise.
func (g *Gate) local(next string) string {
	if isLocal(next, g.env.ServicePrefix) {
		return next
	}
	return g.env.ServicePrefix
}

// scrub takes off the request what the app must not see.
func (g *Gate) scrub(r *http.Request, ruling ruling) {
	ruling.used.remove(r)
	removeCookies(r.Header, g.cookies.isOurs)
	setQuery(r, ruling.pass.query)
}
