package store

import (
	"context"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Viewers are the servers of a dashboard that gives each viewer one, by the
// viewer's name.
func (s *Store) Viewers(ctx context.Context, id string) (map[string]dashboard.ViewerServer, error) {
	found, err := collect(ctx, s.reader(), readViewer, `SELECT name, server, revision, state, last_used FROM viewers WHERE dashboard = $1`, id)
	if err != nil {
		return nil, s.explain(ctx, "read the viewers' servers", err)
	}
	servers := make(map[string]dashboard.ViewerServer, len(found))
	for _, each := range found {
		servers[each.name] = each.ViewerServer
	}
	return servers, nil
}

type viewer struct {
	name string
	dashboard.ViewerServer
}

func readViewer(row scanner) (viewer, error) {
	var v viewer
	var used int64
	err := row.Scan(&v.name, &v.Server, &v.Revision, &v.State, &used)
	v.LastUsed = fromInstant(used)
	return v, err
}

// SetViewer notes a viewer's server. Errors: ErrNotFound.
func (s *Store) SetViewer(ctx context.Context, id, viewer string, server dashboard.ViewerServer) error {
	return s.change(ctx, "note the viewer's server", func(q querier) error {
		_, err := q.exec(ctx, insert("viewers", "dashboard, name, server, revision, state, last_used")+` ON CONFLICT (dashboard, name)
			DO UPDATE SET server = excluded.server, revision = excluded.revision, state = excluded.state, last_used = excluded.last_used`,
			id, viewer, server.Server, server.Revision, string(server.State), instant(server.LastUsed))
		return err
	})
}

// RemoveViewer forgets a viewer's server. One that is not there is no error.
func (s *Store) RemoveViewer(ctx context.Context, id, viewer string) error {
	return s.change(ctx, "forget the viewer's server", func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM viewers WHERE dashboard = $1 AND name = $2`, id, viewer)
		return err
	})
}
