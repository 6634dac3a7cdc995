package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

// Variables that say where the service is and who asks.
const (
	urlVariable       = "DASHBOARD_BUILDER_URL"
	tokenVariable     = "DASHBOARD_BUILDER_TOKEN"      // #nosec G101 -- a name
	tokenFileVariable = "DASHBOARD_BUILDER_TOKEN_FILE" // #nosec G101 -- a name
	hubTokenVariable  = "JUPYTERHUB_API_TOKEN"         // #nosec G101 -- a name
)

// defaultService is the service's name where nothing is said.
const defaultService = "dashboards"

// place is where the service is, and the token for it.
type place struct {
	service *url.URL
	// public is where people's browsers find it, and hub the hub, if that is known to
	// be elsewhere.
	public, hub *url.URL
	// token, and where it is from.
	token, from string
}

// locate finds the service and the token.
//
// A token goes with the address that comes from where it comes from: the
// environment's tokens are not sent to another origin because a command line that
// somebody was told to type says so.
func (p *program) locate() (place, error) {
	public, hub := p.fromHub()
	known, err := p.address(urlVariable, p.get(urlVariable))
	if err != nil && p.url == "" {
		return place{}, err
	}
	if known == nil {
		known = public
	}
	chosen, err := p.address("--url", p.url)
	if err != nil {
		return place{}, err
	}
	if chosen == nil {
		chosen = known
	}
	if chosen == nil {
		return place{}, failf(exitUsage, "no Dashboards service is known: give its address with --url or in %s. It is what your browser shows on the Dashboards page, such as https://hub.example.org/services/%s/", urlVariable, defaultService)
	}

	found := place{service: chosen, public: chosen}
	ours := known == nil || origin(known) == origin(chosen)
	if known != nil && ours && public != nil {
		found.public, found.hub = public, hub
	}
	found.token, found.from, err = p.token(ours, known != nil)
	switch {
	case err != nil:
		return place{}, err
	case found.token == "" && !ours:
		return place{}, failf(exitForbidden, "the environment's token is for %s, and is not sent elsewhere: %s", origin(known), found.advice())
	case found.token == "":
		return place{}, failf(exitForbidden, "there is no token to sign in with: %s", found.advice())
	}
	return found, nil
}

func (p *program) address(subject, text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	address, err := api.ParseService(text)
	if err != nil {
		return nil, &failure{exitUsage, fmt.Errorf("%s %w", subject, err)}
	}
	return address, nil
}

// fromHub is the address that follows from what the hub says to its servers
// (JupyterHub spawner.py: get_env), if it does, and the hub's: nil if not. The hub's
// API is not where services are, as these are behind the hub's proxy. Nor is the
// proxy's port guessed: another user of the same machine could listen there, for
// tokens.
func (p *program) fromHub() (service, hub *url.URL) {
	base := strings.Trim(p.get("JUPYTERHUB_BASE_URL"), "/")
	if base != "" {
		base = "/" + base
	}
	for _, name := range []string{"JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST", "JUPYTERHUB_PUBLIC_URL"} {
		hub, err := url.Parse(p.get(name))
		if err != nil || hub.User != nil {
			continue
		}
		address, err := api.ParseService(hub.Scheme + "://" + p.domain(hub) + base + "/services/" + defaultService + "/")
		if err == nil {
			return address, hub
		}
	}
	return nil, nil
}

// domain is the service's host: the hub's, unless users and services have domains of
// their own. Only there, the hub tells its servers a whole address for the way back
// from a login (user.py: url). Since JupyterHub 5 each service has one, unless the
// operator has a subdomain_hook other than the default one (utils.py:
// subdomain_hook_idna); before, there is one for all (app.py: init_services).
func (p *program) domain(hub *url.URL) string {
	back, err := url.Parse(p.get("JUPYTERHUB_OAUTH_CALLBACK_URL"))
	switch {
	case err != nil || back.Host == "" || back.Host == hub.Host:
		return hub.Host
	case p.get("JUPYTERHUB_PUBLIC_HUB_URL") != "": // which came with 5
		return defaultService + "--service." + hub.Host
	}
	return "services." + hub.Host
}

func (p *program) get(name string) string {
	value, _ := p.lookup(name)
	return strings.TrimSpace(value)
}

// token finds the token: one of the environment only if the service is ours, the
// one that the environment means, and the hub's own only if that is known.
func (p *program) token(ours, known bool) (token, from string, err error) {
	if p.tokenFile != "" {
		token, err = p.readToken("--token-file", p.tokenFile)
		return token, "--token-file", err
	}
	if !ours {
		return "", "", nil
	}
	if name := p.get(tokenFileVariable); name != "" && p.get(tokenVariable) == "" {
		token, err = p.readToken(tokenFileVariable, name)
		return token, tokenFileVariable, err
	}
	if token = p.get(tokenVariable); token != "" {
		return token, tokenVariable, nil
	}
	if known {
		return p.get(hubTokenVariable), hubTokenVariable, nil
	}
	return "", "", nil
}

// maxToken is far above the longest token of JupyterHub's, in bytes.
const maxToken = 64 << 10

func (p *program) readToken(subject, name string) (string, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", failf(exitNotFound, "%s is %q, which is not there", subject, name)
	case err != nil:
		return "", failf(exitNotFound, "%s cannot be read: %w", subject, err)
	case !info.Mode().IsRegular(): // a pipe would let us wait
		return "", failf(exitNotFound, "%s is %q, which is not a file", subject, name)
	}
	if info.Mode().Perm()&0o004 != 0 {
		fmt.Fprintf(p.stderr, "%s: others can read the token in %s: take that right away (chmod o-r)\n", programName, name)
	}
	file, err := os.Open(name) // #nosec G304 -- named by whoever starts us
	if err != nil {
		return "", failf(exitNotFound, "%s cannot be read: %w", subject, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxToken))
	if err != nil {
		return "", failf(exitNotFound, "%s cannot be read: %w", subject, err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", failf(exitData, "%s is %q, which is empty: it should hold nothing but the token", subject, name)
	}
	return token, nil
}

func origin(address *url.URL) string { return address.Scheme + "://" + address.Host }

// hubPage is where the hub has a page of its own, and name what it calls the
// service. Where the address is not one of a hub's, the page is empty.
func (w place) hubPage(page string) (address, name string) {
	before, name, found := strings.Cut(w.public.Path, "/services/")
	name = strings.Trim(name, "/")
	if !found || name == "" {
		return "", defaultService
	}
	at := w.public
	if w.hub != nil {
		at = w.hub
	}
	return origin(at) + (&url.URL{Path: before + "/hub/" + page}).EscapedPath(), name
}

// advice is how to come by a token.
func (w place) advice() string {
	page, name := w.hubPage("token")
	if page == "" {
		page = "JupyterHub's page “Token”"
	}
	return fmt.Sprintf("make one at %s, with the scope access:services!service=%s, and give it in %s or by --token-file", page, name, tokenVariable)
}
