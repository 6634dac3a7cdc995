//go:build e2e

package settings

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// optionRow is one setting of cookie_options.
type optionRow struct {
	// options are JUPYTERHUB_COOKIE_OPTIONS, as the hub makes it of
	// tornado_settings.
	name, options string
	// want looks at the login cookie as it was set.
	want func(cookie *http.Cookie) bool
	// browser is what a real browser ends with: "app", or the state of our page.
	browser string
	// noGo is set where only a real browser takes a Secure cookie.
	noGo bool
}

func optionRows() []optionRow {
	const month, week = 30 * 24 * 3600, 7 * 24 * 3600
	return []optionRow{
		{"none", `{}`, func(c *http.Cookie) bool {
			return c.SameSite == http.SameSiteLaxMode && c.MaxAge == month && c.HttpOnly
		}, "app", false},
		{"lax", `{"samesite": "Lax"}`, func(c *http.Cookie) bool { return c.SameSite == http.SameSiteLaxMode }, "app", false},
		{"strict", `{"SameSite": "strict"}`, func(c *http.Cookie) bool { return c.SameSite == http.SameSiteStrictMode }, "app", false},
		{"session", `{"expires_days": null}`, func(c *http.Cookie) bool { return c.MaxAge == 0 && c.Expires.IsZero() }, "app", false},
		{"week", `{"expires_days": 7}`, func(c *http.Cookie) bool { return c.MaxAge == week }, "app", false},
		{"max-age", `{"max_age": 3600}`, func(c *http.Cookie) bool { return c.MaxAge == 3600 }, "app", false},
		{"path", `{"path": "/jupyter/"}`, func(c *http.Cookie) bool { return c.Path == "/jupyter/" }, "app", false},
		{"domain", `{"domain": "127.0.0.1"}`, func(c *http.Cookie) bool { return c.Domain == "127.0.0.1" }, "app", false},
		// Loopback is as good as TLS to a browser.
		{"secure", `{"secure": true}`, func(c *http.Cookie) bool { return c.Secure }, "app", true},
		// A browser keeps no such cookie without Secure: that ends in a page
		// that says so, never in a loop.
		{"none-insecure", `{"samesite": "None"}`, func(c *http.Cookie) bool { return c.SameSite == http.SameSiteNoneMode && !c.Secure }, "login_failed", false},
	}
}

// What an operator wants of cookies is what browsers are told, and a login
// works with everything that can work.
func TestCookieOptions(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	var visits []map[string]string
	for _, row := range optionRows() {
		at := h.start(t, "carol", "opt-"+row.name, with(shared.wrapEcho(), "JUPYTERHUB_COOKIE_OPTIONS", row.options))
		visits = append(visits, map[string]string{"name": row.name, "url": at.url, "cookie": at.cookieName()})
		if row.noGo {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			v := at.enter(t, "carol")
			if cookie := v.cookie(at.cookieName()); cookie == nil || !row.want(cookie) {
				t.Errorf("with %s the login cookie is %v", row.options, cookie)
			}
			for _, state := range v.ours(t, at) {
				// The operator's options do not reach all of these.
				if state.Name != at.cookieName() && (!state.HttpOnly || state.Path != at.prefix || state.SameSite == http.SameSiteStrictMode || state.MaxAge > 600) {
					t.Errorf("with %s the cookie of the login under way is %v", row.options, state)
				}
			}
			set := v.cookie(at.cookieName())
			v.once(t, http.MethodGet, at.url+"logout")
			cleared := v.cookie(at.cookieName())
			if cleared.MaxAge >= 0 || cleared.Path != set.Path || cleared.Domain != set.Domain {
				t.Errorf("with %s %v is cleared by %v", row.options, set, cleared)
			}
		})
	}

	t.Run("in a browser", func(t *testing.T) {
		result := browse(t, "cookies", h, "carol", map[string]any{"visits": visits})
		for i, row := range optionRows() {
			seen := result.Visits[i]
			if seen.State != row.browser {
				t.Errorf("with %s the browser ended with %s at %s: %s", row.options, seen.State, seen.URL, seen.Text)
			}
			if seen.Kept != (row.browser == "app") {
				t.Errorf("with %s the browser kept the login cookie: %v", row.options, seen.Kept)
			}
			// A link from another site, in a browser that has been here.
			if row.browser == "app" && seen.Linked != "app" {
				t.Errorf("with %s a link from another site ended with %s at %s", row.options, seen.Linked, seen.LinkedURL)
			}
		}
	})
}

// The options come from the hub's own configuration: see settings. The hub that
// sets SameSite=Lax and a week, and the one that sets None and Secure, are looked
// at in TestSubdomains and TestPublicURL.

// Options that cannot be read stop our program with a sentence that says so.
func TestBrokenCookieOptions(t *testing.T) {
	t.Parallel()
	h := take(t, shared.hubs.plain)
	for name, broken := range map[string][]string{
		"broken-json":  {`{"samesite": `, `{\"samesite\": `},
		"no-object":    {`["samesite"]`, `[\"samesite\"]`},
		"wrong-value":  {`{"samesite": "Sometimes"}`, "samesite", "Sometimes"},
		"wrong-number": {`{"expires_days": "soon"}`, "expires_days", "soon"},
	} {
		options, parts := broken[0], broken[1:]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.addUser(t, "dave")
			at := h.server("dave", name)
			_, err := h.call(t.Context(), http.MethodPost, at.apiPath(), map[string]any{
				"user_options": with(shared.wrapEcho(), "JUPYTERHUB_COOKIE_OPTIONS", options),
			}, http.StatusCreated, http.StatusAccepted, http.StatusInternalServerError)
			must(t, err)
			eventually(t, patience, func() error {
				for line := range strings.SplitSeq(h.logged(), "\n") {
					if contains(line, append(parts, "jhsingle-native-proxy: ", "JUPYTERHUB_COOKIE_OPTIONS")...) {
						return nil
					}
				}
				return fmt.Errorf("no line of the log says what is wrong with %s", options)
			})
			left, err := bed.AwaitGone(patience, h.runDir, "JUPYTERHUB_SERVICE_PREFIX="+at.prefix+"\x00")
			if err != nil || len(left) > 0 {
				t.Errorf("our program goes on: %v %v", left, err)
			}
			if m, err := at.model(t.Context()); err == nil && m.Ready {
				t.Errorf("the hub takes the server for ready: %+v", m)
			}
		})
	}
}
