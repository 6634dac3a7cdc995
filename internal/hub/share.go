package hub

import (
	"context"
	"net/http"
	"net/url"
	"slices"
)

// Shares give single users and groups access to one server, since JupyterHub 5.
// Older hubs answer with IsNotFound. A share is of a server that is there, running
// or not, and goes with it.

// Shares are the users and groups with whom a server is shared, sorted. Scope:
// read:shares.
func (c *Client) Shares(ctx context.Context, owner, server string) (users, groups []string, err error) {
	where, err := sharePath(owner, server)
	if err != nil {
		return nil, nil, err
	}
	type named struct {
		Name string `json:"name"`
	}
	type share struct {
		User  *named `json:"user"`
		Group *named `json:"group"`
	}
	err = pages(ctx, c, where, url.Values{}, 0, func(s share) error {
		switch {
		case s.User != nil:
			users = append(users, s.User.Name)
		case s.Group != nil:
			groups = append(groups, s.Group.Name)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(users)
	slices.Sort(groups)
	return users, groups, nil
}

// Share lets a user access a server; one who may already is no error. IsRefused
// says that there is no such user, IsNotFound no such server. Scopes: shares, and
// read:users:name of the user.
func (c *Client) Share(ctx context.Context, owner, server, user string) error {
	return c.share(ctx, http.MethodPost, owner, server, "user", user)
}

// Unshare ends a user's access to a server; of one who has none, or who is not
// there, it is no error. Scope: shares.
func (c *Client) Unshare(ctx context.Context, owner, server, user string) error {
	return c.share(ctx, http.MethodPatch, owner, server, "user", user)
}

// ShareGroup is Share with a group; read:groups:name in place of read:users:name.
// The hub counts such a share when its members log in to the server by a browser,
// not when they come with a token (scopes.py, get_scopes_for).
func (c *Client) ShareGroup(ctx context.Context, owner, server, group string) error {
	return c.share(ctx, http.MethodPost, owner, server, "group", group)
}

// UnshareGroup is Unshare with a group.
func (c *Client) UnshareGroup(ctx context.Context, owner, server, group string) error {
	return c.share(ctx, http.MethodPatch, owner, server, "group", group)
}

// UnshareAll ends all access by shares to a server. Scope: shares.
func (c *Client) UnshareAll(ctx context.Context, owner, server string) error {
	where, err := sharePath(owner, server)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, request{method: http.MethodDelete, address: c.URL(where), token: c.token}, nil)
	return err
}

func (c *Client) share(ctx context.Context, method, owner, server, kind, name string) error {
	where, err := sharePath(owner, server)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, request{method: method, address: c.URL(where), token: c.token, body: map[string]string{kind: name}}, nil)
	return err
}

// sharePath is where a server's shares are; a path that ends with the slash is
// that of the default server, without it would be all of the owner's.
func sharePath(owner, server string) (string, error) {
	if server == "" {
		return path("/shares/*/", owner)
	}
	return path("/shares/*/*", owner, server)
}
