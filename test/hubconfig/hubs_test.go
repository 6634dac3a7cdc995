//go:build hubs

package hubconfig

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// versions are the last of the major ones besides the bed's.
var versions = []string{"5.5.4", "4.1.6", "3.1.1", "2.3.1"}

// The same file, and the same client, on every hub.
func TestConfigurationOnEveryHub(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range versions {
		setup := exec.CommandContext(ctx, filepath.Join(ready.Root, "test", "hubs", "setup"), version)
		setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
		if err := setup.Run(); err != nil {
			t.Fatalf("test/hubs/setup %s: %v", version, err)
		}
		for _, place := range []string{"file", "pasted"} {
			// One after the other: a hub's start takes all that a small machine has.
			t.Run(version+" "+place, func(t *testing.T) {
				h, err := build(t.Context(), ready, place, version, false)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := h.Close(); err != nil {
						t.Error(err)
					}
				})
				major := hub.Major(version)
				if got, err := h.service.Version(t.Context()); err != nil || got != version {
					t.Fatalf("it is %q (%v)", got, err)
				}
				t.Run("service", func(t *testing.T) { h.checkService(t, major) })
				t.Run("neighbours", h.checkNeighbours)
				t.Run("visitor", func(t *testing.T) { h.checkVisitor(t, major) })
				t.Run("home", h.checkHome)
				t.Run("tickets", h.checkTickets)
				t.Run("reports", h.checkReports)
				t.Run("names", h.checkNames)
				if major >= 5 {
					t.Run("shares", h.checkShares)
				}
			})
		}
	}
}

// checkTickets checks that a good ticket starts a dashboard, and the likely bad ones
// nothing.
func (h *house) checkTickets(t *testing.T) {
	const user, server = "quinn", "dashboard-x-abc123"
	as := h.as(t, user)
	good := sign(t, h.signer, h.permit(user, server, "voila"))
	other := h.permit(user, server, "voila")
	other.User = "bob"
	for name, test := range map[string]struct {
		text   any
		reason string
	}{
		"none":           {nil, "there is none"},
		"altered":        {turned(good), "the service did not sign it"},
		"not ASCII":      {good + "é", "the service did not sign it"},
		"another user's": {sign(t, h.signer, other), "it is for another server"},
		"expired":        {sign(t, h.signer.Ahead(-ticket.Lifetime-2*time.Second), h.permit(user, server)), "it has expired"},
	} {
		t.Run(name, func(t *testing.T) { h.refuse(t, as, user, server, withTicket(test.text), test.reason) })
	}
	h.mustStart(t, as, user, server, withTicket(good))
	h.wantArguments(t, h.lastRun(t, user, server, 1), "launch", "--workdir", "/srv/a b", "voila")
	account, err := h.service.Account(t.Context(), user)
	if err != nil || !ticket.WasAccepted(account.Servers[server].UserOptions, good) {
		t.Errorf("the hub does not note that it took the ticket: %+v, %v", account, err)
	}
	h.stop(t, as, user, server, false)
	h.refuse(t, as, user, server, withTicket(good), "it was used before")
	h.mustStart(t, as, user, "lab", map[string]any{"argument": "chosen"})
	h.wantArguments(t, h.lastRun(t, user, "lab", 1), "chosen")
	h.stop(t, as, user, "lab", false)
	h.refusePage(t, user, server)
}

// checkNames checks that odd names are escaped as this hub reads them.
func (h *house) checkNames(t *testing.T) {
	for _, name := range []string{"kim@host", "kim lee", "kim+é", "kim%2flee", "李明"} {
		if answer, err := h.API(t.Context(), http.MethodPost, "/users", map[string]any{"usernames": []string{name}}); err != nil || answer.Status != http.StatusCreated {
			t.Fatalf("%q: %v %+v", name, err, answer)
		}
		if got, err := h.service.Account(t.Context(), name); err != nil || got.Name != name {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
	}
	if _, err := h.service.Account(t.Context(), "../users"); !hub.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("crowd-%03d", i))
	}
	if answer, err := h.API(t.Context(), http.MethodPost, "/users", map[string]any{"usernames": names}); err != nil || answer.Status != http.StatusCreated {
		t.Fatalf("%v %+v", err, answer)
	}
	count := 0
	if err := h.service.Accounts(t.Context(), hub.AccountQuery{NameFilter: "crowd-"}, func(hub.Account) error { count++; return nil }); err != nil || count != len(names) {
		t.Errorf("got %d users, %v", count, err)
	}
	if groups, err := h.service.Groups(t.Context()); err != nil || len(groups) != 2 {
		t.Errorf("got %q, %v", groups, err)
	}
	if members, err := h.service.Group(t.Context(), "team"); err != nil || len(members) != 1 || members[0] != "zoe" {
		t.Errorf("got %q, %v", members, err)
	}
}

func (h *house) checkShares(t *testing.T) {
	const user = "rosa"
	as := h.as(t, user)
	h.mustStart(t, as, user, "lab", nil)
	if err := h.service.Share(t.Context(), user, "lab", "zoe"); err != nil {
		t.Error(err)
	}
	if users, _, err := h.service.Shares(t.Context(), user, "lab"); err != nil || len(users) != 1 || users[0] != "zoe" {
		t.Errorf("got %q, %v", users, err)
	}
	if err := h.service.Unshare(t.Context(), user, "lab", "zoe"); err != nil {
		t.Error(err)
	}
	h.stop(t, as, user, "lab", true)
}
