package hub

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestErrors(t *testing.T) {
	kinds := map[string]func(error) bool{"not found": IsNotFound, "forbidden": IsForbidden, "refused": IsRefused, "busy": IsBusy}
	for name, test := range map[string]struct {
		status      int
		body        string
		message     string
		kind        string
		unavailable bool
	}{
		"not found":             {404, `{"status":404,"message":"no such user"}`, "no such user", "not found", false},
		"forbidden":             {403, `{"message":"no"}`, "no", "forbidden", false},
		"unknown token":         {401, `{}`, "", "forbidden", false},
		"refused":               {400, `{"message":"ada/x is already running"}`, "ada/x is already running", "refused", false},
		"there already":         {409, `{"message":null}`, "", "refused", false},
		"busy":                  {429, `{"message":"Too many users"}`, "Too many users", "busy", false},
		"failed spawn":          {500, `{"message":"Spawn failed"}`, "Spawn failed", "", false},
		"hub restarting":        {503, `{"message":"starting"}`, "starting", "", true},
		"message a number":      {400, `{"message":7}`, "", "refused", false},
		"message with controls": {400, `{"message":" a\r\n\u001b[31mb\u202e\u0000 "}`, "a   [31mb", "refused", false},
		"endless message":       {400, `{"message":"` + strings.Repeat("ä", 5000) + `"}`, strings.Repeat("ä", maxMessage) + "…", "refused", false},
		"a proxy's page":        {502, "<html>bad gateway", "", "", true},
		"a proxy's 404":         {404, "<html>not here", "", "", true},
		"redirect":              {302, "", "", "", true},
		"no object":             {400, `"no"`, "", "", true},
		"half":                  {400, `{"message":`, "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := answering(t, test.status, test.body)
			_, err := client.Account(t.Context(), "ada")
			if err == nil || errors.Is(err, ErrUnavailable) != test.unavailable {
				t.Fatalf("got %v", err)
			}
			for kind, is := range kinds {
				if is(err) != (kind == test.kind) {
					t.Errorf("is it %s? %v", kind, err)
				}
			}
			answer, ok := errors.AsType[*Error](err)
			if !ok {
				if !test.unavailable {
					t.Errorf("got %v", err)
				}
				return
			}
			if answer.Status != test.status || answer.Message != test.message || answer.Method != "GET" || answer.Path != "/hub/api/users/ada" {
				t.Errorf("got %+v", answer)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{"30": 30 * time.Second, "0": 0, "": 0, "-5": 0, "1e3": 0, "99999999": 0, "Wed, 21 Oct 2026 07:28:00 GMT": 0} {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
			w.Write([]byte(`{"message":"later"}`))
		})
		_, err := client.StopServer(t.Context(), "ada", "x", false)
		if answer, ok := errors.AsType[*Error](err); !ok || answer.RetryAfter != want {
			t.Errorf("%q: got %v", header, err)
		}
	}
}

func TestSecurityErrorsHoldNoToken(t *testing.T) {
	const token = "a-token-that-nobody-should-see"
	check := func(err error) {
		t.Helper()
		if err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("got %v", err)
		}
	}
	for _, status := range []int{302, 400, 403, 404, 500, 503} {
		for _, body := range []string{`{"message":"no"}`, "<html>"} {
			client, _ := answering(t, status, body)
			client = client.As(token)
			_, err := client.Account(t.Context(), "ada")
			check(err)
			_, err = client.StopServer(t.Context(), "ada", "x", true)
			check(err)
			check(client.Progress(t.Context(), "ada", "x", func(ProgressEvent) {}))
			check(client.Accounts(t.Context(), AccountQuery{}, func(Account) error { return nil }))
		}
	}
	away, err := NewClient("http://127.0.0.1:1/hub/api", "ours", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	_, err = away.As(token).Account(t.Context(), "ada")
	check(err)
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	_, err = away.As(token+"\r\nX: y").Account(t.Context(), "ada")
	check(err)
	if !IsForbidden(err) {
		t.Errorf("got %v", err)
	}
}
