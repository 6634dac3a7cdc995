package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/builder"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
	"github.com/ideonate/jhsingle-native-proxy/internal/web"
)

// serveCommand is the service: the page, the API, and the work.
func (p *program) serveCommand() *cobra.Command {
	o := &serveOptions{Places: setting.Places{Prefix: variablePrefix, Others: clientVariables}}
	command := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Run the Dashboards service of a JupyterHub: its page, its API, and the work",
		Long: `Runs the Dashboards service of a JupyterHub. The hub starts it, or it runs by
itself; "dashboard-builder hub-config" writes what the hub has to know of it.

Every flag can be given as an environment variable as well: DASHBOARD_BUILDER_STORE
for --store. The variables by which JupyterHub tells a service who it is
(JUPYTERHUB_...) are read; one that the hub does not start needs
JUPYTERHUB_API_TOKEN, or --service-token-file, and JUPYTERHUB_API_URL.`,
		Example: `  dashboard-builder serve --settings /etc/dashboard-builder.yaml --state /var/lib/dashboard-builder
  dashboard-builder serve --cloner docker --store postgres://dashboards@db/dashboards`,
		Args: wants(0, 0, "no arguments, only flags"),
	}
	o.register(command.Flags())
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.ReadEnvironment(cmd.Flags(), p.lookup); err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		return p.serve(cmd.Context(), o)
	}
	return command
}

// serve wires the parts together and runs until ctx ends.
func (p *program) serve(ctx context.Context, o *serveOptions) error {
	log := o.newLog(p.stderr)
	for _, name := range o.Strangers(p.environ) {
		log.Warn("this variable looks like a setting of ours, but is none", "variable", name)
	}
	lookup, err := o.serviceLookup(p.lookup)
	if err != nil {
		return err
	}
	env, err := auth.ParseEnvironment(lookup)
	if err != nil {
		return err
	}
	if env.APIToken == "" {
		return errors.New("the service has no token: have the hub start it, or give it the one that the hub knows by --service-token-file or JUPYTERHUB_API_TOKEN; see dashboard-builder hub-config --help")
	}
	if err := env.Validate(); err != nil {
		return err
	}
	set := settings.Default()
	if o.settingsFile != "" {
		if set, err = settings.Load(o.settingsFile); err != nil {
			return err
		}
	}
	p.began = true
	internal, err := env.LoadTLS(log)
	if err != nil {
		return err
	}
	metrics := newMetrics(version)
	client, err := hub.NewClient(env.APIURL, env.APIToken.Reveal(), internal.HubTransport())
	if err != nil {
		return fmt.Errorf("JUPYTERHUB_API_URL: %w", err)
	}
	if err := o.makeState(); err != nil {
		return err
	}
	alone, release, err := o.lockState()
	if err != nil {
		return err
	}
	defer release()
	kept, err := store.Open(ctx, o.storeURL(), log)
	if err != nil {
		return err
	}
	defer kept.Close()
	cloners, needsRunning, err := o.cloners(ctx, set, log)
	if err != nil {
		return err
	}
	camera, proxyURL, err := o.camera(env.APIToken.Reveal(), internal.HubTransport())
	if err != nil {
		return err
	}
	work := builder.New(builder.Config{
		Store: kept, Hub: client, HubURL: func(path string) string { return env.Host + path },
		Cloners: cloners, NeedsRunning: needsRunning,
		Signer: ticket.NewSigner(env.APIToken.Reveal()), Settings: set, Image: o.image,
		Camera: camera, ProxyURL: proxyURL, Alone: alone, Logger: log, Observe: metrics.job,
	})
	gate, err := auth.NewGate(auth.Config{Environment: env, Hub: client, Log: log, Observe: metrics.verdict})
	if err != nil {
		return err
	}
	key, err := hkdf.Key(sha256.New, []byte(env.APIToken.Reveal()), nil, "dashboard-builder forms v1", 32)
	if err != nil {
		return fmt.Errorf("cannot derive the key of the forms: %w", err)
	}
	handler, err := web.New(web.Config{
		Prefix: env.ServicePrefix, Service: work, Gate: gate, Visitor: visitor, ByHeader: auth.ByHeader,
		HubURL: env.HubURL, Key: key, Origins: o.origins, Health: kept.Ping, Observe: metrics.request,
		Version: version, Log: log,
	})
	if err != nil {
		return err
	}
	listener, err := listen(o.address, env.Bind)
	if err != nil {
		return err
	}
	if internal != nil {
		listener = tls.NewListener(listener, internal.Server())
	}
	servers := []*http.Server{newServer(handler, log)}
	listeners := []net.Listener{listener}
	if o.metricsAddress != "" {
		metricsListener, err := listen(o.metricsAddress, "")
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		servers, listeners = append(servers, newServer(metrics.handler(), log)), append(listeners, metricsListener)
	}
	log.Info("listening", "version", version, "address", listener.Addr().String(), "prefix", env.ServicePrefix)
	return runAll(ctx, work, servers, listeners, log)
}

// runAll serves and works until ctx ends or a server fails. The work is told to
// stop first, as those who watch it hold their connections as long.
func runAll(ctx context.Context, work *builder.Builder, servers []*http.Server, listeners []net.Listener, log *slog.Logger) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for i, server := range servers {
		running.Go(func() {
			if err := server.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				cancel(err)
			}
		})
	}
	work.Run(ctx)
	log.Info("stopping")
	last, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	for _, server := range servers {
		if err := server.Shutdown(last); err != nil {
			server.Close()
		}
	}
	running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// visitor is who asks, as the gate found out.
func visitor(ctx context.Context) (dashboard.Visitor, bool) {
	pass := auth.PassOf(ctx)
	if pass == nil || pass.User().Kind != "user" {
		return dashboard.Visitor{}, false // services have no dashboards
	}
	user := pass.User()
	return dashboard.Visitor{Name: user.Name, Admin: user.Admin, Groups: user.Groups, Token: pass.Token().Reveal()}, true
}

func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       5 * time.Minute, // the hub's proxy should be the one to close
		MaxHeaderBytes:    128 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
