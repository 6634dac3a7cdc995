package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const token = "a-token-of-the-hub"

// quick is a timing for tests: it asks again at once, and gives nothing up.
var quick = timing{
	call: time.Minute, tries: 4, first: time.Millisecond, longest: 2 * time.Second,
	stream: time.Minute, silent: time.Minute, poll: time.Millisecond, patience: time.Minute,
}

// clientOf is a client of a service that a handler is.
func clientOf(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientAt(t, server.URL+"/services/dashboards/")
}

func clientAt(t *testing.T, address string) *Client {
	t.Helper()
	service, err := ParseService(address)
	if err != nil {
		t.Fatal(err)
	}
	client, err := NewClient(Config{Service: service, Token: token, Agent: "test/1"})
	if err != nil {
		t.Fatal(err)
	}
	client.timing = quick
	return client
}

func answer(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestEveryCall(t *testing.T) {
	var got string
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), body))
		if r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("User-Agent") != "test/1" {
			t.Errorf("%s: got %v", got, r.Header)
		}
		if strings.HasSuffix(r.URL.Path, "thumbnail") && r.Method == http.MethodGet {
			answer(w, 200, "image/png", "picture")
			return
		}
		answer(w, 200, "application/json; charset=utf-8", `{"items": [], "unknown": true}`)
	})
	ctx := context.Background()
	name := "<é>"
	for want, call := range map[string]func() error{
		"GET user":            func() error { _, err := client.User(ctx); return err },
		"GET rules":           func() error { _, err := client.Rules(ctx); return err },
		"GET servers":         func() error { _, err := client.Servers(ctx); return err },
		"GET people?q=a+b%26": func() error { _, err := client.People(ctx, "a b&"); return err },
		"GET dashboards":      func() error { _, err := client.List(ctx, Query{}); return err },
		"GET dashboards?group=g&order=desc&owner=o&page=2&per_page=3&q=t&sort=used&whose=mine": func() error {
			_, err := client.List(ctx, Query{Whose: "mine", Owner: "o", Group: "g", Text: "t", Sort: "used", Order: "desc", Page: 2, PerPage: 3})
			return err
		},
		"GET dashboards/x%2F..%3F":                  func() error { _, err := client.Dashboard(ctx, "x/..?"); return err },
		"DELETE dashboards/x":                       func() error { _, err := client.Delete(ctx, "x"); return err },
		"POST dashboards/x/rebuild":                 func() error { _, err := client.Rebuild(ctx, "x"); return err },
		"POST dashboards/x/start":                   func() error { _, err := client.Start(ctx, "x"); return err },
		"POST dashboards/x/stop":                    func() error { _, err := client.Stop(ctx, "x"); return err },
		"POST dashboards/x/open":                    func() error { _, err := client.Open(ctx, "x"); return err },
		"GET dashboards/x/jobs":                     func() error { _, err := client.Jobs(ctx, "x"); return err },
		"GET dashboards/x/revisions":                func() error { _, err := client.Revisions(ctx, "x"); return err },
		"GET jobs/x":                                func() error { _, err := client.Job(ctx, "x"); return err },
		"GET jobs/x/log?after=7":                    func() error { _, err := client.Log(ctx, "x", 7); return err },
		"GET dashboards/x/thumbnail":                func() error { _, err := client.Thumbnail(ctx, "x"); return err },
		"DELETE dashboards/x/thumbnail":             func() error { return client.RemoveThumbnail(ctx, "x") },
		"PUT dashboards/x/thumbnail image/png data": func() error { return client.SetThumbnail(ctx, "x", "image/png", []byte("data")) },
		`PATCH dashboards/x application/merge-patch+json {"name":"<é>"}`: func() error {
			_, err := client.Edit(ctx, "x", Change{Name: &name})
			return err
		},
		`POST dashboards/x/share application/json {"everyone":false,"users":["a"],"groups":[]}`: func() error {
			_, err := client.Share(ctx, "x", Access{Users: []string{"a"}, Groups: []string{}})
			return err
		},
		`POST dashboards/x/unshare application/json {"everyone":true,"users":[],"groups":[]}`: func() error {
			_, err := client.Unshare(ctx, "x", Access{Everyone: true, Users: []string{}, Groups: []string{}})
			return err
		},
	} {
		err := call()
		method, rest, _ := strings.Cut(want, " ")
		if want = method + " /services/dashboards/api/v1/" + rest; err != nil || got != want {
			t.Errorf("got %q, want %q (%v)", got, want, err)
		}
	}
	if _, err := client.Create(ctx, New{Name: "n"}); err != nil || !strings.HasPrefix(got, `POST /services/dashboards/api/v1/dashboards application/json {"name":"n",`) {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestThePrefixIsNotDecoded and encoded again.
func TestThePrefixIsNotDecoded(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.RequestURI
		answer(w, 200, JSON, "{}")
	}))
	defer server.Close()
	for _, prefix := range []string{"/a%2Fb@c/", "//x/", "/%C3%A9/services/y/"} {
		if _, err := clientAt(t, server.URL+prefix).User(context.Background()); err != nil || asked != prefix+"api/v1/user" {
			t.Errorf("%s: asked for %s, %v", prefix, asked, err)
		}
	}
}

func TestParseService(t *testing.T) {
	for given, want := range map[string]string{
		"https://hub.example.org/services/dashboards/":             "https://hub.example.org/services/dashboards/",
		" https://hub.example.org/services/dashboards ":            "https://hub.example.org/services/dashboards/",
		"https://hub.example.org/base/services/x/dashboard/id?q#f": "https://hub.example.org/base/services/x/",
		"http://[::1]:8000":           "http://[::1]:8000/",
		"http://h/a%2Fb/":             "http://h/a%2Fb/",
		"https://h//evil/services/x/": "https://h//evil/services/x/",
	} {
		if got, err := ParseService(given); err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v", given, got, err)
		}
	}
	for _, given := range []string{"", "hub", "//hub/", "https://", "https://:80/", "ftp://hub/", "javascript:alert(1)", "https://a:b@hub/", "https://hub/%zz"} {
		if got, err := ParseService(given); err == nil {
			t.Errorf("%q: got %v", given, got)
		}
	}
}

func FuzzParseService(f *testing.F) {
	f.Add("https://hub.example.org/base/services/x/dashboard/id?q#f")
	f.Add("http://h//services//x")
	f.Fuzz(func(t *testing.T, text string) {
		service, err := ParseService(text)
		if err != nil {
			return
		}
		again, err := ParseService(service.String())
		if err != nil || again.String() != service.String() || service.User != nil || service.RawQuery != "" || service.Fragment != "" || !strings.HasSuffix(service.Path, "/") {
			t.Errorf("%q: got %q, then %v, %v", text, service, again, err)
		}
		given, err := url.Parse(strings.TrimSpace(text))
		if err != nil || given.Host != service.Host || given.Scheme != service.Scheme {
			t.Errorf("%q goes to %q", text, service)
		}
		target, err := service.Parse(Path + "user")
		if err != nil || target.Host != service.Host {
			t.Errorf("%q goes to %q", text, target)
		}
	})
}

func TestSecurityLinksAreOfTheWeb(t *testing.T) {
	base, err := url.Parse("https://hub.example.org/services/dashboards/")
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"/user/ada/x/":               "https://hub.example.org/user/ada/x/",
		"https://ada.example.org/":   "https://ada.example.org/",
		"//ada.example.org/":         "https://ada.example.org/",
		"javascript:alert(1)":        "",
		"file:///etc/passwd":         "",
		"data:text/html,x":           "",
		"https://ada:x@example.org/": "",
		"https:///x":                 "",
		"\x1b[31m":                   "",
		"http://a/\x00":              "",
	} {
		got, err := Link(base, given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", given, got, err)
		}
	}
}

// TestSecurityNoRedirectIsFollowed, to another origin or not, so that no token is
// where nobody sent it.
func TestSecurityNoRedirectIsFollowed(t *testing.T) {
	var strangers atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
	defer stranger.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{stranger.URL + "/services/dashboards/", "/elsewhere", "//" + strings.TrimPrefix(stranger.URL, "http://"), "http://user:pw@x/", ":"} {
			var asked atomic.Int32
			client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Location", target)
				w.WriteHeader(status)
			})
			client.timing.patience = 0
			_, err := client.User(context.Background())
			_, createErr := client.Create(context.Background(), New{})
			_, followErr := client.Follow(context.Background(), "x", 0, Follower{})
			for _, err := range []error{err, createErr, followErr} {
				if !errors.As(err, new(*Unreachable)) || strings.Contains(err.Error(), "pw") {
					t.Errorf("%d to %s: got %v", status, target, err)
				}
			}
			if asked.Load() < 3 || strangers.Load() != 0 {
				t.Errorf("%d to %s: we were asked %d times, a stranger %d times", status, target, asked.Load(), strangers.Load())
			}
		}
	}
}

// TestSecurityTheTokenIsInNoError, whoever says it back.
func TestSecurityTheTokenIsInNoError(t *testing.T) {
	said := fmt.Sprintf(`{"kind":"forbidden","detail":"no: %s","field":%q,"incident":%q,"title":%q}`, token, token, token, token)
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429, 500, 502, 503} {
		client := clientOf(t, func(w http.ResponseWriter, r *http.Request) { answer(w, status, ProblemDoc, said) })
		client.timing.tries = 1
		_, err := client.User(context.Background())
		problem, ok := errors.AsType[*Problem](err)
		if !ok || strings.Contains(fmt.Sprintf("%v %+v", err, *problem), token) {
			t.Errorf("%d: got %+v", status, err)
		}
	}
	for _, wrong := range []string{"", "a b", "a\nb", "ä", strings.Repeat("x", 3000)} {
		if _, err := NewClient(Config{Token: wrong}); err == nil || wrong != "" && strings.Contains(err.Error(), wrong) {
			t.Errorf("%.20q: got %v", wrong, err)
		}
	}
}

// TestRepeats: only what changes nothing is sent again.
func TestRepeats(t *testing.T) {
	for _, test := range []struct {
		status int
		after  string
		want   int32 // of a GET
	}{
		{502, "", 4}, {503, "0", 4}, {504, "", 4}, {429, "1", 4}, {503, "3", 1}, {503, "Fri, 31 Dec 2100 00:00:00 GMT", 1}, {503, "nonsense", 4}, {500, "", 1}, {404, "", 1}, {401, "", 1},
	} {
		var asked atomic.Int32
		client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Retry-After", test.after)
			answer(w, test.status, ProblemDoc, `{"kind":"unavailable","detail":"Not now."}`)
		})
		client.timing.longest = 1500 * time.Millisecond
		if test.after == "1" {
			client.timing.tries, test.want = 2, 2
		}
		var waits []time.Duration
		client.waiting = func(_ error, wait time.Duration) { waits = append(waits, wait) }
		if _, err := client.User(context.Background()); err == nil || asked.Load() != test.want || len(waits) != int(test.want)-1 {
			t.Errorf("%d, %q: asked %d times, waited %v, %v", test.status, test.after, asked.Load(), waits, err)
		}
		if test.after == "1" && waits[0] < time.Second {
			t.Errorf("it waited only %v", waits)
		}
		asked.Store(0)
		_, _ = client.Rebuild(context.Background(), "x")
		_, _ = client.Delete(context.Background(), "x")
		_, _ = client.Edit(context.Background(), "x", Change{})
		if asked.Load() != 3 {
			t.Errorf("%d: what changes something was asked for %d times", test.status, asked.Load())
		}
	}
}

func TestItWaitsForAServiceThatStarts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	client := clientAt(t, "http://"+address+"/")
	client.timing.tries = 1000
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, JSON, `{"name":"ada"}`) })}
	defer server.Close()
	client.waiting = func(err error, _ time.Duration) {
		if !strings.Contains(err.Error(), "nothing listens at "+address) {
			t.Errorf("got %v", err)
		}
		if listener, err := net.Listen("tcp", address); err == nil {
			client.waiting = nil
			go server.Serve(listener)
		}
	}
	if user, err := client.User(context.Background()); err != nil || user.Name != "ada" {
		t.Errorf("got %v, %v", user, err)
	}
}

// TestHostileAnswers are bounded, and said in a sentence.
func TestHostileAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", JSON)
			for chunk := strings.Repeat(" ", 1<<20); ; {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}, "far too large"},
		"endless problem": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ProblemDoc)
			w.WriteHeader(500)
			for chunk := strings.Repeat(" ", 1<<20); ; {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}, "not the Dashboards service"},
		"endless head": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		}, "cannot reach the service"},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", JSON)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, "broke off"},
		"deep":       {func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, JSON, strings.Repeat("[", 1<<20)) }, "not the Dashboards service"},
		"wrong type": {func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, JSON, `{"name":1}`) }, "not the Dashboards service"},
		"a page":     {func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "text/html", "<p>") }, "not the Dashboards service"},
		"no answer": {func(w http.ResponseWriter, r *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		}, "cannot reach the service"},
	} {
		client := clientOf(t, test.handler)
		_, err := client.User(context.Background())
		if !errors.As(err, new(*Unreachable)) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestASilentService(t *testing.T) {
	released := make(chan struct{})
	client := clientOf(t, func(http.ResponseWriter, *http.Request) { <-released })
	defer close(released)
	client.timing.call = 20 * time.Millisecond
	if _, err := client.User(context.Background()); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("got %v", err)
	}
	client.timing.call = time.Minute
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := client.User(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWhyThereIsNoAnswer(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for address, want := range map[string]string{
		secure.URL: "is by nobody whom this machine trusts",
		strings.Replace(plain.URL, "http:", "https:", 1): "does not speak https",
	} {
		client := clientAt(t, address)
		client.timing.tries = 1
		if _, err := client.User(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", address, err)
		}
	}
	client := clientAt(t, "http://nowhere.example.org/")
	client.http.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "nowhere.example.org", IsNotFound: true}
	}}
	if _, err := client.User(context.Background()); err == nil || !strings.Contains(err.Error(), "there is no host nowhere.example.org") {
		t.Errorf("got %v", err)
	}
}

func TestParseProblem(t *testing.T) {
	for _, test := range []struct {
		status  int
		content string
		kind    dashboard.ErrorKind
		detail  string
	}{
		{422, `{"kind":"invalid","detail":"No.","field":"name","status":200}`, dashboard.Invalid, "No."},
		{401, `{"state":"anonymous","title":"Not signed in","message":"Sign in."}`, KindUnauthenticated, "Sign in."},
		{403, `{"state":"forbidden","message":"You may not."}`, KindNoAccess, "You may not."},
		{429, `{"state":"limited","message":"Slowly."}`, dashboard.Limit, "Slowly."},
		{503, `{"state":"hub_unavailable","message":"Away."}`, dashboard.Unavailable, "Away."},
		{500, `{"kind":"internal","detail":"Oh.","incident":"ABC"}`, KindInternal, "Oh."},
		{404, `{"kind":"not_found","detail":"Gone."}`, dashboard.NotFound, "Gone."},
	} {
		got := ParseProblem(test.status, []byte(test.content))
		if got == nil || got.Kind != test.kind || got.Detail != test.detail || got.Status != test.status {
			t.Errorf("%s: got %+v", test.content, got)
		}
	}
	for _, none := range []string{"", "{}", "[]", "null", "<html>", `{"detail":1}`, `{"detail":"x"}`, `{"kind":"invalid"}`, `{"message":"x"}`} {
		if got := ParseProblem(400, []byte(none)); got != nil {
			t.Errorf("%s: got %+v", none, got)
		}
	}
}

func FuzzProblem(f *testing.F) {
	f.Add(422, []byte(`{"kind":"invalid","detail":"No.","field":"name","incident":"x"}`))
	f.Add(403, []byte(`{"state":"forbidden","message":"You may not."}`))
	f.Fuzz(func(t *testing.T, status int, content []byte) {
		problem := ParseProblem(status, content)
		if problem == nil {
			return
		}
		if problem.Kind == "" || problem.Status != status || len(problem.Detail)+len(problem.Field)+len(problem.Incident) > 3*maxSentence {
			t.Errorf("%q: got %+v", content, problem)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2025, 3, 14, 15, 9, 26, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "99999999999999": 0, "x": 0,
		"Fri, 14 Mar 2025 15:10:26 GMT": time.Minute, "Fri, 14 Mar 2025 15:00:00 GMT": 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: got %s", header, got)
		}
	}
}
