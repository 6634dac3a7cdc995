package hub

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
)

// recording is a hub of a version that keeps what is sent to its servers.
func recording(t *testing.T, version string, answer func(w http.ResponseWriter, body map[string]any)) (*Client, *[]string) {
	var asked []string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hub/api" {
			io.WriteString(w, `{"version":"`+version+`"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.RequestURI+" "+string(body))
		var sent map[string]any
		_ = json.Unmarshal(body, &sent)
		answer(w, sent)
	})
	return client, &asked
}

func status(code int) func(http.ResponseWriter, map[string]any) {
	return func(w http.ResponseWriter, _ map[string]any) { w.WriteHeader(code) }
}

func TestStartServerByVersion(t *testing.T) {
	options := map[string]any{"dashboard_ticket": "t"}
	for _, test := range []struct {
		version, server string
		start           Start
		want            string
	}{
		{"2.3.1", "x", Start{"Sales", options}, `POST /hub/api/users/ada/servers/x {"dashboard_ticket":"t"}`},
		{"5.5.4", "x", Start{"Sales", options}, `POST /hub/api/users/ada/servers/x {"dashboard_ticket":"t"}`},
		{"5.5.4", "", Start{}, `POST /hub/api/users/ada/server {}`},
		{"6.0.0b3", "x", Start{"Sales", options}, `POST /hub/api/users/ada/servers/x {"display_name":"Sales","user_options":{"dashboard_ticket":"t"}}`},
		{"6.1.1", "x", Start{" \u202e\x07 ", nil}, `POST /hub/api/users/ada/servers/x {"user_options":{}}`},
		{"6.1.1", "", Start{"Sales", options}, `POST /hub/api/users/ada/server {"user_options":{"dashboard_ticket":"t"}}`},
		{"7.0", "x", Start{"", map[string]any{"user_options": 1}}, `POST /hub/api/users/ada/servers/x {"user_options":{"user_options":1}}`},
	} {
		for code, want := range map[int]bool{201: false, 202: true} {
			client, asked := recording(t, test.version, status(code))
			pending, err := client.StartServer(t.Context(), "ada", test.server, test.start)
			if err != nil || pending != want || len(*asked) != 1 || (*asked)[0] != test.want {
				t.Errorf("%s: got %v, %v, sent %q, want %q", test.version, pending, err, *asked, test.want)
			}
		}
	}
}

// The hub's Python may be older than our tables: then it is a server without a
// name for people, and not one that cannot be started.
func TestDisplayNameThatTheHubDoesNotKnow(t *testing.T) {
	client, asked := recording(t, "6.1.1", func(w http.ResponseWriter, body map[string]any) {
		if body["display_name"] != nil {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"message":"Invalid display_name: x"}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	if _, err := client.StartServer(t.Context(), "ada", "x", Start{DisplayName: "x", Options: map[string]any{"a": 1}}); err != nil || len(*asked) != 2 || !strings.HasSuffix((*asked)[1], `{"user_options":{"a":1}}`) {
		t.Errorf("got %v, sent %q", err, *asked)
	}
	client, asked = recording(t, "6.1.1", func(w http.ResponseWriter, _ map[string]any) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"message":"ada:x is already running"}`)
	})
	if _, err := client.StartServer(t.Context(), "ada", "x", Start{DisplayName: "x"}); !IsRefused(err) || len(*asked) != 1 {
		t.Errorf("got %v, sent %q", err, *asked)
	}
}

func TestDisplayName(t *testing.T) {
	for given, want := range map[string]string{
		"Sales 2026": "Sales 2026", "  a \t\n b ": "a b", "zoé": "zoé", "zoe\u0301": "zoé", "a\u200db\u202ec\x00": "abc", "\xff": "",
		"📊 <b>€</b>": "📊 <b>€</b>", "": "", strings.Repeat("é", 300): strings.Repeat("é", 255), strings.Repeat("a", 254) + " b": strings.Repeat("a", 254),
	} {
		if got := displayName(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

// Without a version the body's form is not known, and options could be lost.
func TestStartServerOfAHubThatDoesNotTellItsVersion(t *testing.T) {
	client, asked := recording(t, "", status(201))
	if _, err := client.StartServer(t.Context(), "ada", "x", Start{}); !errors.Is(err, ErrUnavailable) || len(*asked) != 0 {
		t.Errorf("got %v, sent %q", err, *asked)
	}
}

func TestOptionsThatAreNoJSON(t *testing.T) {
	client, asked := recording(t, "6.1.1", status(201))
	if _, err := client.StartServer(t.Context(), "ada", "x", Start{Options: map[string]any{"f": func() {}}}); err == nil || errors.Is(err, ErrUnavailable) || len(*asked) != 0 {
		t.Errorf("got %v, sent %q", err, *asked)
	}
}

func TestStopServer(t *testing.T) {
	for _, test := range []struct {
		server string
		remove bool
		want   string
	}{
		{"x", true, `DELETE /hub/api/users/ada/servers/x {"remove":true}`},
		{"x", false, `DELETE /hub/api/users/ada/servers/x {"remove":false}`},
		{"", false, `DELETE /hub/api/users/ada/server {"remove":false}`},
	} {
		for code, want := range map[int]bool{204: false, 202: true} {
			client, asked := recording(t, "6.1.1", status(code))
			pending, err := client.StopServer(t.Context(), "ada", test.server, test.remove)
			if err != nil || pending != want || !reflect.DeepEqual(*asked, []string{test.want}) {
				t.Errorf("got %v, %v, sent %q", pending, err, *asked)
			}
		}
	}
}

func TestRecentVersionIsAskedForOnce(t *testing.T) {
	var asked atomic.Int32
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.WriteString(w, `{"version":"6.1.1"}`)
	})
	for range 3 {
		if got, err := client.As("theirs").RecentVersion(t.Context()); err != nil || got != "6.1.1" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	client.version.asked = client.version.asked.Add(-2 * versionLife)
	if _, err := client.RecentVersion(t.Context()); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}

func TestMajor(t *testing.T) {
	for version, want := range map[string]int{"6.1.1": 6, "5.5.4": 5, "6.0.0b3": 6, "10": 10, "": 0, "x": 0, "-1.2": 0, "6b1": 0} {
		if got := Major(version); got != want {
			t.Errorf("%q: got %d", version, got)
		}
	}
}
