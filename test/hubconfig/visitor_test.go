//go:build e2e || hubs

package hubconfig

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// visit is what a visitor's browser and the service do when the page is opened: the
// hub's OAuth, without a question in between. It returns the visitor's token.
func (h *house) visit(ctx context.Context, user string) (string, error) {
	session, err := h.Login(ctx, user)
	if err != nil {
		return "", err
	}
	const callback = "/services/dashboards/oauth_callback"
	query := url.Values{"client_id": {"service-dashboards"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"}}
	answer, err := session.Once(session.NewRequest(ctx, http.MethodGet, "/hub/api/oauth2/authorize?"+query.Encode(), ""))
	if err != nil {
		return "", err
	}
	back, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || answer.Status != http.StatusFound || back.Path != callback || back.Query().Get("code") == "" {
		return "", errors.New("the hub did not send the visitor back at once: " + answer.Header.Get("Location") + string(answer.Body))
	}
	form := url.Values{
		"client_id": {"service-dashboards"}, "client_secret": {token}, "grant_type": {"authorization_code"},
		"code": {back.Query().Get("code")}, "redirect_uri": {callback},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+"/hub/api/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := h.Client().Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var given struct {
		Token string `json:"access_token"`
	}
	err = json.NewDecoder(response.Body).Decode(&given)
	return given.Token, err
}

// whoami is what the hub says of a token.
func (h *house) whoami(t *testing.T, token string) *hub.User {
	t.Helper()
	user, err := h.service.Whoami(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(user.Scopes)
	return user
}

// checkVisitor checks that visitors can open the page, and what the service then may
// in their name: no more than to start, stop and see their own servers.
func (h *house) checkVisitor(t *testing.T, major int) {
	const user, server = "mia", "dashboard-mine-abc123"
	if err := h.AddUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	given, err := h.visit(t.Context(), user)
	if err != nil {
		t.Fatalf("%v\n%s", err, h.LogTail(20))
	}
	want := []string{
		"access:services!service=dashboards", "delete:servers!user=mia", "read:servers!user=mia", "servers!user=mia",
		"read:users:groups!user=mia", "read:users:name!user=mia",
	}
	if major >= 6 {
		want[3] = "start:servers!user=mia"
	}
	slices.Sort(want)
	if got := h.whoami(t, given); got.Name != user || !slices.Equal(got.Scopes, want) {
		t.Errorf("the service may in a visitor's name: %q", got.Scopes)
	}
	as := h.service.As(given)
	h.mustStart(t, as, user, server, withTicket(sign(t, h.signer, h.permit(user, server, "voila"))))
	h.wantArguments(t, h.lastRun(t, user, server, 1), "launch", "--workdir", "/srv/a b", "voila")
	if account, err := as.Account(t.Context(), user); err != nil || !account.Servers[server].Ready {
		t.Errorf("got %+v, %v", account, err)
	}
	h.stop(t, as, user, server, major >= 3) // JupyterHub 2 does not list what is stopped
	if _, err := as.StartServer(t.Context(), "zoe", server, hub.Start{}); !hub.IsForbidden(err) && !hub.IsNotFound(err) {
		t.Errorf("it may start somebody else's server: %v", err)
	}
}

// checkService checks that the service may what it has to and nothing else.
func (h *house) checkService(t *testing.T, major int) {
	want := []string{"list:users", "read:users:name", "read:servers", "delete:servers", "list:groups", "read:groups", "read:groups:name"}
	if major >= 6 {
		want = append(want, "start:servers")
	} else {
		want = append(want, "servers")
	}
	if major >= 5 {
		want = append(want, "shares", "access:servers", "read:shares", "users:shares", "read:users:shares", "groups:shares", "read:groups:shares")
	}
	slices.Sort(want)
	if got := h.whoami(t, token); got.Kind != "service" || got.Name != "dashboards" || !slices.Equal(got.Scopes, want) {
		t.Errorf("the service may %q, not %q", got.Scopes, want)
	}
}

// checkNeighbours checks that what was in the hub's configuration before is still
// there.
func (h *house) checkNeighbours(t *testing.T) {
	t.Helper()
	if err := h.AddUser(t.Context(), "nora"); err != nil {
		t.Fatal(err)
	}
	given, err := h.NewToken(t.Context(), "nora")
	if err != nil {
		t.Fatal(err)
	}
	scopes := h.whoami(t, given).Scopes
	for _, scope := range []string{"list:services", "access:services!service=dashboards", "access:servers!user=nora"} {
		if !slices.Contains(scopes, scope) {
			t.Errorf("users may not %s, but %q", scope, scopes)
		}
	}
}

// checkHome checks that dashboards' servers are not among people's servers.
func (h *house) checkHome(t *testing.T) {
	const user = "olga"
	as := h.as(t, user)
	const server = "dashboard-hidden-abc123"
	h.mustStart(t, as, user, "lab", nil)
	h.mustStart(t, as, user, server, withTicket(sign(t, h.signer, h.permit(user, server))))
	session, err := h.Login(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := session.Get(t.Context(), "/hub/home")
	if err != nil {
		t.Fatal(err)
	}
	if page := string(answer.Body); answer.Status != http.StatusOK || !strings.Contains(page, `data-server-name="lab"`) || strings.Contains(page, server) {
		t.Errorf("the home page, %d, shows\n%s", answer.Status, page)
	}
	for _, path := range []string{"/hub/token", "/hub/spawn-pending/" + user + "/lab", "/hub/nothing-here"} {
		if answer, err = session.Get(t.Context(), path); err != nil || answer.Status >= 500 {
			t.Errorf("%s: %v %d", path, err, answer.Status)
		}
	}
	h.stop(t, as, user, "lab", false)
	h.stop(t, as, user, server, false)
}
