package house

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Scopes are those of a role, or that tokens of an OAuth client may have: kind is
// "role" or "client".
func (h *House) Scopes(ctx context.Context, kind, name string) (scopes []string, err error) {
	answer, err := h.callScopes(ctx, http.MethodGet, kind, name, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return scopes, json.NewDecoder(answer.Body).Decode(&scopes)
}

// SetScopes changes them while the hub runs, which it does not do otherwise.
func (h *House) SetScopes(ctx context.Context, kind, name string, scopes []string) error {
	answer, err := h.callScopes(ctx, http.MethodPut, kind, name, scopes)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (h *House) callScopes(ctx context.Context, method, kind, name string, scopes []string) (*http.Response, error) {
	body, err := json.Marshal(scopes)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, h.URL+"/hub/bed/"+kind+"/"+name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := h.Client().Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("the hub answered %d of the scopes of %s", answer.StatusCode, name)
	}
	return answer, nil
}
