package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const secretToken = "0123456789abcdef0123456789abcdef"

// theHub is a hub as far as the doctor asks it. What it imitates is looked at
// on real ones in test/doctor.
func theHub(t *testing.T, change func(http.ResponseWriter, *http.Request) bool) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-JupyterHub-Version", "6.1.1")
		if change != nil && change(w, r) {
			return
		}
		switch r.URL.Path {
		case "/hub/api":
			io.WriteString(w, `{"version":"6.1.1"}`)
		case "/hub/api/user":
			if r.Header.Get("Authorization") != "token "+secretToken {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, `{"status":403}`)
				return
			}
			io.WriteString(w, `{"kind":"user","name":"ada","scopes":["access:servers!server=ada/","users:activity!user=ada"]}`)
		case "/hub/api/oauth2/token":
			if r.FormValue("client_id") != "jupyterhub-user-ada" || r.FormValue("client_secret") != secretToken {
				w.WriteHeader(http.StatusUnauthorized)
				io.WriteString(w, `{"error":"invalid_client"}`)
				return
			}
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"invalid_grant"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// hubEnvironment is what a hub gives a server: name, value, … in pairs are put in
// the place of others, and "-" takes one away.
func hubEnvironment(api string, pairs ...string) []string {
	all := map[string]string{
		"PATH":                           os.Getenv("PATH"),
		"JUPYTERHUB_API_TOKEN":           secretToken,
		"JPY_API_TOKEN":                  secretToken,
		"JUPYTERHUB_API_URL":             api + "/hub/api",
		"JUPYTERHUB_ACTIVITY_URL":        api + "/hub/api/users/ada/activity",
		"JUPYTERHUB_BASE_URL":            "/",
		"JUPYTERHUB_CLIENT_ID":           "jupyterhub-user-ada",
		"JUPYTERHUB_OAUTH_CALLBACK_URL":  "/user/ada/oauth_callback",
		"JUPYTERHUB_OAUTH_SCOPES":        `["access:servers!server=ada/","access:servers!user=ada"]`,
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:servers!server=ada/","access:servers!user=ada"]`,
		"JUPYTERHUB_SERVER_NAME":         "",
		"JUPYTERHUB_SERVICE_PREFIX":      "/user/ada/",
		"JUPYTERHUB_SERVICE_URL":         "http://127.0.0.1:0/user/ada/",
		"JUPYTERHUB_USER":                "ada",
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			delete(all, pairs[i])
			continue
		}
		all[pairs[i]] = pairs[i+1]
	}
	var environ []string
	for name, value := range all {
		environ = append(environ, name+"="+value)
	}
	return environ
}

func healthy(environ []string) Config {
	return Config{Environ: environ, Auth: true, Listen: "127.0.0.1:0", Command: []string{"sh", "-c", "exit {port}"}, Slow: time.Minute}
}

// wants fails unless a check found that, with all of the words.
func wants(t *testing.T, findings []Finding, check string, status Status, words ...string) {
	t.Helper()
	for _, f := range findings {
		matches := f.Check == check && f.Status == status
		for _, word := range words {
			matches = matches && strings.Contains(f.Message+" "+f.Advice, word)
		}
		if matches {
			return
		}
	}
	t.Errorf("%s is not %s with %q in %+v", check, status, words, findings)
}

// others are the findings that are to be mended, but for those of a check and
// for who runs the tests.
func others(findings []Finding, check string) (left []Finding) {
	for _, f := range findings {
		if f.Check != check && f.Check != "user" && f.Check != "memory" && (f.Status == Failed || f.Status == Warning) {
			left = append(left, f)
		}
	}
	return left
}

func TestNothingIsFoundWhereAllIsWell(t *testing.T) {
	findings := Run(t.Context(), healthy(hubEnvironment(theHub(t, nil).URL)))
	if left := others(findings, ""); len(left) > 0 || AnyFailed(findings) {
		t.Errorf("found %+v", left)
	}
	for _, check := range []string{"variables", "hub address", "hub connection", "hub answer", "hub version", "clock", "token", "scopes", "login", "listening", "app address", "command", "folders", "descriptors"} {
		wants(t, findings, check, OK)
	}
}

func TestOrderIsAlwaysTheSame(t *testing.T) {
	order := func(findings []Finding) (names string) {
		for _, f := range findings {
			if !strings.HasSuffix(names, f.Check+"\n") {
				names += f.Check + "\n"
			}
		}
		return names
	}
	e := newExamination(Config{})
	var want string
	for _, check := range e.checks() {
		want += check.name + "\n"
	}
	for name, c := range map[string]Config{
		"well": healthy(hubEnvironment(theHub(t, nil).URL)), "ill": healthy(hubEnvironment("http://127.0.0.1:9")), "empty": {}, "nothing": healthy(nil),
	} {
		if got := order(Run(t.Context(), c)); got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

func TestVariablesThatAreWrong(t *testing.T) {
	api := theHub(t, nil).URL
	for name, test := range map[string]struct {
		change []string
		status Status
		words  []string
	}{
		"no token":           {[]string{"JUPYTERHUB_API_TOKEN", "-"}, Failed, []string{"JUPYTERHUB_API_TOKEN is not set"}},
		"empty token":        {[]string{"JUPYTERHUB_API_TOKEN", ""}, Failed, []string{"JUPYTERHUB_API_TOKEN is set, but empty"}},
		"no client":          {[]string{"JUPYTERHUB_CLIENT_ID", "-"}, Failed, []string{"JUPYTERHUB_CLIENT_ID is not set"}},
		"no prefix":          {[]string{"JUPYTERHUB_SERVICE_PREFIX", "-"}, Failed, []string{"JUPYTERHUB_SERVICE_PREFIX is not set"}},
		"no API":             {[]string{"JUPYTERHUB_API_URL", "-"}, Warning, []string{"JUPYTERHUB_API_URL is not set", "127.0.0.1:8081"}},
		"no activity":        {[]string{"JUPYTERHUB_ACTIVITY_URL", "-"}, Warning, []string{"no activity is reported"}},
		"nothing":            {[]string{"JUPYTERHUB_API_TOKEN", "-", "JUPYTERHUB_CLIENT_ID", "-", "JUPYTERHUB_API_URL", "-", "JUPYTERHUB_SERVICE_PREFIX", "-"}, Failed, []string{"None of the variables", "--authtype=none"}},
		"misspelt":           {[]string{"JUPYTERHUB_CLIENT_ID", "-", "JUPYTERHUB_CLIENTID", "x"}, Warning, []string{"JUPYTERHUB_CLIENTID is set", "JUPYTERHUB_CLIENT_ID"}},
		"spelt otherwise":    {[]string{"JUPYTERHUB_USER", "-", "JUPYTER_HUB_USER", "ada"}, Warning, []string{"JUPYTER_HUB_USER"}},
		"line break":         {[]string{"JUPYTERHUB_API_TOKEN", secretToken + "\n"}, Failed, []string{"line break"}},
		"quoted":             {[]string{"JUPYTERHUB_USER", `"ada"`}, Failed, []string{"JUPYTERHUB_USER", "quotation marks"}},
		"no URL":             {[]string{"JUPYTERHUB_SERVICE_URL", "127.0.0.1:80"}, Failed, []string{"JUPYTERHUB_SERVICE_URL", "not a URL"}},
		"no scope":           {[]string{"JUPYTERHUB_OAUTH_ACCESS_SCOPES", "[]"}, Failed, []string{"no usable scope"}},
		"others' scopes":     {[]string{"JUPYTERHUB_OAUTH_ACCESS_SCOPES", `["access:servers!server=bob/"]`}, Warning, []string{"name another server"}},
		"another prefix":     {[]string{"JUPYTERHUB_SERVICE_PREFIX", "/user/bob/"}, Failed, []string{"JUPYTERHUB_USER is ada", "of bob"}},
		"outside of base":    {[]string{"JUPYTERHUB_BASE_URL", "/jupyter/"}, Failed, []string{"not below JUPYTERHUB_BASE_URL"}},
		"another address":    {[]string{"JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:1/user/bob/"}, Warning, []string{"is for /user/bob/"}},
		"another client":     {[]string{"JUPYTERHUB_CLIENT_ID", "jupyterhub-user-bob"}, Warning, []string{"usually jupyterhub-user-ada"}},
		"service's client":   {[]string{"JUPYTERHUB_SERVICE_NAME", "dash"}, Warning, []string{"begins with service-"}},
		"API of another":     {[]string{"JUPYTERHUB_API_URL", "http://127.0.0.1:9/api"}, Warning, []string{"ends in /hub/api"}},
		"activity elsewhere": {[]string{"JUPYTERHUB_ACTIVITY_URL", "http://hub.test/x"}, Warning, []string{"not below JUPYTERHUB_API_URL"}},
		"half of TLS":        {[]string{"JUPYTERHUB_SSL_KEYFILE", "/none"}, Failed, []string{"JUPYTERHUB_SSL_CERTFILE and JUPYTERHUB_SSL_CLIENT_CA is not"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wants(t, Run(t.Context(), healthy(hubEnvironment(api, test.change...))), "variables", test.status, test.words...)
		})
	}
}

// A user's name is escaped in the client's id as the hub does.
func TestClientOfAnOddName(t *testing.T) {
	environ := hubEnvironment("http://127.0.0.1:9", "JUPYTERHUB_USER", "a b@c/ü", "JUPYTERHUB_SERVER_NAME", "x-y", "JUPYTERHUB_CLIENT_ID", "jupyterhub-user-a%20b%40c%2F%C3%BC-x-y",
		"JUPYTERHUB_SERVICE_PREFIX", "/user/a%20b@c%2F%C3%BC/x-y/", "JUPYTERHUB_OAUTH_ACCESS_SCOPES", `["access:servers!server=a b@c/ü/x-y"]`,
		"JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:0/user/a%20b@c%2F%C3%BC/x-y/")
	e := newExamination(healthy(environ))
	e.checkVariables(t.Context(), func(status Status, message, _ string) {
		if status != OK {
			t.Errorf("%s: %s", status, message)
		}
	})
}

func TestHubThatAnswersOtherwise(t *testing.T) {
	answer := func(status int, kind, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Del("X-JupyterHub-Version")
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "https://login.example.org/?code=topsecret")
			w.WriteHeader(status)
			io.WriteString(w, body)
			return true
		}
	}
	version := func(text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/hub/api" {
				return false
			}
			io.WriteString(w, `{"version":"`+text+`"}`)
			return true
		}
	}
	user := func(model string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/hub/api/user" {
				return false
			}
			io.WriteString(w, model)
			return true
		}
	}
	for name, test := range map[string]struct {
		change func(http.ResponseWriter, *http.Request) bool
		check  string
		status Status
		words  []string
	}{
		"a page":            {answer(200, "text/html", "<html>"), "hub answer", Failed, []string{"HTML page"}},
		"a login page":      {answer(302, "text/html", ""), "hub answer", Failed, []string{"sends on to https://login.example.org/,"}},
		"a dead hub":        {answer(503, "text/html", "<html>"), "hub answer", Failed, []string{"does not reach it"}},
		"a wall":            {answer(403, "text/html", "<html>"), "hub answer", Failed, []string{"403", "login of its own"}},
		"something":         {answer(200, "text/plain", "hello"), "hub answer", Failed, []string{`"hello"`}},
		"another JSON":      {answer(200, "application/json", "[1]"), "hub answer", Failed, []string{"no hub's"}},
		"too old":           {version("0.9.6"), "hub version", Failed, []string{"0.9.6", "older than any"}},
		"before scopes":     {version("1.5.1"), "hub version", Warning, []string{"1.5.1", "no scopes"}},
		"old":               {version("3.1.1"), "hub version", Warning, []string{"no security updates"}},
		"a pre-release":     {version("6.0.0b3"), "hub version", Warning, []string{"pre-release"}},
		"a development one": {version("5.0.0.dev"), "hub version", Warning, []string{"pre-release"}},
		"the future":        {version("7.0.0"), "hub version", Warning, []string{"newer than any"}},
		"no version":        {version("latest"), "hub version", Warning, []string{"PEP 440"}},
		"a service":         {user(`{"kind":"service","name":"dash"}`), "token", Warning, []string{"of the service dash"}},
		"somebody else":     {user(`{"kind":"user","name":"bob","scopes":[]}`), "token", Failed, []string{"of bob", "of ada"}},
		"everything":        {user(`{"kind":"user","name":"ada","scopes":["servers!user=ada","tokens!user=ada"]}`), "token", Warning, []string{"for everything"}},
		"a hub of 1":        {user(`{"kind":"user","name":"ada"}`), "scopes", OK, []string{"knows no scopes"}},
		"no activity":       {user(`{"kind":"user","name":"ada","scopes":["access:servers!server=ada/"]}`), "scopes", Warning, []string{"users:activity", "server_token_scopes"}},
		"nonsense":          {user(`{"kind":"user","name":"ada","scopes":7}`), "token", Failed, []string{"could not say"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := Run(t.Context(), healthy(hubEnvironment(theHub(t, test.change).URL)))
			wants(t, findings, test.check, test.status, test.words...)
			for _, f := range findings {
				if strings.Contains(f.Message+f.Advice, "topsecret") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

func TestVariableThatSuchAHubSets(t *testing.T) {
	environ := hubEnvironment(theHub(t, nil).URL, "JUPYTERHUB_SERVICE_URL", "-")
	wants(t, Run(t.Context(), healthy(environ)), "hub version", Warning, "JUPYTERHUB_SERVICE_URL", "does not pass the environment on")
}

func TestTokenThatTheHubDoesNotKnow(t *testing.T) {
	api := theHub(t, nil).URL
	findings := Run(t.Context(), healthy(hubEnvironment(api, "JUPYTERHUB_API_TOKEN", "another", "JPY_API_TOKEN", "another")))
	wants(t, findings, "token", Failed, "knows nobody", "start the server again")
	wants(t, findings, "scopes", Skipped, "see token")
	wants(t, findings, "login", Failed, "not its secret")
	// The two names of the token tell when one was set by hand.
	wants(t, Run(t.Context(), healthy(hubEnvironment(api, "JUPYTERHUB_API_TOKEN", "another"))), "token", Failed, "JPY_API_TOKEN")
}

func TestCallbackThatIsNotTheHubs(t *testing.T) {
	api := theHub(t, nil).URL
	for want, change := range map[string][]string{
		"":                   {"JUPYTERHUB_OAUTH_CALLBACK_URL", "https://ada.example.org/user/ada/oauth_callback", "JUPYTERHUB_HOST", "https://example.org"},
		"mismatching":        {"JUPYTERHUB_OAUTH_CALLBACK_URL", "/user/ada/oauth_callback/"},
		"mismatching ":       {"JUPYTERHUB_OAUTH_CALLBACK_URL", "/user/bob/oauth_callback"},
		"has no host":        {"JUPYTERHUB_HOST", "https://example.org"},
		"sends them back to": {"JUPYTERHUB_OAUTH_CALLBACK_URL", "https://a.org/user/ada/oauth_callback", "JUPYTERHUB_PUBLIC_URL", "https://b.org/user/ada/"},
	} {
		findings := Run(t.Context(), healthy(hubEnvironment(api, change...)))
		if want == "" {
			if left := others(findings, ""); len(left) > 0 {
				t.Errorf("%q: %+v", change, left)
			}
			continue
		}
		status := Warning
		if strings.HasPrefix(want, "mismatching") {
			status = Failed
		}
		wants(t, findings, "login", status, strings.TrimSpace(want))
	}
}

func TestClockThatIsOff(t *testing.T) {
	for off, want := range map[time.Duration]struct {
		status Status
		word   string
	}{0: {OK, "agree"}, 5 * time.Second: {OK, "agree"}, time.Hour: {Warning, "behind"}, -time.Hour: {Warning, "ahead of"}} {
		hub := theHub(t, func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
			return false
		})
		wants(t, Run(t.Context(), healthy(hubEnvironment(hub.URL))), "clock", want.status, want.word)
	}
	undated := theHub(t, func(w http.ResponseWriter, _ *http.Request) bool { w.Header()["Date"] = nil; return false })
	wants(t, Run(t.Context(), healthy(hubEnvironment(undated.URL))), "clock", Skipped, "no date")
}

// A check that does not end is a finding, and the others are there all the same.
func TestRunEndsInTime(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	defer close(gone) // before the hub is closed, which waits for its answers
	asked := make(chan struct{})
	c := healthy(hubEnvironment(theHub(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/hub/api/oauth2/token" {
			close(asked)
			select {
			case <-gone:
			case <-r.Context().Done():
			}
		}
		return false
	}).URL))
	c.Repo = "https://example.org/x.git"
	c.Remote = func(context.Context) error { <-gone; return nil } // deaf to its context
	ctx, cancel := context.WithCancel(t.Context())
	e := newExamination(c)
	go func() {
		<-asked
		<-e.hub.known.done
		cancel()
	}()
	findings := e.run(ctx)
	wants(t, findings, "repository", Failed, "did not end within 25s")
	wants(t, findings, "login", Failed, "no answer")
	wants(t, findings, "token", OK, "ada")
	wants(t, findings, "descriptors", OK)
}

func TestRunHasALimit(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	defer close(gone)
	findings := Run(t.Context(), Config{
		Environ: os.Environ(), Limit: 10 * time.Millisecond,
		Repo: "https://example.org/x.git", Remote: func(context.Context) error { <-gone; return nil },
	})
	wants(t, findings, "repository", Failed, "did not end within 10ms")
}

func TestHubThatIsSlow(t *testing.T) {
	c := healthy(hubEnvironment(theHub(t, nil).URL))
	c.Slow = 1
	wants(t, Run(t.Context(), c), "hub answer", Warning, "answers, but took")
}

// A proxy of the environment is not in the way, but worth a word when the hub
// cannot be reached.
func TestProxyOfTheEnvironment(t *testing.T) {
	// Not a loopback address, for which nobody asks a proxy.
	findings := Run(t.Context(), healthy(hubEnvironment("http://192.0.2.1:9", "HTTP_PROXY", "http://user:password@proxy.test:3128")))
	wants(t, findings, "hub connection", Failed, "HTTP_PROXY is set, but this program calls the hub without a proxy")
	findings = Run(t.Context(), healthy(hubEnvironment("http://192.0.2.1:9", "HTTP_PROXY", "http://proxy.test:3128", "NO_PROXY", "192.0.2.1")))
	for _, f := range findings {
		if strings.Contains(f.Advice, "HTTP_PROXY") {
			t.Errorf("%+v", f)
		}
	}
}

func TestSecurityNoSecretIsShown(t *testing.T) {
	const password = "s3cr3t-passw0rd"
	var environs [][]string
	for _, api := range []string{theHub(t, nil).URL, "http://127.0.0.1:9", "http://ada:" + password + "@127.0.0.1:9"} {
		environs = append(environs,
			hubEnvironment(api),
			hubEnvironment(api, "JUPYTERHUB_API_TOKEN", secretToken+"\n"),
			hubEnvironment(api, "JUPYTERHUB_CLIENT_ID", secretToken), // swapped
			hubEnvironment(api, "JUPYTERHUB_API_URL", secretToken),
			hubEnvironment(api, "JUPYTERHUB_SERVICE_PREFIX", "x?"+secretToken),
		)
	}
	for _, environ := range environs {
		c := healthy(append(environ, "GITHUB_TOKEN="+password, "HTTP_PROXY=http://ada:"+password+"@proxy.test:1"))
		c.Command = []string{"no-such-" + password, "--token=" + password, "--file=" + password + ".py"}
		c.Repo = "https://oauth2:" + password + "@git.test/x.git"
		c.RepoFolder = t.TempDir()
		c.Remote = func(context.Context) error {
			return errors.New("fatal: unable to access 'https://oauth2:" + password + "@git.test/x.git/?token=" + password + "'")
		}
		findings := Run(t.Context(), c)
		var text, machine strings.Builder
		if err := errors.Join(WriteText(&text, findings, true), WriteJSON(&machine, findings)); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{secretToken, password} {
			if strings.Contains(text.String()+machine.String(), secret) {
				t.Errorf("%s is shown:\n%s", secret, machine.String())
			}
		}
	}
}

// Without authentication only activity needs the hub, which is no failure.
func TestHubThatIsAwayIsNoFailureWithoutAuthentication(t *testing.T) {
	c := healthy(hubEnvironment("http://127.0.0.1:9"))
	c.Auth = false
	findings := Run(t.Context(), c)
	wants(t, findings, "hub connection", Warning, "Nobody listens")
	wants(t, findings, "login", Skipped, "--authtype=none")
	if AnyFailed(findings) {
		t.Errorf("found %+v", others(findings, ""))
	}
}

func TestListening(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	number, _ := strconv.Atoi(port)
	hub := theHub(t, nil)

	c := healthy(hubEnvironment(hub.URL))
	c.Listen = "127.0.0.1:" + port
	c.DestPort = number
	findings := Run(t.Context(), c)
	wants(t, findings, "listening", Failed, port, "taken, by process "+strconv.Itoa(os.Getpid()))
	wants(t, findings, "app address", Failed, "our own port")

	c.Listen = "127.0.0.1:0"
	wants(t, Run(t.Context(), c), "app address", Failed, "is taken")
	c.Command = nil // it runs already
	findings = Run(t.Context(), c)
	wants(t, findings, "app address", OK, "Something listens")
	wants(t, findings, "command", Skipped)
	// Of a connection, which nobody else can take meanwhile.
	conn, err := net.Dial("tcp", taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c.DestPort = conn.LocalAddr().(*net.TCPAddr).Port
	wants(t, Run(t.Context(), c), "app address", Failed, "Nobody listens")
	c.DestPort = 0
	wants(t, Run(t.Context(), c), "app address", Failed, "neither a command")

	c.Listen = "192.0.2.1:80"
	wants(t, Run(t.Context(), c), "listening", Failed, "has no address 192.0.2.1", "127.0.0.1")

	// The server that runs already is known by its answer to the hub's probe.
	ours := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/user/ada/api" {
			io.WriteString(w, `{"version":"1"}`)
		}
	}))
	defer ours.Close()
	c.Listen = ours.Listener.Addr().String()
	wants(t, Run(t.Context(), c), "listening", OK, "this very server")
}

func TestSocket(t *testing.T) {
	folder := t.TempDir()
	c := healthy(hubEnvironment("http://127.0.0.1:9"))
	for path, want := range map[string]struct {
		status Status
		word   string
	}{
		"auto":                                          {OK, "fresh"},
		filepath.Join(folder, "app.sock"):               {OK, "can be made"},
		filepath.Join(folder, "no", "sock"):             {Failed, "folder"},
		filepath.Join(folder, strings.Repeat("x", 120)): {Failed, "bytes"},
	} {
		c.Socket = path
		wants(t, Run(t.Context(), c), "app address", want.status, want.word)
	}
	c.Socket = filepath.Join(folder, "live")
	listener, err := net.Listen("unix", c.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	wants(t, Run(t.Context(), c), "app address", Warning, "already")
	c.Command = nil
	wants(t, Run(t.Context(), c), "app address", OK, "Something listens")
}

func TestCommand(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("streamlit", "#!/bin/sh\n", 0o755)
	write("moved", "#!/no/such/python\n", 0o755)
	write("data", "", 0o644)
	write("dashboard.py", "", 0o644)
	for name, test := range map[string]struct {
		command []string
		status  Status
		words   []string
	}{
		"there":              {[]string{"streamlit", "run", "dashboard.py", "--server.port={port}"}, OK, []string{filepath.Join(folder, "streamlit")}},
		"a path":             {[]string{"./streamlit"}, OK, []string{filepath.Join(folder, "streamlit")}},
		"misspelt":           {[]string{"streamlti"}, Failed, []string{"not on the PATH", "Is streamlit meant?"}},
		"unlike any":         {[]string{"voila"}, Failed, []string{"not on the PATH", "Install it"}},
		"moved":              {[]string{"moved"}, Failed, []string{"/no/such/python"}},
		"not to be run":      {[]string{"./data"}, Failed, []string{"cannot be run"}},
		"path that is wrong": {[]string{"./streamlt"}, Failed, []string{"There is " + filepath.Join(folder, "streamlit")}},
		"file":               {[]string{"streamlit", "run", "dashbord.py"}, Warning, []string{"dashbord.py", "There is " + filepath.Join(folder, "dashboard.py")}},
		"file of an option":  {[]string{"streamlit", "--config=/no/such.toml"}, Warning, []string{"/no/such.toml"}},
		"placeholder":        {[]string{"streamlit", "{prot}"}, Failed, []string{"{prot}"}},
		"brace":              {[]string{"streamlit", "{"}, Failed, []string{"brace"}},
	} {
		c := healthy(hubEnvironment("http://127.0.0.1:9", "PATH", folder))
		c.Command, c.Dir = test.command, folder
		findings := Run(t.Context(), c)
		wants(t, findings, "command", test.status, test.words...)
		if test.status == OK {
			for _, f := range findings {
				if f.Check == "command" && f.Status != OK {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
	}
	// What looks like no file of ours is not looked for.
	c := healthy(hubEnvironment("http://127.0.0.1:9", "PATH", folder))
	c.Dir = folder
	c.Command = []string{"streamlit", "-c", "import x; open('y.py')", "https://example.org/a.py", "{base_url}/a.js", "--base={base_url}/", "module:app", "*.py"}
	c.Variables = map[string]string{"base_url": "/user/ada"}
	for _, f := range Run(t.Context(), c) {
		if f.Check == "command" && f.Status != OK && !strings.Contains(f.Message, "a.js") {
			t.Errorf("%+v", f)
		}
	}
}

func TestEnvironmentAndRepository(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "onlyhere"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := healthy(hubEnvironment("http://127.0.0.1:9"))
	c.Command, c.EnvironmentName = []string{"onlyhere"}, "lab"
	c.Interpreter = func(context.Context) (string, []string, error) {
		return "/opt/lab/bin/python", []string{"PATH=" + folder}, nil
	}
	c.Repo, c.RepoFolder = "https://git.test/x.git", filepath.Join(folder, "a", "b")
	c.Remote = func(context.Context) error { return nil }
	findings := Run(t.Context(), c)
	wants(t, findings, "environment", OK, "lab", "/opt/lab/bin/python")
	wants(t, findings, "command", OK, filepath.Join(folder, "onlyhere"))
	wants(t, findings, "repository", OK, "https://git.test/x.git")

	c.Interpreter = func(context.Context) (string, []string, error) {
		return "", nil, errors.New("there is no environment lab")
	}
	c.Remote = func(context.Context) error { return errors.New("repository not found") }
	findings = Run(t.Context(), c)
	wants(t, findings, "environment", Failed, "There is no environment lab.", "--conda-env")
	wants(t, findings, "repository", Failed, "repository not found", "--repo-token-file")

	c.Environ = hubEnvironment("http://127.0.0.1:9", "PATH", folder)
	wants(t, Run(t.Context(), c), "repository", Failed, "git is not on the PATH")
}

func TestFolders(t *testing.T) {
	c := healthy(hubEnvironment("http://127.0.0.1:9", "TMPDIR", "/no/such"))
	wants(t, Run(t.Context(), c), "folders", Failed, "/no/such", "TMPDIR")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Dir = file
	wants(t, Run(t.Context(), c), "folders", Failed, "not a folder")
}

func TestMemoryLimit(t *testing.T) {
	for name, test := range map[string]struct {
		groups      string
		files       map[string]string
		limit, used uint64
		ok          bool
	}{
		"version 2":           {"0::/a/b\n", map[string]string{"a/b/memory.max": "1048576\n", "a/b/memory.current": "5\n"}, 1048576, 5, true},
		"version 2, inside":   {"0::/host/path\n", map[string]string{"memory.max": "7\n", "memory.current": "5\n"}, 7, 5, true},
		"version 2, no limit": {"0::/\n", map[string]string{"memory.max": "max\n"}, 0, 0, false},
		"version 1":           {"3:cpu,memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "9\n", "memory/x/memory.usage_in_bytes": "2\n"}, 9, 2, true},
		"version 1, no limit": {"3:memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "9223372036854771712\n"}, 0, 0, false},
		"nonsense":            {"what\n:::\n", nil, 0, 0, false},
	} {
		root := t.TempDir()
		groups := filepath.Join(root, "groups")
		test.files = merged(test.files, "groups", test.groups)
		for path, text := range test.files {
			if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755), os.WriteFile(filepath.Join(root, path), []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if limit, used, ok := memoryLimit(root, groups); limit != test.limit || used != test.used || ok != test.ok {
			t.Errorf("%s: got %d, %d, %v", name, limit, used, ok)
		}
	}
}

func merged(files map[string]string, name, text string) map[string]string {
	all := map[string]string{name: text}
	for path, text := range files {
		all[path] = text
	}
	return all
}

func TestReport(t *testing.T) {
	findings := []Finding{
		{"token", OK, "The token is of ada.", ""},
		{"hub connection", Failed, strings.Repeat("word ", 30), "Mend it.\x1b[31m\nfailed  forged"},
	}
	var text strings.Builder
	if err := WriteText(&text, findings, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	for i, line := range lines {
		if len([]rune(line)) > textWidth || strings.HasPrefix(line, "failed  forged") || strings.Contains(line, "\x1b") {
			t.Errorf("line %d is %q", i, line)
		}
	}
	if !strings.HasPrefix(lines[0], "ok       token           The token") || lines[len(lines)-1] != "1 failure, 0 warnings." {
		t.Errorf("got %q", lines)
	}
	var colored strings.Builder
	if err := WriteText(&colored, findings, true); err != nil || !strings.Contains(colored.String(), "\x1b[1;31mfailed \x1b[0m") {
		t.Errorf("got %q, %v", colored.String(), err)
	}
	var machine strings.Builder
	if err := WriteJSON(&machine, findings); err != nil {
		t.Fatal(err)
	}
	var back struct {
		OK       bool
		Findings []Finding
	}
	if err := json.Unmarshal([]byte(machine.String()), &back); err != nil || back.OK || len(back.Findings) != 2 || back.Findings[1] != findings[1] {
		t.Errorf("got %+v, %v", back, err)
	}
	machine.Reset()
	if err := WriteJSON(&machine, nil); err != nil || !strings.Contains(machine.String(), `"findings": []`) {
		t.Errorf("got %s, %v", machine.String(), err)
	}
}

// A file is no terminal, and one who wants no colours gets none.
func TestColor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Color(file, func(string) (string, bool) { return "xterm", true }) {
		t.Error("a file has colours")
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]version{
		"6.1.1": {6, 1, ""}, "6.0.0b3": {6, 0, "b3"}, "5": {5, 0, ""}, "4.1.6.dev": {4, 1, ".dev"}, "5.2.0rc1": {5, 2, "rc1"}, "5.2.0.post1": {5, 2, ".post1"}, "5.2.1+local": {5, 2, "+local"},
	} {
		if got, ok := parseVersion(text); !ok || got != want {
			t.Errorf("%q: got %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "latest", "v6", "6.x", "99999.1", "6.1 "} {
		if got, ok := parseVersion(text); ok {
			t.Errorf("%q was taken for %+v", text, got)
		}
	}
}
