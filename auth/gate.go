// Package auth decides who is asking and whether they may: JupyterHub's OAuth
// login, tokens, scopes, and the gate that every request has to pass.
package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

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
	oauth    *oauth2.Config
	origins  origins
	observe  func(Outcome)
	now      func() time.Time
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
	return &Gate{
		env:      env,
		hub:      config.Hub,
		log:      config.Log,
		access:   newAccess(env),
		cookies:  newCookies(env),
		sealer:   sealer,
		verdicts: newVerdicts(config.Hub, time.Now),
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
		origins: allowed,
		observe: observe,
		now:     time.Now,
	}, nil
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
			g.persist(w, r, ruling)
			g.scrub(r, ruling)
			next.ServeHTTP(w, r)
			return
		}
		g.refuse(w, r, ruling)
	})
}

// ruling is the gate's finding on one request.
type ruling struct {
	outcome Outcome
	user    *hub.User
	used    candidate
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
	session := g.session(r)
	var unanswered error
	for _, found := range g.tokens(r) {
		user, err := g.verdicts.user(r.Context(), session, found.token)
		if err != nil {
			unanswered = err
			continue
		}
		if user != nil {
			return g.admit(user, found)
		}
	}

	stale := false
	for _, token := range g.cookieTokens(r) {
		user, err := g.verdicts.user(r.Context(), session, token)
		if err != nil {
			unanswered = err
			continue
		}
		if user == nil {
			stale = true
			continue
		}
		// A browser adds the cookie by itself, also when another site's page
		// makes the request, so the page must be one of ours.
		if !g.origins.allow(r) {
			return ruling{outcome: CrossOrigin, user: user}
		}
		return g.admit(user, candidate{token, fromCookie})
	}
	if unanswered != nil {
		return ruling{outcome: Unavailable, err: unanswered}
	}
	return ruling{outcome: Anonymous, stale: stale}
}

func (g *Gate) admit(user *hub.User, used candidate) ruling {
	if !g.access.allows(user) {
		return ruling{outcome: Forbidden, user: user, used: used}
	}
	return ruling{outcome: Allowed, user: user, used: used}
}

// session is the hub's session of this browser, if it has one.
func (g *Gate) session(r *http.Request) string {
	for name, value := range eachCookie(r.Header) {
		if name == sessionCookie {
			return value
		}
	}
	return ""
}

// cookieTokens opens the login cookies. There can be several of one name,
// from different paths; those that we did not seal cost nothing.
func (g *Gate) cookieTokens(r *http.Request) []string {
	if !g.env.WebsocketCookie && r.Header.Get("Sec-Fetch-Mode") == "websocket" {
		return nil
	}
	var tokens []string
	seen := 0
	for name, value := range eachCookie(r.Header) {
		if name != g.cookies.login {
			continue
		}
		if seen++; seen > maxCandidates {
			break
		}
		if token, err := g.sealer.open(name, value, loginAge); err == nil {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// persist turns a token from a URL into a login cookie, as the hub's own
// servers do, so that the page's further requests work. Only a page may.
func (g *Gate) persist(w http.ResponseWriter, r *http.Request, ruling ruling) {
	if ruling.used.from == fromURL && page.IsNavigation(r) {
		http.SetCookie(w, g.cookies.setLogin(r, g.sealer.seal(g.cookies.login, ruling.used.token)))
	}
}

// scrub takes off the request what the app must not see.
func (g *Gate) scrub(r *http.Request, ruling ruling) {
	ruling.used.remove(r)
	removeCookies(r.Header, g.cookies.isOurs)
}

// refuse answers a request that may not pass.
func (g *Gate) refuse(w http.ResponseWriter, r *http.Request, ruling ruling) {
	if ruling.stale {
		http.SetCookie(w, g.cookies.clearLogin(r))
	}
	switch ruling.outcome {
	case Anonymous:
		switch {
		case page.IsNavigation(r):
			g.login(w, r)
		case page.IsUpgrade(r):
			page.Write(w, r, page.Page{
				Status: http.StatusForbidden, State: "anonymous", Title: "Not signed in",
				Message: "A websocket needs a login with JupyterHub. Open the page in a browser first, or send a token in the Authorization header.",
			})
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="JupyterHub"`)
			page.Write(w, r, page.Page{
				Status: http.StatusUnauthorized, State: "anonymous", Title: "Not signed in",
				Message: "This needs a login with JupyterHub. Open the page in a browser first, or send a token in the Authorization header.",
			})
		}
	case Forbidden:
		g.log.Warn("access refused", "user", ruling.user.Name, "kind", ruling.user.Kind, "path", r.URL.Path)
		page.Write(w, r, page.Page{
			Status: http.StatusForbidden, State: "forbidden",
			Title:   "You may not open this",
			Message: "You are signed in as " + ruling.user.Name + ", who has no access here. Ask the owner" + g.ownerName() + " to share it with you, or sign in as somebody else.",
			Actions: []page.Action{
				{Label: "JupyterHub home", URL: g.env.HubURL("home")},
				{Label: "Sign out", URL: g.env.ServicePrefix + logoutRoute},
			},
		})
	case CrossOrigin:
		g.log.Warn("cross-origin request refused", "user", ruling.user.Name, "path", r.URL.Path,
			"origin", r.Header.Get("Origin"), "host", r.Host, "site", r.Header.Get("Sec-Fetch-Site"))
		page.Write(w, r, page.Page{
			Status: http.StatusForbidden, State: "cross_origin", Title: "Refused: this came from another site",
			Message: "The request was made by a page of another origin. If that page is trusted, the operator can allow it with --allow-origin.",
		})
	default:
		g.unavailable(w, r, ruling.err)
	}
}

// unavailable says that the hub could not be asked. That is never a reason to
// let somebody in, nor to send them round a login that cannot work.
func (g *Gate) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, context.Canceled) {
		g.log.Error("cannot ask the hub who is asking", "error", err)
	}
	page.Write(w, r, page.Page{
		Status: http.StatusServiceUnavailable, State: "hub_unavailable", RetryAfter: 5,
		Title:   "JupyterHub does not answer",
		Message: "Your login cannot be checked just now. Try again in a moment; if this stays, tell the people who run this JupyterHub.",
		// An empty address is the page itself, so that no code or token of the
		// query is written into the page.
		Actions: []page.Action{{Label: "Try again", URL: ""}},
	})
}

func (g *Gate) ownerName() string {
	if g.env.User == "" {
		return ""
	}
	return ", " + g.env.User + ","
}

// Open is a gate that lets everybody in (--authtype=none). It still keeps the
// hub's cookies from the app.
type Open struct{ cookies cookies }

// NewOpen makes an open gate.
func NewOpen(env Environment) Open { return Open{newCookies(env)} }

// Routes of an open gate are none.
func (Open) Routes() map[string]http.HandlerFunc { return nil }

// HasCredentials is true: here, anything is enough.
func (Open) HasCredentials(*http.Request) bool { return true }

// Wrap puts the open gate before next.
func (o Open) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		removeCookies(r.Header, o.isOurs)
		next.ServeHTTP(w, r)
	})
}

// isOurs spares what only looks like ours when there is no client id.
func (o Open) isOurs(name string) bool {
	if strings.TrimPrefix(o.cookies.login, hostPrefix) == "" {
		return strings.HasPrefix(strings.TrimPrefix(name, hostPrefix), "jupyterhub-")
	}
	return o.cookies.isOurs(name)
}

// requestURI is the path and query that the visitor asked for, as sent.
func requestURI(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// isLocal says whether a URL is a path below prefix on this very origin, and
// nothing that a browser could take for another one.
func isLocal(target, prefix string) bool {
	if !strings.HasPrefix(target, prefix) || strings.HasPrefix(target, "//") || strings.ContainsAny(target, "\\") {
		return false
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] == 0x7f {
			return false
		}
	}
	parsed, err := url.Parse(target)
	return err == nil && parsed.Host == "" && parsed.Scheme == ""
}
