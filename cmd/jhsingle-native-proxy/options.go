package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// options is the command line. Names and defaults are those of the Python
// program of the same name where it has them.
type options struct {
	port, destPort   int
	ip               string
	authType         string
	allowOrigins     []string
	allowUsers       []string
	allowGroups      []string
	verdictLifetime  int // seconds
	verdictCacheSize int
	userInfoHeader   bool
	userInfoQuery    bool
	identity         []string
	contentPolicy    string
	presentationPath string
	readyPath        string
	readyTimeout     int // seconds, as are the next two
	requestTimeout   int
	activityInterval int
	forceAlive       bool
	restart          restartPolicy
	passToken        bool
	metricsAddress   string
	logFormat        string
	debug, logs      bool
	progressive      bool
}

func (o *options) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.restart.RestartPolicy = process.OnFailure

	flags.IntVar(&o.port, "port", 0, "port to listen on (default: as JUPYTERHUB_SERVICE_URL says, else 8888)")
	flags.StringVar(&o.ip, "ip", "", "address to listen on (default: as JUPYTERHUB_SERVICE_URL says, else 127.0.0.1 under a hub and all without)")
	flags.IntVar(&o.destPort, "destport", 0, "port that the app listens on; 0 takes a free one")
	flags.StringVar(&o.authType, "authtype", "oauth", "oauth: a JupyterHub login is needed; none: everybody may enter")
	flags.StringArrayVar(&o.allowOrigins, "allow-origin", nil, "further `origin`, such as https://portal.example.org, whose pages may open websockets and send forms here; * is every one (repeatable)")
	flags.StringArrayVar(&o.allowUsers, "allow-user", nil, "of those who may enter, only this `user` does (repeatable, and together with --allow-group)")
	flags.StringArrayVar(&o.allowGroups, "allow-group", nil, "of those who may enter, only the members of this `group` do (repeatable)")
	flags.IntVar(&o.verdictLifetime, "verdict-lifetime", int(auth.DefaultVerdictLifetime/time.Second), "`seconds` for which the hub's word on a visitor is trusted; what is open longer is checked again")
	flags.IntVar(&o.verdictCacheSize, "verdict-cache-size", auth.DefaultVerdictCacheSize, "`number` of logins of which the hub's word is remembered")
	onOff(flags, &o.userInfoHeader, "forward-user-info", false, "tell the app who is asking, as JSON in the header X-CDSDASHBOARDS-JH-USER")
	onOff(flags, &o.userInfoQuery, "query-user-info", false, "tell the app the same in the query parameter CDSDASHBOARDS_JH_USER")
	flags.StringSliceVar(&o.identity, "forward-identity", nil, "tell the app who is asking by a `list` of user, email, groups (X-Forwarded-User, -Email, -Groups) and jwt (X-Forwarded-Identity, signed with the app's JHSINGLE_IDENTITY_KEY), or all")
	flags.StringVar(&o.contentPolicy, "content-security-policy", "", "`policy` for the app's answers that have no Content-Security-Policy of their own, such as \"frame-ancestors 'self'\"")
	flags.StringVar(&o.presentationPath, "presentation-path", "", "file or folder that the app shows, for {presentation_path}")
	flags.StringVar(&o.readyPath, "ready-check-path", "/", "path of the app that is asked until it gives any HTTP answer")
	flags.IntVar(&o.readyTimeout, "ready-timeout", 60, "`seconds` that the app has for its first answer")
	flags.IntVar(&o.requestTimeout, "request-timeout", 300, "`seconds` that the app may be silent while a request waits for it; 0 is for ever")
	flags.Var(&o.restart, "restart", "whether to start the app again when it ends by itself; never passes its exit code on")
	flags.IntVar(&o.activityInterval, "last-activity-interval", 300, "`seconds` between reports of activity to the hub; 0 is never")
	onOff(flags, &o.forceAlive, "force-alive", true, "report activity even where there was none, so that the hub does not stop an idle server")
	flags.BoolVar(&o.passToken, "pass-hub-token", false, "leave JUPYTERHUB_API_TOKEN in the app's environment")
	flags.StringVar(&o.metricsAddress, "metrics-address", "", "host:port where Prometheus metrics are served at /metrics (default: nowhere)")
	onOff(flags, &o.logs, "logs", true, "show what the app writes in our log")
	onOff(flags, &o.debug, "debug", false, "log every request and more")
	flags.StringVar(&o.logFormat, "log-format", "text", "text or json")
	onOff(flags, &o.progressive, "progressive", false, "accepted for compatibility: answers always stream")
	registerIgnored(flags)
}

// registerIgnored accepts the flags that hubs before 2.0 give to a single-user
// server (1.5, spawner.py, get_args) and that mean nothing to an app.
func registerIgnored(flags *pflag.FlagSet) {
	for _, name := range []string{
		"notebook-dir", "SingleUserNotebookApp.default_url", "SingleUserLabApp.default_url",
		"NotebookApp.default_url", "ServerApp.default_url", "disable-user-config",
	} {
		flags.String(name, "", "ignored")
		flag := flags.Lookup(name)
		flag.NoOptDefVal, flag.Hidden = "true", true
	}
}

// onOff adds a switch with a hidden --no- form.
func onOff(flags *pflag.FlagSet, target *bool, name string, value bool, usage string) {
	flags.BoolVar(target, name, value, usage+" (--no-"+name+" for the contrary)")
	flag := flags.VarPF(&negation{target}, "no-"+name, "", "the contrary of --"+name)
	flag.NoOptDefVal, flag.Hidden = "true", true
}

// negation is the value of a --no- flag.
type negation struct{ target *bool }

func (n *negation) Set(text string) error {
	value, err := strconv.ParseBool(text)
	if err == nil {
		*n.target = !value
	}
	return err
}
func (n *negation) String() string { return "" }
func (*negation) Type() string     { return "bool" }

// check finds values that no flag type excludes.
func (o *options) check(flags *pflag.FlagSet) error {
	ports := map[string]int{"port": o.port, "destport": o.destPort}
	for _, name := range []string{"port", "destport"} {
		if value := ports[name]; value < 0 || value > 65535 {
			return fmt.Errorf("--%s is %d, which is not a port: give 1 to 65535, or leave it out", name, value)
		}
	}
	seconds := map[string]int{"request-timeout": o.requestTimeout, "last-activity-interval": o.activityInterval}
	for _, name := range []string{"request-timeout", "last-activity-interval"} {
		if value := seconds[name]; value < 0 {
			return fmt.Errorf("--%s is %d, but cannot be negative", name, value)
		}
	}
	for _, name := range o.identity {
		if !slices.Contains(identityNames, name) {
			return fmt.Errorf("--forward-identity has %q, but knows %s", name, strings.Join(identityNames, ", "))
		}
	}
	for name, values := range map[string][]string{"allow-user": o.allowUsers, "allow-group": o.allowGroups} {
		if slices.Contains(values, "") {
			return fmt.Errorf("--%s is empty, but wants a name", name)
		}
	}
	switch {
	case o.verdictLifetime < 1 || o.verdictLifetime > 86400:
		return fmt.Errorf("--verdict-lifetime is %d, but is from 1 to 86400 seconds", o.verdictLifetime)
	case o.verdictCacheSize < 1 || o.verdictCacheSize > 1<<24:
		return fmt.Errorf("--verdict-cache-size is %d, but is from 1 to %d", o.verdictCacheSize, 1<<24)
	case strings.ContainsFunc(o.contentPolicy, unicode.IsControl):
		return fmt.Errorf("--content-security-policy is %q, which cannot stand in a header", o.contentPolicy)
	case o.readyTimeout <= 0:
		return fmt.Errorf("--ready-timeout is %d, but the app needs at least a second", o.readyTimeout)
	case o.authType != "oauth" && o.authType != "none":
		return fmt.Errorf("--authtype is %q, but is oauth or none", o.authType)
	case o.logFormat != "text" && o.logFormat != "json":
		return fmt.Errorf("--log-format is %q, but is text or json", o.logFormat)
	case !strings.HasPrefix(o.readyPath, "/") || strings.ContainsAny(o.readyPath, " \r\n\t"):
		return fmt.Errorf("--ready-check-path is %q, but is a URL path that begins with /", o.readyPath)
	}
	if o.metricsAddress != "" {
		if _, _, err := net.SplitHostPort(o.metricsAddress); err != nil {
			return fmt.Errorf("--metrics-address is %q, which is not host:port: %w", o.metricsAddress, err)
		}
	}
	return nil
}

// identityNames are what --forward-identity knows.
var identityNames = []string{"user", "email", "groups", "jwt", "all"}

// tells says whether the app is told something of a user's identity.
func (o *options) tells(name string) bool {
	return slices.Contains(o.identity, name) || slices.Contains(o.identity, "all")
}

// variables are the substitutions that are known before the start.
func (o *options) variables(prefix string) (process.Variables, error) {
	variables := process.Variables{
		"base_url":              strings.TrimSuffix(prefix, "/"),
		"presentation_path":     "",
		"presentation_dirname":  "",
		"presentation_basename": "",
	}
	if o.presentationPath == "" {
		return variables, nil
	}
	path := o.presentationPath
	if !filepath.IsAbs(path) {
		here, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("cannot make --presentation-path %q absolute: %w", path, err)
		}
		// Not cleaned: the Python program did not, and a last slash matters
		// to the folder's name.
		path = here + "/" + path
	}
	at := strings.LastIndexByte(path, '/')
	variables["presentation_path"] = path
	variables["presentation_basename"] = path[at+1:]
	variables["presentation_dirname"] = strings.TrimRight(path[:at+1], "/")
	if variables["presentation_dirname"] == "" {
		variables["presentation_dirname"] = "/"
	}
	return variables, nil
}

// listenAddress is where to listen: the flags win over the hub's wish, host
// and port each for itself. A hub that says nothing is one before 2.0, whose
// own server listens on loopback then (1.5, singleuser/mixins.py).
func (o *options) listenAddress(bind string, underHub bool) string {
	host, port := "", "8888"
	if underHub {
		host = "127.0.0.1"
	}
	if bind != "" {
		if h, p, err := net.SplitHostPort(bind); err == nil {
			host, port = h, p
		}
	}
	switch o.ip {
	case "":
	case "*":
		host = ""
	default:
		host = o.ip
	}
	if o.port != 0 {
		port = strconv.Itoa(o.port)
	}
	return net.JoinHostPort(host, port)
}

func (o *options) duration(seconds int) time.Duration { return time.Duration(seconds) * time.Second }
