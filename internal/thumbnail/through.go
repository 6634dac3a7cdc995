package thumbnail

import (
	"cmp"
	"net/http"
	"net/url"
)

// Through carries all requests to the hub's proxy, and tells it which host they are
// for: where users have domains of their own, it finds their servers by these, and
// nobody else here need know such a name. So the token goes to the proxy only.
func Through(proxy *url.URL, transport http.RoundTripper) http.RoundTripper {
	return through{proxy, transport}
}

type through struct {
	proxy     *url.URL
	transport http.RoundTripper
}

func (t through) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.Host = cmp.Or(r.Host, r.URL.Host)
	sent.URL.Scheme, sent.URL.Host = t.proxy.Scheme, t.proxy.Host
	return t.transport.RoundTrip(sent)
}
