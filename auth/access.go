package auth

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// access decides who may enter.
type access struct {
	// scopes is the rule on every hub since 2.0; legacy hubs have none.
	scopes scopeRule
	legacy bool

	owner, group string
	admins       bool

	// anyone, user and group are the operator's wider rule by the variables
	// of the Python program. user is somebody else than the owner.
	anyone bool
	user   string

	// onlyUsers and onlyGroups, if any are given, are who may enter of those
	// who may.
	onlyUsers, onlyGroups []string
}

func newAccess(env Environment, onlyUsers, onlyGroups []string) access {
	a := access{
		scopes:     newScopeRule(env.AccessScopes),
		legacy:     env.AccessScopes == nil,
		owner:      env.User,
		group:      env.Group,
		admins:     env.AdminAccess,
		anyone:     env.Anyone,
		onlyUsers:  onlyUsers,
		onlyGroups: onlyGroups,
	}
	// The hub gives the owner's name, so another one is the operator's. For a
	// service, the hub gives a name of the system's, which is nobody's here.
	if owner := env.PrefixOwner(); owner != "" && owner != env.User {
		a.owner, a.user = owner, env.User
	}
	return a
}

// allows says whether the user may enter.
func (a access) allows(user *hub.User) bool {
	return (a.byHub(user) || a.byOperator(user)) && a.isOneOf(user)
}

// byHub is the hub's rule. Where scopes are required, nothing else counts, and
// a model without scopes holds none.
func (a access) byHub(user *hub.User) bool {
	if !a.legacy {
		return user.HasScopes && a.scopes.allows(user.Scopes)
	}
	return user.Kind == "user" &&
		((a.owner != "" && user.Name == a.owner) || (a.admins && user.Admin))
}

// byOperator is the rule by the Python program's variables.
func (a access) byOperator(user *hub.User) bool {
	return user.Kind == "user" && (a.anyone ||
		(a.user != "" && user.Name == a.user) ||
		(a.group != "" && slices.Contains(user.Groups, a.group)))
}

// isOneOf is the further restriction. It names users and groups, so services
// are out where there is one.
func (a access) isOneOf(user *hub.User) bool {
	if len(a.onlyUsers) == 0 && len(a.onlyGroups) == 0 {
		return true
	}
	return user.Kind == "user" && (slices.Contains(a.onlyUsers, user.Name) ||
		slices.ContainsFunc(a.onlyGroups, func(group string) bool { return slices.Contains(user.Groups, group) }))
}

// announce writes into the log what is not the hub's own rule: whoever reads
// it should know who may enter.
func (a access) announce(log *slog.Logger) {
	if a.anyone {
		log.Warn("EVERY user of the hub may enter, whatever their scopes (JUPYTERHUB_ANYONE=1)")
	}
	if a.user != "" {
		log.Warn("a further user may enter, whatever their scopes (JUPYTERHUB_USER is not the server's owner)", "user", a.user)
	}
	if a.group != "" {
		log.Warn("all members of a group may enter, whatever their scopes (JUPYTERHUB_GROUP)", "group", a.group)
	}
	if len(a.onlyUsers)+len(a.onlyGroups) > 0 {
		log.Info("of those who may enter, only these users and members of these groups do (--allow-user, --allow-group)",
			"users", strings.Join(a.onlyUsers, " "), "groups", strings.Join(a.onlyGroups, " "))
	}
}
