// Package web is the page and the JSON API of the Dashboards service, which
// JupyterHub shows below /services/. It asks dashboard.Service for everything, and
// decides nothing itself: what a visitor may do, the service knows.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Gate decides who passes. Whatever it wraps is behind it.
type Gate interface {
	Wrap(next http.Handler) http.Handler
	// Routes are its own, outside of itself, by their names below the prefix.
	Routes() map[string]http.HandlerFunc
}

// Config is what the page and the API need.
type Config struct {
	// Prefix is the escaped path below which everything is, with a slash at both
	// ends, such as /services/dashboards/.
	Prefix  string
	Service dashboard.Service
	Gate    Gate
	// Visitor is who asks, as the gate found out; false for who is none, such as
	// a service with a token of its own.
	Visitor func(ctx context.Context) (dashboard.Visitor, bool)
	// ByHeader says whether the visitor was let in by a token in the Authorization
	// header, which no page of another's can send for them. All others have to show
	// that they are one of our own pages. Nil is nobody.
	ByHeader func(ctx context.Context) bool
	// HubURL is where the browser finds a page of the hub, such as "home".
	HubURL func(page string) string
	// Key is secret, and the same in all replicas: at least 16 bytes. Of it are
	// made what our own forms show.
	Key []byte
	// Origins are further ones from which forms are taken, such as
	// https://hub.example.org where a proxy changes the Host header.
	Origins []string
	// Health says why the service cannot be used; nil is healthy.
	Health func(ctx context.Context) error
	// Observe, if set, is told of each request: its route, as it is written in the
	// table of routes, its status, and how long it took.
	Observe func(route string, status int, took time.Duration)
	// Version is this program's.
	Version string
	Log     *slog.Logger
}

func (c Config) check() error {
	if !strings.HasPrefix(c.Prefix, "/") || !strings.HasSuffix(c.Prefix, "/") || strings.ContainsAny(c.Prefix, "{}? ") {
		return fmt.Errorf("the service's prefix is %q, which is no path that begins and ends with a slash", c.Prefix)
	}
	if len(c.Key) < 16 {
		return fmt.Errorf("the key of the service's forms has %d bytes, and needs at least 16", len(c.Key))
	}
	if c.Service == nil || c.Gate == nil || c.Visitor == nil || c.HubURL == nil || c.Log == nil {
		return errors.New("the page lacks its service, gate, visitor, hub or log")
	}
	return nil
}

// site is all that the handlers share; nothing of it changes.
type site struct {
	Config
	words  words
	assets assets
	pages  pages
	proof  proof
	cross  *http.CrossOriginProtection
	policy string
	now    func() time.Time
}

// New makes the handler of everything below the prefix.
func New(config Config) (http.Handler, error) {
	s, err := newSite(config)
	if err != nil {
		return nil, err
	}
	return s.handler(), nil
}

func newSite(config Config) (*site, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	s := &site{Config: config, proof: newProof(config.Key), cross: http.NewCrossOriginProtection(), now: time.Now}
	for _, origin := range config.Origins {
		if err := s.cross.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("%q is not an origin like https://hub.example.org: %w", origin, err)
		}
	}
	var err error
	if s.words, err = readWords(); err != nil {
		return nil, err
	}
	if s.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = s.parsePages(); err != nil {
		return nil, err
	}
	s.policy = contentPolicy(config.HubURL("logo"))
	return s, nil
}

// contentPolicy lets a page of ours load our own scripts, styles and pictures,
// and the hub's logo, which is elsewhere where users have domains of their own.
func contentPolicy(logo string) string {
	images := "'self' data:"
	if parsed, err := url.Parse(logo); err == nil && parsed.Host != "" {
		images += " " + parsed.Scheme + "://" + parsed.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src " + images +
		"; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}
