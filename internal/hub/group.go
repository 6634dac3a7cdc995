package hub

import (
	"context"
	"net/url"
	"slices"
)

// Groups are the names of the hub's groups, sorted. Scope: list:groups.
func (c *Client) Groups(ctx context.Context) ([]string, error) {
	type group struct {
		Name string `json:"name"`
	}
	var names []string
	err := pages(ctx, c, "/groups", url.Values{}, 0, func(g group) error {
		names = append(names, g.Name)
		return nil
	})
	slices.Sort(names)
	return names, err
}

// Group is who is in a group, sorted. Scope: read:groups; with read:groups:name
// alone it looks empty.
func (c *Client) Group(ctx context.Context, name string) ([]string, error) {
	where, err := path("/groups/*", name)
	if err != nil {
		return nil, err
	}
	var group struct {
		Users []string `json:"users"`
	}
	if _, err := c.call(ctx, request{address: c.URL(where), token: c.token}, &group); err != nil {
		return nil, err
	}
	slices.Sort(group.Users)
	return group.Users, nil
}
