package auth

import (
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// access decides who may enter.
type access struct {
	// scopes is the rule on every hub since 2.0; legacy hubs have none.
	scopes scopeRule
	legacy bool

	owner, group string
	admins       bool
}

func newAccess(env Environment) access {
	return access{
		scopes: newScopeRule(env.AccessScopes),
		legacy: env.AccessScopes == nil,
		owner:  env.User,
		group:  env.Group,
		admins: env.AdminAccess,
	}
}

// allows says whether the user may enter. Where scopes are required, nothing
// else counts, and a model without scopes holds none.
func (a access) allows(user *hub.User) bool {
	if !a.legacy {
		return user.HasScopes && a.scopes.allows(user.Scopes)
	}
	if user.Kind != "user" {
		return false
	}
	return (a.owner != "" && user.Name == a.owner) ||
		(a.group != "" && slices.Contains(user.Groups, a.group)) ||
		(a.admins && user.Admin)
}
