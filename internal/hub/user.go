package hub

import (
	"encoding/json"
	"fmt"
)

// User is the hub's model of a user or a service, as far as anybody here
// reads it. Every field but the name can be absent (apihandlers/base.py,
// user_model: what is shown depends on the token's scopes).
type User struct {
	// Kind is "user" or "service".
	Kind string
	Name string
	// Admin is the hub's admin flag. It decides nothing under scopes.
	Admin  bool
	Groups []string
	// Email is there if the hub's user_info (since 6.0) has one.
	Email string
	// Scopes are the expanded scopes of the token. HasScopes tells an empty
	// list from a hub of before 2.0, which has none.
	Scopes    []string
	HasScopes bool
}

// UnmarshalJSON reads a model leniently where the hub's versions differ, and
// strictly where a wrong type could open a door: a model whose scopes or
// groups are not lists of strings is refused.
func (u *User) UnmarshalJSON(data []byte) error {
	var model struct {
		Kind     string           `json:"kind"`
		Name     string           `json:"name"`
		Admin    bool             `json:"admin"`
		Groups   []string         `json:"groups"`
		Scopes   *json.RawMessage `json:"scopes"`
		UserInfo json.RawMessage  `json:"user_info"`
	}
	if err := json.Unmarshal(data, &model); err != nil {
		return fmt.Errorf("cannot read the user model: %w", err)
	}
	*u = User{Kind: model.Kind, Name: model.Name, Admin: model.Admin, Groups: model.Groups}
	if u.Kind == "" {
		u.Kind = "user"
	}
	if model.Scopes != nil {
		if err := json.Unmarshal(*model.Scopes, &u.Scopes); err != nil {
			return fmt.Errorf("cannot read the user model's scopes: %w", err)
		}
		u.HasScopes = true
	}
	u.Email = email(model.UserInfo)
	return nil
}

// email reads the address from a user_info, which an operator's own code makes
// and which decides nothing: whatever is no address is none.
func email(info json.RawMessage) string {
	var known struct {
		Email any `json:"email"`
	}
	if len(info) == 0 || json.Unmarshal(info, &known) != nil {
		return ""
	}
	address, _ := known.Email.(string)
	return address
}
