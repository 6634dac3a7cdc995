package auth

import "net/http"

// Open is a gate that lets everybody in (--authtype=none). It still keeps the
// hub's cookies from the app.
type Open struct{ cookies cookies }

// NewOpen makes an open gate.
func NewOpen(env Environment) Open { return Open{newCookies(env)} }

// Routes of an open gate are none.
func (Open) Routes() map[string]http.HandlerFunc { return nil }

// HasCredentials is true: here, anything is enough.
func (Open) HasCredentials(*http.Request) bool { return true }

// HidesCookie says whether a cookie is the hub's or one of its servers'.
func (o Open) HidesCookie(name string) bool { return o.cookies.isOurs(name) }

// Wrap puts the open gate before next.
func (o Open) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		removeCookies(r.Header, o.cookies.isOurs)
		setQuery(r, "")
		next.ServeHTTP(w, r)
	})
}
