package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/builder"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/folder"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/git"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
	"github.com/ideonate/jhsingle-native-proxy/internal/thumbnail"
)

const variablePrefix = "DASHBOARD_BUILDER_"

// clientVariables are those of the commands that call the service.
var clientVariables = []string{variablePrefix + "URL", variablePrefix + "TOKEN", variablePrefix + "TOKEN_FILE"}

// serveOptions are the settings of serve: where things are. What people may do is
// in the settings' file.
type serveOptions struct {
	setting.Places

	address, metricsAddress string
	state, store            string
	settingsFile            string
	tokenFile               string
	origins                 []string

	cloner      string
	homes       string
	snapshots   string
	dockerHost  string
	containers  string
	images      string
	image       string
	git         string
	gitTokens   map[string]string
	browser     string
	browserArgs []string
	proxyURL    string
	systemUser  string
	debug       bool
	logFormat   string
}

func (o *serveOptions) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.cloner, o.git, o.logFormat, o.gitTokens = "folder", "auto", "text", map[string]string{}
	o.registerSettings(flags)
	o.registerStore(flags)
	flags.StringVar(&o.address, "address", "", "`host:port` to listen on (default: as JUPYTERHUB_SERVICE_URL says, else 127.0.0.1:10101)")
	flags.StringVar(&o.metricsAddress, "metrics-address", "", "`host:port` where Prometheus metrics are served at /metrics (default: nowhere)")
	flags.StringVar(&o.tokenFile, "service-token-file", "", "`file` with the service's token, where the hub does not start it and JUPYTERHUB_API_TOKEN is not set")
	flags.StringSliceVar(&o.origins, "allow-origin", nil, "further `origins` by which browsers reach the hub, where a proxy changes the Host header")
	flags.Var(setting.Choice(&o.cloner, "folder", "docker", "none"), "cloner", "how servers are cloned: folder copies a user's files, docker commits a container, none clones git repositories only")
	flags.StringVar(&o.homes, "homes", "/home/{username}", "`folder` of a user's files, for --cloner folder; {username} is replaced, and {tljh} by what The Littlest JupyterHub calls the user")
	flags.StringVar(&o.systemUser, "system-user", "", "`name` of the system's user that an owner's servers run as, such as {username}, or {tljh} on The Littlest JupyterHub: snapshots are made with that user's rights, and are theirs; needs root (default: our own user)")
	flags.StringVar(&o.snapshots, "snapshots", "", "`folder` for snapshots (default: snapshots in --state)")
	flags.StringVar(&o.dockerHost, "docker-host", "", "`address` of the Docker engine (default: DOCKER_HOST, else its usual socket)")
	flags.StringVar(&o.containers, "containers", "", "`template` of the containers' names, as c.DockerSpawner.name_template (default: DockerSpawner's)")
	flags.StringVar(&o.images, "images", "", "`name` that the images of snapshots begin with (default: dashboards)")
	flags.StringVar(&o.image, "image", "", "`image` that dashboards run in which are not cloned from a container (default: the spawner's own)")
	flags.Var(setting.Choice(&o.git, "auto", "clone", "pin", "none"), "git", "how repositories are cloned: clone copies them when a dashboard is built, pin notes the commit that its server then fetches; auto is clone with --cloner folder, else pin")
	flags.Var(setting.Pairs(o.gitTokens, nil), "git-token", "`HOST=FILE`: file with a token for the private repositories of a host; whoever may make dashboards can then clone all that it opens (repeatable)")
	flags.StringVar(&o.browser, "thumbnails", "", "`program` that takes pictures of dashboards for the list, a Chromium, such as /usr/bin/chromium (default: none are taken)")
	flags.StringArrayVar(&o.browserArgs, "thumbnails-argument", nil, "further `argument` of it, such as --no-sandbox where it is root in a container of its own (repeatable)")
	flags.StringVar(&o.proxyURL, "proxy-url", "", "`URL` at which this service reaches the hub's proxy, for --thumbnails, such as http://127.0.0.1:8000")
	flags.Var(setting.Choice(&o.logFormat, "text", "json"), "log-format", "how the log is written")
	setting.OnOff(flags, &o.debug, "debug", false, "log more")
}

func (o *serveOptions) registerSettings(flags *pflag.FlagSet) {
	flags.StringVar(&o.settingsFile, "settings", "", "YAML `file` with what people may do and choose (see deploy/dashboard-builder.yaml)")
}

// registerStore adds what says where dashboards are kept, for all commands that
// look there themselves.
func (o *serveOptions) registerStore(flags *pflag.FlagSet) {
	flags.StringVar(&o.state, "state", "", "`folder` for what is kept: the SQLite file, and snapshots (default: STATE_DIRECTORY, else dashboard-builder in the working directory)")
	flags.StringVar(&o.store, "store", "", "`URL` of the database: sqlite:///path, or postgres://... for several replicas (default: an SQLite file in --state)")
}

func (o *serveOptions) check() error {
	for _, each := range []struct{ name, value string }{{"address", o.address}, {"metrics-address", o.metricsAddress}} {
		if each.value == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(each.value); err != nil {
			return o.Wrong(each.name, "is %q, which is not host:port", each.value)
		}
	}
	if o.systemUser != "" && os.Geteuid() != 0 {
		return o.Wrong("system-user", "is %q, which needs root, and this program runs as the user %d", o.systemUser, os.Geteuid())
	}
	if o.cloner == "folder" && account.Placeholder(o.homes) == "" {
		return o.Wrong("homes", "is %q, which should have {username} once (or {tljh}), so that not all users have the same files", o.homes)
	}
	if parsed, err := url.Parse(o.proxyURL); o.proxyURL != "" && (err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https")) {
		return o.Wrong("proxy-url", "is %q, which is not a URL like http://127.0.0.1:8000", o.proxyURL)
	}
	if o.browser != "" && o.proxyURL == "" {
		return o.Wrong("thumbnails", "needs --proxy-url, by which the pictures are taken")
	}
	if o.cloner == "none" && o.git == "none" {
		return o.Wrong("git", "is none, as --cloner is: then there is nothing to make dashboards of")
	}
	return nil
}

func (o *serveOptions) newLog(out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if o.debug {
		options.Level = slog.LevelDebug
	}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// serviceLookup is the environment, with what a hub would tell a service that it
// starts.
func (o *serveOptions) serviceLookup(lookup auth.Lookup) (auth.Lookup, error) {
	token := ""
	if o.tokenFile != "" {
		content, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return nil, o.Wrong("service-token-file", "cannot be read: %w", err)
		}
		if token = strings.TrimSpace(string(content)); token == "" || len(token) > 1000 || strings.ContainsAny(token, " \t\r\n") {
			return nil, o.Wrong("service-token-file", "is %q, which does not hold one token", o.tokenFile)
		}
	}
	get := func(name string) string { value, _ := lookup(name); return value }
	name := cmp.Or(get("JUPYTERHUB_SERVICE_NAME"), "dashboards")
	base := "/" + strings.Trim(get("JUPYTERHUB_BASE_URL"), "/") + "/"
	defaults := map[string]string{
		"JUPYTERHUB_API_TOKEN":      token,
		"JUPYTERHUB_SERVICE_NAME":   name,
		"JUPYTERHUB_SERVICE_PREFIX": strings.Replace(base+"services/"+url.PathEscape(name)+"/", "//", "/", 1),
		"JUPYTERHUB_CLIENT_ID":      "service-" + name,
	}
	return func(variable string) (string, bool) {
		if value, ok := lookup(variable); ok && value != "" {
			return value, true
		}
		value, ok := defaults[variable]
		return value, ok && value != ""
	}, nil
}

// findState says where the folder of what is kept is.
func (o *serveOptions) findState() (err error) {
	if o.state == "" {
		o.state = cmp.Or(os.Getenv("STATE_DIRECTORY"), "dashboard-builder") // systemd.exec(5)
	}
	if o.state, err = filepath.Abs(o.state); err != nil {
		return o.Wrong("state", "cannot be found: %w", err)
	}
	o.snapshots = cmp.Or(o.snapshots, filepath.Join(o.state, "snapshots"))
	return nil
}

// makeState makes it.
func (o *serveOptions) makeState() error {
	if err := o.findState(); err != nil {
		return err
	}
	// Others may pass through to snapshots that are theirs, and look at nothing.
	if err := os.MkdirAll(o.state, 0o711); err != nil { // #nosec G301 -- as the line above says
		return o.Wrong("state", "cannot be made: %w", err)
	}
	return nil
}

// lockState makes sure that one process only works on an SQLite file, which then
// need not wait before it takes up what another one left behind.
func (o *serveOptions) lockState() (alone bool, release func(), err error) {
	if strings.HasPrefix(o.store, "postgres") {
		return false, func() {}, nil
	}
	lock, err := os.OpenFile(filepath.Join(o.state, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, nil, o.Wrong("state", "cannot be written: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return false, nil, o.Wrong("state", "is %q, which another dashboard-builder serve is using. Stop that one, or give --store a PostgreSQL database for both", o.state)
	}
	return true, func() { lock.Close() }, nil
}

func (o *serveOptions) storeURL() string {
	return cmp.Or(o.store, "sqlite://"+filepath.Join(o.state, "dashboards.sqlite"))
}

// cloners are those that the options ask for.
func (o *serveOptions) cloners(ctx context.Context, set settings.Settings, log *slog.Logger) (all map[dashboard.SourceKind]dashboard.Cloner, needsRunning bool, err error) {
	all = map[dashboard.SourceKind]dashboard.Cloner{}
	files := folder.Config{
		Root: o.snapshots, Homes: o.homes, Log: log,
		Limits: folder.Limits{Bytes: int64(set.Limits.SnapshotSize), Files: set.Limits.SnapshotFiles},
	}
	if o.systemUser != "" {
		if files.As, err = account.System(o.systemUser); err != nil {
			return nil, false, o.Wrong("system-user", "is %q: %w", o.systemUser, err)
		}
	}
	switch o.cloner {
	case "folder":
		made, err := folder.New(files)
		if err != nil {
			return nil, false, err
		}
		all[dashboard.FromServer] = made
	case "docker":
		made, err := docker.New(docker.Config{
			Host: o.dockerHost, Container: o.containers, Repository: o.images,
			MaxBytes: files.Limits.Bytes, MaxFiles: files.Limits.Files, Log: log,
		})
		if err != nil {
			return nil, false, err
		}
		all[dashboard.FromServer], needsRunning = made, true
	}
	if o.git != "none" {
		made, err := git.New(git.Config{Root: o.snapshots, Pin: o.pins(), Limits: files.Limits, As: files.As, Tokens: o.gitTokens, Log: log})
		if err != nil {
			return nil, false, err
		}
		all[dashboard.FromGit] = made
	}
	return all, needsRunning, nil
}

// pins says whether repositories are only pinned: a copy of ours is of use to
// servers on this machine only.
func (o *serveOptions) pins() bool {
	return o.git == "pin" || o.git == "auto" && o.cloner != "folder"
}

// camera takes pictures, if that is wanted.
func (o *serveOptions) camera(token string, transport http.RoundTripper) (builder.Camera, *url.URL, error) {
	if o.browser == "" {
		return nil, nil, nil
	}
	program, err := exec.LookPath(o.browser)
	if err != nil {
		return nil, nil, o.Wrong("thumbnails", "is %q, which is no program here: %w", o.browser, err)
	}
	base, err := url.Parse(o.proxyURL)
	if err != nil {
		return nil, nil, o.Wrong("proxy-url", "is no URL: %w", err)
	}
	return thumbnail.Camera{
		Program: program, Arguments: o.browserArgs, Token: token, Transport: thumbnail.Through(base, transport),
	}, base, nil
}

// listen opens an address, else what the hub said, else the usual one.
func listen(address, byHub string) (net.Listener, error) {
	address = cmp.Or(address, byHub, "127.0.0.1:10101")
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("cannot listen on %s: another program does already", address)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	return listener, nil
}
