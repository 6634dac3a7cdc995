//go:build e2e

package settings

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a real browser makes of users' domains.
func TestSubdomainsInABrowser(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.subdomain)
	at := h.echo(t, "amy", "seen")
	other := h.echo(t, "bert", "lure")
	other.share(t, "amy")
	owner := at.enter(t, "amy")
	other.enter(t, "bert")

	result := browse(t, "subdomain", h, "amy", map[string]any{"url": at.url, "other": other.url})
	got := result.Results
	for name, want := range map[string]string{
		"url": at.url, "state": "app", "socket": "hello", "own": "basic 200",
		"otherState": "app", "otherOrigin": other.origin(),
		// An opaque answer does not say what it is; a preflight that fails does.
		"forged POST": "opaque 0", "forged PUT": "failed: Failed to fetch",
		"forged socket": "closed 1006", "read": "failed: Failed to fetch",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, not %q", name, got[name], want)
		}
	}
	at.sawNothingOf(t, owner, "forged")
	if cookie := result.cookie(at.cookieName()); cookie == nil || cookie.Domain != "amy."+subdomainName || cookie.Path != at.prefix ||
		!cookie.HTTPOnly || cookie.SameSite != "Lax" || days(cookie.Expires) != 7 {
		t.Errorf("the login cookie is kept as %+v", cookie)
	}
	if session := result.cookie("jupyterhub-session-id"); session == nil || session.Domain != "."+subdomainName {
		t.Errorf("the hub's session is kept as %+v", session)
	}
	if strings.Contains(got["elsewhere"], at.cookieName()) {
		t.Errorf("other domains get %s", got["elsewhere"])
	}
	if !strings.HasPrefix(got["afterLogout"], h.public+"/hub/") || strings.Contains(got["left"], at.cookieName()) || strings.Contains(got["left"], "session-id") {
		t.Errorf("the logout led to %s and left %s", got["afterLogout"], got["left"])
	}
	if !strings.HasPrefix(got["again"], h.public+"/hub/login") {
		t.Errorf("after the logout the browser is let in at %s", got["again"])
	}
}

// days is how many days a cookie stays, rounded.
func days(expires float64) int {
	return int(time.Until(time.Unix(int64(expires), 0)).Hours()/24 + 0.5)
}

// In a frame of another site the app works, where its operator wants it:
// cookies with SameSite=None and Secure, over TLS.
func TestFrameOfAnotherSite(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.public)
	at := h.start(t, "fay", "framed", shared.wrapWitness())
	refusing := h.start(t, "fay", "unframed", shared.wrapWitness("--content-security-policy", "frame-ancestors 'none'"))
	at.enter(t, "fay")
	refusing.enter(t, "fay")

	result := browse(t, "frame", h, "fay", map[string]any{"url": at.url, "refusing": refusing.url})
	got := result.Results
	if got["portal"] != shared.portal.URL || got["url"] != at.url || got["socket"] != "hello" || got["post"] != "basic 200" {
		t.Errorf("in the frame: %v", got)
	}
	if cookie := result.cookie(at.cookieName()); cookie == nil || cookie.SameSite != "None" || !cookie.Secure || !cookie.HTTPOnly || cookie.Expires != -1 {
		t.Errorf("the login cookie is kept as %+v", cookie)
	}
	if !strings.Contains(got["alone"], `"uri"`) || !strings.HasPrefix(got["refused"], "chrome-error:") {
		t.Errorf("the app whose policy forbids frames: %s alone, and in the frame %s", got["alone"], got["refused"])
	}
}

// The app's pages need no token of ours, and nobody else's get through. The
// cookies of this hub go with every request, wherever it comes from, so it is
// the guard that keeps the others out.
func TestSecurityForgery(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.public)
	at := h.echo(t, "fred", "forms")
	owner := at.enter(t, "fred")
	result := browse(t, "forgery", h, "fred", map[string]any{"url": at.url})
	for name, want := range map[string]string{
		"own GET": "basic 200", "own POST": "basic 200", "own PUT": "basic 200", "own PATCH": "basic 200", "own DELETE": "basic 200",
		"own socket": "hello", "forged POST": "opaque 0", "forged socket": "closed 1006",
	} {
		if got := result.Results[name]; got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	// They were turned away with the cookie, not for want of it.
	eventually(t, patience, func() error {
		log := h.logged()
		for _, refused := range []string{"method=POST path=/user/fred/forms/forged status=403", "method=GET path=/user/fred/forms/ws status=403"} {
			if !strings.Contains(log, refused) {
				return fmt.Errorf("the log has no %q", refused)
			}
		}
		if got := strings.Count(log, `msg="cross-origin request refused" user=fred`); got < 3 {
			return fmt.Errorf("the guard turned away %d requests with fred's cookie", got)
		}
		return nil
	})
	if result.Status != http.StatusForbidden || result.State != "cross_origin" {
		t.Errorf("a form of another site ended with %d, %s at %s", result.Status, result.State, result.URL)
	}
	at.sawNothingOf(t, owner, "forged")
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if _, ok := at.saw(t, owner, method+" /own"); !ok {
			t.Errorf("the app did not see its own page's %s", method)
		}
	}
	if result.Text != "" {
		t.Errorf("scripts of the app see cookies of ours: %s", result.Text)
	}
	if xsrf := result.cookie("_xsrf"); xsrf != nil {
		t.Errorf("there is a token in the way of the app's own: %+v", xsrf)
	}
}

// An app's own token against forgery is left alone, both ways.
func TestAppsOwnToken(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	at := h.echo(t, "alice", "own-token")
	v := at.enter(t, "alice")
	set := v.fetch(t, http.MethodGet, at.url+"answer?header=Set-Cookie:%20_xsrf%3Dof-the-app%3B%20Path%3D"+at.prefix)
	if set.Status != http.StatusOK || v.sent(at.url)["_xsrf"] != "of-the-app" {
		t.Fatalf("the app could not set its token: %d %v", set.Status, v.sent(at.url))
	}
	got := hear(t, v.fetch(t, http.MethodPost, at.url+"own", "X-Xsrftoken", "of-the-app"))
	if cookies, sent := got.values("Cookie"), got.values("X-Xsrftoken"); len(cookies) != 1 || cookies[0] != "_xsrf=of-the-app" || len(sent) != 1 {
		t.Errorf("the app got the cookies %q and the token %q", cookies, sent)
	}
}

// A browser heeds every word of the prefix: it keeps the cookies, and lets them
// go at the logout.
func TestHostPrefixInABrowser(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.forwarded)
	one, two := h.echo(t, "hanna", "one"), h.echo(t, "hanna", "two")
	one.enter(t, "hanna")
	two.enter(t, "hanna")
	result := browse(t, "hostprefix", h, "hanna", map[string]any{"one": one.url, "two": two.url})
	for _, at := range []server{one, two} {
		if result.Results[at.prefix+" state"] != "app" || result.Results[at.prefix+" socket"] != at.prefix {
			t.Errorf("%s: %v", at.prefix, result.Results)
		}
		if cookie := result.cookie("__Host-" + at.cookieName()); cookie == nil || cookie.Path != "/" || cookie.Domain != forwardedName || !cookie.Secure || !cookie.HTTPOnly {
			t.Errorf("the login cookie is kept as %+v", cookie)
		}
	}
	if left := strings.Fields(result.Results["left"]); contains(" "+strings.Join(left, " ")+" ", " __Host-"+one.cookieName()+" ") {
		t.Errorf("the logout left %q", left)
	}
}
