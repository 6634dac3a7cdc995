package doctor

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// variable is one that a hub or its operator sets.
type variable struct {
	name string
	// since is the first hub that sets it; empty where it is old, or the
	// operator's own. Read from spawner.py of 1.5, 2.3, 3.1, 4.1, 5.5 and 6.1.
	since version
	// always says that a hub of that version sets it for every server, and not
	// to nothing, which some spawners leave out.
	always bool
}

var variables = []variable{
	{name: "JUPYTERHUB_API_TOKEN", always: true},
	{name: "JUPYTERHUB_CLIENT_ID", always: true},
	{name: "JUPYTERHUB_HOST"},
	{name: "JUPYTERHUB_OAUTH_CALLBACK_URL", always: true},
	{name: "JUPYTERHUB_OAUTH_SCOPES", since: version{major: 2}, always: true},
	{name: "JUPYTERHUB_OAUTH_ACCESS_SCOPES", since: version{major: 3}, always: true},
	{name: "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES", since: version{major: 3}},
	{name: "JUPYTERHUB_USER", always: true},
	{name: "JUPYTERHUB_SERVER_NAME"},
	{name: "JUPYTERHUB_API_URL", always: true},
	{name: "JUPYTERHUB_ACTIVITY_URL"},
	{name: "JUPYTERHUB_BASE_URL", always: true},
	{name: "JUPYTERHUB_SERVICE_PREFIX", always: true},
	{name: "JUPYTERHUB_SERVICE_URL", since: version{major: 2}, always: true},
	{name: "JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED", since: version{major: 4, minor: 1}},
	{name: "JUPYTERHUB_PUBLIC_URL", since: version{major: 5}},
	{name: "JUPYTERHUB_PUBLIC_HUB_URL", since: version{major: 5}},
	{name: "JUPYTERHUB_ACTIVITY_INTERVAL"}, {name: "JUPYTERHUB_ADMIN_ACCESS"},
	{name: "JUPYTERHUB_ALLOW_TOKEN_IN_URL"}, {name: "JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH"},
	{name: "JUPYTERHUB_ANYONE"}, {name: "JUPYTERHUB_COOKIE_OPTIONS"}, {name: "JUPYTERHUB_DEBUG"},
	{name: "JUPYTERHUB_DEFAULT_URL"}, {name: "JUPYTERHUB_DISABLE_USER_CONFIG"}, {name: "JUPYTERHUB_GROUP"},
	{name: "JUPYTERHUB_ROOT_DIR"}, {name: "JUPYTERHUB_SERVICE_NAME"}, {name: "JUPYTERHUB_SINGLEUSER_APP"},
	{name: "JUPYTERHUB_SSL_CERTFILE"}, {name: "JUPYTERHUB_SSL_CLIENT_CA"}, {name: "JUPYTERHUB_SSL_KEYFILE"},
	{name: "JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS"}, {name: "JUPYTERHUB_XSRF_ANONYMOUS_ID_HEADERS"},
}

func variableNames() []string {
	names := make([]string, len(variables))
	for i, v := range variables {
		names[i] = v.name
	}
	return names
}

const byASpawner = "Start this program by a JupyterHub spawner, which sets it; a script between the two has to pass the environment on."

// checkVariables looks at what the hub told us, without asking it.
func (e *examination) checkVariables(_ context.Context, report report) {
	problems := 0
	problem := func(status Status, message, advice string) {
		problems++
		report(status, message, advice)
	}
	e.misspelt(problem)
	if e.parseErr != nil {
		problem(Failed, sentence(e.parseErr), "Correct the variable where the server's environment is set: in the hub it is c.Spawner.environment, or the spawner's own class.")
	}
	switch {
	case !e.Auth:
	case e.noHub():
		problem(Failed, "None of the variables is set by which a hub tells a server what to do, so nobody can sign in.", "Start this program by a JupyterHub spawner; a script between the two has to pass the environment on. To serve everybody without a login, give --authtype=none.")
	default:
		e.missing(problem)
	}
	if e.parseErr == nil {
		e.contradictions(problem)
	}
	switch {
	case problems > 0:
	case e.get("JUPYTERHUB_API_TOKEN") == "":
		report(OK, "No hub started this server, and without authentication it needs none.", "")
	default:
		report(OK, fmt.Sprintf("The hub's variables are all there and fit together: %s, at %s.", e.who(), e.env.ServicePrefix), "")
	}
}

// noHub says that no hub, nor anybody in its place, has started this program.
func (e *examination) noHub() bool {
	for _, name := range []string{"JUPYTERHUB_API_TOKEN", "JUPYTERHUB_CLIENT_ID", "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_PREFIX"} {
		if e.get(name) != "" {
			return false
		}
	}
	return true
}

// who names the server by its variables.
func (e *examination) who() string {
	if service := e.get("JUPYTERHUB_SERVICE_NAME"); service != "" {
		return "the service " + service
	}
	if e.env.ServerName != "" {
		return fmt.Sprintf("the server %q of %s", e.env.ServerName, e.env.User)
	}
	return "the default server of " + e.env.User
}

// misspelt finds names that are nobody's but near to one that is missing, and
// values that somebody's quoting or copying has spoilt.
func (e *examination) misspelt(problem report) {
	known := variableNames()
	for _, pair := range e.Environ {
		name, value, _ := strings.Cut(pair, "=")
		// JUPYTER_HUB_…, JUPYTHERHUB_…: the first letters are all that has to
		// be right.
		if !strings.HasPrefix(strings.ToUpper(name), "JUP") {
			continue
		}
		if !slices.Contains(known, name) {
			if near := suggest.First(strings.ToUpper(name), known); near != "" && e.get(near) == "" {
				problem(Warning, fmt.Sprintf("%s is set, which nobody reads; %s is not.", name, near), fmt.Sprintf("If %s is meant, rename it.", near))
			}
			continue
		}
		switch trimmed := strings.TrimSpace(value); {
		case trimmed != value:
			problem(Failed, name+" begins or ends with white space, or a line break.", "Set it without: a file that is read into a variable often ends in a line break.")
		case len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0]:
			problem(Failed, name+" has quotation marks around its value.", "Set it without them: an env-file of Docker takes them for a part of the value.")
		}
	}
}

// missing finds what a login needs.
func (e *examination) missing(problem report) {
	for _, name := range []string{"JUPYTERHUB_API_TOKEN", "JUPYTERHUB_CLIENT_ID", "JUPYTERHUB_SERVICE_PREFIX"} {
		if value, set := e.lookup(name); value != "" {
			continue
		} else if set {
			problem(Failed, name+" is set, but empty.", byASpawner)
		} else {
			problem(Failed, name+" is not set, and without it there is no login by the hub.", byASpawner)
		}
	}
	if e.get("JUPYTERHUB_API_URL") == "" {
		problem(Warning, "JUPYTERHUB_API_URL is not set, so the hub is looked for at "+e.env.APIURL+".", byASpawner)
	}
	if e.parseErr != nil || e.env.APIToken == "" || e.env.ClientID == "" {
		return
	}
	if err := e.env.Validate(); err != nil {
		problem(Failed, sentence(err), "Hubs since 2.0 say by JUPYTERHUB_OAUTH_SCOPES who may enter, hubs since 3.0 by JUPYTERHUB_OAUTH_ACCESS_SCOPES, and older ones by JUPYTERHUB_USER.")
	}
}

// contradictions finds variables of which only one can be right.
func (e *examination) contradictions(problem report) {
	env := e.env
	if !strings.HasPrefix(env.ServicePrefix, env.BaseURL) {
		problem(Failed, fmt.Sprintf("JUPYTERHUB_SERVICE_PREFIX is %s, which is not below JUPYTERHUB_BASE_URL, %s.", env.ServicePrefix, env.BaseURL),
			"Both are the hub's to set: leave them out of c.Spawner.environment.")
	}
	if value := e.get("JUPYTERHUB_SERVICE_URL"); value != "" && env.APIToken != "" {
		if parsed, err := url.Parse(value); err == nil && slash(parsed.EscapedPath()) != env.ServicePrefix && slash(parsed.EscapedPath()) != "/" {
			problem(Warning, fmt.Sprintf("JUPYTERHUB_SERVICE_URL is for %s, but JUPYTERHUB_SERVICE_PREFIX is %s.", slash(parsed.EscapedPath()), env.ServicePrefix),
				"Only the latter is used for paths; one of the two belongs to another server.")
		}
	}
	if parsed, err := url.Parse(env.APIURL); err == nil && !strings.HasSuffix(strings.TrimRight(parsed.Path, "/"), "/hub/api") {
		problem(Warning, fmt.Sprintf("JUPYTERHUB_API_URL is %s, but a hub's ends in /hub/api.", env.APIURL), "Set c.JupyterHub.hub_connect_url to the address alone; the hub adds the path.")
	}
	if env.ActivityURL != "" && !strings.HasPrefix(env.ActivityURL, env.APIURL) {
		problem(Warning, fmt.Sprintf("JUPYTERHUB_ACTIVITY_URL, %s, is not below JUPYTERHUB_API_URL, %s.", env.ActivityURL, env.APIURL),
			"Activity goes to another address than all else; unless that is meant, leave both to the hub.")
	}
	if env.ActivityURL == "" && env.APIToken != "" && e.get("JUPYTERHUB_SERVICE_NAME") == "" {
		problem(Warning, "JUPYTERHUB_ACTIVITY_URL is not set, so no activity is reported, and a hub that stops idle servers takes this one for idle.", byASpawner)
	}
	if owner := env.PrefixOwner(); owner != "" && env.User != "" && owner != env.User {
		problem(Failed, fmt.Sprintf("JUPYTERHUB_USER is %s, but JUPYTERHUB_SERVICE_PREFIX, %s, is of %s.", env.User, env.ServicePrefix, owner),
			"The variables are of two servers; start this one by the hub alone.")
	}
	e.clientIsOurs(problem)
	e.scopesAreOurs(problem)
	e.filesAreComplete(problem)
}

// clientIsOurs compares the client's id with whom it should be of (JupyterHub
// user.py and services/service.py).
func (e *examination) clientIsOurs(problem report) {
	env, id := e.env, e.env.ClientID
	if id == "" {
		return
	}
	if service := e.get("JUPYTERHUB_SERVICE_NAME"); service != "" {
		if !strings.HasPrefix(id, "service-") {
			problem(Warning, fmt.Sprintf("JUPYTERHUB_CLIENT_ID is %s, but a service's begins with service-.", id), "Compare it with oauth_client_id of the service in the hub's configuration.")
		}
		return
	}
	if env.User == "" {
		return
	}
	want := "jupyterhub-user-" + quote(env.User)
	if env.ServerName != "" {
		want += "-" + quote(env.ServerName)
	}
	if id != want {
		problem(Warning, fmt.Sprintf("JUPYTERHUB_CLIENT_ID is %s, but that of %s is usually %s.", id, e.who(), want), "If logins fail, see what the check named login says; the hub sets the right one.")
	}
}

// quote escapes a name as the hub does (Python's urllib.parse.quote with
// safe=""), which leaves letters, digits and "_.-~" alone.
func quote(name string) string {
	return strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// scopesAreOurs wants one of the scopes by which visitors may enter to be of
// this very server.
func (e *examination) scopesAreOurs(problem report) {
	env := e.env
	if len(env.AccessScopes) == 0 || env.User == "" || e.get("JUPYTERHUB_SERVICE_NAME") != "" {
		return
	}
	ours := []string{"access:servers", "access:servers!user=" + env.User, "access:servers!server=" + env.User + "/" + env.ServerName}
	if !slices.ContainsFunc(env.AccessScopes, func(s string) bool { return slices.Contains(ours, s) }) {
		problem(Warning, fmt.Sprintf("JUPYTERHUB_OAUTH_ACCESS_SCOPES, %s, name another server than this one, %s.", strings.Join(env.AccessScopes, " "), e.who()),
			"Whoever holds none of them is refused, be it the owner. The hub sets the right ones; custom scopes need to be granted by a role.")
	}
}

// filesAreComplete wants all of the hub's internal TLS, or nothing of it.
func (e *examination) filesAreComplete(problem report) {
	var set, unset []string
	for _, name := range []string{"JUPYTERHUB_SSL_KEYFILE", "JUPYTERHUB_SSL_CERTFILE", "JUPYTERHUB_SSL_CLIENT_CA"} {
		if e.get(name) == "" {
			unset = append(unset, name)
		} else {
			set = append(set, name)
		}
	}
	if len(set) > 0 && len(unset) > 0 {
		problem(Failed, fmt.Sprintf("%s is set, but %s is not.", strings.Join(set, " and "), strings.Join(unset, " and ")),
			"With c.JupyterHub.internal_ssl the hub sets all three; a spawner that moves the files has to set them all.")
	}
	if len(set) == 3 && e.env.Bind != "" && !e.env.BindTLS {
		problem(Warning, "The files of the hub's internal TLS are given, but JUPYTERHUB_SERVICE_URL is http.", "This server will speak TLS; a hub that does not expect it cannot reach it.")
	}
}

// slash gives a path one slash at both ends.
func slash(path string) string {
	if trimmed := strings.Trim(path, "/"); trimmed != "" {
		return "/" + trimmed + "/"
	}
	return "/"
}

// sentence makes one of an error.
func sentence(err error) string { return capital(err.Error()) + "." }

func capital(text string) string {
	// A variable's, a flag's or a file's name stays as it is.
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
