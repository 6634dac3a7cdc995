package auth

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Environment is what the hub tells a single-user server by JUPYTERHUB_…
// variables (JupyterHub 2 to 6, spawner.py, get_env). It is parsed once.
type Environment struct {
	// APIToken is the server's own token and its OAuth client secret.
	APIToken Secret
	// APIURL is where the hub's API answers to us: an internal address.
	APIURL string
	// ActivityURL is where activity is reported; empty where it is not.
	ActivityURL string

	// Host is the public origin of the hub where subdomains are used, and
	// empty otherwise. BaseURL is the public path of the whole deployment.
	Host    string
	BaseURL string
	// PublicURL is the full public URL of this server, if the hub knows it.
	PublicURL *url.URL
	// ServicePrefix is the escaped path of this server, with a slash at both
	// ends. It is never decoded.
	ServicePrefix string
	// Bind is the host and port of JUPYTERHUB_SERVICE_URL, and empty if there
	// is none. BindTLS says that the hub will speak TLS to us.
	Bind    string
	BindTLS bool

	// ClientID is the OAuth client's name, and the cookie's.
	ClientID    string
	CallbackURL string
	// AccessScopes are alternatives: holding any of them gives access. It is
	// nil on hubs of before 2.0, where the owner and admins have access.
	AccessScopes []string
	// User owns the server; ServerName is empty for the default server.
	User       string
	ServerName string
	// Group, if not empty, is one whose members have access whatever their
	// scopes; Anyone gives it to every user of the hub. The hub sets neither:
	// they are the operator's.
	Group  string
	Anyone bool
	// AdminAccess gives the hub's admins access on hubs without scopes.
	AdminAccess bool

	Cookie CookieOptions
	// URLToken accepts ?token= in a URL; it is off since JupyterHub 5.
	URLToken bool
	// WebsocketCookie accepts the cookie on websockets; it is on by default.
	WebsocketCookie bool

	// TLSKey, TLSCert and TLSClientCA are files for the hub's internal TLS.
	TLSKey, TLSCert, TLSClientCA string
}

// Lookup finds an environment variable, as os.LookupEnv does.
type Lookup func(name string) (string, bool)

// ParseEnvironment reads the hub's variables. An error names the variable and
// says what was expected. Missing variables are no error here, as a server
// without authentication needs none: see Environment.Validate.
func ParseEnvironment(lookup Lookup) (Environment, error) {
	get := func(name string) string { value, _ := lookup(name); return value }
	env := Environment{
		APIToken:    Secret(get("JUPYTERHUB_API_TOKEN")),
		APIURL:      cmp.Or(get("JUPYTERHUB_API_URL"), "http://127.0.0.1:8081/hub/api"),
		ActivityURL: get("JUPYTERHUB_ACTIVITY_URL"),
		Host:        strings.TrimRight(get("JUPYTERHUB_HOST"), "/"),
		ClientID:    get("JUPYTERHUB_CLIENT_ID"),
		User:        get("JUPYTERHUB_USER"),
		ServerName:  get("JUPYTERHUB_SERVER_NAME"),
		Group:       get("JUPYTERHUB_GROUP"),
		AdminAccess: boolean(get("JUPYTERHUB_ADMIN_ACCESS"), false),
		URLToken:    boolean(get("JUPYTERHUB_ALLOW_TOKEN_IN_URL"), false),

		WebsocketCookie: boolean(get("JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH"), true),
		TLSKey:          get("JUPYTERHUB_SSL_KEYFILE"),
		TLSCert:         get("JUPYTERHUB_SSL_CERTFILE"),
		TLSClientCA:     get("JUPYTERHUB_SSL_CLIENT_CA"),
	}

	var err error
	if env.BaseURL, err = ParsePrefix("JUPYTERHUB_BASE_URL", get("JUPYTERHUB_BASE_URL")); err != nil {
		return env, err
	}
	if env.ServicePrefix, err = ParsePrefix("JUPYTERHUB_SERVICE_PREFIX", get("JUPYTERHUB_SERVICE_PREFIX")); err != nil {
		return env, err
	}
	env.CallbackURL = cmp.Or(get("JUPYTERHUB_OAUTH_CALLBACK_URL"), env.ServicePrefix+callbackRoute)
	if env.Host != "" {
		if _, err := origin("JUPYTERHUB_HOST", env.Host); err != nil {
			return env, err
		}
	}
	if public := get("JUPYTERHUB_PUBLIC_URL"); public != "" {
		if env.PublicURL, err = origin("JUPYTERHUB_PUBLIC_URL", public); err != nil {
			return env, err
		}
	}
	if env.Bind, env.BindTLS, err = bind(get("JUPYTERHUB_SERVICE_URL")); err != nil {
		return env, err
	}
	if env.AccessScopes, err = accessScopes(lookup); err != nil {
		return env, err
	}
	if env.Cookie, err = parseCookieOptions(get("JUPYTERHUB_COOKIE_OPTIONS")); err != nil {
		return env, err
	}
	env.Cookie.HostPrefix = boolean(get("JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED"), false)
	// Opening the door for everybody is worth a strict spelling.
	switch anyone := get("JUPYTERHUB_ANYONE"); anyone {
	case "", "0":
	case "1":
		env.Anyone = true
	default:
		return env, fmt.Errorf("JUPYTERHUB_ANYONE is %q, but is 1 (every user of the hub may enter) or 0", anyone)
	}
	return env, nil
}

// Validate says what is missing for authentication by the hub. Without a
// rule for who may enter, nobody could be kept out, so that is an error too.
func (e Environment) Validate() error {
	const hint = "start this program by a JupyterHub spawner, or give --authtype=none to serve everybody without a login"
	switch {
	case e.APIToken == "":
		return errors.New("JUPYTERHUB_API_TOKEN is not set, but authentication by the hub needs it: " + hint)
	case e.ClientID == "":
		return errors.New("JUPYTERHUB_CLIENT_ID is not set, but authentication by the hub needs it: " + hint)
	case e.AccessScopes == nil && e.User == "":
		return errors.New("neither JUPYTERHUB_OAUTH_ACCESS_SCOPES nor JUPYTERHUB_USER is set, so nobody would be the owner: " + hint)
	case e.AccessScopes != nil && len(newScopeRule(e.AccessScopes)) == 0:
		return fmt.Errorf("JUPYTERHUB_OAUTH_ACCESS_SCOPES holds no usable scope, so nobody could enter: %q", e.AccessScopes)
	}
	return nil
}

// PrefixOwner is the user whose server this is, as the prefix tells (JupyterHub
// user.py: /user/NAME/), and empty where it tells nothing, as for a service.
func (e Environment) PrefixOwner() string {
	rest, ok := strings.CutPrefix(e.ServicePrefix, e.BaseURL+"user/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	owner, err := url.PathUnescape(name)
	if err != nil {
		return ""
	}
	return owner
}

// PublicHost is the host and port by which browsers reach this server, and
// empty where the hub did not tell.
func (e Environment) PublicHost() string {
	if e.PublicURL != nil {
		return e.PublicURL.Host
	}
	return ""
}

// HubURL is the browser's address of a page of the hub, such as "home".
func (e Environment) HubURL(page string) string { return e.Host + e.BaseURL + "hub/" + page }

// ParsePrefix reads an escaped URL path and gives it a slash at both ends. An
// error calls the value by its name.
func ParsePrefix(name, value string) (string, error) {
	prefix := "/" + strings.Trim(value, "/") + "/"
	if prefix == "//" {
		return "/", nil
	}
	parsed, err := url.Parse(prefix)
	if err != nil || parsed.EscapedPath() != prefix || strings.Contains(prefix, "//") || strings.Contains(prefix, "/../") {
		return "", fmt.Errorf("%s is %q, which is not an escaped URL path like /user/ada/", name, value)
	}
	return prefix, nil
}

// origin reads an absolute http or https URL.
func origin(name, value string) (*url.URL, error) {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return nil, fmt.Errorf("%s is %q, which is not a URL like https://hub.example.org", name, value)
	}
	return parsed, nil
}

// bind reads the address to listen on from JUPYTERHUB_SERVICE_URL. A missing
// host means all interfaces, a missing port that of the scheme (JupyterHub
// singleuser/extension.py).
func bind(value string) (address string, tls bool, err error) {
	if value == "" {
		return "", false, nil
	}
	parsed, err := url.Parse(value)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return "", false, fmt.Errorf("JUPYTERHUB_SERVICE_URL is %q, which is not a URL like http://127.0.0.1:8888/user/ada/", value)
	}
	port := parsed.Port()
	switch {
	case port != "":
	case parsed.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(parsed.Hostname(), port), parsed.Scheme == "https", nil
}

// accessScopes finds the scopes of which one must be held, by the newest name
// that is set, and nil on hubs that know no scopes.
func accessScopes(lookup Lookup) ([]string, error) {
	for _, name := range []string{"JUPYTERHUB_OAUTH_ACCESS_SCOPES", "JUPYTERHUB_OAUTH_SCOPES"} {
		value, ok := lookup(name)
		if !ok || value == "" {
			continue
		}
		scopes := []string{}
		if err := json.Unmarshal([]byte(value), &scopes); err != nil || scopes == nil {
			return nil, fmt.Errorf("%s is %q, which is not a JSON list of scopes", name, value)
		}
		return scopes, nil
	}
	if service, _ := lookup("JUPYTERHUB_SERVICE_NAME"); service != "" {
		return []string{"access:services!service=" + service}, nil
	}
	return nil, nil
}

// boolean reads a switch as the hub's own code does (utils.py): unset is the
// default, "0" and "false" are off, everything else is on.
func boolean(value string, unset bool) bool {
	switch strings.ToLower(value) {
	case "":
		return unset
	case "0", "false":
		return false
	}
	return true
}
