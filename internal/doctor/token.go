package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// checkToken asks the hub whose token ours is.
func (h *hubVisit) checkToken(ctx context.Context, report report) {
	defer close(h.known.done)
	if !after(ctx, h.answered, h.known, report) {
		return
	}
	env := h.e.env
	if env.APIToken == "" {
		h.known.blame = "variables"
		report(Skipped, "There is no token to ask the hub about: see variables.", "")
		return
	}
	client, err := hub.NewClient(env.APIURL, env.APIToken.Reveal(), h.transport)
	if err != nil {
		report(h.bad, sentence(err), "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	user, err := client.Whoami(ctx, env.APIToken.Reveal())
	switch {
	case errors.Is(err, hub.ErrNoUser):
		advice := "The hub revokes a server's token when the server stops, and makes a new one at each start: start the server again. If that does not help, the token is another hub's, or was set by hand."
		if legacy := h.e.get("JPY_API_TOKEN"); legacy != "" && legacy != env.APIToken.Reveal() {
			advice = "JPY_API_TOKEN, by which the hub gives the same token, is another: something has set JUPYTERHUB_API_TOKEN anew."
		}
		report(h.bad, "The hub knows nobody by JUPYTERHUB_API_TOKEN: it is wrong, expired or revoked.", advice)
		return
	case err != nil && isTimeout(err):
		report(h.bad, fmt.Sprintf("The hub did not say within %s whose token this is.", stepLimit), "The hub is overloaded, or hangs: see its log.")
		return
	case err != nil:
		report(h.bad, fmt.Sprintf("The hub could not say whose token this is: %s.", clip(err.Error(), 200)), "See the hub's log.")
		return
	}
	h.user, h.known.ok = user, true
	service := h.e.get("JUPYTERHUB_SERVICE_NAME")
	switch {
	case service != "" && user.Kind != "service":
		report(Warning, fmt.Sprintf("This is to be the service %s, but the token is of the user %s.", service, user.Name), "Compare api_token in the service's configuration.")
	case user.Kind == "service" && service == "":
		report(Warning, fmt.Sprintf("The token is of the service %s, not of a server.", user.Name), "A service acts with other rights than the server that the hub starts for a user: let the hub set JUPYTERHUB_API_TOKEN.")
	case user.Kind == "service" && user.Name != service:
		report(Warning, fmt.Sprintf("This is to be the service %s, but the token is of the service %s.", service, user.Name), "Compare api_token in the services' configuration.")
	case user.Kind == "service":
		report(OK, fmt.Sprintf("The token is of the service %s.", user.Name), "")
	case env.User != "" && user.Name != env.User:
		report(Failed, fmt.Sprintf("The token is of %s, but this is the server of %s (JUPYTERHUB_USER).", user.Name, env.User), "The variables are of two servers; start this one by the hub alone.")
	case h.isPersons():
		report(Warning, fmt.Sprintf("The token is one of %s for everything, not only for a server: it may start servers or make tokens.", user.Name), "Let the hub set JUPYTERHUB_API_TOKEN; a server needs far less. With c.Spawner.server_token_scopes, see whether so much is meant.")
	default:
		report(OK, fmt.Sprintf("The token is of %s, as made for a server.", user.Name), "")
	}
}

// isPersons says whether the token may do what only a user's own token should:
// start servers, or make more tokens (JupyterHub scopes.py).
func (h *hubVisit) isPersons() bool {
	return slices.ContainsFunc(h.user.Scopes, func(scope string) bool {
		base, _, _ := strings.Cut(scope, "!")
		return slices.Contains([]string{"servers", "admin:servers", "admin:users", "tokens", "users"}, base)
	})
}

// checkScopes looks at what the token may do, and who may enter.
func (h *hubVisit) checkScopes(ctx context.Context, report report) {
	if !after(ctx, h.known, nil, report) {
		return
	}
	env := h.e.env
	if !h.user.HasScopes {
		report(OK, "The hub knows no scopes, being older than 2.0: the owner and, if the hub says so, admins may enter.", "")
		return
	}
	if env.ActivityURL != "" && !h.holds("users:activity") {
		report(Warning, "The token lacks the scope users:activity, so the hub does not hear that this server is used.", "Where idle servers are stopped, this one will be. Add the scope to c.Spawner.server_token_scopes or to the token's role.")
		return
	}
	message := "The token may report activity."
	if env.ActivityURL == "" {
		message = "No activity is to be reported."
	}
	if h.e.Auth && len(env.AccessScopes) > 0 {
		message += fmt.Sprintf(" Visitors need one of %s.", strings.Join(env.AccessScopes, ", "))
	}
	if h.e.Auth && env.AccessScopes == nil {
		report(Warning, message+" The hub knows scopes, but does not say which let a visitor in, so only "+env.User+" may enter.",
			"The hub says so by JUPYTERHUB_OAUTH_ACCESS_SCOPES: see that the spawner passes it on.")
		return
	}
	report(OK, message, "")
}

// holds says whether the token has a scope, for whatever part of the hub.
func (h *hubVisit) holds(base string) bool {
	return slices.ContainsFunc(h.user.Scopes, func(scope string) bool {
		found, _, _ := strings.Cut(scope, "!")
		return found == base
	})
}

// tolerableSkew is how far two clocks may be apart without a word. An answer's
// Date alone is off by a second.
const tolerableSkew = 10 * time.Second

// checkClock compares our clock with the hub's.
func (h *hubVisit) checkClock(ctx context.Context, report report) {
	if !after(ctx, h.answered, nil, report) {
		return
	}
	switch root := h.root; {
	case root.date.IsZero():
		report(Skipped, "The hub's answer has no date to compare our clock with.", "")
	case root.skew.Abs() > tolerableSkew:
		direction := "behind"
		if root.skew < 0 {
			direction = "ahead of"
		}
		report(Warning, fmt.Sprintf("The clock here is %s %s the hub's.", root.skew.Abs().Round(time.Second), direction),
			"Logins and activity do not depend on it, but certificates, logs and much of what an app does. Set the clocks of both machines by a time server.")
	default:
		report(OK, "The clocks here and at the hub agree, to some seconds.", "")
	}
}
