package proxy

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// retryPatience is how long the answer to a retry waits for it to show, so that
// the page that follows is not the old one, which may not look again by itself.
const retryPatience = 10 * time.Second

// retry has an app that has failed, or waits for its next start, start now. A
// form of the page asks for it.
func (d doorman) retry(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		page.Write(w, r, page.Page{
			Status: http.StatusMethodNotAllowed, State: "method_not_allowed", Title: "This address only takes a button's POST",
			Message: "Open the app's own address, and use the button there.",
			Actions: []page.Action{{Label: "Open the app", URL: string(d.prefix)}},
		})
		return
	}
	if !isSameOrigin(r) {
		page.Write(w, r, page.Page{
			Status: http.StatusForbidden, State: "cross_origin", Title: "Refused: this came from another site",
			Message: "Only our own page may start the app again.",
		})
		return
	}
	before := d.app.Status()
	if before.State == process.Failed || before.State == process.Backoff {
		d.log.Info("a visitor has the app started again", "state", string(before.State))
		d.app.Retry()
		d.await(r, before)
	}
	if page.IsNavigation(r) {
		w.Header().Set("Location", d.back(r))
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	d.status(w)
}

// await waits for what a retry leads to: another state, or the same after one
// more failure.
func (d doorman) await(r *http.Request, before process.Status) {
	ctx, cancel := context.WithTimeout(r.Context(), retryPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if now := d.app.Status(); now.State != before.State || now.LastExit != before.LastExit {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// isSameOrigin says whether a request was made by one of our own pages, or by no
// page at all. The gate is laxer, as an operator can allow it further origins,
// and an open one does not ask.
func isSameOrigin(r *http.Request) bool {
	var rule http.CrossOriginProtection
	if rule.Check(r) == nil {
		return true
	}
	// A proxy before us may have changed the host; no page can say so by itself.
	asked := *r
	asked.Host = forwardedHost(r)
	return rule.Check(&asked) == nil
}

// backTo is the query that tells a retry where the visitor was. The query of
// that address is left out: a page of ours holds no codes or tokens.
func backTo(r *http.Request) string {
	path, _, _ := splitTarget(r)
	return "?next=" + url.QueryEscape(path)
}

// back is where the visitor was, if that is an address here, and the prefix
// otherwise.
func (d doorman) back(r *http.Request) string {
	next := r.URL.Query().Get("next")
	if !isPathBelow(next, d.prefix) {
		return string(d.prefix)
	}
	return next
}

// isPathBelow says whether a text is a path below the prefix, and nothing that a
// browser could take for another origin.
func isPathBelow(text string, prefix prefix) bool {
	if _, ok := prefix.cut(text); !ok || strings.HasPrefix(text, "//") {
		return false
	}
	return !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' || c == '?' || c == '#' })
}
