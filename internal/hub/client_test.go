package hub

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// answering starts a hub that gives one answer to everything, and keeps the
// last request.
func answering(t *testing.T, status int, body string) (*Client, *http.Request) {
	t.Helper()
	var last http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		last = *r
		last.Body = io.NopCloser(strings.NewReader(string(text)))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := NewClient(server.URL+"/hub/api/", "ours", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	return client, &last
}

func TestWhoami(t *testing.T) {
	client, last := answering(t, 200, `{"name":"ada","groups":["g"],"scopes":["a"],"servers":{},"new_field":[1]}`)
	user, err := client.Whoami(t.Context(), "theirs")
	if err != nil || user.Name != "ada" || user.Kind != "user" || !user.HasScopes || user.Scopes[0] != "a" || user.Groups[0] != "g" {
		t.Errorf("got %+v, %v", user, err)
	}
	if last.URL.Path != "/hub/api/user" || last.Header.Get("Authorization") != "token theirs" {
		t.Errorf("asked %s as %q", last.URL, last.Header.Get("Authorization"))
	}
}

func TestWhoamiOfUnusableAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"unknown token":       {403, `{"status":403}`, ErrNoUser},
		"not authenticated":   {401, `{"status":401}`, ErrNoUser},
		"403 of something":    {403, "<html>", ErrUnavailable},
		"403 of nothing":      {403, "", ErrUnavailable},
		"403 of null":         {403, "null", ErrUnavailable},
		"fault":               {500, "{}", ErrUnavailable},
		"busy":                {429, "", ErrUnavailable},
		"not there":           {404, "", ErrUnavailable},
		"redirect":            {302, "", ErrUnavailable},
		"HTML":                {200, "<html>", ErrUnavailable},
		"half":                {200, `{"name":"ada"`, ErrUnavailable},
		"no name":             {200, `{"kind":"user"}`, ErrUnavailable},
		"a list":              {200, `[]`, ErrUnavailable},
		"scopes not a list":   {200, `{"name":"ada","scopes":"all"}`, ErrUnavailable},
		"scopes of numbers":   {200, `{"name":"ada","scopes":[1]}`, ErrUnavailable},
		"admin not a boolean": {200, `{"name":"ada","admin":"yes"}`, ErrUnavailable},
		"endless":             {200, strings.Repeat(" ", maxAnswer) + `{"name":"ada"}`, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := answering(t, test.status, test.body)
			if user, err := client.Whoami(t.Context(), "theirs"); user != nil || !errors.Is(err, test.want) {
				t.Errorf("got %v, %v, want %v", user, err, test.want)
			}
		})
	}
}

func TestSecurityMalformedTokenIsNotSent(t *testing.T) {
	client, last := answering(t, 200, `{"name":"ada"}`)
	for _, token := range []string{"", "a b", "a\r\nX: y", "a\x00", "é", strings.Repeat("a", 5000)} {
		if _, err := client.Whoami(t.Context(), token); !errors.Is(err, ErrNoUser) || last.URL != nil {
			t.Errorf("%.20q: got %v, asked %v", token, err, last.URL)
		}
	}
}

func TestHubThatIsAway(t *testing.T) {
	client, err := NewClient("http://127.0.0.1:1/hub/api", "ours", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Whoami(t.Context(), "theirs"); !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "theirs") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Version(ctx); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestVersion(t *testing.T) {
	client, last := answering(t, 200, `{"version":"6.1.1"}`)
	if got, err := client.Version(t.Context()); err != nil || got != "6.1.1" || last.Header.Get("Authorization") != "" || last.URL.Path != "/hub/api" {
		t.Errorf("got %q, %v, asked %s as %q", got, err, last.URL, last.Header.Get("Authorization"))
	}
	client, _ = answering(t, 200, `{}`)
	if _, err := client.Version(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestReportActivity(t *testing.T) {
	client, last := answering(t, 200, "")
	at := time.Date(2026, 11, 23, 12, 0, 0, 5000, time.FixedZone("", 3600))
	if err := client.ReportActivity(t.Context(), client.URL("/users/ada/activity"), "", at); err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(last.Body)
	want := `{"servers":{"":{"last_activity":"2026-11-23T11:00:00.000005Z"}},"last_activity":"2026-11-23T11:00:00.000005Z"}`
	if string(body) != want || last.Header.Get("Authorization") != "token ours" || last.Method != "POST" {
		t.Errorf("sent %s as %q", body, last.Header.Get("Authorization"))
	}
	client, _ = answering(t, 400, "")
	if err := client.ReportActivity(t.Context(), client.URL("/x"), "", at); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// A clock that is wrong must not make the hub take us for idle.
func TestActivityIsReportedByTheHubsClock(t *testing.T) {
	var body strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(&body, r.Body)
		w.Header().Set("Date", time.Now().Add(-3*time.Hour).UTC().Format(http.TimeFormat))
	}))
	defer server.Close()
	client, err := NewClient(server.URL, "ours", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first answer tells the time
		body.Reset()
		if err := client.ReportActivity(t.Context(), server.URL, "", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	_, after, _ := strings.Cut(body.String(), `"last_activity":"`)
	at, err := time.Parse(time.RFC3339, after[:strings.IndexByte(after, '"')])
	if late := time.Since(at); err != nil || late < 3*time.Hour-5*time.Second || late > 3*time.Hour+5*time.Second {
		t.Errorf("reported %s, %v", body.String(), err)
	}
}

// slowHub dates its answer by a clock that is ahead of ours, and takes a while before
// and after that.
type slowHub struct{ ahead, before, after time.Duration }

func (h slowHub) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(h.before)
	date := time.Now().Add(h.ahead).UTC().Format(http.TimeFormat)
	time.Sleep(h.after)
	return &http.Response{StatusCode: 200, Header: http.Header{"Date": {date}}, Body: http.NoBody}, nil
}

// An answer that is long on its way is no sign of a clock that is off.
func TestSkewOfASlowAnswer(t *testing.T) {
	for _, test := range []struct {
		hub  slowHub
		want time.Duration
	}{
		{slowHub{after: 10 * time.Second}, 0},
		{slowHub{before: 10 * time.Second}, 0},
		{slowHub{ahead: time.Second, after: 10 * time.Second}, 0},
		{slowHub{ahead: -time.Hour}, -time.Hour},
		{slowHub{ahead: -time.Hour, after: 10 * time.Second}, -time.Hour},
		{slowHub{ahead: time.Hour}, time.Hour},
		{slowHub{ahead: time.Hour, before: 10 * time.Second}, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, err := NewClient("http://hub.test/hub/api", "ours", test.hub)
			if err != nil {
				t.Fatal(err)
			}
			if err := client.ReportActivity(t.Context(), "http://hub.test/", "", time.Now()); err != nil {
				t.Fatal(err)
			}
			if got := client.Skew(); got != test.want {
				t.Errorf("%+v: got %s", test.hub, got)
			}
		})
	}
}

func TestNewClientRefusesABadURL(t *testing.T) {
	for _, bad := range []string{"", "hub/api", "ftp://hub/", "http://", "http://[::1"} {
		if _, err := NewClient(bad, "", nil); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// FuzzUser looks for a model that names scopes which are not in it.
func FuzzUser(f *testing.F) {
	f.Add(`{"name":"ada","scopes":["a"],"groups":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		var user User
		if err := user.UnmarshalJSON([]byte(text)); err == nil && len(user.Scopes) > 0 && !user.HasScopes {
			t.Errorf("%q gave %+v", text, user)
		}
	})
}
