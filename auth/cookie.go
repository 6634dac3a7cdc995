package auth

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// sessionCookie is the hub's; it changes when its user logs out. We read
	// it and never set it (JupyterHub handlers/base.py).
	sessionCookie = "jupyterhub-session-id"

	// hostPrefix binds a cookie to the host and to secure transport
	// (RFC 6265bis section 4.1.3.2).
	hostPrefix = "__Host-"

	// maxCandidates bounds how many cookies of one name are looked at. A page
	// of a sibling path can plant as many as a browser keeps for a site (180 in
	// Chromium), which must neither shut the visitor out nor make us ask the hub.
	maxCandidates = 200
)

// CookieOptions is what the hub's operator wants of cookies
// (JUPYTERHUB_COOKIE_OPTIONS), in the terms of Python's Tornado.
type CookieOptions struct {
	// HostPrefix puts "__Host-" before the OAuth cookie's name.
	HostPrefix bool

	domain   string
	path     string
	secure   *bool
	httpOnly *bool
	sameSite http.SameSite
	// lifetime is how long the browser keeps the login; 0 until it is closed.
	lifetime time.Duration
}

// defaultLifetime is Tornado's for a signed cookie, 30 days.
const defaultLifetime = 30 * 24 * time.Hour

// parseCookieOptions reads the JSON object. Names are taken in any case;
// unknown ones are ignored, as new hubs and browsers bring new ones.
func parseCookieOptions(value string) (CookieOptions, error) {
	// Lax is what most browsers take for the default, and the others should.
	options := CookieOptions{lifetime: defaultLifetime, sameSite: http.SameSiteLaxMode}
	if value == "" {
		return options, nil
	}
	var raw map[string]any
	if err := json.Unmarshal([]byte(value), &raw); err != nil {
		return options, fmt.Errorf("JUPYTERHUB_COOKIE_OPTIONS is %q, which is not a JSON object of cookie attributes", value)
	}
	for name, option := range raw {
		var ok bool
		switch strings.ToLower(name) {
		case "domain":
			options.domain, ok = option.(string)
		case "path":
			options.path, ok = option.(string)
		case "secure":
			options.secure, ok = flag(option)
		case "httponly":
			options.httpOnly, ok = flag(option)
		case "samesite":
			options.sameSite, ok = sameSite(option)
		case "expires_days":
			options.lifetime, ok = lifetime(option, 24*time.Hour)
		case "max_age", "max-age":
			options.lifetime, ok = lifetime(option, time.Second)
		default:
			continue
		}
		if !ok && option != nil {
			return options, fmt.Errorf("JUPYTERHUB_COOKIE_OPTIONS has %q: %v, which is not a value for that attribute", name, option)
		}
	}
	return options, nil
}

func flag(value any) (*bool, bool) {
	b, ok := value.(bool)
	if !ok {
		return nil, false
	}
	return &b, true
}

func sameSite(value any) (http.SameSite, bool) {
	text, _ := value.(string)
	switch strings.ToLower(text) {
	case "lax":
		return http.SameSiteLaxMode, true
	case "strict":
		return http.SameSiteStrictMode, true
	case "none":
		return http.SameSiteNoneMode, true
	}
	return 0, false
}

// lifetime reads a number of units; null is a cookie of the browser's session.
func lifetime(value any, unit time.Duration) (time.Duration, bool) {
	var number float64
	switch v := value.(type) {
	case nil:
		return 0, true
	case float64:
		number = v
	case string:
		parsed, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return 0, false
		}
		number = parsed
	default:
		return 0, false
	}
	if number < 0 || number > float64(10*365*24*time.Hour/unit) {
		return 0, false
	}
	return time.Duration(number * float64(unit)), true
}

// cookies makes and reads our cookies.
type cookies struct {
	options CookieOptions
	client  string
	// login is the name of the OAuth cookie, state the beginning of the names
	// of the state cookies.
	login, state string
	prefix       string
	publicScheme string
}

func newCookies(env Environment) cookies {
	c := cookies{options: env.Cookie, client: env.ClientID, login: env.ClientID, prefix: env.ServicePrefix}
	c.state = c.login + "-oauth-state"
	if env.Cookie.HostPrefix {
		c.login = hostPrefix + c.login
	}
	if env.PublicURL != nil {
		c.publicScheme = env.PublicURL.Scheme
	}
	return c
}

// setLogin makes the cookie that holds a sealed token.
func (c cookies) setLogin(r *http.Request, value string) *http.Cookie {
	cookie := c.loginAttributes(r) // #nosec G124 -- see there
	cookie.Value = value
	if c.options.lifetime > 0 {
		cookie.MaxAge = int(c.options.lifetime / time.Second)
	}
	return cookie
}

// clearLogin makes the cookie that removes it: a browser wants the same name,
// path and domain, and "__Host-" also the same Secure.
func (c cookies) clearLogin(r *http.Request) *http.Cookie {
	cookie := c.loginAttributes(r) // #nosec G124 -- see there
	cookie.MaxAge = -1
	return cookie
}

func (c cookies) loginAttributes(r *http.Request) *http.Cookie {
	// #nosec G124 -- all three are set: Secure as the browser came, the others by
	// the operator's options
	cookie := &http.Cookie{
		Name:     c.login,
		Path:     c.prefix,
		Domain:   c.options.domain,
		Secure:   c.isSecure(r),
		HttpOnly: true,
		SameSite: c.options.sameSite,
	}
	if c.options.path != "" {
		cookie.Path = c.options.path
	}
	if c.options.secure != nil {
		cookie.Secure = *c.options.secure
	}
	if c.options.httpOnly != nil {
		cookie.HttpOnly = *c.options.httpOnly
	}
	if c.options.HostPrefix {
		cookie.Path, cookie.Domain, cookie.Secure = "/", "", true
	}
	return cookie
}

// setState makes the cookie of one login under way. The operator's options
// cannot weaken it (JupyterHub services/auth.py, set_state_cookie).
func (c cookies) setState(r *http.Request, name, value string, maxAge time.Duration) *http.Cookie {
	mode := c.options.sameSite
	if mode == http.SameSiteStrictMode {
		// The way back is the last of the redirects of a click, which can have
		// been on another site.
		mode = http.SameSiteLaxMode
	}
	return &http.Cookie{ // #nosec G124 -- as for the login
		Name: name, Value: value, Path: c.prefix, Domain: c.options.domain,
		MaxAge: int(maxAge / time.Second), HttpOnly: true, Secure: c.isSecure(r),
		// The way back from the hub is a navigation, which Lax lets through,
		// within a frame of another site as well if the operator says None.
		SameSite: mode,
	}
}

func (c cookies) clearState(r *http.Request, name string) *http.Cookie {
	cookie := c.setState(r, name, "", 0) // #nosec G124 -- see there
	cookie.MaxAge = -1
	return cookie
}

// isOurs says whether a cookie is one that only the hub and its servers have
// to see, so that no app behind us may.
func (c cookies) isOurs(name string) bool {
	bare := strings.TrimPrefix(name, hostPrefix)
	if strings.HasPrefix(bare, "jupyterhub-") {
		return true
	}
	// Without a hub there is no client, and no cookie of its name.
	return c.client != "" && (name == c.login || strings.HasPrefix(name, c.state))
}

// isSecure says whether the browser came by TLS.
func (c cookies) isSecure(r *http.Request) bool {
	if c.publicScheme != "" {
		return c.publicScheme == "https"
	}
	return browserScheme(r) == "https"
}

// browserScheme is the scheme that the browser used, as told by the proxy
// nearest to it (JupyterHub utils.py, get_browser_protocol), else by the
// connection.
func browserScheme(r *http.Request) string {
	if forwarded := r.Header.Get("Forwarded"); forwarded != "" {
		first, _, _ := strings.Cut(forwarded, ",")
		for pair := range strings.SplitSeq(first, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "proto") {
				return strings.ToLower(strings.Trim(value, `"`))
			}
		}
	}
	for _, name := range []string{"X-Scheme", "X-Forwarded-Proto"} {
		if value := r.Header.Get(name); value != "" {
			first, _, _ := strings.Cut(value, ",")
			return strings.ToLower(strings.TrimSpace(first))
		}
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// eachCookie yields the name and the raw value of every cookie sent.
func eachCookie(h http.Header) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, line := range h["Cookie"] {
			for len(line) > 0 {
				var pair string
				pair, line, _ = strings.Cut(line, ";")
				name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
				if !yield(strings.TrimSpace(name), value) {
					return
				}
			}
		}
	}
}

// removeCookies takes the cookies that match off the request and leaves the
// others as they were, to the byte.
func removeCookies(h http.Header, match func(name string) bool) {
	lines := h["Cookie"]
	kept := lines[:0] // in place: nobody else has this request's lines
	for _, line := range lines {
		if line = withoutCookies(line, match); line != "" {
			kept = append(kept, line)
		}
	}
	switch len(kept) {
	case len(lines):
	case 0:
		delete(h, "Cookie")
	default:
		h["Cookie"] = kept
	}
}

func withoutCookies(line string, match func(name string) bool) string {
	var kept strings.Builder
	for len(line) > 0 {
		var pair string
		pair, line, _ = strings.Cut(line, ";")
		trimmed := strings.TrimSpace(pair)
		name, _, _ := strings.Cut(trimmed, "=")
		if trimmed == "" || match(strings.TrimSpace(name)) {
			continue
		}
		if kept.Len() > 0 {
			kept.WriteString("; ")
		} else {
			kept.Grow(len(trimmed) + len(line) + 1)
		}
		kept.WriteString(trimmed)
	}
	return kept.String()
}
