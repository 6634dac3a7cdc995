package proxy

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

func failed() process.Status {
	return process.Status{State: process.Failed, Since: time.Unix(1, 0), LastExit: &process.Exit{Code: 3}}
}

// post sends a POST with headers, as name: value.
func (w *world) post(path string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequest("POST", w.url(path), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Add(name, value)
	}
	return w.do(req)
}

func TestRetry(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	for _, test := range []struct {
		status process.Status
		wants  bool
	}{
		{failed(), true},
		{process.Status{State: process.Backoff, LastExit: &process.Exit{Code: 1}}, true},
		{process.Status{State: process.Starting}, false},
		{process.Status{State: process.Stopping}, false},
	} {
		w.app.reset(test.status)
		resp, body := w.post(testPrefix + retryRoute)
		var status page.Status
		if err := json.Unmarshal([]byte(body), &status); err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: got %s, %q", test.status.State, resp.Status, body)
		}
		if got := w.app.retried(); (got == 1) != test.wants {
			t.Errorf("%s: retried %d times", test.status.State, got)
		}
		if test.wants && status.State != "starting" {
			t.Errorf("%s: the answer is still %q", test.status.State, status.State)
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		w.app.reset(failed())
		req, _ := http.NewRequest(method, w.url(testPrefix+retryRoute), nil)
		if resp, _ := w.do(req); resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" || w.app.retried() != 0 {
			t.Errorf("%s: got %s", method, resp.Status)
		}
	}
}

// lateApp is one on a busy machine: what a retry leads to shows long after.
type lateApp struct {
	*stubApp
	after time.Duration
	next  process.Status
}

func (a lateApp) Retry() { time.AfterFunc(a.after, func() { a.set(a.next) }) }

// The page that follows a retry is that of what came of it, however long that
// took, and not the old one.
func TestRetryIsAnsweredWhenItShows(t *testing.T) {
	again := &process.Exit{Reason: "does not answer on port 1"}
	for name, test := range map[string]struct {
		before, next process.Status
	}{
		"it starts":             {failed(), process.Status{State: process.Starting}},
		"it fails again":        {failed(), process.Status{State: process.Failed, Since: failed().Since, LastExit: again}},
		"it is still not there": {process.Status{State: process.Backoff}, process.Status{State: process.Backoff, LastExit: again}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := lateApp{&stubApp{status: test.before}, 5 * time.Second, test.next}
				door := doorman{app: app, prefix: testPrefix, log: slog.New(slog.DiscardHandler)}
				begun := time.Now()
				door.retry(httptest.NewRecorder(), httptest.NewRequest("POST", testPrefix+retryRoute, nil))
				if got := app.Status(); got != test.next {
					t.Errorf("answered while it was still %+v", got)
				}
				if took := time.Since(begun); took > app.after+time.Second {
					t.Errorf("answered after %s, though it showed after %s", took, app.after)
				}
			})
		})
	}
}

func TestRetryLeadsBack(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	for next, want := range map[string]string{
		"?next=%2Fuser%2Fada%2Fx%252Fy": "/user/ada/x%2Fy",
		"?next=%2Fuser%2Fada%2F":        "/user/ada/",
		"":                              "/user/ada/",
		"?next=%2Fuser%2Fbob%2F":        "/user/ada/",
		"?next=%2F%2Fevil.example%2F":   "/user/ada/",
		"?next=https%3A%2F%2Fevil%2F":   "/user/ada/",
		"?next=%2Fuser%2Fada%2F%5Cevil": "/user/ada/",
		"?next=%2Fuser%2Fada%2F%0D%0AX": "/user/ada/",
		"?next=%zz":                     "/user/ada/",
	} {
		w.app.reset(failed())
		resp, _ := w.post(testPrefix+retryRoute+next, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: same-origin", "Accept: text/html")
		if resp.StatusCode != 303 || resp.Header.Get("Location") != want || w.app.retried() != 1 {
			t.Errorf("%s: got %s to %q", next, resp.Status, resp.Header.Get("Location"))
		}
	}
}

// FuzzSecurityRetryNext looks for an address that leads elsewhere.
func FuzzSecurityRetryNext(f *testing.F) {
	for _, next := range []string{"/user/ada/x", "//evil", `/\evil`, "/user/ada/\\", "/", "/\t/evil", "/user/ada/?x"} {
		f.Add(next, true)
		f.Add(next, false)
	}
	f.Fuzz(func(t *testing.T, next string, bare bool) {
		prefix := prefix("/user/ada/")
		if bare {
			prefix = "/"
		}
		if isPathBelow(next, prefix) && (browsersOrigin(next) != "" || !strings.HasPrefix(next, string(prefix)) || strings.ContainsAny(next, "\r\n")) {
			t.Errorf("%q is taken for a path below %s", next, prefix)
		}
	})
}

func TestSecurityRetryIsForOurOwnPagesOnly(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	own := "http://" + w.address
	for _, test := range []struct {
		headers []string
		may     bool
	}{
		{nil, true}, // no browser
		{[]string{"Sec-Fetch-Site: same-origin", "Origin: " + own}, true},
		{[]string{"Sec-Fetch-Site: none"}, true},
		{[]string{"Origin: " + own}, true},
		{[]string{"Origin: https://public.example", "X-Forwarded-Host: public.example"}, true},
		{[]string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, false},
		{[]string{"Sec-Fetch-Site: same-site", "Origin: https://bob.hub.example"}, false},
		{[]string{"Origin: https://evil.example"}, false},
		{[]string{"Origin: null"}, false},
		{[]string{"Origin: https://public.example", "X-Forwarded-Host: other.example"}, false},
	} {
		w.app.reset(failed())
		resp, _ := w.post(testPrefix+retryRoute, test.headers...)
		if may := resp.StatusCode == 200; may != test.may || (w.app.retried() == 1) != test.may {
			t.Errorf("%v: got %s", test.headers, resp.Status)
		}
	}
}

// The gate itself refuses what another site's page sends by a visitor's cookie.
func TestSecurityRetryIsBehindTheGate(t *testing.T) {
	g := newGuest(t)
	w := newWorld(t, withApp(nil), func(c *Config) { c.Gate = g.gate })
	w.app.reset(failed())
	if resp, _ := w.post(testPrefix + retryRoute); resp.StatusCode != 401 || w.app.retried() != 0 {
		t.Errorf("a stranger gets %s", resp.Status)
	}
	resp, _ := w.get(testPrefix+"?token=t", "Sec-Fetch-Mode: navigate")
	cookies := resp.Cookies()
	if len(cookies) == 0 {
		t.Fatalf("there is no login: %s", resp.Status)
	}
	login := "Cookie: " + cookies[0].Name + "=" + cookies[0].Value
	resp, body := w.post(testPrefix+retryRoute, login, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site")
	if resp.StatusCode != 403 || !strings.Contains(body, "cross_origin") || !strings.Contains(body, "--allow-origin") || w.app.retried() != 0 {
		t.Errorf("another site's page gets %s, %s", resp.Status, body)
	}
	if resp, _ := w.post(testPrefix+retryRoute, login, "Sec-Fetch-Site: same-origin"); resp.StatusCode != 200 || w.app.retried() != 1 {
		t.Errorf("our own page gets %s", resp.Status)
	}
}

func TestFormOfThePage(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	for _, test := range []struct {
		status process.Status
		form   string // what its button says, empty for none
	}{
		{failed(), "Try again"},
		{process.Status{State: process.Backoff, Starts: 2, LastExit: &process.Exit{Code: 1}, NextStart: time.Now().Add(time.Minute)}, "Start now"},
		{process.Status{State: process.Backoff, LastExit: &process.Exit{Reason: "does not answer"}, NextStart: time.Now().Add(time.Minute)}, "Try now"},
		{process.Status{State: process.Starting}, ""},
		{process.Status{State: process.Stopping}, ""},
	} {
		w.app.reset(test.status)
		resp, body := w.get(testPrefix+"x%2Fy?code=very-secret", "Accept: text/html")
		policy := resp.Header.Get("Content-Security-Policy")
		form := `<form method="post" action="/user/ada/.jhsingle/retry?next=%2Fuser%2Fada%2Fx%252Fy"><button>` + test.form + `</button></form>`
		if test.form == "" {
			if strings.Contains(body, "<form") || !strings.Contains(policy, "form-action 'none'") {
				t.Errorf("%s: there is a form, or could be: %s", test.status.State, policy)
			}
			continue
		}
		if !strings.Contains(body, form) || strings.Count(body, "<form") != 1 || !strings.Contains(policy, "form-action 'self';") {
			t.Errorf("%s: no %s in\n%s\n%s", test.status.State, form, body, policy)
		}
		if strings.Contains(body, "very-secret") {
			t.Errorf("%s: the address's query is in the page", test.status.State)
		}
	}
}

func TestUseCountsTheAppsRequestsOnly(t *testing.T) {
	asked, release := make(chan string, 1), make(chan struct{})
	w := newWorld(t, slowApp(asked, release), nil)
	w.get(testPrefix + "api")
	w.get(testPrefix + statusRoute)
	w.app.set(process.Status{State: process.Starting})
	w.get(testPrefix)
	w.app.set(ready())
	if open, last := w.server.Use(); open != 0 || !last.IsZero() {
		t.Errorf("%d are open, last at %s", open, last)
	}
	_, reader := w.raw("GET /user/ada/x HTTP/1.1\nHost: h\n\n")
	<-asked
	if open, last := w.server.Use(); open != 1 || last.IsZero() {
		t.Errorf("%d are open, last at %s", open, last)
	}
	close(release)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	w.mustEmpty()
}

// Who takes the app out of use and then asks misses nobody: a request is counted
// before the state is looked at.
func TestUseIsCountedBeforeTheStateIsAsked(t *testing.T) {
	var w *world
	counted := make(chan int, 100)
	w = newWorld(t, withApp(func(http.ResponseWriter, *http.Request) {}), func(c *Config) {
		c.App = &watchedApp{stubApp: &stubApp{status: ready()}, asked: func() {
			open, _ := w.server.Use()
			counted <- open
		}}
	})
	for len(counted) > 0 {
		<-counted
	}
	w.get(testPrefix + "x")
	if open := <-counted; open != 1 {
		t.Errorf("%d were open when the state was asked", open)
	}
}

// watchedApp tells when its state is asked.
type watchedApp struct {
	*stubApp
	asked func()
}

func (a *watchedApp) Status() process.Status {
	a.asked()
	return a.stubApp.Status()
}
