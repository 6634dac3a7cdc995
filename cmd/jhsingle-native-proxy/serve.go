package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/process"
	"github.com/ideonate/jhsingle-native-proxy/proxy"
)

const (
	// drain is what running requests get at a shutdown; appGrace is what the
	// app gets then. Together they stay below the ten seconds after which
	// Docker kills, and the hub sends its next signal.
	drain    = 2 * time.Second
	appGrace = 6 * time.Second
)

// serve wires the parts together and runs until a signal or the app's end.
func serve(o options, argv []string, lookup auth.Lookup, environ []string, stderr io.Writer) (int, error) {
	log := newLog(o, stderr)
	env, err := auth.ParseEnvironment(lookup)
	if err != nil {
		return exitUsage, err
	}
	identity := newIdentity(o)
	app, err := newApp(o, argv, env, identity, environ, log, stderr)
	if err != nil {
		return exitUsage, err
	}
	internal, err := env.LoadTLS(log)
	if err != nil {
		return exitUsage, err
	}
	metrics := proxy.NewMetrics(version)
	client, err := hub.NewClient(env.APIURL, env.APIToken.Reveal(), metrics.HubTransport(internal.HubTransport()))
	if err != nil {
		return exitUsage, fmt.Errorf("JUPYTERHUB_API_URL: %w", err)
	}
	gate, err := newGate(o, env, identity, client, metrics, log)
	if err != nil {
		return exitUsage, err
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
		RequestTimeout: o.duration(o.requestTimeout),
		Policy:         o.contentPolicy,
		Activity:       activity,
		Metrics:        metrics,
		Log:            log,
		Version:        version,
	}
	underHub := env.APIToken != ""
	if underHub {
		config.HubVersion, config.HomeURL = hubVersion.get, env.HubURL("home")
	}

	for _, protect := range []func() error{process.AdoptOrphans, process.HideEnvironment} {
		if err := protect(); err != nil {
			log.Warn("going on with less protection", "error", err)
		}
	}
	listener, err := listen(o.listenAddress(env.Bind, underHub), "--port or JUPYTERHUB_SERVICE_URL")
	if err != nil {
		return exitFault, err
	}
	if internal != nil {
		listener = tls.NewListener(listener, internal.Server())
	}
	server := proxy.NewServer(config)
	failed := make(chan error, 2)
	if o.metricsAddress != "" {
		metricsListener, err := listen(o.metricsAddress, "--metrics-address")
		if err != nil {
			return exitFault, errors.Join(err, listener.Close())
		}
		go serveMetrics(metricsListener, metrics, failed)
		log.Info("serving metrics", "address", metricsListener.Addr().String(), "path", "/metrics")
	}
	go func() { failed <- server.Serve(listener) }()
	log.Info("listening", "version", version, "address", listener.Addr().String(), "prefix", env.ServicePrefix, "authtype", o.authType)

	if underHub {
		go hubVersion.learn(ctx)
	}
	startReporter(ctx, o, env, client, activity, log)
	return supervise(app, server, failed, log)
}

// supervise runs the app until it ends for good, a signal comes, or the
// server fails.
func supervise(app *process.App, server *proxy.Server, failed <-chan error, log *slog.Logger) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
	defer signal.Stop(signals)

	ended := make(chan process.Exit, 1)
	go func() { ended <- app.Run() }()
	shutdown := func() {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		server.Shutdown(ctx)
	}
	stopping := false
	for {
		select {
		case exit := <-ended:
			if stopping {
				log.Info("stopped")
				return 0, nil
			}
			shutdown()
			if exit.Success() {
				return 0, nil
			}
			return exit.ExitCode(), fmt.Errorf("the app %s", exit)
		case err := <-failed:
			if err != nil {
				app.Stop(syscall.SIGTERM)
				<-ended
				return exitFault, err
			}
		case got := <-signals:
			sig, ok := got.(syscall.Signal)
			if !ok {
				continue
			}
			switch {
			case sig != syscall.SIGINT && sig != syscall.SIGTERM && sig != syscall.SIGQUIT:
				app.Signal(sig)
			case stopping:
				app.Signal(sig) // the hub's next, more urgent, signal
			default:
				stopping = true
				log.Info("stopping", "signal", sig.String())
				go func() {
					shutdown()
					app.Stop(sig)
				}()
			}
		}
	}
}

func newApp(o options, argv []string, env auth.Environment, identity auth.Identity, environ []string, log *slog.Logger, stderr io.Writer) (*process.App, error) {
	variables, err := o.variables(env.ServicePrefix)
	if err != nil {
		return nil, err
	}
	if !o.passToken {
		// The token is the server's own: an app that has it can act as the
		// server towards the hub.
		environ = process.Environ(environ, "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")
	}
	environ = process.Environ(environ, identityKey) // one from outside is none of ours
	if identity.Key != "" {
		environ = append(environ, identityKey+"="+identity.Key.Reveal())
	}
	return process.New(process.Config{
		Command:      argv,
		Variables:    variables,
		OriginHost:   env.PublicHost(),
		Port:         o.destPort,
		Env:          environ,
		ReadyPath:    o.readyPath,
		ReadyTimeout: o.duration(o.readyTimeout),
		Restart:      o.restart.RestartPolicy,
		Grace:        appGrace,
		Orphans:      true,
		Log:          log,
		Output:       appOutput(o, log, stderr),
	})
}

// identityKey is the app's variable with the key of the signed identity.
const identityKey = "JHSINGLE_IDENTITY_KEY"

// newIdentity says what the app is told of who is asking. The key is made anew
// at each start: it is between us and our app.
func newIdentity(o options) auth.Identity {
	identity := auth.Identity{
		UserInfoHeader: o.userInfoHeader, UserInfoQuery: o.userInfoQuery,
		User: o.tells("user"), Email: o.tells("email"), Groups: o.tells("groups"),
	}
	if o.tells("jwt") {
		identity.Key = auth.Secret(rand.Text() + rand.Text())
	}
	return identity
}

func newGate(o options, env auth.Environment, identity auth.Identity, client *hub.Client, metrics *proxy.Metrics, log *slog.Logger) (proxy.Gate, error) {
	if o.authType == "none" {
		log.Warn("there is no authentication: everybody who reaches this address may use the app (--authtype=none)")
		return auth.NewOpen(env), nil
	}
	return auth.NewGate(auth.Config{
		Environment:      env,
		Hub:              client,
		Log:              log,
		Origins:          o.allowOrigins,
		OnlyUsers:        o.allowUsers,
		OnlyGroups:       o.allowGroups,
		Identity:         identity,
		VerdictLifetime:  o.duration(o.verdictLifetime),
		VerdictCacheSize: o.verdictCacheSize,
		Observe:          metrics.Verdict,
	})
}

func startReporter(ctx context.Context, o options, env auth.Environment, client *hub.Client, activity *proxy.Activity, log *slog.Logger) {
	if o.activityInterval == 0 || env.ActivityURL == "" || env.APIToken == "" {
		log.Debug("activity is not reported", "interval", o.activityInterval, "url", env.ActivityURL)
		return
	}
	go proxy.Reporter{
		Activity: activity,
		Interval: o.duration(o.activityInterval),
		Force:    o.forceAlive,
		Log:      log,
		Send: func(ctx context.Context, at time.Time) error {
			return client.ReportActivity(ctx, env.ActivityURL, env.ServerName, at)
		},
	}.Run(ctx)
}

// listen opens an address; by names what to change if it cannot be had.
func listen(address, by string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("cannot listen on %s: another program does already (%s says where)", address, by)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("cannot listen on %s: this user may not; ports below 1024 are often reserved (%s says where)", address, by)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w (%s says where)", address, err, by)
	}
	return listener, nil
}

func serveMetrics(listener net.Listener, metrics *proxy.Metrics, failed chan<- error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	failed <- fmt.Errorf("the metrics server ended: %w", server.Serve(listener))
}
