package singleuser

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/process"
	"github.com/ideonate/jhsingle-native-proxy/proxy"
)

// serve wires the parts together and runs until a signal or the app's end.
func (p *program) serve() error {
	p.exit = exitUsage
	o := &p.options
	stderr := &lockedWriter{out: p.stderr}
	writer := newLogWriter(stderr, p.name)
	defer writer.Close()
	log := newLog(o, writer)
	env, err := p.hubEnvironment()
	if err != nil {
		return err
	}
	for _, name := range o.Strangers(p.environ) {
		log.Warn("this variable looks like a setting of ours, but is none", "variable", name)
	}
	identity := o.identity.build()
	var server *proxy.Server // is there before the app runs
	use := func() (int, time.Time) { return server.Use() }
	variables, err := o.variables(env.ServicePrefix)
	if err != nil {
		return err
	}
	app, err := p.newApp(env, variables, identity.Key, use, log, stderr)
	if err != nil {
		return err
	}
	internal, err := env.LoadTLS(log)
	if err != nil {
		return err
	}
	metrics := proxy.NewMetrics(p.version)
	client, err := hub.NewClient(env.APIURL, env.APIToken.Reveal(), metrics.HubTransport(internal.HubTransport()))
	if err != nil {
		return fmt.Errorf("JUPYTERHUB_API_URL: %w", err)
	}
	gate, err := newGate(o, env, identity, client, metrics, log)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	activity := &proxy.Activity{}
	hubVersion := &versionLearner{client: client, log: log, known: make(chan struct{})}
	config := proxy.Config{
		Prefix:         env.ServicePrefix,
		Gate:           gate,
		App:            app,
		Dial:           app.Dial,
		RequestTimeout: o.requestTimeout,
		Absolute:       o.absoluteURL,
		MapPath:        o.mapPath,
		RequestHeaders: o.requestHeaders,
		Variables:      variables,
		KeepLocation:   o.keepLocation,
		RawSocket:      o.rawSocket,
		MaxMessage:     int64(o.maxMessage),
		Policy:         o.contentPolicy,
		Activity:       activity,
		Metrics:        metrics,
		Log:            log,
		Version:        p.version,
	}
	if err := config.Check(); err != nil {
		return err
	}
	if p.report != nil {
		config.Launch = p.report.answer
	}
	underHub := env.APIToken != ""
	if underHub {
		config.HubPrefix = env.BaseURL + "hub/"
		config.HubVersion, config.HomeURL = hubVersion.get, env.HubURL("home")
	}

	for _, protect := range []func() error{process.AdoptOrphans, process.HideEnvironment} {
		if err := protect(); err != nil {
			log.Warn("going on with less protection", "error", err)
		}
	}
	p.exit = exitFault
	listener, err := listen(o.address(env.Bind, underHub), "--port or JUPYTERHUB_SERVICE_URL")
	if err != nil {
		return err
	}
	if internal != nil {
		listener = tls.NewListener(listener, internal.Server())
	}
	server = proxy.NewServer(config)
	failed := make(chan error, 2)
	if o.metricsAddress != "" {
		metricsListener, err := listen(o.metricsAddress, o.Subject("metrics-address"))
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		go serveMetrics(metricsListener, metrics, failed)
		log.Info("serving metrics", "address", metricsListener.Addr().String(), "path", "/metrics")
	}
	p.report.serves()
	go func() { failed <- server.Serve(listener) }()
	log.Info("listening", "version", p.version, "address", listener.Addr().String(), "prefix", env.ServicePrefix, "authtype", o.authType)

	if underHub {
		go hubVersion.learn(ctx)
	}
	startReporter(ctx, o, env, client, activity, log)
	p.exit, err = supervise(app, server, failed, o.shutdownTimeout, log)
	return err
}

// servicePrefix is the hub's variable that --base-url takes the place of.
const servicePrefix = "JUPYTERHUB_SERVICE_PREFIX"

// hubEnvironment is what the hub tells, with what our own settings put in its
// place.
func (p *program) hubEnvironment() (auth.Environment, error) {
	if p.options.baseURL == "" {
		return auth.ParseEnvironment(p.lookup)
	}
	if _, err := auth.ParsePrefix(p.options.Subject("base-url"), p.options.baseURL); err != nil {
		return auth.Environment{}, err
	}
	return auth.ParseEnvironment(p.withBaseURL)
}

func (p *program) withBaseURL(name string) (string, bool) {
	if name == servicePrefix {
		return p.options.baseURL, true
	}
	return p.lookup(name)
}

func startReporter(ctx context.Context, o *options, env auth.Environment, client *hub.Client, activity *proxy.Activity, log *slog.Logger) {
	if o.activityInterval == 0 || env.ActivityURL == "" || env.APIToken == "" {
		log.Debug("activity is not reported", "interval", o.activityInterval, "url", env.ActivityURL)
		return
	}
	go proxy.Reporter{
		Activity: activity,
		Interval: o.activityInterval,
		Force:    o.forceAlive,
		Log:      log,
		Send: func(ctx context.Context, at time.Time) error {
			return client.ReportActivity(ctx, env.ActivityURL, env.ServerName, at)
		},
	}.Run(ctx)
}

func serveMetrics(listener net.Listener, metrics *proxy.Metrics, failed chan<- error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	failed <- fmt.Errorf("the metrics server ended: %w", server.Serve(listener))
}
