//go:build hubs

package hubs

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// ownerCalled checks a user with a name that stands otherwise in paths and
// cookies than on paper, with both kinds of server. The name is typed in
// capitals, which the hub makes small.
func ownerCalled(name string) func(t *testing.T, h *hub) {
	return func(t *testing.T, h *hub) {
		user := escape(name)
		for _, server := range []string{"", "lab"} {
			h.start(t, user, server, bed.Server{})
			prefix := bed.Prefix(user, server)
			session, err := h.Login(t.Context(), strings.ToUpper(name))
			if err != nil {
				t.Fatal(err)
			}
			session.User = "" // from here on, the login form is an end

			answer := walk(t, h, session, prefix+deep)
			if last := answer.Hops[len(answer.Hops)-1]; answer.Status != http.StatusOK || last != prefix+deep {
				t.Fatalf("%s asked for %s and was answered %d at %s: %s\n%s", name, prefix+deep, answer.Status, last,
					text(answer), h.LogTail(30))
			}
			if !slices.ContainsFunc(answer.Hops, func(hop string) bool { return strings.HasPrefix(hop, prefix+"oauth_callback?") }) {
				t.Errorf("the way did not lead over %soauth_callback: %q", prefix, answer.Hops)
			}
			var heard struct{ URI string }
			if err := answer.JSON(&heard); err != nil || heard.URI != "/"+deep {
				t.Errorf("the app was asked for %q (%v)", heard.URI, err)
			}
			want(t, h, fetch(t, session, prefix, ""), http.StatusOK)
			if status := dial(t, h, session, prefix+"ws", ""); status != http.StatusSwitchingProtocols {
				t.Errorf("the websocket of server %q was answered %d", server, status)
			}
			mustAnswer(t, h, prefix, newToken(t, h, user), http.StatusOK, http.StatusSwitchingProtocols)
			if answer := get(t, h.NewSession("bob"), prefix); answer.Status != http.StatusForbidden {
				t.Errorf("bob was answered %d at %s", answer.Status, answer.URL)
			}

			if answer := walk(t, h, session, prefix+"logout"); answer.Status != http.StatusOK || !slices.Contains(answer.Hops, "/hub/logout") {
				t.Errorf("the logout ended with %d: %q", answer.Status, answer.Hops)
			}
			want(t, h, fetch(t, session, prefix, ""), http.StatusUnauthorized)
			if answer := walk(t, h, session, prefix); answer.URL.Path != "/hub/login" {
				t.Errorf("after the logout the page leads to %s", answer.URL)
			}
		}
	}
}
