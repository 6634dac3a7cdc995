//go:build e2e

package hubconfig

import "testing"

func TestSecurityServiceHasTheLeastRole(t *testing.T) {
	t.Parallel()
	shared.checkService(t, 6)
}

func TestSecurityServiceMayLittleInAVisitorsName(t *testing.T) {
	t.Parallel()
	shared.checkVisitor(t, 6)
}

func TestConfigurationOfBeforeStays(t *testing.T) {
	t.Parallel()
	shared.checkNeighbours(t)
}

func TestHomePageLeavesDashboardsOut(t *testing.T) {
	t.Parallel()
	shared.checkHome(t)
}

// A page that people see when they try to start a dashboard from the hub's own
// pages tells them where to go, also where the hub has never seen a ticket.
func TestSpawnPageSendsPeopleToTheDashboards(t *testing.T) {
	t.Parallel()
	shared.as(t, "pia")
	shared.refusePage(t, "pia", "dashboard-new-abc123")
	if runs := shared.runs(t, "pia", "dashboard-new-abc123"); len(runs) != 0 {
		t.Errorf("it was started: %+v", runs)
	}
}
