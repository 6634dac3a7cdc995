package auth

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

var all = Identity{UserInfoHeader: true, UserInfoQuery: true, User: true, Email: true, Groups: true, Key: "a key"}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestIdentityIsWhatTheHubSaid(t *testing.T) {
	user := &hub.User{Kind: "user", Name: "zoë𝄞", Email: "zoe@example.org", Groups: []string{"a", "b c"}}
	told := all.describe(user, time.Now().Add(time.Minute), quiet())
	for name, want := range map[string]string{
		"X-Forwarded-User": "zoë𝄞", "X-Forwarded-Email": "zoe@example.org", "X-Forwarded-Groups": "a,b c",
		// As json.dumps writes it in Python, but for spaces.
		"X-Cdsdashboards-Jh-User": `{"kind":"user","name":"zo\u00eb\ud834\udd1e","admin":false,"groups":["a","b c"]}`,
	} {
		if got := told.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	query, err := url.ParseQuery(told.query)
	var info struct{ Name string }
	if err != nil || json.Unmarshal([]byte(query.Get("CDSDASHBOARDS_JH_USER")), &info) != nil || info.Name != user.Name {
		t.Errorf("the query says %q (%v)", told.query, err)
	}
	claims := jwt.MapClaims{}
	key := func(*jwt.Token) (any, error) { return []byte("a key"), nil }
	if _, err := jwt.ParseWithClaims(told.header.Get("X-Forwarded-Identity"), claims, key, jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired()); err != nil || claims["sub"] != "zoë𝄞" || claims["email"] != "zoe@example.org" {
		t.Errorf("the token says %v (%v)", claims, err)
	}
}

func TestNothingIsToldUnasked(t *testing.T) {
	if told := (Identity{}).describe(person("ada", "g"), time.Now(), quiet()); len(told.header) > 0 || told.query != "" {
		t.Errorf("told %v", told)
	}
}

// What cannot be said without doubt is not said, and the log tells.
func TestSecurityIdentityCannotBreakAHeaderOrAList(t *testing.T) {
	var log strings.Builder
	user := &hub.User{Kind: "user", Name: "ada\r\nX-Forwarded-Groups: admins", Email: "a\nb", Groups: []string{"a", "x,admins", "b\r\nY: z", strings.Repeat("g", 10000)}}
	told := all.describe(user, time.Now().Add(time.Minute), slog.New(slog.NewTextHandler(&log, nil)))
	for name, values := range told.header {
		if len(values) != 1 || strings.ContainsAny(values[0], "\r\n") || len(values[0]) > maxIdentity {
			t.Errorf("%s: %.80q", name, values)
		}
	}
	for _, name := range []string{"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups"} {
		if got, ok := told.header[name]; ok {
			t.Errorf("%s is %.80q", name, got)
		}
	}
	if strings.Count(log.String(), "level=WARN") < 4 {
		t.Errorf("the log does not tell: %.500s", log.String())
	}
	if got := joinGroups(person("eve", "a", "x,admins", "b"), quiet()); got != "a,b" {
		t.Errorf("groups %q", got)
	}
}

func TestSecurityVisitorCannotNameThemselvesInTheQuery(t *testing.T) {
	for query, want := range map[string]string{
		"":                                     "",
		"a=1&b=%20":                            "a=1&b=%20",
		"CDSDASHBOARDS_JH_USER=x":              "",
		"a=1&CDSDASHBOARDS_JH_USER=x&b":        "a=1&b",
		"a=1;CDSDASHBOARDS_JH_USER=x;b=2":      "a=1;b=2",
		"CDSDASHBOARDS%5FJH_USER=x&a=1":        "a=1",
		"%43DSDASHBOARDS_JH_USER":              "",
		"cdsdashboards_jh_user=x":              "",
		"+CDSDASHBOARDS_JH_USER=x":             "",
		"a=CDSDASHBOARDS_JH_USER":              "a=CDSDASHBOARDS_JH_USER",
		"a=1&&b=%":                             "a=1&&b=%",
		"a=1&CDSDASHBOARDS_JH_USER=x&b=%zz&%z": "a=1&b=%zz&%z",
	} {
		r := httptest.NewRequest("GET", "/p", nil)
		r.RequestURI = "/p?" + query
		setQuery(r, "")
		if got := strings.TrimPrefix(strings.TrimPrefix(r.RequestURI, "/p"), "?"); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
		r.RequestURI = "/p?" + query
		setQuery(r, "told=1")
		if got, _ := strings.CutPrefix(r.RequestURI, "/p?"); strings.TrimPrefix(got, want+"&") != "told=1" {
			t.Errorf("%q with ours: got %q", query, got)
		}
	}
}

// FuzzUserInfoQuery looks for a query in which an app still finds our
// parameter after we took it off, or that we change without need.
func FuzzUserInfoQuery(f *testing.F) {
	f.Add("a=1&CDSDASHBOARDS_JH_USER=x")
	f.Add("CDSDASHBOARDS%5fJH_USER=x;b")
	f.Fuzz(func(t *testing.T, query string) {
		got := withoutUserInfo(query)
		if withoutUserInfo(got) != got {
			t.Errorf("%q gave %q, which gives something else again", query, got)
		}
		if values, _ := url.ParseQuery(got); values.Has(userInfoQuery) {
			t.Errorf("%q gave %q, in which it is", query, got)
		}
		if values, _ := url.ParseQuery(strings.ReplaceAll(got, ";", "&")); values.Has(userInfoQuery) {
			t.Errorf("%q gave %q, in which it is after a semicolon", query, got)
		}
	})
}
