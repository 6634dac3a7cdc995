package proxy

import (
	"net"
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// isOwn says whether a visitor's header is none that the app may get: it is for
// the connection, says who is asking, or is written by us.
func isOwn(name string) bool {
	return isHopByHop(name) || isIdentity(name) || isForwarding(name)
}

// isHopByHop says whether a header is only for this connection (RFC 9110
// section 7.6.1) or for its framing, which each side does anew.
func isHopByHop(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authorization", "Content-Length", "Expect", "Http2-Settings":
		return true
	}
	return false
}

// isIdentity says whether a header is one by which proxies tell apps who is
// asking. A visitor's own would be a lie, and so would one spelled with "_",
// which CGI and WSGI take for the same.
func isIdentity(name string) bool {
	if strings.Contains(name, "_") {
		name = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
	}
	switch name {
	case "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
		"X-Forwarded-Access-Token", "X-Forwarded-Id-Token", "X-Forwarded-Identity",
		"X-Remote-User", "X-Remote-Group", "X-Remote-Groups", "X-Remote-Email", "Remote-User", "Remote-Groups",
		"Remote-Email", "Remote-Name", "X-User", "X-Webauth-User", "X-Cdsdashboards-Jh-User", "Cdsdashboards-Jh-User":
		return true
	}
	return strings.HasPrefix(name, "X-Auth-Request-") || strings.HasPrefix(name, "X-Jupyterhub-")
}

// isForwarding says whether a header is one that we write ourselves.
func isForwarding(name string) bool {
	switch name {
	case "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix",
		"X-Forwarded-Context", "X-Proxycontextpath", "X-Request-Id":
		return true
	}
	return strings.Contains(name, "_") &&
		isForwarding(textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-")))
}

// passesAsTrailer says whether a field after a body may go on: an app may merge
// it into the header, so nothing that says how to take the message, who sends it
// or where to (RFC 9110 section 6.5.1), and no name that only looks like one.
func passesAsTrailer(name string) bool {
	if !httpguts.ValidHeaderFieldName(name) || isOwn(name) {
		return false
	}
	switch name {
	case "Host", "Authorization", "Cookie", "Set-Cookie", "Www-Authenticate", "Location", "Origin", "Referer", "Forwarded",
		"Age", "Cache-Control", "Date", "Expires", "Max-Forwards", "Pragma", "Range", "Retry-After", "Vary", "Warning":
		return false
	}
	for _, family := range []string{"Accept", "Content-", "If-", "Sec-", "Access-Control-"} {
		if strings.HasPrefix(name, family) {
			return false
		}
	}
	return !strings.Contains(name, "_")
}

// connectionOptions are the further headers that a Connection header makes
// hop-by-hop. Most requests have none.
func connectionOptions(h http.Header) []string {
	var options []string
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			option = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(option))
			switch option {
			case "", "Keep-Alive", "Close", "Upgrade":
			default:
				options = append(options, option)
			}
		}
	}
	return options
}

// forwardedFor appends the client's address to those that the proxies before
// us saw.
func forwardedFor(r *http.Request) string {
	before := strings.Join(r.Header["X-Forwarded-For"], ", ")
	client, _, err := net.SplitHostPort(r.RemoteAddr)
	switch {
	case err != nil:
		return before
	case before == "":
		return client
	}
	return before + ", " + client
}

// forwardedProto and forwardedHost keep what the proxy nearest to the browser
// said: JupyterHub's proxy knows the public address, we do not.
func forwardedProto(r *http.Request) string {
	if before := r.Header.Get("X-Forwarded-Proto"); before != "" {
		return before
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func forwardedHost(r *http.Request) string {
	if before := r.Header.Get("X-Forwarded-Host"); before != "" {
		return before
	}
	return r.Host
}
