package webtest

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Gate lets in whoever a cookie "visitor" or a token names, as "ada", "ada,admin"
// or "ada,group=staff", which no real one does. Without either, nobody gets in.
type Gate struct{}

const cookieName = "visitor"

type passKey struct{}

type pass struct {
	visitor  dashboard.Visitor
	byHeader bool
}

// Cookie is a visitor's.
func Cookie(visitor string) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: url.QueryEscape(visitor), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
}

// Wrap lets in whoever says who they are.
func (Gate) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, byHeader := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !byHeader {
			cookie, err := r.Cookie(cookieName)
			if err != nil {
				http.Error(w, "nobody", http.StatusUnauthorized)
				return
			}
			name, _ = url.QueryUnescape(cookie.Value)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), passKey{}, pass{parse(name), byHeader})))
	})
}

func parse(text string) dashboard.Visitor {
	parts := strings.Split(text, ",")
	v := dashboard.Visitor{Name: parts[0], Token: "token of " + parts[0]}
	for _, part := range parts[1:] {
		if group, ok := strings.CutPrefix(part, "group="); ok {
			v.Groups = append(v.Groups, group)
		}
		v.Admin = v.Admin || part == "admin"
	}
	return v
}

// Routes are a way out.
func (Gate) Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{"logout": func(w http.ResponseWriter, r *http.Request) {
		gone := Cookie("")
		gone.MaxAge = -1
		http.SetCookie(w, gone)
		http.Redirect(w, r, "/hub/home", http.StatusFound)
	}}
}

// Visitor is who was let in.
func Visitor(ctx context.Context) (dashboard.Visitor, bool) {
	p, ok := ctx.Value(passKey{}).(pass)
	return p.visitor, ok
}

// ByHeader says whether that was by a token.
func ByHeader(ctx context.Context) bool {
	p, _ := ctx.Value(passKey{}).(pass)
	return p.byHeader
}

// HubURL is where the hub would be.
func HubURL(page string) string { return "/hub/" + page }
