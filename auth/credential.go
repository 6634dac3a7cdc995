package auth

import (
	"net/http"
	"net/url"
	"strings"
)

// source is where on a request a token was found.
type source int

const (
	fromHeader source = iota + 1
	fromURL
	fromCookie
)

// candidate is a credential that a request carries; who it belongs to is open.
type candidate struct {
	// text is the token, or the cookie in which it is sealed.
	text string
	from source
}

// tokens returns the tokens that a request carries outside cookies, in the
// hub's order (JupyterHub services/auth.py, get_token): the URL's, then the
// header's.
func (g *Gate) tokens(r *http.Request) []candidate {
	var found []candidate
	if g.env.URLToken || r.Header.Get("Sec-Fetch-Mode") == "websocket" {
		if token := queryToken(r.URL.RawQuery); token != "" {
			found = append(found, candidate{token, fromURL})
		}
	}
	if token := headerToken(r.Header.Get("Authorization")); token != "" {
		found = append(found, candidate{token, fromHeader})
	}
	return found
}

// headerToken reads "token X" and "Bearer X".
func headerToken(header string) string {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !(strings.EqualFold(scheme, "token") || strings.EqualFold(scheme, "bearer")) {
		return ""
	}
	return strings.TrimSpace(token)
}

// queryToken reads the first token parameter of a query.
func queryToken(query string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if value, ok := strings.CutPrefix(pair, "token="); ok {
			if token, err := url.QueryUnescape(value); err == nil {
				return token
			}
		}
	}
	return ""
}

// withoutToken cuts every token parameter out of a query and leaves the rest
// as it was, to the byte.
func withoutToken(query string) string {
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair != "token" && !strings.HasPrefix(pair, "token=") {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// remove takes the token off the request, so that the app does not get it.
func (c candidate) remove(r *http.Request) {
	switch c.from {
	case fromHeader:
		r.Header.Del("Authorization")
	case fromURL:
		path, query, _ := strings.Cut(r.RequestURI, "?")
		query = withoutToken(query)
		r.URL.RawQuery = query
		if query != "" {
			path += "?" + query
		}
		r.RequestURI = path
		// A browser would repeat the URL, and the token in it, here.
		r.Header.Del("Referer")
	}
}
