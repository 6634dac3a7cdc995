package thumbnail

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// theHub has one dashboard, and says what it was asked for.
func theHub(t *testing.T, asked *[]*http.Request) *url.URL {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r)
		w.Header().Set("Set-Cookie", "theirs=1")
		io.WriteString(w, "the dashboard")
	}))
	t.Cleanup(server.Close)
	page, err := url.Parse(server.URL + "/user/ada%40x/sales/?a=1")
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func knock(t *testing.T, d *door, path string, change func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+d.host, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = path // as it is written
	if change != nil {
		change(r)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

// Where users have domains of their own, the hub's proxy finds their servers by these,
// and is where it is for all.
func TestSecurityTheTokenGoesToTheHubsProxyOnly(t *testing.T) {
	var asked []*http.Request
	proxy := theHub(t, &asked)
	page, err := url.Parse("https://ada.hub.invalid:8443/user/ada/sales/")
	if err != nil {
		t.Fatal(err)
	}
	camera := Camera{Token: "secret", Transport: Through(proxy, http.DefaultTransport)}
	if status, err := camera.Look(t.Context(), page); err != nil || status != http.StatusOK {
		t.Fatalf("got %d, %v", status, err)
	}
	d, err := open(page, "secret", camera.Transport)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	entered := knock(t, d, "/"+d.key, nil)
	if got := knock(t, d, "/user/ada/sales/", func(r *http.Request) { r.AddCookie(entered.Cookies()[0]) }); got.StatusCode != http.StatusOK {
		t.Errorf("the door answers %d", got.StatusCode)
	}
	if len(asked) != 2 {
		t.Fatalf("the proxy was asked %d times", len(asked))
	}
	for _, each := range asked {
		if each.Host != page.Host || each.URL.Path != page.Path || each.Header.Get("Authorization") != "token secret" {
			t.Errorf("the proxy was asked for %s at %s", each.URL, each.Host)
		}
	}
}

func TestTheDoorLeadsToTheDashboard(t *testing.T) {
	var asked []*http.Request
	page := theHub(t, &asked)
	d, err := open(page, "secret", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if !strings.Contains(string(d.first()), "http://"+d.host+"/"+d.key+`"`) {
		t.Errorf("the first page is %s", d.first())
	}
	answer := knock(t, d, "/"+d.key, nil)
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/user/ada%40x/sales/?a=1" || len(answer.Cookies()) != 1 {
		t.Fatalf("got %v", answer)
	}
	key := answer.Cookies()[0]
	answer = knock(t, d, "/user/ada%40x/sales/a%2fb?c", func(r *http.Request) {
		r.AddCookie(key)
		r.Header.Set("Origin", "http://"+d.host)
	})
	if answer.StatusCode != http.StatusOK || len(asked) != 1 || answer.Header.Get("Set-Cookie") != "" {
		t.Fatalf("got %v, asked %v", answer, asked)
	}
	got := asked[0]
	if got.RequestURI != "/user/ada%40x/sales/a%2fb?c" || got.Header.Get("Authorization") != "token secret" || got.Host != page.Host {
		t.Errorf("asked %s of %s as %q", got.RequestURI, got.Host, got.Header.Get("Authorization"))
	}
	for _, name := range []string{"Cookie", "Origin"} {
		if got.Header.Get(name) != "" {
			t.Errorf("%s: %s is passed on", name, got.Header.Get(name))
		}
	}
}

func TestSecurityTheDoorLeadsNowhereElseAndNobodyElseThrough(t *testing.T) {
	var asked []*http.Request
	d, err := open(theHub(t, &asked), "secret", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	withKey := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: keyCookie, Value: d.key}) }
	for name, test := range map[string]struct {
		path   string
		change func(*http.Request)
	}{
		"without a key":  {"/user/ada%40x/sales/", nil},
		"another key":    {"/user/ada%40x/sales/", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: keyCookie, Value: "x"}) }},
		"another path":   {"/user/ada%40x/other/", withKey},
		"the hub":        {"/hub/api/user", withKey},
		"dots":           {"/user/ada%40x/sales/../other/", withKey},
		"escaped dots":   {"/user/ada%40x/sales/%2e%2E/other/", withKey},
		"half escaped":   {"/user/ada%40x/sales/.%2e/%2e./%2e%2e/hub/", withKey},
		"another host":   {"/user/ada%40x/sales/", func(r *http.Request) { withKey(r); r.Host = "evil.example" }},
		"nothing at all": {"/", withKey},
	} {
		if answer := knock(t, d, test.path, test.change); answer.StatusCode != http.StatusNotFound || answer.Header.Get("Location") != "" {
			t.Errorf("%s: got %v", name, answer)
		}
	}
	if len(asked) > 0 {
		t.Errorf("the hub was asked: %v", asked)
	}
	if slices.Contains([]string{"", "x"}, d.key) || len(d.key) < 20 {
		t.Errorf("the key is %q", d.key)
	}
}
