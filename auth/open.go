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

// Wrap puts the open gate before next.
func (o Open) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		removeCookies(r.Header, o.cookies.isOurs)
		next.ServeHTTP(w, r)
	})
}
