package hub

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"
)

func TestShares(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.RequestURI {
		case "/hub/api/shares/ada/x?limit=50&offset=0":
			io.WriteString(w, `{"items":[{"user":{"name":"eve"},"group":null,"scopes":["s"],"server":{}},{"user":null,"group":{"name":"team"}}],"_pagination":{"next":{"offset":50}}}`)
		case "/hub/api/shares/ada/x?limit=50&offset=50":
			io.WriteString(w, `{"items":[{"user":{"name":"bob"}},{"user":null,"group":null},{}],"_pagination":{"next":null}}`)
		case "/hub/api/shares/ada/?limit=50&offset=0":
			io.WriteString(w, `{"items":[],"_pagination":{"next":null}}`)
		default:
			t.Errorf("asked %s", r.RequestURI)
		}
	})
	users, groups, err := client.Shares(t.Context(), "ada", "x")
	if err != nil || !slices.Equal(users, []string{"bob", "eve"}) || !slices.Equal(groups, []string{"team"}) {
		t.Errorf("got %q, %q, %v", users, groups, err)
	}
	if users, groups, err := client.Shares(t.Context(), "ada", ""); err != nil || len(users)+len(groups) != 0 {
		t.Errorf("got %q, %q, %v", users, groups, err)
	}
}

func TestSharing(t *testing.T) {
	for want, call := range map[string]func(context.Context, *Client) error{
		`POST /hub/api/shares/ada/x {"user":"bob@host"}`: func(ctx context.Context, c *Client) error { return c.Share(ctx, "ada", "x", "bob@host") },
		`PATCH /hub/api/shares/ada/x {"user":"../b"}`:    func(ctx context.Context, c *Client) error { return c.Unshare(ctx, "ada", "x", "../b") },
		`POST /hub/api/shares/ada/x {"group":"team"}`:    func(ctx context.Context, c *Client) error { return c.ShareGroup(ctx, "ada", "x", "team") },
		`PATCH /hub/api/shares/ada/x {"group":"team"}`:   func(ctx context.Context, c *Client) error { return c.UnshareGroup(ctx, "ada", "x", "team") },
		`DELETE /hub/api/shares/ada/x `:                  func(ctx context.Context, c *Client) error { return c.UnshareAll(ctx, "ada", "x") },
		`DELETE /hub/api/shares/ada/ `:                   func(ctx context.Context, c *Client) error { return c.UnshareAll(ctx, "ada", "") },
	} {
		client, asked := recording(t, "6.1.1", func(w http.ResponseWriter, _ map[string]any) { io.WriteString(w, "{}") })
		if err := call(t.Context(), client); err != nil || !slices.Equal(*asked, []string{want}) {
			t.Errorf("got %v, sent %q, want %q", err, *asked, want)
		}
	}
}

func TestGroups(t *testing.T) {
	client, last := answering(t, 200, `{"items":[{"kind":"group","name":"team"},{"name":"crew"}],"_pagination":{"next":null}}`)
	if got, err := client.Groups(t.Context()); err != nil || !slices.Equal(got, []string{"crew", "team"}) || last.URL.Path != "/hub/api/groups" {
		t.Errorf("got %q, %v", got, err)
	}
	client, last = answering(t, 200, `{"kind":"group","name":"a/b","users":["eve","bob"]}`)
	if got, err := client.Group(t.Context(), "a/b"); err != nil || !slices.Equal(got, []string{"bob", "eve"}) || last.RequestURI != "/hub/api/groups/a%2Fb" {
		t.Errorf("got %q, %v, asked %s", got, err, last.RequestURI)
	}
}
