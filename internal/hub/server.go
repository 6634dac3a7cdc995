package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Server is the hub's model of a user's server.
type Server struct {
	// Name is empty for the default server. DisplayName is what people call it,
	// since JupyterHub 6.
	Name, DisplayName string
	// Ready says that it answers; Pending, if not empty, is what the hub is doing
	// to it: "spawn", "stop", "check" or "rename".
	Ready   bool
	Pending string
	// Stopped says that it neither runs nor is on its way.
	Stopped bool
	// URL is its path on the hub's origin, or all of it where users have
	// subdomains. FullURL is all of it, where the hub knows (since JupyterHub 5).
	URL, FullURL string
	// Started and LastActivity are zero if it does not run, and was never used.
	Started, LastActivity time.Time
	// UserOptions are those of the last start, as JSON. A user can write any.
	UserOptions json.RawMessage
}

// UnmarshalJSON reads a server's model. What is not there is empty.
func (s *Server) UnmarshalJSON(data []byte) error {
	var model struct {
		Name         string          `json:"name"`
		DisplayName  string          `json:"display_name"`
		Ready        bool            `json:"ready"`
		Pending      string          `json:"pending"`
		Stopped      *bool           `json:"stopped"`
		URL          string          `json:"url"`
		FullURL      string          `json:"full_url"`
		Started      stamp           `json:"started"`
		LastActivity stamp           `json:"last_activity"`
		UserOptions  json.RawMessage `json:"user_options"`
	}
	if err := json.Unmarshal(data, &model); err != nil {
		return fmt.Errorf("cannot read the server's model: %w", err)
	}
	*s = Server{
		Name: model.Name, DisplayName: model.DisplayName, Ready: model.Ready, Pending: model.Pending,
		URL: model.URL, FullURL: model.FullURL,
		Started: time.Time(model.Started), LastActivity: time.Time(model.LastActivity), UserOptions: model.UserOptions,
	}
	s.Stopped = !s.Ready && s.Pending == "" // before JupyterHub 3, and as the hub sees it
	if model.Stopped != nil {
		s.Stopped = *model.Stopped
	}
	return nil
}

// Start is how a server is to be started.
type Start struct {
	// DisplayName is what people call it. JupyterHub 6 is the first to have that,
	// and takes only some characters: what it does not is left out.
	DisplayName string
	// Options replace those of the last start, also if there are none.
	Options map[string]any
}

// envelope is the first major version of JupyterHub whose body is no longer the
// options themselves (apihandlers/users.py, get_server_json_body).
const envelope = 6

// StartServer starts a server, which is made if it is not there. It is pending if
// it is still on its way when the hub answers, which it does after some seconds.
// That it is pending may be somebody else's doing: then Options were not taken.
// Errors: IsRefused if it runs or is being stopped, or for its name or a limit of
// named servers, IsBusy, and *Error with a status of 500 if it did not come up.
// Scope: start:servers, before JupyterHub 6 servers.
func (c *Client) StartServer(ctx context.Context, user, server string, start Start) (pending bool, err error) {
	where, err := serverPath(user, server)
	if err != nil {
		return false, err
	}
	version, err := c.RecentVersion(ctx)
	if err != nil {
		return false, err
	}
	options := start.Options
	if options == nil {
		options = map[string]any{} // none at all would be those of the last start
	}
	post := request{method: http.MethodPost, address: c.URL(where), token: c.token, body: options}
	if Major(version) < envelope {
		status, err := c.call(ctx, post, nil)
		return status == http.StatusAccepted, err
	}
	wrapped := map[string]any{"user_options": options}
	if name := displayName(start.DisplayName); name != "" && server != "" {
		wrapped["display_name"] = name
	}
	post.body = wrapped
	status, err := c.call(ctx, post, nil)
	if dislikesDisplayName(err) {
		delete(wrapped, "display_name")
		status, err = c.call(ctx, post, nil)
	}
	return status == http.StatusAccepted, err
}

// StopServer stops a server, and with remove forgets it when it has stopped, with
// its options and its shares. It is pending if it is still stopping when the hub
// answers. One that does not run is no error, one that is not there IsNotFound,
// and the default server cannot be removed. Scope: delete:servers.
func (c *Client) StopServer(ctx context.Context, user, server string, remove bool) (pending bool, err error) {
	where, err := serverPath(user, server)
	if err != nil {
		return false, err
	}
	body := map[string]bool{"remove": remove}
	status, err := c.call(ctx, request{method: http.MethodDelete, address: c.URL(where), token: c.token, body: body}, nil)
	return status == http.StatusAccepted, err
}
