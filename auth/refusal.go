package auth

import (
	"net/http"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

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
		page.Write(w, r, crossOriginPage())
	case Limited:
		g.limited(w, r)
	default:
		g.unavailable(w, r)
	}
}

func crossOriginPage() page.Page {
	return page.Page{
		Status: http.StatusForbidden, State: "cross_origin", Title: "Refused: this came from another site",
		Message: "The request was made by a page of another origin. If that page is trusted, the operator can allow it with --allow-origin.",
	}
}

// limited turns away who would make us ask the hub too often.
func (g *Gate) limited(w http.ResponseWriter, r *http.Request) {
	g.limitLog.Do(func() {
		g.log.Warn("too many logins or unknown tokens: the hub is not asked about all of them", "address", visitorAddress(r), "path", r.URL.Path)
	})
	page.Write(w, r, page.Page{
		Status: http.StatusTooManyRequests, State: "limited", RetryAfter: 5, Reload: true,
		Title:   "Too many attempts to sign in",
		Message: "This page tries again by itself in a few seconds.",
		Actions: []page.Action{{Label: "Try again", URL: g.env.ServicePrefix}},
	})
}

// unavailable says that the hub could not be asked. That is never a reason to
// let somebody in, nor to send them round a login that cannot work.
func (g *Gate) unavailable(w http.ResponseWriter, r *http.Request) {
	page.Write(w, r, page.Page{
		Status: http.StatusServiceUnavailable, State: "hub_unavailable", RetryAfter: 5, Reload: true,
		Title:   "JupyterHub does not answer",
		Message: "Your login cannot be checked just now. This page tries again by itself every few seconds; if it stays, tell the people who run this JupyterHub.",
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
