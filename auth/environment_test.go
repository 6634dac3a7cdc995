package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func lookupIn(vars map[string]string) Lookup {
	return func(name string) (string, bool) { value, ok := vars[name]; return value, ok }
}

// spawned is what JupyterHub 6 gives a named server, as seen on a live hub.
func spawned() map[string]string {
	return map[string]string{
		"JUPYTERHUB_API_TOKEN":           "0123456789abcdef0123456789abcdef",
		"JUPYTERHUB_API_URL":             "http://127.0.0.1:8081/hub/api",
		"JUPYTERHUB_ACTIVITY_URL":        "http://127.0.0.1:8081/hub/api/users/ada@example.org/activity",
		"JUPYTERHUB_BASE_URL":            "/",
		"JUPYTERHUB_CLIENT_ID":           "jupyterhub-user-ada%40example.org-lab",
		"JUPYTERHUB_HOST":                "",
		"JUPYTERHUB_OAUTH_CALLBACK_URL":  "/user/ada@example.org/lab/oauth_callback",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:servers!server=ada@example.org/lab", "access:servers!user=ada@example.org"]`,
		"JUPYTERHUB_PUBLIC_URL":          "",
		"JUPYTERHUB_SERVER_NAME":         "lab",
		"JUPYTERHUB_SERVICE_PREFIX":      "/user/ada@example.org/lab/",
		"JUPYTERHUB_SERVICE_URL":         "http://127.0.0.1:41234/user/ada@example.org/lab/",
		"JUPYTERHUB_USER":                "ada@example.org",
	}
}

func TestEnvironmentOfASpawnedServer(t *testing.T) {
	env, err := ParseEnvironment(lookupIn(spawned()))
	if err != nil {
		t.Fatal(err)
	}
	if err := env.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ what, got, want string }{
		{"prefix", env.ServicePrefix, "/user/ada@example.org/lab/"},
		{"bind", env.Bind, "127.0.0.1:41234"},
		{"hub's home", env.HubURL("home"), "/hub/home"},
		{"callback", env.CallbackURL, "/user/ada@example.org/lab/oauth_callback"},
		{"scopes", strings.Join(env.AccessScopes, " "), "access:servers!server=ada@example.org/lab access:servers!user=ada@example.org"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, test.got, test.want)
		}
	}
	if !env.WebsocketCookie || env.URLToken || env.BindTLS {
		t.Errorf("switches are not at the hub's defaults: %+v", env)
	}
}

func TestEnvironmentNamesABadVariable(t *testing.T) {
	for name, value := range map[string]string{
		"JUPYTERHUB_SERVICE_PREFIX":      "/user/a b/",
		"JUPYTERHUB_BASE_URL":            "/a?b/",
		"JUPYTERHUB_SERVICE_URL":         "unix:///tmp/x",
		"JUPYTERHUB_HOST":                "hub.example.org",
		"JUPYTERHUB_PUBLIC_URL":          "javascript:alert(1)",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `"access:servers"`,
		"JUPYTERHUB_COOKIE_OPTIONS":      `["secure"]`,
	} {
		t.Run(name, func(t *testing.T) {
			vars := spawned()
			vars[name] = value
			_, err := ParseEnvironment(lookupIn(vars))
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want an error that names %s", err, name)
			}
		})
	}
}

func TestSecurityNoStartWithoutARuleForWhoMayEnter(t *testing.T) {
	for name, change := range map[string]func(map[string]string){
		"no token":          func(v map[string]string) { delete(v, "JUPYTERHUB_API_TOKEN") },
		"no client":         func(v map[string]string) { delete(v, "JUPYTERHUB_CLIENT_ID") },
		"an empty list":     func(v map[string]string) { v["JUPYTERHUB_OAUTH_ACCESS_SCOPES"] = "[]" },
		"only bad scopes":   func(v map[string]string) { v["JUPYTERHUB_OAUTH_ACCESS_SCOPES"] = `["a!b", "!"]` },
		"no scope, no user": func(v map[string]string) { delete(v, "JUPYTERHUB_OAUTH_ACCESS_SCOPES"); delete(v, "JUPYTERHUB_USER") },
	} {
		t.Run(name, func(t *testing.T) {
			vars := spawned()
			change(vars)
			env, err := ParseEnvironment(lookupIn(vars))
			if err != nil {
				t.Fatal(err)
			}
			if err := env.Validate(); err == nil {
				t.Error("such an environment would start")
			}
		})
	}
}

func TestAccessScopesByTheNewestName(t *testing.T) {
	vars := map[string]string{"JUPYTERHUB_OAUTH_SCOPES": `["old"]`, "JUPYTERHUB_SERVICE_NAME": "dash"}
	env, err := ParseEnvironment(lookupIn(vars))
	if err != nil || len(env.AccessScopes) != 1 || env.AccessScopes[0] != "old" {
		t.Errorf("got %q, %v", env.AccessScopes, err)
	}
	delete(vars, "JUPYTERHUB_OAUTH_SCOPES")
	env, err = ParseEnvironment(lookupIn(vars))
	if err != nil || len(env.AccessScopes) != 1 || env.AccessScopes[0] != "access:services!service=dash" {
		t.Errorf("got %q, %v", env.AccessScopes, err)
	}
}

func TestCookieOptions(t *testing.T) {
	options, err := parseCookieOptions(`{"SameSite": "None", "Secure": true, "expires_days": 2, "domain": "example.org", "partitioned": true}`)
	if err != nil {
		t.Fatal(err)
	}
	if options.lifetime != 48*time.Hour || options.domain != "example.org" || options.secure == nil || !*options.secure {
		t.Errorf("got %+v", options)
	}
	if options, err = parseCookieOptions(`{"expires_days": null}`); err != nil || options.lifetime != 0 {
		t.Errorf("null should be a session cookie: %+v, %v", options, err)
	}
	for _, bad := range []string{`{"secure": "yes"}`, `{"samesite": "maybe"}`, `{"max_age": -1}`, `{"max_age": 1e300}`, `nonsense`} {
		if _, err := parseCookieOptions(bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestSecuritySecretIsNotPrinted(t *testing.T) {
	env, err := ParseEnvironment(lookupIn(spawned()))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(format, env); strings.Contains(text, "0123456789abcdef") {
			t.Errorf("%s shows the token", format)
		}
	}
}

func FuzzEnvironment(f *testing.F) {
	f.Add("/user/ada/", "http://127.0.0.1:1/", `["a"]`, `{"secure":true}`)
	f.Add("//", "https://[::1]", `[]`, `{"max_age":"3"}`)
	f.Fuzz(func(t *testing.T, prefix, bind, scopes, cookies string) {
		vars := spawned()
		vars["JUPYTERHUB_SERVICE_PREFIX"], vars["JUPYTERHUB_SERVICE_URL"] = prefix, bind
		vars["JUPYTERHUB_OAUTH_ACCESS_SCOPES"], vars["JUPYTERHUB_COOKIE_OPTIONS"] = scopes, cookies
		env, err := ParseEnvironment(lookupIn(vars))
		if err != nil {
			return
		}
		if !strings.HasPrefix(env.ServicePrefix, "/") || !strings.HasSuffix(env.ServicePrefix, "/") || strings.Contains(env.ServicePrefix, "//") {
			t.Errorf("prefix %q", env.ServicePrefix)
		}
	})
}
