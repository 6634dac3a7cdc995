package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// hubVisit is the way to the hub, step by step. Each step waits for the one
// that it builds on, and its findings say no more than its own.
type hubVisit struct {
	e *examination
	// bad is how much a hub that cannot be used matters.
	bad Status

	url     *url.URL
	address string // host:port
	files   *auth.TLS
	fileErr error
	// transport is how all of this program calls the hub.
	transport *http.Transport

	resolved, connected, secured, answered, known *step

	root rootAnswer
	user *hub.User
}

// rootAnswer is what the hub's API said of itself.
type rootAnswer struct {
	version string
	date    time.Time
	// skew is how far that date is ahead of our clock.
	skew time.Duration
}

// step is one that others build on.
type step struct {
	name string
	done chan struct{}
	// Once done is closed, ok says that it went well, and blame names the check
	// that did not if it did not.
	ok    bool
	blame string
}

func newStep(name string) *step { return &step{name: name, blame: name, done: make(chan struct{})} }

func newHubVisit(e *examination) *hubVisit {
	h := &hubVisit{
		e: e, bad: Failed,
		resolved: newStep("hub address"), connected: newStep("hub connection"), secured: newStep("hub certificate"),
		answered: newStep("hub answer"), known: newStep("token"),
	}
	if !e.Auth {
		h.bad = Warning // only activity depends on it
	}
	// Its log is for files that change later.
	h.files, h.fileErr = e.env.LoadTLS(slog.New(slog.DiscardHandler))
	if h.fileErr != nil {
		h.files = nil
	}
	h.transport = h.files.HubTransport()
	h.transport.DisableKeepAlives = true
	return h
}

// after waits for an earlier step, and says whether it went well. If not, that
// is all there is to find, and a step of which others are after hands on whom
// to blame.
func after(ctx context.Context, earlier, own *step, report report) bool {
	select {
	case <-earlier.done:
	case <-ctx.Done():
		report(Skipped, fmt.Sprintf("Not looked at: the check named %s took all of the time.", earlier.name), "")
		return false
	}
	if !earlier.ok {
		report(Skipped, fmt.Sprintf("Not looked at: see %s.", earlier.blame), "")
		if own != nil {
			own.blame = earlier.blame
		}
	}
	return earlier.ok
}

// checkAddress finds the hub's IP address.
func (h *hubVisit) checkAddress(ctx context.Context, report report) {
	defer close(h.resolved.done)
	switch {
	case !h.e.Auth && h.e.env.APIToken == "":
		report(Skipped, "There is no hub: no login is asked for, and no hub started this server.", "")
		return
	case h.e.noHub():
		h.resolved.blame = "variables"
		report(Skipped, "No hub has said where it is: see variables.", "")
		return
	}
	parsed, err := url.Parse(h.e.env.APIURL)
	if err != nil || parsed.Hostname() == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		report(h.bad, fmt.Sprintf("JUPYTERHUB_API_URL is %q, which is not a URL like http://127.0.0.1:8081/hub/api.", h.e.env.APIURL), "The hub sets it, by c.JupyterHub.hub_connect_url or hub_connect_ip.")
		return
	}
	h.url = parsed
	port := parsed.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[parsed.Scheme]
	}
	h.address = net.JoinHostPort(parsed.Hostname(), port)
	if net.ParseIP(parsed.Hostname()) != nil {
		h.resolved.ok = true
		report(OK, fmt.Sprintf("The hub's API is at %s, an address that needs no name server.", h.e.env.APIURL), "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, parsed.Hostname())
	if err != nil {
		message, advice := fmt.Sprintf("The hub's name, %s (JUPYTERHUB_API_URL), has no address: %s.", parsed.Hostname(), dnsReason(err)),
			"It has to be one by which the hub is known from here (c.JupyterHub.hub_connect_ip). In Docker, hub and server have to share a network that was made for them; in Kubernetes the name is that of the hub's service."
		if notFound := (*net.DNSError)(nil); !errors.As(err, &notFound) || !notFound.IsNotFound {
			advice = "The name server gave no answer: look at /etc/resolv.conf, and at network policies that keep this server from it."
		}
		report(h.bad, message, advice)
		return
	}
	h.resolved.ok = true
	report(OK, fmt.Sprintf("The hub's API is at %s, and %s is %s.", h.e.env.APIURL, parsed.Hostname(), strings.Join(addresses, ", ")), "")
}

func dnsReason(err error) string {
	failed := (*net.DNSError)(nil)
	switch {
	case !errors.As(err, &failed):
		return err.Error()
	case failed.IsNotFound:
		return "no name server knows it"
	case failed.IsTimeout:
		return "the name server did not answer in time"
	}
	return failed.Err
}

// checkConnection opens a connection to the hub.
func (h *hubVisit) checkConnection(ctx context.Context, report report) {
	defer close(h.connected.done)
	if !after(ctx, h.resolved, h.connected, report) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	begun := time.Now()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", h.address)
	if err != nil {
		message, advice := h.connectionRefused(err)
		report(h.bad, message, join(advice, h.proxyHint()))
		return
	}
	conn.Close()
	h.connected.ok = true
	message := fmt.Sprintf("%s takes connections, after %s.", h.address, time.Since(begun).Round(100*time.Microsecond))
	if name := h.proxyVariable(); name != "" {
		message += fmt.Sprintf(" %s does not stand in the way, as this program calls the hub without a proxy; an app that calls it by itself may need NO_PROXY=%s.", name, h.url.Hostname())
	}
	report(OK, message, "")
}

func (h *hubVisit) connectionRefused(err error) (message, advice string) {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		message, advice = fmt.Sprintf("Nobody listens at %s, where the hub's API should be (JUPYTERHUB_API_URL).", h.address),
			"See whether the hub runs, and what c.JupyterHub.hub_bind_url says."
		if ip := net.ParseIP(h.url.Hostname()); (ip != nil && ip.IsLoopback()) || h.url.Hostname() == "localhost" {
			advice += " If this server is in a container, that address is the container itself: set c.JupyterHub.hub_connect_ip to the hub's, and c.JupyterHub.hub_ip so that it listens there."
		}
	case isTimeout(err):
		message, advice = fmt.Sprintf("%s, where the hub's API should be (JUPYTERHUB_API_URL), did not answer within %s.", h.address, stepLimit),
			"Something throws the packets away: a firewall, a security group, a network policy, or a wrong address."
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		message, advice = fmt.Sprintf("There is no way to %s, where the hub's API should be (JUPYTERHUB_API_URL).", h.address), "See whether this machine has a network, and a route to the hub's."
	default:
		message, advice = fmt.Sprintf("The hub's API at %s cannot be reached: %v.", h.address, err), "Compare JUPYTERHUB_API_URL with where the hub listens (c.JupyterHub.hub_bind_url)."
	}
	return message, advice
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}

// proxyVariable is the variable, if any, that has other programs call the hub
// through a proxy.
func (h *hubVisit) proxyVariable() string {
	names := []string{"HTTP_PROXY", "http_proxy"}
	if h.url.Scheme == "https" {
		names = []string{"HTTPS_PROXY", "https_proxy"}
	}
	for _, name := range names {
		value := h.e.get(name)
		if value == "" {
			continue
		}
		config := httpproxy.Config{HTTPProxy: value, HTTPSProxy: value, NoProxy: cmp.Or(h.e.get("NO_PROXY"), h.e.get("no_proxy"))}
		if through, err := config.ProxyFunc()(h.url); err == nil && through != nil {
			return name
		}
	}
	return ""
}

func (h *hubVisit) proxyHint() string {
	if name := h.proxyVariable(); name != "" {
		return fmt.Sprintf("%s is set, but this program calls the hub without a proxy, as the hub is a neighbour: it has to be reachable directly.", name)
	}
	return ""
}
