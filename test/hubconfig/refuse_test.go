//go:build e2e || hubs

package hubconfig

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// refuse tries a start that must not happen: the hub says so in words that help,
// tells the reason only to its log, and nothing runs.
func (h *house) refuse(t *testing.T, as *hub.Client, user, server string, options map[string]any, reason string) {
	t.Helper()
	before := len(h.runs(t, user, server))
	err := h.start(t, as, user, server, options)
	// At once, or a moment after the hub has answered.
	_, late := errors.AsType[*hub.SpawnError](err)
	if !hub.IsForbidden(err) && !late || !strings.Contains(err.Error(), ticket.Refused+" Open it from the page Dashboards") {
		t.Errorf("the start ended with %v", err)
	}
	if strings.Contains(fmt.Sprint(err), reason) {
		t.Errorf("the one who asked learns that %s", reason)
	}
	account, err := h.service.Account(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	if known := account.Servers[server]; known.Ready || known.Pending != "" {
		t.Errorf("the server is %+v", known)
	}
	if after := len(h.runs(t, user, server)); after != before {
		t.Errorf("something was started")
	}
	if want := fmt.Sprintf("dashboards: refused to start %s/%s by its ticket: %s", user, server, reason); !strings.Contains(h.LogTail(1_000_000), want) {
		t.Errorf("the log does not say %q\n%s", want, h.LogTail(20))
	}
}

// refusePage tries the same from the hub's own pages, which send people to where
// dashboards are started.
func (h *house) refusePage(t *testing.T, user, server string) {
	t.Helper()
	session, err := h.Login(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := session.Get(t.Context(), "/hub/spawn/"+user+"/"+server)
	// A hub that is slow shows that it is starting, first.
	for end := time.Now().Add(patience); err == nil && answer.Status == http.StatusOK && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		answer, err = session.Get(t.Context(), "/hub/spawn-pending/"+user+"/"+server)
	}
	if err != nil {
		t.Fatal(err)
	}
	if page := string(answer.Body); answer.Status < 400 || !strings.Contains(page, "Open it from the page") || !strings.Contains(page, "Dashboards") {
		t.Errorf("the page %s, %d, says\n%s", answer.URL, answer.Status, page)
	}
}

// turned is a text that begins at its end.
func turned(text string) string {
	turned := []byte(text)
	slices.Reverse(turned)
	return string(turned)
}
