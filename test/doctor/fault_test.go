//go:build e2e

package doctor

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// wanted is a finding with words that its reader needs.
type wanted struct {
	check, status string
	words         []string
}

// Each fault is found, at its place, and said to be what it is; nothing else
// fails for it.
func TestFaultIsFound(t *testing.T) {
	t.Parallel()
	p := admit(t, shared.hub, "ill", "")
	token, api := p.variable("JUPYTERHUB_API_TOKEN"), p.variable("JUPYTERHUB_API_URL")
	other := admit(t, shared.hub, "other", "")
	users, err := shared.hub.NewToken(t.Context(), "ill")
	if err != nil {
		t.Fatal(err)
	}

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	free, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	var held []net.Conn // or the garbage collector would close them
	silent := listen(t, func(conn net.Conn) { held = append(held, conn) })
	closing := listen(t, func(conn net.Conn) { conn.Close() })
	files := t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "dashboard.py"), nil, 0o600); err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct {
		change []string
		args   []string
		want   wanted
		// also are failures that come with it.
		also []string
	}{
		"wrong token": {
			change: []string{"JUPYTERHUB_API_TOKEN", "0123456789abcdef0123456789abcdef"},
			want:   wanted{"token", "failed", []string{"knows nobody", "JUPYTERHUB_API_TOKEN"}}, also: []string{"login"},
		},
		"token of another server": {
			change: []string{"JUPYTERHUB_API_TOKEN", other.variable("JUPYTERHUB_API_TOKEN")},
			want:   wanted{"token", "failed", []string{"of other", "of ill"}}, also: []string{"login"},
		},
		"token of a person": {
			change: []string{"JUPYTERHUB_API_TOKEN", users},
			want:   wanted{"token", "warning", []string{"for everything"}}, also: []string{"login"},
		},
		"token with a line break": {
			change: []string{"JUPYTERHUB_API_TOKEN", token + "\n"},
			want:   wanted{"variables", "failed", []string{"JUPYTERHUB_API_TOKEN", "line break"}}, also: []string{"token", "login"},
		},
		"token that is missing": {
			change: []string{"JUPYTERHUB_API_TOKEN", ""},
			want:   wanted{"variables", "failed", []string{"JUPYTERHUB_API_TOKEN", "empty", "spawner"}},
		},
		"misspelt variable": {
			change: []string{"JUPYTERHUB_API_TOKEN", "", "JUPYTERHUB_API_TOCKEN", token},
			want:   wanted{"variables", "warning", []string{"JUPYTERHUB_API_TOCKEN", "JUPYTERHUB_API_TOKEN is not"}}, also: []string{"variables"},
		},
		"wrong client": {
			change: []string{"JUPYTERHUB_CLIENT_ID", "jupyterhub-user-nobody"},
			want:   wanted{"login", "failed", []string{"does not know", "jupyterhub-user-nobody"}},
		},
		"callback that is not the hub's": {
			change: []string{"JUPYTERHUB_OAUTH_CALLBACK_URL", "/user/ill/elsewhere"},
			want:   wanted{"login", "failed", []string{"/user/ill/elsewhere", "/user/ill/oauth_callback", "mismatching redirect URI"}},
		},
		"prefix of another server": {
			change: []string{"JUPYTERHUB_SERVICE_PREFIX", "/user/other/"},
			want:   wanted{"variables", "failed", []string{"JUPYTERHUB_USER is ill", "/user/other/"}}, also: []string{"login", "listening"},
		},
		"variable that cannot be read": {
			change: []string{"JUPYTERHUB_OAUTH_ACCESS_SCOPES", "all of them"},
			want:   wanted{"variables", "failed", []string{"JUPYTERHUB_OAUTH_ACCESS_SCOPES", "JSON list"}},
		},
		"hub that is not there": {
			change: []string{"JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api"},
			want:   wanted{"hub connection", "failed", []string{"Nobody listens", "127.0.0.1:9", "container"}},
		},
		"hub with a name that nobody knows": {
			change: []string{"JUPYTERHUB_API_URL", "http://hub.invalid:8081/hub/api"},
			want:   wanted{"hub address", "failed", []string{"hub.invalid", "no address"}},
		},
		"hub that takes and says nothing": {
			change: []string{"JUPYTERHUB_API_URL", "http://" + silent + "/hub/api"},
			want:   wanted{"hub answer", "failed", []string{"did not answer within"}},
		},
		"hub that breaks off": {
			change: []string{"JUPYTERHUB_API_URL", "http://" + closing + "/hub/api"},
			want:   wanted{"hub answer", "failed", []string{"no answer"}},
		},
		"hub that speaks no TLS": {
			change: []string{"JUPYTERHUB_API_URL", strings.Replace(api, "http:", "https:", 1)},
			want:   wanted{"hub certificate", "failed", []string{"does not speak TLS"}},
		},
		"address of the hub's pages": {
			change: []string{"JUPYTERHUB_API_URL", shared.hub.URL + "/hub/login"},
			want:   wanted{"hub answer", "failed", []string{"HTML page", "hub_connect_url"}},
		},
		"path that the hub does not have": {
			change: []string{"JUPYTERHUB_API_URL", shared.hub.URL + "/hub/api/no/such"},
			want:   wanted{"hub answer", "failed", []string{"A hub is there, but not at"}},
		},
		"path that leads away": {
			change: []string{"JUPYTERHUB_API_URL", shared.hub.URL + "/jupyter/hub/api"},
			want:   wanted{"hub answer", "failed", []string{"sends on"}},
		},
		"our clock behind": {
			change: []string{"JUPYTERHUB_API_URL", dated(t, api, 2*time.Hour) + "/hub/api"},
			want:   wanted{"clock", "warning", []string{"2h0m", "behind"}},
		},
		"our clock ahead": {
			change: []string{"JUPYTERHUB_API_URL", dated(t, api, -2*time.Hour) + "/hub/api"},
			want:   wanted{"clock", "warning", []string{"ahead of"}},
		},
		"port taken": {
			args: []string{"--ip=127.0.0.1", "--port=" + port},
			want: wanted{"listening", "failed", []string{port, "taken", "process " + strconv.Itoa(os.Getpid()), "--port"}},
		},
		"address of another machine": {
			args: []string{"--ip=192.0.2.7", "--port=0"},
			want: wanted{"listening", "failed", []string{"no address 192.0.2.7", "127.0.0.1"}},
		},
		"app's port taken": {
			args: []string{"--ip=127.0.0.1", "--port=" + strconv.Itoa(free[0]), "--destport=" + port},
			want: wanted{"app address", "failed", []string{port, "taken", "process " + strconv.Itoa(os.Getpid()), "{port}"}},
		},
		"app's port taken while this server runs": {
			args: []string{"--destport=" + port},
			want: wanted{"app address", "ok", []string{"this server runs already"}},
		},
		"command missing": {
			args: []string{"--", "pyton3", "-m", "http.server", "{port}"},
			want: wanted{"command", "failed", []string{"pyton3", "PATH", "Is python3 meant?"}},
		},
		"program missing": {
			args: []string{"--", filepath.Join(files, "dashboard.pi")},
			want: wanted{"command", "failed", []string{"dashboard.pi", "There is " + filepath.Join(files, "dashboard.py")}},
		},
		"file missing": {
			args: []string{"--", "python3", filepath.Join(files, "dashbord.py")},
			want: wanted{"command", "warning", []string{"dashbord.py", "There is " + filepath.Join(files, "dashboard.py")}},
		},
		"program that may not run": {
			args: []string{"--", filepath.Join(files, "dashboard.py")},
			want: wanted{"command", "failed", []string{"cannot be run", "chmod"}},
		},
		"placeholder that nobody knows": {
			args: []string{"--", "python3", "--port={prot}"},
			want: wanted{"command", "failed", []string{"{prot}"}},
		},
		"folder for temporary files missing": {
			change: []string{"TMPDIR", filepath.Join(files, "none")},
			want:   wanted{"folders", "failed", []string{"temporary", "TMPDIR"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := test.args
			if len(args) == 0 || args[len(args)-1] == "" || args[0] != "--" {
				args = append(args, "--", shared.echo, "--port={port}")
			}
			said, code := examine(t, with(p.environ, test.change...), args...)
			mentions(t, said, test.want.check, test.want.status, test.want.words...)
			for _, f := range said.of("failed") {
				expected := f.Check == test.want.check
				for _, also := range test.also {
					expected = expected || f.Check == also
				}
				if !expected {
					t.Errorf("also found %s", f)
				}
			}
			if test.want.status == "failed" && code != 1 {
				t.Errorf("ended with %d", code)
			}
		})
	}
}

// A token is revoked when its server stops.
func TestRevokedTokenIsFound(t *testing.T) {
	t.Parallel()
	p := admit(t, shared.hub, "gone", "")
	p.discharge(t)
	said, code := examine(t, p.environ, "--", shared.echo, "--port={port}")
	mentions(t, said, "token", "failed", "revoked", "start the server again")
	if code != 1 {
		t.Errorf("ended with %d", code)
	}
}

// A hub that has stopped is found to be away, be it asked directly or through
// its proxy that is left.
func TestStoppedHubIsFound(t *testing.T) {
	t.Parallel()
	hub, err := shared.StartHub(t.Context(), bed.Options{Output: filepath.Join(shared.output, "stopped")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.Close(); err != nil {
			t.Error(err)
		}
	})
	p := admit(t, hub, "alone", "")
	isWell(t, p.inside)
	if err := hub.Close(); err != nil {
		t.Fatal(err)
	}
	said, code := examine(t, p.environ, "--", shared.echo, "--port={port}")
	mentions(t, said, "hub connection", "failed", "Nobody listens", "See whether the hub runs")
	for _, check := range []string{"hub answer", "token", "scopes", "login", "clock", "hub version"} {
		mentions(t, said, check, "skipped", "see hub connection")
	}
	if code != 1 {
		t.Errorf("ended with %d", code)
	}
}

// Without authentication, a hub that is away is nothing to fail for.
func TestHubThatIsNotNeededIsNoFailure(t *testing.T) {
	t.Parallel()
	said, code := examine(t, []string{"PATH=" + os.Getenv("PATH")}, "--authtype=none", "--ip=127.0.0.1", "--", shared.echo, "--port={port}")
	if code != 0 {
		t.Errorf("ended with %d:\n%s", code, lines(said.Findings))
	}
}

// listen takes connections on a free port.
func listen(t *testing.T, take func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			take(conn)
		}
	}()
	return listener.Addr().String()
}

// dated stands before the hub and changes the date of its answers, as if the
// hub's clock were off by that much.
func dated(t *testing.T, api string, off time.Duration) string {
	t.Helper()
	target, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(response *http.Response) error {
		response.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}
