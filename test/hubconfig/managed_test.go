//go:build e2e

package hubconfig

import (
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// A hub that starts the service makes a token for the two of them, and takes the
// tickets that are signed by it.
func TestHubThatStartsTheService(t *testing.T) {
	t.Parallel()
	h, err := build(t.Context(), ready, "file", bedVersion, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}()
	service := h.lastRun(t, "", "", 1)
	h.wantArguments(t, service, "--record="+h.record, "serve {x} é")
	environment := service.Environment
	if environment["JUPYTERHUB_SERVICE_NAME"] != "dashboards" || environment["JUPYTERHUB_SERVICE_PREFIX"] != "/services/dashboards/" {
		t.Errorf("it has %v", environment)
	}
	given := environment["JUPYTERHUB_API_TOKEN"]
	if user, err := h.service.Whoami(t.Context(), given); err != nil || user.Name != "dashboards" {
		t.Fatalf("its token is that of %+v, %v", user, err)
	}
	h.service = h.service.As(given)
	const user, server = "sam", "dashboard-managed-abc123"
	as := h.as(t, user)
	h.refuse(t, as, user, server, withTicket(sign(t, h.signer, h.permit(user, server))), "the service did not sign it")
	h.mustStart(t, as, user, server, withTicket(sign(t, ticket.NewSigner(given), h.permit(user, server))))
	if h.asksForConsent(t, user, server, "sams-colleague") {
		t.Error("the hub asks for consent, although it was told not to")
	}
	h.stop(t, as, user, server, true)
}
