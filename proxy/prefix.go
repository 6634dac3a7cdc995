package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// prefix is the escaped path below which a server lives, with a slash at both
// ends, such as /user/ada/. It is compared and cut as it is, never decoded
// and encoded again, so that %2F stays %2F for the app.
type prefix string

// cut takes the prefix off a path and keeps the slash: /user/ada/x gives /x.
func (p prefix) cut(path string) (rest string, ok bool) {
	if !strings.HasPrefix(path, string(p)) {
		return "", false
	}
	return path[len(p)-1:], true
}

// canonical returns the path with the prefix as the hub spells it, for a path
// that spells it otherwise (%40 for @, %c3 for %C3) or lacks its last slash.
func (p prefix) canonical(path string) (string, bool) {
	want := strings.Split(strings.Trim(string(p), "/"), "/")
	got := strings.SplitN(strings.TrimPrefix(path, "/"), "/", len(want)+1)
	if len(got) < len(want) {
		return "", false
	}
	for i := range want {
		a, errA := url.PathUnescape(want[i])
		b, errB := url.PathUnescape(got[i])
		if errA != nil || errB != nil || a != b {
			return "", false
		}
	}
	respelled := string(p)
	if len(got) > len(want) {
		respelled += got[len(want)]
	}
	return respelled, respelled != path
}

// has says whether a path is below the prefix or the prefix itself, however it
// is spelled.
func (p prefix) has(path string) bool {
	if strings.HasPrefix(path, string(p)) {
		return true
	}
	_, ok := p.canonical(path)
	return ok
}

// context is the prefix as apps want to hear it: without the last slash.
func (p prefix) context() string { return strings.TrimSuffix(string(p), "/") }

// splitTarget returns the path and the query of a request just as they were
// sent. A target in absolute form (RFC 9112 section 3.2.2) loses its origin;
// what is neither that nor a path, "*" and CONNECT's, is refused.
func splitTarget(r *http.Request) (path, query string, ok bool) {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") {
		_, after, absolute := strings.Cut(target, "://")
		if !absolute {
			return "", "", false
		}
		at := strings.IndexAny(after, "/?")
		switch {
		case at < 0:
			target = "/"
		case after[at] == '?':
			target = "/" + after[at:]
		default:
			target = after[at:]
		}
	}
	path, query, found := strings.Cut(target, "?")
	if found {
		query = "?" + query
	}
	return path, query, true
}
