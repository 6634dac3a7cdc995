// Package proxy is the way through: from the socket to the wrapped app and
// back, past the gate and the app's state.
package proxy

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// Gate decides who passes. Whatever it wraps is behind it.
type Gate interface {
	Wrap(next http.Handler) http.Handler
	// Routes are its own, outside of itself, by their names below the prefix.
	Routes() map[string]http.HandlerFunc
	// HidesCookie says whether a cookie of that name is between the hub, its
	// servers and the browser, so that the app may not set it.
	HidesCookie(name string) bool
	// HasCredentials says whether a request carries anything to be judged.
	HasCredentials(r *http.Request) bool
}

// Config is what a Server needs.
type Config struct {
	// Prefix is the escaped path below which everything is, with a slash at
	// both ends.
	Prefix string
	Gate   Gate
	App    App
	// Dial connects to the app.
	Dial func(context.Context) (net.Conn, error)
	// RequestTimeout is how long the app may do nothing while a request waits
	// for it; 0 is for ever.
	RequestTimeout time.Duration
	// Absolute has the app asked for the path with the prefix, rather than for
	// what is below it.
	Absolute bool
	// MapPath are paths below the prefix, as they are before the query, and the
	// paths for the app that they stand for, which may have a query.
	MapPath map[string]string
	// RequestHeaders are set on every request to the app, websockets' included.
	// Nobody else's header of that name gets there, and Host is the host that the
	// app is asked under. Their values are taken as they are, unless there are
	// Variables: then they can have {placeholders}, also {port} and
	// {unix_socket}, which are the app's at the time.
	RequestHeaders map[string]string
	Variables      process.Variables
	// KeepLocation leaves the app's redirects alone. Else those to an absolute
	// path, or to our own host, get the prefix in front, unless they are below
	// it, or below HubPrefix, such as /hub/, already. Nothing is done where
	// Absolute is set.
	KeepLocation bool
	HubPrefix    string
	// RawSocket says that the app speaks no HTTP: each websocket is a connection
	// to it, and carries its bytes.
	RawSocket bool
	// MaxMessage bounds a visitor's websocket message, in bytes as they are
	// sent; 0 is none. A larger one ends the websocket with 1009.
	MaxMessage int64
	// Policy is the Content-Security-Policy of the app's answers that have
	// none of their own; empty for none.
	Policy   string
	Activity *Activity
	Metrics  *Metrics
	Log      *slog.Logger
	// Version is this program's. HubVersion returns the hub's, and may wait
	// a moment for it; empty if it is not known.
	Version    string
	HubVersion func(context.Context) string
	// Launch, if set, says how the launch went to who may ask that in the hub's
	// probe, and nil to others.
	Launch func(*http.Request) any
	// HomeURL is the hub's home page in the browser; empty without a hub.
	HomeURL string
}

// handler builds the way of a request. Reading it from the end is reading the
// order: seen, turned away while we stop, sorted by route, judged, held while the
// app is away, passed.
func handler(config Config) (http.Handler, *drain, *Proxy) {
	rules, err := newRules(config)
	if err != nil {
		panic(err) // Check tells, before
	}
	door := doorman{app: config.App, use: &use{activity: config.Activity}, prefix: prefix(config.Prefix), homeURL: config.HomeURL, log: config.Log}
	pass := &Proxy{
		prefix:   prefix(config.Prefix),
		upstream: newUpstream(config.Dial),
		timeout:  config.RequestTimeout,
		activity: config.Activity,
		farewell: farewell,
		problem:  door.problem,
		policy:   config.Policy,

		hidesCookie: config.Gate.HidesCookie,

		rules:      rules,
		rawSocket:  config.RawSocket,
		maxMessage: config.MaxMessage,
		status:     config.App.Status,
		use:        door.use,
	}
	door.next = pass
	judged := config.Gate.Wrap(door)
	sorted := router{
		prefix: prefix(config.Prefix),
		routes: config.Gate.Routes(),
		probe:  probe(config),
		next:   introduce(config, judged),
	}
	stop := &drain{next: sorted, homeURL: config.HomeURL, emptied: make(chan struct{}, 1)}
	seen := newObserver(stop, config.Log, config.Metrics)
	seen.last = &stop.stopping
	return seen, stop, pass
}

// router finds our own routes, and turns away what is not below the prefix.
type router struct {
	prefix prefix
	routes map[string]http.HandlerFunc
	probe  func(w http.ResponseWriter, r *http.Request) bool
	next   http.Handler
}

// probeRoute is where the hub looks whether a server is up (user.py,
// wait_for_http_server on url_path_join(url, "api")).
const probeRoute = "api"

func (o router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, query, ok := splitTarget(r)
	if !ok {
		page.Write(w, r, page.Page{
			Status: http.StatusBadRequest, State: "bad_request", Title: "This is no address here",
			Message: "A request here is for a path that begins with " + string(o.prefix) + ".",
		})
		return
	}
	rest, ok := o.prefix.cut(path)
	if !ok {
		o.outside(w, r, path, query)
		return
	}
	name := rest[1:]
	if own, ok := o.routes[name]; ok {
		own(w, r)
		return
	}
	if name == probeRoute && o.probe(w, r) {
		return
	}
	o.next.ServeHTTP(w, r)
}

// outside answers what is not below the prefix: another spelling of it is
// sent to the right one, all else is not here.
func (o router) outside(w http.ResponseWriter, r *http.Request, path, query string) {
	if respelled, ok := o.prefix.canonical(path); ok {
		w.Header().Set("Location", respelled+query)
		w.WriteHeader(http.StatusPermanentRedirect) // keeps the method
		return
	}
	page.Write(w, r, page.Page{
		Status: http.StatusNotFound, State: "not_found", Title: "There is nothing at this address",
		Message: "The app is below " + string(o.prefix) + ".",
		Actions: []page.Action{{Label: "Open the app", URL: string(o.prefix)}},
	})
}

// introduce tells those who come to the bare prefix without credentials the
// hub's version, as one of them is the hub: before version 5 it looks there,
// and warns of a server without the header (_version.py, _check_version).
func introduce(config Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bare := len(r.Header["Cookie"]) == 0 && len(r.Header["Authorization"]) == 0
		if path, _, _ := splitTarget(r); bare && path == config.Prefix {
			setHubVersion(config, w, r)
		}
		next.ServeHTTP(w, r)
	})
}

func setHubVersion(config Config, w http.ResponseWriter, r *http.Request) {
	if config.HubVersion == nil {
		return
	}
	if version := config.HubVersion(r.Context()); version != "" {
		w.Header().Set("X-JupyterHub-Version", version)
	}
}

// probe answers the hub's question whether we are up, also while the app is
// not: the hub would stop us otherwise. A visitor's own request to the same
// path, with a login, is for the app once it is ready.
func probe(config Config) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		isProbe := (r.Method == http.MethodGet || r.Method == http.MethodHead) && !page.IsUpgrade(r)
		if !isProbe || (config.App.Status().State == process.Ready && config.Gate.HasCredentials(r)) {
			return false
		}
		setHubVersion(config, w, r)
		answer := struct {
			Version string `json:"version"`
			Launch  any    `json:"launch,omitempty"`
		}{Version: config.Version}
		if config.Launch != nil {
			answer.Launch = config.Launch(r)
		}
		page.WriteJSON(w, http.StatusOK, answer)
		return true
	}
}
