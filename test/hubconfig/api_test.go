//go:build e2e

package hubconfig

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// The life of a server in the hub's API, as our client sees it.
func TestServerStartsAndStops(t *testing.T) {
	t.Parallel()
	const user = "hal"
	as := shared.as(t, user)
	for _, server := range []string{"", "lab"} {
		if account, err := as.Account(t.Context(), user); err != nil || account.Servers[server].Ready || account.Servers[server].Pending != "" {
			t.Fatalf("got %+v, %v", account, err)
		}
		if _, err := as.StartServer(t.Context(), user, server, hub.Start{DisplayName: "My <lab> 📊 \u202e", Options: map[string]any{"argument": "x", "display_name": "mine"}}); err != nil {
			t.Fatal(err)
		}
		var events []hub.ProgressEvent
		if err := as.Progress(t.Context(), user, server, func(e hub.ProgressEvent) { events = append(events, e) }); err != nil {
			t.Fatal(err)
		}
		last := events[len(events)-1]
		if !last.Ready || last.Percent != 100 || last.URL != bed.Prefix(user, server) {
			t.Errorf("it ended with %+v", last)
		}
		shared.wantArguments(t, shared.lastRun(t, user, server, 1), "x")
		account, err := as.Account(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		known := account.Servers[server]
		if !known.Ready || known.Stopped || known.Pending != "" || known.Started.IsZero() || time.Since(known.LastActivity) > time.Hour ||
			!strings.Contains(string(known.UserOptions), `"display_name": "mine"`) || known.URL != bed.Prefix(user, server) {
			t.Errorf("got %+v", known)
		}
		if want := "My <lab> 📊"; server != "" && known.DisplayName != want {
			t.Errorf("people call it %q, not %q", known.DisplayName, want)
		}
		// What runs cannot be started, and is ready as ever.
		if _, err := as.StartServer(t.Context(), user, server, hub.Start{}); !hub.IsRefused(err) {
			t.Errorf("the second start: %v", err)
		}
		if err := as.Progress(t.Context(), user, server, func(hub.ProgressEvent) {}); err != nil {
			t.Errorf("the progress of what runs: %v", err)
		}
		shared.stop(t, as, user, server, false)
		if err := as.Progress(t.Context(), user, server, func(hub.ProgressEvent) {}); !hub.IsRefused(err) && !hub.IsNotFound(err) {
			t.Errorf("the progress of what is stopped: %v", err)
		}
		if _, err := as.StopServer(t.Context(), user, server, false); err != nil {
			t.Errorf("stopping it again: %v", err)
		}
	}
	// Options replace those of the last start, also if there are none.
	shared.mustStart(t, as, user, "lab", nil)
	shared.wantArguments(t, shared.lastRun(t, user, "lab", 2), "ordinary")
	shared.stop(t, as, user, "lab", true)
	if _, err := as.StopServer(t.Context(), user, "lab", true); !hub.IsNotFound(err) {
		t.Errorf("removing what is not there: %v", err)
	}
	if _, err := as.StopServer(t.Context(), user, "", true); !hub.IsRefused(err) {
		t.Errorf("removing the default server: %v", err)
	}
	if _, err := as.StartServer(t.Context(), user, "Not A Name", hub.Start{}); !hub.IsRefused(err) {
		t.Errorf("a server that cannot be: %v", err)
	}
}

// A character that is younger than the hub's Python is not worth a start: the pink
// heart came with Unicode 15, which Python has since 3.12.
func TestDisplayNameOfTheFuture(t *testing.T) {
	t.Parallel()
	const user, server = "hope", "pink"
	as := shared.as(t, user)
	if _, err := as.StartServer(t.Context(), user, server, hub.Start{DisplayName: "Pink \U0001FA77"}); err != nil {
		t.Fatal(err)
	}
	if err := as.Progress(t.Context(), user, server, func(hub.ProgressEvent) {}); err != nil {
		t.Error(err)
	}
	shared.stop(t, as, user, server, true)
}

// A server that does not come up is told at once or by the progress, whichever is
// first.
func TestStartThatFails(t *testing.T) {
	t.Parallel()
	as := shared.as(t, "ivan")
	err := shared.start(t, as, "ivan", "lab", map[string]any{"argument": "--fail"})
	failed, late := errors.AsType[*hub.SpawnError](err)
	answer, atOnce := errors.AsType[*hub.Error](err)
	if !(late && failed.Message != "") && !(atOnce && answer.Status == http.StatusInternalServerError) || errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	shared.stop(t, as, "ivan", "lab", true)
}

// What a launch says of itself, the hub tells.
func TestReports(t *testing.T) {
	t.Parallel()
	shared.checkReports(t)
}

func TestAccountsOfARealHub(t *testing.T) {
	t.Parallel()
	const crowd = 130
	var names []string
	for i := range crowd {
		names = append(names, fmt.Sprintf("crowd-%03d", i))
	}
	if answer, err := shared.API(t.Context(), http.MethodPost, "/users", map[string]any{"usernames": names}); err != nil || answer.Status != http.StatusCreated {
		t.Fatalf("%v %+v", err, answer)
	}
	as := shared.as(t, names[7])
	shared.mustStart(t, as, names[7], "lab", nil)
	shared.stop(t, as, names[7], "lab", false)
	collect := func(query hub.AccountQuery) (found []string, servers int) {
		t.Helper()
		if err := shared.service.Accounts(t.Context(), query, func(a hub.Account) error {
			found = append(found, a.Name)
			servers += len(a.Servers)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found, servers
	}
	found, servers := collect(hub.AccountQuery{NameFilter: "CROWD-"})
	// Each user has a default server as soon as anybody looked.
	if !slices.Equal(found, names) || servers < 1 {
		t.Errorf("got %d users with %d servers: %q", len(found), servers, found)
	}
	if found, servers = collect(hub.AccountQuery{NameFilter: "crowd-00", Limit: 4, NoServers: true}); !slices.Equal(found, names[:4]) || servers != 0 {
		t.Errorf("got %q with %d servers", found, servers)
	}
	if found, _ = collect(hub.AccountQuery{State: "ready", NameFilter: "crowd-"}); len(found) != 0 {
		t.Errorf("got %q", found)
	}
	if all, _ := collect(hub.AccountQuery{}); len(all) < crowd+2 || !slices.Contains(all, names[crowd-1]) {
		t.Errorf("got %d users", len(all))
	}
	shared.mustStart(t, as, names[7], "lab", nil)
	if found, _ = collect(hub.AccountQuery{State: "ready", NameFilter: "crowd-"}); !slices.Equal(found, names[7:8]) {
		t.Errorf("got %q", found)
	}
	account, err := shared.service.Account(t.Context(), names[7])
	if err != nil || !account.Servers["lab"].Ready || account.Servers[""].Ready {
		t.Errorf("got %+v, %v", account, err)
	}
	shared.stop(t, as, names[7], "lab", true)
	if _, err := shared.service.Account(t.Context(), "crowd-999"); !hub.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

func TestSharesOfARealHub(t *testing.T) {
	t.Parallel()
	const owner, server = "jane", "dashboard-shared-abc123"
	as := shared.as(t, owner)
	ctx := t.Context()
	if err := shared.service.Share(ctx, owner, server, "zoe"); !hub.IsNotFound(err) {
		t.Errorf("sharing what is not there: %v", err)
	}
	shared.mustStart(t, as, owner, server, withTicket(sign(t, shared.signer, shared.permit(owner, server))))
	want := func(users, groups []string) {
		t.Helper()
		gotUsers, gotGroups, err := shared.service.Shares(ctx, owner, server)
		if err != nil || !slices.Equal(gotUsers, users) || !slices.Equal(gotGroups, groups) {
			t.Errorf("it is shared with %q and %q (%v), not with %q and %q", gotUsers, gotGroups, err, users, groups)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	want(nil, nil)
	must(shared.service.Share(ctx, owner, server, "zoe"))
	must(shared.service.Share(ctx, owner, server, "zoe"))
	must(shared.service.Share(ctx, owner, server, "boss"))
	must(shared.service.ShareGroup(ctx, owner, server, "team"))
	want([]string{"boss", "zoe"}, []string{"team"})
	if err := shared.service.Share(ctx, owner, server, "nobody-of-this-name"); !hub.IsRefused(err) {
		t.Errorf("sharing with nobody: %v", err)
	}
	must(shared.service.Unshare(ctx, owner, server, "boss"))
	must(shared.service.Unshare(ctx, owner, server, "boss"))
	must(shared.service.Unshare(ctx, owner, server, "nobody-of-this-name"))
	must(shared.service.UnshareGroup(ctx, owner, server, "team"))
	want([]string{"zoe"}, nil)
	must(shared.service.ShareGroup(ctx, owner, server, "crew"))
	must(shared.service.UnshareAll(ctx, owner, server))
	want(nil, nil)
	must(shared.service.Share(ctx, owner, server, "zoe"))
	shared.stop(t, as, owner, server, true) // and its shares go with it
	if _, _, err := shared.service.Shares(ctx, owner, server); !hub.IsNotFound(err) {
		t.Errorf("the shares of what is gone: %v", err)
	}
	// The owner's own token cannot share: that is the service's to do.
	shared.mustStart(t, as, owner, "lab", nil)
	if err := as.Share(ctx, owner, "lab", "zoe"); !hub.IsForbidden(err) && !hub.IsNotFound(err) {
		t.Errorf("the owner shares: %v", err)
	}
	shared.stop(t, as, owner, "lab", true)
}

func TestGroupsOfARealHub(t *testing.T) {
	t.Parallel()
	if got, err := shared.service.Groups(t.Context()); err != nil || !slices.Contains(got, "crew") || !slices.Contains(got, "team") {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := shared.service.Group(t.Context(), "team"); err != nil || !slices.Equal(got, []string{"zoe"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := shared.service.Group(t.Context(), "../users/zoe"); !hub.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

// Names that could be taken for a way elsewhere are looked up as names, by a hub
// that has its handlers next to each other.
func TestSecurityHostileNamesOnARealHub(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, name := range []string{"../users", "zoe/../boss", "zoe/servers/x", "%2e%2e", "zoe?limit=1", "zoe#", "zoe/", "a\x00b", "zoe\n"} {
		if got, err := shared.service.Account(ctx, name); !hub.IsNotFound(err) && !hub.IsRefused(err) {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
		if _, err := shared.service.StopServer(ctx, "zoe", name, true); !hub.IsNotFound(err) && !hub.IsRefused(err) {
			t.Errorf("server %q: got %v", name, err)
		}
		if _, err := shared.service.StartServer(ctx, name, "x", hub.Start{}); !hub.IsNotFound(err) && !hub.IsRefused(err) {
			t.Errorf("%q: got %v", name, err)
		}
		if err := shared.service.UnshareAll(ctx, name, "x"); !hub.IsNotFound(err) && !hub.IsRefused(err) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	for _, name := range []string{"", ".", ".."} {
		if _, err := shared.service.Account(ctx, name); !errors.Is(err, hub.ErrName) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	// Odd names that are somebody's are that somebody's.
	for _, name := range []string{"kim@host", "kim lee", "kim+é", "kim%2flee", "kim;x=1&y", `kim"<b>`, "李明"} {
		if answer, err := shared.API(ctx, http.MethodPost, "/users", map[string]any{"usernames": []string{name}}); err != nil || answer.Status != http.StatusCreated {
			t.Fatalf("%q: %v %+v", name, err, answer)
		}
		if got, err := shared.service.Account(ctx, name); err != nil || got.Name != name {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
		shared.mustStart(t, shared.service, name, "lab", nil)
		shared.stop(t, shared.service, name, "lab", true)
	}
}

// A token without the scopes is told no, and the record shows that it means it.
func TestSecurityNarrowTokensAreRefused(t *testing.T) {
	t.Parallel()
	narrow := shared.as(t, "liam", "read:users:name!user")
	other := shared.as(t, "lucy")
	for name, as := range map[string]*hub.Client{"narrow": narrow, "another user's": other, "none": shared.service.As(""), "unknown": shared.service.As("unknown")} {
		if _, err := as.StartServer(t.Context(), "liam", "lab", hub.Start{}); !hub.IsForbidden(err) && !hub.IsNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := as.StopServer(t.Context(), "liam", "", false); !hub.IsForbidden(err) && !hub.IsNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
		if err := as.Accounts(t.Context(), hub.AccountQuery{}, func(a hub.Account) error {
			if a.Name != "liam" && a.Name != "lucy" {
				return os.ErrPermission
			}
			return nil
		}); err != nil && !hub.IsForbidden(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if runs := shared.runs(t, "liam", "lab"); len(runs) != 0 {
		t.Errorf("it was started: %+v", runs)
	}
}
