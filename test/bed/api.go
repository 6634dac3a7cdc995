package bed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// serverPatience is for a server such as JupyterLab's on a cold and busy machine.
const serverPatience = 3 * time.Minute

// Model is what the hub says about a server.
type Model struct {
	Name         string    `json:"name"`
	Ready        bool      `json:"ready"`
	Stopped      bool      `json:"stopped"`
	Pending      string    `json:"pending"`
	LastActivity time.Time `json:"last_activity"`
}

// API calls the hub's REST API as a service that may administer users, servers
// and tokens. The path begins behind /hub/api; a body that is not nil is sent
// as JSON.
func (h *Hub) API(ctx context.Context, method, path string, body any) (*Answer, error) {
	return h.APIAs(ctx, h.serviceToken, method, path, body)
}

// APIAs is API with another token.
func (h *Hub) APIAs(ctx context.Context, token, method, path string, body any) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, h.URL+"/hub/api"+path, &sent)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "token "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := h.client.Do(request)
	if err != nil {
		return nil, err
	}
	return readAnswer(response)
}

// call is API for calls of which only some answers are good.
func (h *Hub) call(ctx context.Context, method, path string, body any, good ...int) (*Answer, error) {
	answer, err := h.API(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	for _, status := range good {
		if answer.Status == status {
			return answer, nil
		}
	}
	return nil, fmt.Errorf("the hub answered %s %s with %d: %s", method, path, answer.Status, answer.Body)
}

// AddUser makes a user, unless there is one already.
func (h *Hub) AddUser(ctx context.Context, user string) error {
	_, err := h.call(ctx, http.MethodPost, "/users/"+user, nil, http.StatusCreated, http.StatusConflict)
	return err
}

// NewToken makes an API token of a user. Without scopes it may do what the user
// may.
func (h *Hub) NewToken(ctx context.Context, user string, scopes ...string) (string, error) {
	body := map[string]any{"note": "made by the test bed"}
	if len(scopes) > 0 {
		body["scopes"] = scopes
	}
	answer, err := h.call(ctx, http.MethodPost, "/users/"+user+"/tokens", body, http.StatusOK, http.StatusCreated)
	if err != nil {
		return "", err
	}
	var made struct{ Token string }
	return made.Token, answer.JSON(&made)
}

// StartServer starts a user's server, making the user if there is none, and
// returns when the hub calls it ready. The default server's name is empty.
// What server leaves open is as in the hub's Options.
func (h *Hub) StartServer(ctx context.Context, user, name string, server Server) error {
	if err := h.AddUser(ctx, user); err != nil {
		return err
	}
	body := map[string]any{"user_options": server.or(h.options.Server)}
	if _, err := h.call(ctx, http.MethodPost, serverPath(user, name), body, http.StatusCreated, http.StatusAccepted); err != nil {
		return err
	}
	return h.await(ctx, user, name, "to be ready", func(m Model) (bool, error) {
		if !m.Ready && m.Pending == "" {
			return false, fmt.Errorf("the server %q of %s did not start\n%s", name, user, h.LogTail(40))
		}
		return m.Ready, nil
	})
}

// StopServer stops a user's server and returns when the hub calls it stopped.
func (h *Hub) StopServer(ctx context.Context, user, name string) error {
	if _, err := h.call(ctx, http.MethodDelete, serverPath(user, name), nil, http.StatusNoContent, http.StatusAccepted); err != nil {
		return err
	}
	return h.await(ctx, user, name, "to stop", func(m Model) (bool, error) {
		return !m.Ready && m.Pending == "", nil
	})
}

// Server returns what the hub says about a server.
func (h *Hub) Server(ctx context.Context, user, name string) (Model, error) {
	answer, err := h.call(ctx, http.MethodGet, "/users/"+user+"?include_stopped_servers=1", nil, http.StatusOK)
	if err != nil {
		return Model{}, err
	}
	var model struct{ Servers map[string]Model }
	if err := answer.JSON(&model); err != nil {
		return Model{}, err
	}
	server, ok := model.Servers[name]
	if !ok {
		return Model{}, fmt.Errorf("the hub knows no server %q of %s", name, user)
	}
	return server, nil
}

// await asks about a server until done says so or fails.
func (h *Hub) await(ctx context.Context, user, name, what string, done func(Model) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	for {
		model, err := h.Server(ctx, user, name)
		if err != nil {
			return err
		}
		if ok, err := done(model); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited too long for the server %q of %s %s\n%s", name, user, what, h.LogTail(40))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func serverPath(user, name string) string {
	if name == "" {
		return "/users/" + user + "/server"
	}
	return "/users/" + user + "/servers/" + name
}
