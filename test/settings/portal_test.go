//go:build e2e

package settings

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
)

// portalName is another site's.
const portalName = "portal.other.test"

var portalPages = template.Must(template.New("").Parse(`
{{define "/link"}}<!doctype html><title>portal</title><a href="{{.}}">the dashboard</a>{{end}}
{{define "/frame"}}<!doctype html><title>portal</title><iframe src="{{.}}" width="800" height="400"></iframe>{{end}}
{{define "/form"}}<!doctype html><title>portal</title><form method="post" action="{{.}}"><input name="forged" value="1"><button>win a prize</button></form>{{end}}
`))

// newPortal serves another site: pages that link to, frame or send forms to the
// address in ?to=.
func newPortal() *httptest.Server {
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		// A page that does not exist is an empty one, which no test would take
		// for what it wants.
		_ = portalPages.ExecuteTemplate(w, r.URL.Path, r.URL.Query().Get("to"))
	}))
	portal.URL = strings.Replace(portal.URL, "127.0.0.1", portalName, 1)
	return portal
}
