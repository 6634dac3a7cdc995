//go:build hubs

package hubs

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// escape spells a name as the hub does in paths: Python's quote with safe="@~"
// (utils.py, url_escape_path).
func escape(name string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~@"
	var escaped strings.Builder
	for i := range len(name) {
		if strings.IndexByte(plain, name[i]) >= 0 {
			escaped.WriteByte(name[i])
			continue
		}
		const digits = "0123456789ABCDEF"
		escaped.Write([]byte{'%', digits[name[i]>>4], digits[name[i]&15]})
	}
	return escaped.String()
}

// spelled makes a request's address one whose path is compared with those of
// cookies as it is spelled. Browsers do so; Go's jar of cookies decodes it
// first, and then knows no cookie of /user/ann%20lee/.
func spelled(request *http.Request) *http.Request {
	if path := request.URL.EscapedPath(); path != request.URL.Path {
		request.URL.Path, request.URL.RawPath, request.URL.Opaque = path, "", path
	}
	return request
}

// spelledJar does the same for whom only a jar can be given.
type spelledJar struct{ http.CookieJar }

func (j spelledJar) Cookies(address *url.URL) []*http.Cookie {
	as := *address
	as.Path, as.RawPath = address.EscapedPath(), ""
	return j.CookieJar.Cookies(&as)
}

// walk opens a path and goes where redirects lead, with cookies by spelled
// paths. Unlike get it fills in no form.
func walk(t *testing.T, h *hub, session *bed.Session, path string) *bed.Answer {
	t.Helper()
	var hops []string
	for len(hops) < 15 {
		answer, err := session.Once(spelled(session.NewRequest(t.Context(), http.MethodGet, path, "")))
		if err != nil {
			t.Fatal(err)
		}
		hops = append(hops, path)
		answer.Hops = hops
		location := answer.Header.Get("Location")
		if location == "" {
			return answer
		}
		to, err := url.Parse(location)
		if err != nil || !slices.Contains([]string{"", h.Host}, to.Host) || !strings.HasPrefix(to.Path, "/") {
			t.Fatalf("%s leads to %s (%v)", path, location, err)
		}
		path = to.RequestURI()
	}
	t.Fatalf("too many redirects:\n%s", strings.Join(hops, "\n"))
	return nil
}
