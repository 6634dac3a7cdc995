package auth

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

func person(name string, groups ...string) *hub.User {
	return &hub.User{Kind: "user", Name: name, Groups: groups, HasScopes: true}
}

func withScope(user *hub.User, scopes ...string) *hub.User {
	user.Scopes = scopes
	return user
}

func TestSecurityAccess(t *testing.T) {
	const adas = "access:servers!user=ada"
	scoped := func(change func(*Environment)) Environment {
		env := Environment{User: "ada", BaseURL: "/b/", ServicePrefix: "/b/user/ada/lab/", AccessScopes: []string{"access:servers!server=ada/lab", adas}}
		if change != nil {
			change(&env)
		}
		return env
	}
	service := &hub.User{Kind: "service", Name: "robot", HasScopes: true}
	for name, test := range map[string]struct {
		env    Environment
		users  []string
		groups []string
		user   *hub.User
		want   bool
	}{
		"scope":                             {scoped(nil), nil, nil, withScope(person("eve"), adas), true},
		"owner by name alone":               {scoped(nil), nil, nil, person("ada"), false},
		"admin by flag alone":               {scoped(nil), nil, nil, &hub.User{Kind: "user", Name: "boss", Admin: true, HasScopes: true}, false},
		"service by scope":                  {scoped(nil), nil, nil, withScope(&hub.User{Kind: "service", Name: "robot", HasScopes: true}, adas), true},
		"anyone":                            {scoped(func(e *Environment) { e.Anyone = true }), nil, nil, person("eve"), true},
		"anyone is no service":              {scoped(func(e *Environment) { e.Anyone = true }), nil, nil, service, false},
		"member":                            {scoped(func(e *Environment) { e.Group = "g" }), nil, nil, person("eve", "f", "g"), true},
		"no member":                         {scoped(func(e *Environment) { e.Group = "g" }), nil, nil, person("eve", "f", "gg"), false},
		"the operator's user":               {scoped(func(e *Environment) { e.User = "eve" }), nil, nil, person("eve"), true},
		"the owner beside them":             {scoped(func(e *Environment) { e.User = "eve" }), nil, nil, withScope(person("ada"), adas), true},
		"a service called like them":        {scoped(func(e *Environment) { e.User = "robot" }), nil, nil, service, false},
		"a service's system user":           {Environment{User: "root", BaseURL: "/", ServicePrefix: "/services/s/", AccessScopes: []string{"access:services!service=s"}}, nil, nil, person("root"), false},
		"owner by name alone, other scopes": {scoped(func(e *Environment) { e.AccessScopes = []string{"custom:dash"} }), nil, nil, person("ada"), false},
		"only eve: eve":                     {scoped(nil), []string{"eve"}, nil, withScope(person("eve"), adas), true},
		"only eve: ada":                     {scoped(nil), []string{"eve"}, nil, withScope(person("ada"), adas), false},
		"only eve: eve without scope":       {scoped(nil), []string{"eve"}, nil, person("eve"), false},
		"only eve: a service":               {scoped(nil), []string{"robot"}, nil, withScope(&hub.User{Kind: "service", Name: "robot", HasScopes: true}, adas), false},
		"only members: member":              {scoped(nil), nil, []string{"f", "g"}, withScope(person("eve", "g"), adas), true},
		"only members: another":             {scoped(nil), nil, []string{"g"}, withScope(person("eve"), adas), false},
		"eve or members: member":            {scoped(nil), []string{"eve"}, []string{"g"}, withScope(person("bob", "g"), adas), true},
		"anyone, but only members: another": {scoped(func(e *Environment) { e.Anyone = true }), nil, []string{"g"}, person("eve"), false},
		"hub 1: owner":                      {Environment{User: "ada"}, nil, nil, &hub.User{Kind: "user", Name: "ada"}, true},
		"hub 1: the operator's user":        {Environment{User: "eve", BaseURL: "/", ServicePrefix: "/user/%C3%A9mile/"}, nil, nil, person("eve"), true},
		"hub 1: the owner beside them":      {Environment{User: "eve", BaseURL: "/", ServicePrefix: "/user/%C3%A9mile/"}, nil, nil, person("émile"), true},
		"hub 1: stranger":                   {Environment{User: "ada"}, nil, nil, &hub.User{Kind: "user", Name: "eve"}, false},
		"hub 1: admin without admin_access": {Environment{User: "ada"}, nil, nil, &hub.User{Kind: "user", Name: "b", Admin: true}, false},
		"hub 1: admin with admin_access":    {Environment{User: "ada", AdminAccess: true}, nil, nil, &hub.User{Kind: "user", Name: "b", Admin: true}, true},
		"hub 1: member":                     {Environment{User: "ada", Group: "g"}, nil, nil, &hub.User{Kind: "user", Name: "b", Groups: []string{"g"}}, true},
		"hub 1: anyone":                     {Environment{User: "ada", Anyone: true}, nil, nil, &hub.User{Kind: "user", Name: "b"}, true},
		"hub 1: service called as owner":    {Environment{User: "ada"}, nil, nil, &hub.User{Kind: "service", Name: "ada"}, false},
	} {
		if got := newAccess(test.env, test.users, test.groups).allows(test.user); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestAWiderRuleIsLoud(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	newAccess(Environment{User: "ada", BaseURL: "/", ServicePrefix: "/user/ada/", AccessScopes: []string{"access:servers!user=ada"}}, nil, nil).announce(logger)
	if log.Len() > 0 {
		t.Errorf("the hub's own rule is announced: %s", log.String())
	}
	newAccess(Environment{User: "eve", BaseURL: "/", ServicePrefix: "/user/ada/", Group: "g", Anyone: true, AccessScopes: []string{"access:servers!user=ada"}}, []string{"bob"}, nil).announce(logger)
	for _, want := range []string{"JUPYTERHUB_ANYONE", "JUPYTERHUB_GROUP", "JUPYTERHUB_USER", "user=eve", "group=g", "level=WARN", "users=bob"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
}

func TestAnyoneHasAStrictSpelling(t *testing.T) {
	for value, want := range map[string]bool{"": false, "0": false, "1": true} {
		if env, err := ParseEnvironment(lookupIn(map[string]string{"JUPYTERHUB_ANYONE": value})); err != nil || env.Anyone != want {
			t.Errorf("%q: got %v, %v", value, env.Anyone, err)
		}
	}
	if _, err := ParseEnvironment(lookupIn(map[string]string{"JUPYTERHUB_ANYONE": "yes"})); err == nil || !strings.Contains(err.Error(), "JUPYTERHUB_ANYONE") {
		t.Errorf("got %v", err)
	}
}
