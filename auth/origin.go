package auth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

// origins says which pages may use a visitor's cookie for more than reading.
type origins struct {
	any     bool
	allowed map[string]bool
	// public is the scheme of our public address, if the hub told it.
	public string
}

func newOrigins(env Environment, more []string) (origins, error) {
	o := origins{allowed: map[string]bool{}}
	if env.PublicURL != nil {
		o.allowed[env.PublicURL.Scheme+"://"+env.PublicURL.Host] = true
		o.public = env.PublicURL.Scheme
	}
	for _, text := range more {
		if text == "*" {
			o.any = true
			continue
		}
		parsed, err := url.Parse(text)
		if err != nil || parsed.Scheme == "" || parsed.Host == "" || strings.Trim(parsed.Path, "/") != "" {
			return o, fmt.Errorf("--allow-origin is %q, which is neither * nor an origin like https://portal.example.org", text)
		}
		o.allowed[parsed.Scheme+"://"+strings.ToLower(parsed.Host)] = true
	}
	return o, nil
}

// allow says whether the page that made the request may. Reading is always
// allowed, since a page of another origin cannot see the answer; upgrades and
// what may change something must come from our origin or an allowed one.
//
// Browsers tell by Sec-Fetch-Site, which no page can forge, and by Origin,
// which a page's referrer policy can blank. A client that sends neither is no
// browser of the last years, and no page is behind it.
func (o origins) allow(r *http.Request) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if o.any || (safe && !page.IsUpgrade(r)) {
		return true
	}
	sent := r.Header["Origin"]
	if len(sent) > 1 {
		return false
	}
	if len(sent) == 1 && o.allowed[strings.ToLower(sent[0])] {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		return len(sent) == 0 || o.isOurs(r, sent[0])
	}
	return false
}

// isOurs says whether an origin is the one that the browser asked, by the
// request itself or by the proxy before us. A page of plain HTTP can be written
// by whoever sits on the line, so it is none of ours where browsers come by
// TLS. The contrary is let be: some proxies do not tell of their TLS.
func (o origins) isOurs(r *http.Request, origin string) bool {
	parsed, err := url.Parse(origin)
	if err != nil || parsed.Host == "" {
		return false
	}
	if parsed.Scheme != "https" && (o.public == "https" || browserScheme(r) == "https") {
		return false
	}
	forwarded, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ",")
	return strings.EqualFold(parsed.Host, r.Host) ||
		strings.EqualFold(parsed.Host, strings.TrimSpace(forwarded))
}
