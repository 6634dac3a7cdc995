package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"
)

// serve starts a hub that answers as the handler does.
func serve(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := NewClient(server.URL+"/hub/api", "ours", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// As JupyterHub 6.1 answers, with fields that nobody here reads.
const adasModel = `{"kind":"user","name":"ada","admin":true,"roles":["user"],"groups":["crew","team"],
"last_activity":"2026-11-25T12:00:00.500000Z","auth_state":null,"servers":{
"":{"name":"","ready":false,"pending":null,"stopped":true,"last_activity":null,"started":null,"url":"/user/ada/","user_options":{}},
"x":{"name":"x","display_name":"Sales","ready":true,"pending":null,"stopped":false,"started":"2026-11-25T11:00:00Z",
"last_activity":"2026-11-25T12:00:00.500000Z","url":"/user/ada/x/","full_url":"https://hub/user/ada/x/","user_options":{"a":[1]}},
"y":{"name":"z","ready":false,"pending":"spawn","url":"/user/ada/y/"}}}`

func TestAccount(t *testing.T) {
	client, last := answering(t, 200, adasModel)
	got, err := client.As("theirs").Account(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	if last.RequestURI != "/hub/api/users/ada?include_stopped_servers=1" || last.Header.Get("Authorization") != "token theirs" {
		t.Errorf("asked %s as %q", last.RequestURI, last.Header.Get("Authorization"))
	}
	at := time.Date(2026, 11, 25, 12, 0, 0, 500_000_000, time.UTC)
	if got.Name != "ada" || !got.Admin || !slices.Equal(got.Groups, []string{"crew", "team"}) || !got.LastActivity.Equal(at) || len(got.Servers) != 3 {
		t.Errorf("got %+v", got)
	}
	if s := got.Servers[""]; !s.Stopped || s.Ready || !s.LastActivity.IsZero() || !s.Started.IsZero() {
		t.Errorf("the default server: %+v", s)
	}
	if s := got.Servers["x"]; !s.Ready || s.Stopped || s.Name != "x" || s.DisplayName != "Sales" || s.FullURL != "https://hub/user/ada/x/" ||
		s.URL != "/user/ada/x/" || !s.LastActivity.Equal(at) || s.Started.IsZero() || string(s.UserOptions) != `{"a":[1]}` {
		t.Errorf("the named server: %+v", s)
	}
	if s := got.Servers["y"]; s.Pending != "spawn" || s.Stopped || s.Name != "y" {
		t.Errorf("the starting server: %+v", s)
	}
}

func TestAccountOfUnusableAnswers(t *testing.T) {
	for _, body := range []string{"", "null", "[]", "{}", `{"name":""}`, `{"name":1}`, `{"name":"ada","servers":[]}`, `{"name":"ada","servers":{"x":1}}`, `{"name":"ada","groups":"crew"}`} {
		client, _ := answering(t, 200, body)
		if got, err := client.Account(t.Context(), "ada"); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
	// Odd times are none, and a server without a model is one of which nothing is
	// known.
	client, _ := answering(t, 200, `{"name":"ada","last_activity":"yesterday","servers":{"x":null,"y":{"last_activity":7}},"groups":null}`)
	if got, err := client.Account(t.Context(), "ada"); err != nil || !got.LastActivity.IsZero() || len(got.Servers) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// crowd is a hub of so many users that keeps to the API's pages.
func crowd(t *testing.T, count int, asked *[]url.Values) *Client {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		*asked = append(*asked, query)
		if r.Header.Get("Accept") != paginated || r.URL.Path != "/hub/api/users" {
			t.Errorf("asked %s for %s", r.URL, r.Header.Get("Accept"))
		}
		offset, _ := strconv.Atoi(query.Get("offset"))
		limit, _ := strconv.Atoi(query.Get("limit"))
		items := []map[string]any{}
		for i := offset; i < min(offset+limit, count); i++ {
			items = append(items, map[string]any{"name": fmt.Sprintf("u%04d", i)})
		}
		var next any
		if offset+limit < count {
			// The address is for another host on purpose: nobody must go there.
			next = map[string]any{"offset": offset + limit, "limit": limit, "url": "http://127.0.0.1:1/"}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items, "_pagination": map[string]any{"offset": offset, "total": count, "next": next}})
	})
}

func TestAccountsArePagedThrough(t *testing.T) {
	for _, test := range []struct{ users, limit, want, calls int }{
		{0, 0, 0, 1}, {1, 0, 1, 1}, {50, 0, 50, 1}, {51, 0, 51, 2}, {230, 0, 230, 5},
		{230, 10, 10, 1}, {230, 50, 50, 1}, {230, 60, 60, 2}, {5, 10, 5, 1},
	} {
		var asked []url.Values
		client := crowd(t, test.users, &asked)
		seen := map[string]bool{}
		err := client.Accounts(t.Context(), AccountQuery{State: "active", NameFilter: "U&x", Limit: test.limit}, func(a Account) error {
			seen[a.Name] = true
			return nil
		})
		if err != nil || len(seen) != test.want || len(asked) != test.calls {
			t.Errorf("%+v: got %d users by %d calls, %v", test, len(seen), len(asked), err)
		}
		if query := asked[0]; query.Get("state") != "active" || query.Get("name_filter") != "U&x" || query.Get(stopped) != "1" {
			t.Errorf("asked with %v", query)
		}
	}
}

func TestAccountsEndEarly(t *testing.T) {
	var asked []url.Values
	client := crowd(t, 500, &asked)
	enough := errors.New("enough")
	count := 0
	err := client.Accounts(t.Context(), AccountQuery{NoServers: true}, func(Account) error {
		if count++; count == 60 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || count != 60 || len(asked) != 2 || asked[0].Has(stopped) {
		t.Errorf("got %v after %d users and %d calls, the first with %v", err, count, len(asked), asked[0])
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = client.Accounts(ctx, AccountQuery{}, func(Account) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A hub that turns in circles, gives more than was asked for, or no pages at all.
func TestListsOfAHubThatIsMad(t *testing.T) {
	for body, want := range map[string]error{
		`[{"name":"a"}]`: ErrUnavailable,
		`{"items":[]}`:   ErrUnavailable,
		`{"items":[{"name":"a"}],"_pagination":{"next":{"offset":0}}}`:  ErrUnavailable,
		`{"items":[{"name":"a"}],"_pagination":{"next":{"offset":-5}}}`: ErrUnavailable,
		`{"items":[7],"_pagination":{}}`:                                ErrUnavailable,
		`{"items":null,"_pagination":{"next":null}}`:                    nil,
	} {
		client, _ := answering(t, 200, body)
		if err := client.Accounts(t.Context(), AccountQuery{}, func(Account) error { return nil }); !errors.Is(err, want) {
			t.Errorf("%s: got %v", body, err)
		}
	}
	client, _ := answering(t, 200, `{"items":[{"name":"a"},{"name":"b"},{"name":"c"}],"_pagination":{"next":{"offset":3}}}`)
	var got []string
	if err := client.Accounts(t.Context(), AccountQuery{Limit: 2}, func(a Account) error { got = append(got, a.Name); return nil }); err != nil || len(got) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

// FuzzAccount looks for a model that breaks the reader.
func FuzzAccount(f *testing.F) {
	f.Add(adasModel)
	f.Add(`{"name":"a","servers":{"x":{"stopped":null,"user_options":{}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var account Account
		if account.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		for name, server := range account.Servers {
			if server.Name != name {
				t.Errorf("%q is called %q", name, server.Name)
			}
		}
	})
}
