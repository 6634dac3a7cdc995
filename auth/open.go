package auth

import (
	"net/http"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

// Open is a gate that lets everybody in (--authtype=none). It still keeps the
// hub's cookies from the app, and websockets from pages of other origins: where
// only some reach this address, such as this machine's own users, any page in
// their browsers would reach it too, and read along.
type Open struct {
	cookies cookies
	origins origins
}

// NewOpen makes an open gate; more are further origins, as in Config.Origins.
func NewOpen(env Environment, more []string) (Open, error) {
	allowed, err := newOrigins(env, more)
	return Open{newCookies(env), allowed}, err
}

// Routes of an open gate are none.
func (Open) Routes() map[string]http.HandlerFunc { return nil }

// HasCredentials is true: here, anything is enough.
func (Open) HasCredentials(*http.Request) bool { return true }

// HidesCookie says whether a cookie is the hub's or one of its servers'.
func (o Open) HidesCookie(name string) bool { return o.cookies.isOurs(name) }

// Wrap puts the open gate before next.
func (o Open) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page.IsUpgrade(r) && !o.origins.allow(r) {
			page.Write(w, r, crossOriginPage())
			return
		}
		removeCookies(r.Header, o.cookies.isOurs)
		setQuery(r, "")
		next.ServeHTTP(w, r)
	})
}
