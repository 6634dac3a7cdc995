package thumbnail

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// door leads a browser to one dashboard, with the token that opens it. Every user
// of this machine can knock, so it opens to whoever has its key only.
type door struct {
	host   string
	key    string
	server *http.Server
}

// keyCookie holds the key. Its name is long enough to be nobody else's.
const keyCookie = "dashboard-builder-thumbnail-key"

// first is a page that leads a browser in.
func (d *door) first() []byte {
	return []byte(`<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=http://` + d.host + "/" + d.key + `">`)
}

func open(page *url.URL, token string, transport http.RoundTripper) (*door, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot open a door to the dashboard: %w", err)
	}
	prefix := page.EscapedPath()
	d := &door{host: listener.Addr().String(), key: rand.Text()}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: page.Scheme, Host: page.Host})
			r.Out.URL.Path, r.Out.URL.RawPath = r.In.URL.Path, r.In.URL.RawPath
			r.Out.Header.Set("Authorization", "token "+token)
			// What comes by token needs neither, and they would be this door's.
			r.Out.Header.Del("Cookie")
			r.Out.Header.Del("Origin")
		},
		ModifyResponse: func(answer *http.Response) error {
			answer.Header.Del("Set-Cookie")
			return nil
		},
	}
	d.server = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path := r.URL.EscapedPath()
			switch {
			case r.Host != d.host:
				http.NotFound(w, r)
			case equal(strings.TrimPrefix(path, "/"), d.key):
				// #nosec G124 -- for a browser of ours, by plain HTTP on the loopback address
				http.SetCookie(w, &http.Cookie{Name: keyCookie, Value: d.key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
				w.Header().Set("Location", page.RequestURI())
				w.WriteHeader(http.StatusSeeOther)
			case !d.opens(r) || !below(path, prefix):
				http.NotFound(w, r)
			default:
				proxy.ServeHTTP(w, r)
			}
		}),
	}
	go func() { _ = d.server.Serve(listener) }() // ends by close
	return d, nil
}

func (d *door) opens(r *http.Request) bool {
	cookie, err := r.Cookie(keyCookie)
	return err == nil && equal(cookie.Value, d.key)
}

func equal(sent, key string) bool { return subtle.ConstantTimeCompare([]byte(sent), []byte(key)) == 1 }

// below says whether a path is the dashboard's, with no way out by dots, however
// they are written.
func below(path, prefix string) bool {
	if !strings.HasPrefix(path, prefix) {
		return false
	}
	for part := range strings.SplitSeq(path, "/") {
		if plain, err := url.PathUnescape(part); err != nil || plain == ".." || plain == "." {
			return false
		}
	}
	return true
}

func (d *door) close() { _ = d.server.Close() }
