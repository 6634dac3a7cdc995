package proxy

import (
	"net/http"
	"strings"
)

// locations puts the prefix in front of what an app without it in mind redirects
// to. The zero value changes nothing.
type locations struct {
	// prefix is ours, and hub the hub's. What is below one of them is right as
	// it is.
	prefix, hub prefix
}

// newLocations leaves all as it is where the app hears the prefix, where there
// is none, and where the operator wants so.
func newLocations(config Config) locations {
	if config.Absolute || config.KeepLocation || config.Prefix == "/" {
		return locations{}
	}
	return locations{prefix: prefix(config.Prefix), hub: prefix(config.HubPrefix)}
}

// applies says whether a status is one whose Location is for the visitor to
// go to (RFC 9110 section 10.2.2).
func (l locations) applies(status int) bool {
	return l.prefix != "" && (status/100 == 3 || status == http.StatusCreated)
}

// rewriteAll returns the values of a Location field for the visitor. hosts are
// those by which the app was told that it is reached.
func (l locations) rewriteAll(values []string, hosts ...string) []string {
	changed := make([]string, len(values))
	for i, value := range values {
		changed[i] = l.rewrite(value, hosts...)
	}
	return changed
}

// rewrite puts the prefix in front of an absolute path. So it does with a URL
// whose host is one by which the app was told that it is reached: such as
// Starlette's redirect to the address with the last slash. That becomes a path,
// as the app may not know the scheme.
//
// What a browser takes for another origin is left as it is. So is a path that
// begins with two slashes, and all else that is relative. A backslash there,
// and a slash that is escaped, become harmless by the prefix before them.
func (l locations) rewrite(location string, hosts ...string) string {
	target := location
	if after, ok := cutScheme(location); ok {
		end := strings.IndexAny(after, "/?#")
		if end < 0 {
			end = len(after)
		}
		if !isOneOf(after[:end], hosts) {
			return location
		}
		if target = after[end:]; !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
	} else if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		return location
	}
	path := target
	if end := strings.IndexAny(target, "?#"); end >= 0 {
		path = target[:end]
	}
	if l.prefix.has(path) || (l.hub != "" && l.hub.has(path)) {
		return location
	}
	return l.prefix.context() + target
}

// cutScheme takes http:// or https:// off a URL.
func cutScheme(location string) (after string, ok bool) {
	scheme, after, found := strings.Cut(location, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	return after, true
}

func isOneOf(host string, hosts []string) bool {
	for _, known := range hosts {
		if known != "" && strings.EqualFold(host, known) {
			return true
		}
	}
	return false
}
