//go:build e2e

package hubconfig

import (
	"net/http"
	"net/url"
	"testing"
)

// asksForConsent says whether the hub shows a colleague its page of consent before a
// server of another's may know who they are.
func (h *house) asksForConsent(t *testing.T, owner, server, colleague string) bool {
	t.Helper()
	if err := h.AddUser(t.Context(), colleague); err != nil {
		t.Fatal(err)
	}
	if err := h.service.Share(t.Context(), owner, server, colleague); err != nil {
		t.Fatal(err)
	}
	session := h.NewSession(colleague)
	if _, err := session.Get(t.Context(), "/hub/home"); err != nil { // signs in
		t.Fatal(err)
	}
	query := url.Values{
		"client_id": {"jupyterhub-user-" + owner + "-" + server}, "response_type": {"code"}, "state": {"x"},
		"redirect_uri": {"/user/" + owner + "/" + server + "/oauth_callback"},
	}
	request := session.NewRequest(t.Context(), http.MethodGet, "/hub/api/oauth2/authorize?"+query.Encode(), "")
	answer, err := session.Once(request)
	if err != nil {
		t.Fatal(err)
	}
	switch answer.Status {
	case http.StatusFound:
		return false
	case http.StatusOK:
		return true
	}
	t.Fatalf("the hub answered %d: %.300s", answer.Status, answer.Body)
	return false
}

// People consent, unless the operator says otherwise; see managed_test.go for that.
func TestSecurityColleaguesConsent(t *testing.T) {
	t.Parallel()
	const user, server = "conny", "dashboard-consent-abc123"
	as := shared.as(t, user)
	shared.mustStart(t, as, user, server, withTicket(sign(t, shared.signer, shared.permit(user, server))))
	if !shared.asksForConsent(t, user, server, "conny-colleague") {
		t.Error("the hub does not ask")
	}
	shared.stop(t, as, user, server, true)
}
