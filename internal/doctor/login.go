package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// callbackRoute is where a visitor comes back to from the hub, below the
// prefix (auth/gate.go).
const callbackRoute = "oauth_callback"

// checkLogin asks the hub whether it knows us as an OAuth client.
//
// Its page for logins does not help: without a login it sends on to one,
// whoever asks. But it lets a client exchange a code that does not exist: one
// that it knows hears invalid_grant, another invalid_client (RFC 6749 section
// 5.2; JupyterHub 1.5 to 6.1, apihandlers/auth.py, OAuthTokenHandler). The code
// comes first there, so nothing is to be heard of the callback URL; that it
// must be the one the hub made, which is always the same, is all there is.
func (h *hubVisit) checkLogin(ctx context.Context, report report) {
	if !h.e.Auth {
		report(Skipped, "No login is asked for (--authtype=none).", "")
		return
	}
	h.checkCallback(report)
	if !after(ctx, h.answered, nil, report) {
		return
	}
	env := h.e.env
	if env.ClientID == "" || env.APIToken == "" {
		report(Skipped, "Not asked: see variables.", "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	answer, err := h.ask(ctx, http.MethodPost, "/oauth2/token", url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {env.ClientID},
		"client_secret": {env.APIToken.Reveal()},
		"redirect_uri":  {env.CallbackURL},
		"code":          {"no-such-code"},
	})
	if err != nil {
		report(Failed, fmt.Sprintf("The hub gave no answer on whether it knows the OAuth client %s: %s.", env.ClientID, clip(reason(err), 200)), "See the hub's log.")
		return
	}
	var said struct{ Error string }
	_ = json.Unmarshal(answer.body, &said) // what is no JSON says nothing
	switch said.Error {
	case "invalid_grant":
		report(OK, fmt.Sprintf("The hub knows the OAuth client %s by its secret.", env.ClientID), "")
	case "invalid_client":
		report(Failed, fmt.Sprintf("The hub does not know the OAuth client %s (JUPYTERHUB_CLIENT_ID), or JUPYTERHUB_API_TOKEN is not its secret: nobody can sign in.", env.ClientID),
			"If the token is fine by the check of that name, the client is another server's: start this one by the hub, which makes a client for it and sets both variables.")
	default:
		report(Warning, fmt.Sprintf("The hub answered %d to the question whether it knows the OAuth client %s, which says neither.", answer.status, env.ClientID), "Sign in with a browser to see; if it fails, see the hub's log.")
	}
}

// checkCallback compares the callback URL with the one that the hub knows us
// by (JupyterHub user.py and services/service.py): it compares byte by byte.
func (h *hubVisit) checkCallback(report report) {
	env := h.e.env
	if h.e.parseErr != nil || env.CallbackURL == "" {
		return
	}
	want := env.ServicePrefix + callbackRoute
	parsed, err := url.Parse(env.CallbackURL)
	switch {
	case err != nil || parsed.EscapedPath() != want || parsed.RawQuery != "":
		report(Failed, fmt.Sprintf("JUPYTERHUB_OAUTH_CALLBACK_URL is %s, but this server's is %s: the hub will call it a mismatching redirect URI, or send visitors to where nobody takes them in.", env.CallbackURL, want),
			"Leave it to the hub, which sets the right one. For a service, see its oauth_redirect_uri.")
	case parsed.Host == "" && env.Host != "":
		report(Warning, fmt.Sprintf("The hub uses subdomains (JUPYTERHUB_HOST is %s), but JUPYTERHUB_OAUTH_CALLBACK_URL, %s, has no host.", env.Host, env.CallbackURL), "Leave both to the hub, which sets what it knows this server by.")
	case parsed.Host != "" && env.PublicURL != nil && parsed.Host != env.PublicURL.Host:
		report(Warning, fmt.Sprintf("Visitors come to %s, but the hub sends them back to %s (JUPYTERHUB_OAUTH_CALLBACK_URL).", env.PublicURL.Host, parsed.Host), "Both should be one host, or the login's cookies get lost on the way. See c.JupyterHub.public_url and subdomain_host.")
	}
}
