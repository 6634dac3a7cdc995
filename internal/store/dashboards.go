package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const (
	// fixed are what never changes of a dashboard, and edited what Update does. The
	// picture is SetThumbnail's.
	fixed  = `id, owner, server, created`
	edited = `name, folded_name, description, search, everyone, per_viewer, state, revision, failure, updated, last_used,
		source_kind, source_server, source_folder, source_repo, source_ref,
		app_framework, app_path, app_environment, app_arguments, options`

	dashboardColumns = `d.id, d.owner, d.server, d.created, d.name, d.description, d.everyone, d.per_viewer,
		d.state, d.revision, d.failure, d.updated, d.last_used, d.thumbnail,
		d.source_kind, d.source_server, d.source_folder, d.source_repo, d.source_ref,
		d.app_framework, d.app_path, d.app_environment, d.app_arguments, d.options,
		COALESCE((SELECT {array}(name ORDER BY name) FROM access WHERE dashboard = d.id AND kind = 'user'), '[]'),
		COALESCE((SELECT {array}(name ORDER BY name) FROM access WHERE dashboard = d.id AND kind = 'group'), '[]')`
)

// editedValues are those of the columns that are edited.
func editedValues(d dashboard.Dashboard) ([]any, error) {
	arguments, err := list(d.App.Arguments)
	if err != nil {
		return nil, err
	}
	options, err := options(d.Options)
	if err != nil {
		return nil, err
	}
	return []any{
		d.Name, dashboard.FoldName(d.Name), d.Description, searchText(d), d.Access.Everyone, d.PerViewer,
		string(d.State), d.Revision, clean(d.Failure), instant(d.Updated), instant(d.LastUsed),
		string(d.Source.Kind), d.Source.Server, d.Source.Folder, d.Source.Repo, d.Source.Ref,
		d.App.Framework, d.App.Path, d.App.Environment, arguments, options,
	}, nil
}

func readDashboard(row scanner) (dashboard.Dashboard, error) {
	var d dashboard.Dashboard
	var created, updated, used int64
	var arguments, options, users, groups string
	err := row.Scan(&d.ID, &d.Owner, &d.Server, &created, &d.Name, &d.Description, &d.Access.Everyone, &d.PerViewer,
		&d.State, &d.Revision, &d.Failure, &updated, &used, &d.Thumbnail,
		&d.Source.Kind, &d.Source.Server, &d.Source.Folder, &d.Source.Repo, &d.Source.Ref,
		&d.App.Framework, &d.App.Path, &d.App.Environment, &arguments, &options, &users, &groups)
	if err != nil {
		return d, err
	}
	d.Created, d.Updated, d.LastUsed = fromInstant(created), fromInstant(updated), fromInstant(used)
	if d.App.Arguments, err = readList(arguments); err != nil {
		return d, err
	}
	if d.Options, err = readOptions(options); err != nil {
		return d, err
	}
	if d.Access.Users, err = readList(users); err != nil {
		return d, err
	}
	d.Access.Groups, err = readList(groups)
	return d, err
}

func (q querier) dashboard(ctx context.Context, id string) (dashboard.Dashboard, error) {
	return readDashboard(q.row(ctx, `SELECT `+dashboardColumns+` FROM dashboards d WHERE d.id = $1`, id))
}

// lock keeps others from changing a dashboard, and from beginning a job of it,
// until the transaction ends. Only what is read after it is as they left it.
func (q querier) lock(ctx context.Context, id string) error {
	var found int
	return q.row(ctx, `SELECT 1 FROM dashboards WHERE id = $1 {lock}`, id).Scan(&found)
}

// setAccess replaces who may open a dashboard.
func (q querier) setAccess(ctx context.Context, id string, access dashboard.Access) error {
	if _, err := q.exec(ctx, `DELETE FROM access WHERE dashboard = $1`, id); err != nil {
		return err
	}
	for _, each := range []struct {
		kind  string
		names []string
	}{{"user", access.Users}, {"group", access.Groups}} {
		names, err := list(each.names)
		if err != nil {
			return err
		}
		_, err = q.exec(ctx, `INSERT INTO access (dashboard, kind, name)
			SELECT DISTINCT CAST($1 AS TEXT), CAST($2 AS TEXT), value FROM `+q.listOf("$3"), id, each.kind, names)
		if err != nil {
			return err
		}
	}
	return nil
}

// Create adds a dashboard, with the job that builds it. Errors: ErrNameTaken,
// ErrServerTaken.
func (s *Store) Create(ctx context.Context, d dashboard.Dashboard, first dashboard.Job) error {
	return s.change(ctx, "keep the dashboard", func(q querier) error {
		values, err := editedValues(d)
		if err != nil {
			return err
		}
		values = append(values, d.ID, d.Owner, d.Server, instant(d.Created))
		if _, err := q.exec(ctx, insert("dashboards", edited+", "+fixed), values...); err != nil {
			return err
		}
		if err := q.setAccess(ctx, d.ID, d.Access); err != nil {
			return err
		}
		first.Dashboard = d.ID
		return q.addJob(ctx, first)
	})
}

// Dashboard errors: ErrNotFound.
func (s *Store) Dashboard(ctx context.Context, id string) (dashboard.Dashboard, error) {
	d, err := s.reader().dashboard(ctx, id)
	return d, s.explain(ctx, "read the dashboard", err)
}

// Update changes a dashboard as change says, which is called once at most: nothing
// is tried again. Nobody else changes the dashboard meanwhile, so change must be
// quick, and must not call the store's own methods that write. ID, Owner, Server,
// Created and Thumbnail stay as they are.
func (s *Store) Update(ctx context.Context, id string, change func(*dashboard.Dashboard) error) (dashboard.Dashboard, error) {
	var after dashboard.Dashboard
	var refused error
	err := s.change(ctx, "change the dashboard", func(q querier) error {
		if err := q.lock(ctx, id); err != nil {
			return err
		}
		before, err := q.dashboard(ctx, id)
		if err != nil {
			return err
		}
		after = before
		after.Access.Users, after.Access.Groups = slices.Clone(before.Access.Users), slices.Clone(before.Access.Groups)
		if refused = change(&after); refused != nil {
			return refused
		}
		values, err := editedValues(after)
		if err != nil {
			return err
		}
		where := fmt.Sprintf("id = $%d", len(values)+1)
		if _, err := q.exec(ctx, replace("dashboards", edited, where), append(values, id)...); err != nil {
			return err
		}
		if !slices.Equal(before.Access.Users, after.Access.Users) || !slices.Equal(before.Access.Groups, after.Access.Groups) {
			if err := q.setAccess(ctx, id, after.Access); err != nil {
				return err
			}
		}
		after, err = q.dashboard(ctx, id)
		return err
	})
	if refused != nil {
		err = refused
	}
	if err != nil {
		return dashboard.Dashboard{}, err
	}
	return after, nil
}

// SetStates notes what the hub said about servers, by dashboard. Those that are
// not there are passed over, and where nothing has changed, nothing is written.
func (s *Store) SetStates(ctx context.Context, states map[string]dashboard.ServerState) error {
	const purpose = "note the states of servers"
	known, err := collect(ctx, s.reader(), readServer, `SELECT id, state, last_used FROM dashboards ORDER BY id`)
	if err != nil {
		return s.explain(ctx, purpose, err)
	}
	changed := slices.DeleteFunc(known, func(old knownServer) bool {
		said, ok := states[old.dashboard]
		return !ok || said.State == old.state && instant(said.LastUsed) <= old.used
	})
	if len(changed) == 0 {
		return nil
	}
	return s.change(ctx, purpose, func(q querier) error {
		// In the order of their ids, so that two that do this at once do not wait for
		// each other.
		for _, each := range changed {
			said := states[each.dashboard]
			_, err := q.exec(ctx, `UPDATE dashboards SET state = $1, last_used = CASE WHEN last_used < $2 THEN $2 ELSE last_used END WHERE id = $3`,
				string(said.State), instant(said.LastUsed), each.dashboard)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// knownServer is what is kept of a dashboard's server.
type knownServer struct {
	dashboard string
	state     dashboard.State
	used      int64
}

func readServer(row scanner) (found knownServer, err error) {
	err = row.Scan(&found.dashboard, &found.state, &found.used)
	return found, err
}

// Erase takes a dashboard away with all that belongs to it, jobs included. One
// that is not there is no error.
func (s *Store) Erase(ctx context.Context, id string) error {
	return s.change(ctx, "erase the dashboard", func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM dashboards WHERE id = $1`, id)
		return err
	})
}
