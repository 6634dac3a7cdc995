// Package containds reads what ContainDS Dashboards (cdsdashboards) left in the
// database of its JupyterHub, and says it in our words. It changes nothing there.
//
// All versions of its tables are known (cdsalembic/versions): 2478e08b1ba2 up to
// 0.0.11, which had no frameworks; 260ac5c1a9e0 up to 0.5.7, whose dashboards could
// be of a chosen server; f353692d88d5 up to the last, 0.6.3, which gave viewers
// copies of their own.
package containds

import (
	"context"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Found is a dashboard that was there.
type Found struct {
	// Dashboard is as much of it as there is, without what only its new home can
	// give (ID, Server). Its Owner is empty if the hub has no such user any more,
	// and it may yet be refused by dashboard.Check or the operator's settings.
	Dashboard dashboard.Dashboard
	// Notes are sentences for people: what was lost, changed, or is to be decided.
	Notes []string
	// LegacyURL is where ContainDS showed it, below the hub's base URL, such as
	// "hub/dashboards/sales"; empty if that cannot be told.
	LegacyURL string
}

// Read reads a hub's database: its JupyterHub.db_url, such as
// sqlite:////srv/jupyterhub.sqlite or postgresql://hub@db/hub, or the path of an
// SQLite file. It is opened for reading only, also while a hub has it open. What
// is odd in one dashboard is a note to it; an error is that nothing can be read.
func Read(ctx context.Context, address string) ([]Found, error) {
	db, err := open(ctx, address)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := readRows(ctx, db)
	if err != nil {
		return nil, err
	}
	return convertAll(rows), nil
}
