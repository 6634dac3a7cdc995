package builder

import (
	"net/http"
	"slices"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
)

// viewed is a dashboard of which those who may open it have a server each.
func (w *world) viewed(t *testing.T, access dashboard.Access, viewers ...dashboard.Visitor) dashboard.Dashboard {
	t.Helper()
	d := w.create(t, "ada", "Sales", access)
	for _, each := range viewers {
		opening, err := w.Open(t.Context(), each, d.ID)
		if err != nil || opening.Job == nil || w.await(t, *opening.Job).Failure != "" {
			t.Fatalf("%s: got %+v, %v", each.Name, opening, err)
		}
	}
	return d
}

func perViewer(c *Config) { c.Settings.Servers.PerViewer = settings.Always }

func TestSecurityAViewersServerEndsWithTheirAccess(t *testing.T) {
	w := newWorld(t, perViewer)
	d := w.viewed(t, dashboard.Access{Users: []string{"eve"}, Groups: []string{"team"}}, visitor("bob", "team"), visitor("eve"))
	has := func(user string) bool { _, there := w.account(t, user).Servers[d.Server]; return there }
	if !has("bob") || !has("eve") || w.server(d) != nil {
		t.Fatal("they have no servers of their own")
	}
	if _, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access.Users = nil }); err != nil {
		t.Fatal(err)
	}
	if !has("bob") || has("eve") {
		t.Errorf("bob has a server: %v, and eve: %v", has("bob"), has("eve"))
	}
	w.hub.mu.Lock()
	w.hub.groups["team"] = nil
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	if viewers, err := w.Store.Viewers(t.Context(), d.ID); err != nil || len(viewers) > 0 || has("bob") {
		t.Errorf("bob has left, and has a server: %v, %v, %v", has("bob"), viewers, err)
	}
}

func TestSecurityAViewersServerThatDoesNotEndChangesNothing(t *testing.T) {
	w := newWorld(t, perViewer)
	d := w.viewed(t, dashboard.Access{Users: []string{"bob"}}, visitor("bob"))
	w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		w.hub.refuse(rw, http.StatusBadRequest)
		return true
	}
	_, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{} })
	if dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("got %v", err)
	}
	if now := w.get(t, d.ID); !slices.Equal(now.Access.Users, []string{"bob"}) {
		t.Errorf("it looks closed, and is open: %+v", now.Access)
	}
}

// A dashboard that is to give each viewer a server was open to them before.
func TestSecuritySharesOfBeforeEndAsWell(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Settings.Servers.PerViewer = settings.Offered })
	d := w.create(t, "ada", "Sales", dashboard.Access{Groups: []string{"team"}})
	if opening, err := w.Open(t.Context(), visitor("bob", "team"), d.ID); err != nil || !opening.Ready {
		t.Fatalf("got %+v, %v", opening, err)
	}
	if _, err := w.edit(t, visitor("ada"), d.ID, func(d *dashboard.Dashboard) { d.PerViewer = true }); err != nil {
		t.Fatal(err)
	}
	if got := w.sharedWith(d); !slices.Equal(got, []string{"bob"}) {
		t.Fatalf("it was shared with %q", got)
	}
	w.hub.mu.Lock()
	w.hub.groups["team"] = nil
	w.hub.mu.Unlock()
	w.reconcile(t.Context())
	if got := w.sharedWith(d); len(got) > 0 {
		t.Errorf("it is shared with %q still", got)
	}
}

// Servers of their own need nothing of a hub that cannot share any.
func TestOldHubsCanShareWhereEachViewerHasAServer(t *testing.T) {
	w := newWorld(t, perViewer)
	w.hub.version = "4.1.6"
	d := w.viewed(t, dashboard.Access{Everyone: true}, visitor("bob"))
	if !w.runs(w.account(t, "bob").Servers[d.Server], d.ID, 1) {
		t.Error("it does not run for bob")
	}
}
