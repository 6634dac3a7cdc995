package auth

import (
	"net/http"
	"net/url"
	"strings"
)

// requestURI is the path and query that the visitor asked for, as sent.
func requestURI(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// isLocal says whether a URL is a path below prefix on this very origin, and
// nothing that a browser could take for another one.
func isLocal(target, prefix string) bool {
	if !strings.HasPrefix(target, prefix) || strings.HasPrefix(target, "//") || strings.ContainsAny(target, "\\") {
		return false
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] == 0x7f {
			return false
		}
	}
	parsed, err := url.Parse(target)
	return err == nil && parsed.Host == "" && parsed.Scheme == ""
}
