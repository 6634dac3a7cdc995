package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// located is what locate finds with an environment.
func located(env map[string]string, address, tokenFile string) (place, error) {
	p := &program{
		lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		stderr: &strings.Builder{}, url: address, tokenFile: tokenFile,
	}
	return p.locate()
}

func TestWhereTheServiceIs(t *testing.T) {
	for name, test := range map[string]struct {
		env             map[string]string
		url             string
		service, public string
		token, from     string
	}{
		"a laptop": {
			map[string]string{urlVariable: "https://hub.example.org/services/dashboards/", tokenVariable: "t1"}, "",
			"https://hub.example.org/services/dashboards/", "", "t1", tokenVariable,
		},
		"what a browser shows": {
			map[string]string{tokenVariable: "t1"}, "https://hub.example.org/base/services/boards/dashboard/abc?x=y#z",
			"https://hub.example.org/base/services/boards/", "", "t1", tokenVariable,
		},
		"without a hub": {
			map[string]string{tokenVariable: "t1"}, "http://127.0.0.1:8000",
			"http://127.0.0.1:8000/", "", "t1", tokenVariable,
		},
		"a server of a hub's, with its public address": {
			map[string]string{
				"JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example.org/jupyter/hub/", "JUPYTERHUB_BASE_URL": "/jupyter/",
				"JUPYTERHUB_API_URL": "http://10.0.0.1:8081/jupyter/hub/api", hubTokenVariable: "hub",
			}, "",
			"https://hub.example.org/jupyter/services/dashboards/", "", "hub", hubTokenVariable,
		},
		"with subdomains": {
			map[string]string{
				"JUPYTERHUB_HOST": "https://hub.example.org:8443", "JUPYTERHUB_BASE_URL": "/base/", "JUPYTERHUB_PUBLIC_URL": "https://ada.hub.example.org:8443/base/user/ada/",
				"JUPYTERHUB_PUBLIC_HUB_URL":     "https://hub.example.org:8443/base/hub/",
				"JUPYTERHUB_OAUTH_CALLBACK_URL": "https://ada.hub.example.org:8443/base/user/ada/oauth_callback", hubTokenVariable: "hub",
			}, "",
			"https://dashboards--service.hub.example.org:8443/base/services/dashboards/", "", "hub", hubTokenVariable,
		},
		"with subdomains, before JupyterHub 5": {
			map[string]string{
				"JUPYTERHUB_HOST": "https://hub.example.org", "JUPYTERHUB_BASE_URL": "/",
				"JUPYTERHUB_OAUTH_CALLBACK_URL": "https://ada.hub.example.org/user/ada/oauth_callback", hubTokenVariable: "hub",
			}, "",
			"https://services.hub.example.org/services/dashboards/", "", "hub", hubTokenVariable,
		},
		"with a public address, and no subdomains": {
			map[string]string{
				"JUPYTERHUB_HOST": "https://hub.example.org", "JUPYTERHUB_BASE_URL": "/", "JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example.org/hub/",
				"JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/ada/oauth_callback", hubTokenVariable: "hub",
			}, "",
			"https://hub.example.org/services/dashboards/", "", "hub", hubTokenVariable,
		},
		"with the public address of the server": {
			map[string]string{"JUPYTERHUB_HOST": "", "JUPYTERHUB_PUBLIC_URL": "https://hub.example.org/user/ada/", hubTokenVariable: "hub"}, "",
			"https://hub.example.org/services/dashboards/", "", "hub", hubTokenVariable,
		},
		"with an address of the operator's, inside": {
			map[string]string{urlVariable: "http://proxy-public/services/dashboards", "JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example.org/hub/", hubTokenVariable: "hub"}, "",
			"http://proxy-public/services/dashboards/", "https://hub.example.org/services/dashboards/", "hub", hubTokenVariable,
		},
		"our own token before the hub's": {
			map[string]string{urlVariable: "http://a/services/x/", hubTokenVariable: "hub", tokenVariable: "t1"}, "http://a/services/y/",
			"http://a/services/y/", "", "t1", tokenVariable,
		},
	} {
		got, err := located(test.env, test.url, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		public := test.public
		if public == "" {
			public = test.service
		}
		if got.service.String() != test.service || got.public.String() != public || got.token != test.token || got.from != test.from {
			t.Errorf("%s: got %v, %v, %s from %s", name, got.service, got.public, got.token, got.from)
		}
	}
}

func TestWhereNothingIsKnown(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		url  string
		code int
		said string
	}{
		{nil, "", exitUsage, "no Dashboards service is known: give its address with --url or in DASHBOARD_BUILDER_URL"},
		{map[string]string{"JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api", hubTokenVariable: "hub"}, "", exitUsage, "no Dashboards service is known"},
		{nil, "https://hub.example.org/services/dashboards/", exitForbidden, "there is no token to sign in with: make one at https://hub.example.org/hub/token, with the scope access:services!service=dashboards, and give it in DASHBOARD_BUILDER_TOKEN or by --token-file"},
		{nil, "https://hub.example.org/a%20b/services/boards/", exitForbidden, "https://hub.example.org/a%20b/hub/token, with the scope access:services!service=boards"},
		{nil, "http://127.0.0.1:9", exitForbidden, "make one at JupyterHub's page “Token”"},
		{nil, "hub.example.org", exitUsage, `--url is "hub.example.org", but wants an address such as https://`},
		{nil, "ftp://hub.example.org/", exitUsage, "--url is"},
		{nil, "https://", exitUsage, "--url is"},
		{nil, "https://hub\x7f/", exitUsage, "--url is"},
		{map[string]string{urlVariable: "nowhere"}, "", exitUsage, `DASHBOARD_BUILDER_URL is "nowhere"`},
		{map[string]string{urlVariable: "https://ada:secret@hub.example.org/"}, "", exitUsage, "holds a user or a password"},
	} {
		_, err := located(test.env, test.url, "")
		if err == nil || codeOf(err) != test.code || !strings.Contains(err.Error(), test.said) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q, %v: got %v", test.url, test.env, err)
		}
	}
}

// Where users and services have domains of their own, the hub's pages are elsewhere.
func TestTheHubsPagesAreTheHubs(t *testing.T) {
	_, err := located(map[string]string{
		"JUPYTERHUB_HOST": "https://hub.example.org", "JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example.org/hub/",
		"JUPYTERHUB_OAUTH_CALLBACK_URL": "https://ada.hub.example.org/user/ada/oauth_callback",
	}, "", "")
	if err == nil || !strings.Contains(err.Error(), "make one at https://hub.example.org/hub/token, ") {
		t.Errorf("got %v", err)
	}
}

func TestTokenFiles(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good, empty := write("good", " token1\n", 0o600), write("empty", "\n", 0o600)
	const service = "https://hub.example.org/services/dashboards/"
	got, err := located(map[string]string{tokenVariable: "other"}, service, good)
	if err != nil || got.token != "token1" || got.from != "--token-file" {
		t.Errorf("got %q from %s, %v", got.token, got.from, err)
	}
	got, err = located(map[string]string{tokenFileVariable: good}, service, "")
	if err != nil || got.token != "token1" || got.from != tokenFileVariable {
		t.Errorf("got %q from %s, %v", got.token, got.from, err)
	}
	for file, want := range map[string]string{empty: "is empty", folder: "not a file", filepath.Join(folder, "none"): "not there"} {
		if _, err = located(nil, service, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", file, err)
		}
	}
	b := newBed(t)
	if _, stderr := b.must(t, "list", "--token-file", write("open", "ada-token", 0o644)); !strings.Contains(stderr, "others can read the token") {
		t.Errorf("got %q", stderr)
	}
}

// TestSecurityTheEnvironmentsTokenGoesToItsOwnServiceOnly, whatever somebody has
// another type on their command line.
func TestSecurityTheEnvironmentsTokenGoesToItsOwnServiceOnly(t *testing.T) {
	var asked atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer stranger.Close()
	b := newBed(t)
	b.env[hubTokenVariable] = "hub-token"
	b.env[tokenFileVariable] = "where_test.go"
	for range 2 {
		code, _, stderr := b.run(t, "list", "--url", stranger.URL+"/services/dashboards/")
		if code != exitForbidden || !strings.Contains(stderr, "the environment's token is for "+b.URL+", and is not sent elsewhere") {
			t.Errorf("got %d, %q", code, stderr)
		}
		delete(b.env, tokenVariable)
	}
	delete(b.env, tokenFileVariable)
	b.env[urlVariable] = ""
	code, _, stderr := b.run(t, "list", "--url", stranger.URL+"/services/dashboards/")
	if code != exitForbidden || !strings.Contains(stderr, "there is no token") {
		t.Errorf("the hub's token, and an address that only the command line knows: got %d, %q", code, stderr)
	}
	if asked.Load() != 0 {
		t.Error("the stranger was asked")
	}
}

// TestSecurityNoPortIsGuessed: where the hub says only where its API is, another
// user of the machine could listen where its proxy might be.
func TestSecurityNoPortIsGuessed(t *testing.T) {
	_, err := located(map[string]string{
		"JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api", "JUPYTERHUB_BASE_URL": "/", "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:40001/user/ada/",
		"JUPYTERHUB_HOST": "", "JUPYTERHUB_PUBLIC_URL": "", "JUPYTERHUB_PUBLIC_HUB_URL": "", hubTokenVariable: "hub",
	}, "", "")
	if codeOf(err) != exitUsage {
		t.Errorf("got %v", err)
	}
}
