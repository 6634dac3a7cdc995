package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// Account is a user of the hub with their servers, as far as the token may know:
// whatever it may not is empty (apihandlers/base.py, user_model).
type Account struct {
	Name string
	// Admin is the hub's admin flag. It decides nothing under scopes.
	Admin  bool
	Groups []string
	// LastActivity is zero if there was none.
	LastActivity time.Time
	// Servers are the user's by name; the default one's is empty. JupyterHub 2
	// tells only of those that run.
	Servers map[string]Server
}

// UnmarshalJSON reads a user model. What is not there is empty.
func (a *Account) UnmarshalJSON(data []byte) error {
	var model struct {
		Name         string            `json:"name"`
		Admin        bool              `json:"admin"`
		Groups       []string          `json:"groups"`
		LastActivity stamp             `json:"last_activity"`
		Servers      map[string]Server `json:"servers"`
	}
	if err := json.Unmarshal(data, &model); err != nil {
		return fmt.Errorf("cannot read the user model: %w", err)
	}
	*a = Account{
		Name: model.Name, Admin: model.Admin, Groups: model.Groups,
		LastActivity: time.Time(model.LastActivity), Servers: model.Servers,
	}
	for name, server := range a.Servers {
		server.Name = name // what it is asked for by
		a.Servers[name] = server
	}
	return nil
}

// stopped asks for the servers that do not run as well; JupyterHub 2 does not know
// the parameter.
const stopped = "include_stopped_servers"

// Account returns a user with all of their servers. Scopes: read:users:name and
// read:servers of that user; read:users:groups for the groups.
func (c *Client) Account(ctx context.Context, name string) (Account, error) {
	where, err := path("/users/*", name)
	if err != nil {
		return Account{}, err
	}
	var account Account
	if _, err := c.call(ctx, request{address: c.URL(where) + "?" + stopped + "=1", token: c.token, limit: maxPage}, &account); err != nil {
		return Account{}, err
	}
	if account.Name == "" {
		return Account{}, fmt.Errorf("%w: its user model has no name", ErrUnavailable)
	}
	return account, nil
}

// AccountQuery is which accounts are wanted.
type AccountQuery struct {
	// State, if not empty, is "active", "inactive" or "ready": with a server that
	// is not stopped, without one, with one that is ready.
	State string
	// NameFilter, if not empty, is a part of the name, in whatever case.
	NameFilter string
	// Limit is how many at most; 0 is all.
	Limit int
	// NoServers leaves the servers out, which makes lists of people short.
	NoServers bool
}

// Accounts calls each with one account after the other, in the hub's order, and
// ends with the error that it returns. Users who come or go in between may be
// missed or come twice, as the hub counts its pages. Scope: list:users;
// read:servers for the servers.
func (c *Client) Accounts(ctx context.Context, query AccountQuery, each func(Account) error) error {
	values := url.Values{}
	if query.State != "" {
		values.Set("state", query.State)
	}
	if query.NameFilter != "" {
		values.Set("name_filter", query.NameFilter)
	}
	if !query.NoServers {
		values.Set(stopped, "1")
	}
	return pages(ctx, c, "/users", values, query.Limit, each)
}
