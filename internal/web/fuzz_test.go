package web

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// A query is within its bounds, whatever it was, and its own pages read the same.
func FuzzListing(f *testing.F) {
	for _, seed := range []string{"", "whose=mine&sort=used&order=asc&page=3&per_page=7", "q=a+b%20c&owner=%ff&group=../..", "page=-1&per_page=1e9", "page=9223372036854775808", "&&=&page=2;q=1", "sort=&order=&whose="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query)
		l, err := parseListing(values)
		if err != nil && dashboard.KindOf(err) != dashboard.Invalid {
			t.Fatalf("got %v", err)
		}
		q := l.query("ada")
		if q.Offset < 0 || q.Limit < 1 || q.Limit > maxPerPage || q.Offset > maxPage*maxPerPage || !utf8.ValidString(q.Text+q.Owner+q.Group) || utf8.RuneCountInString(q.Text) > maxSearch {
			t.Fatalf("got %+v", q)
		}
		again, _ := url.ParseQuery(l.at(l.Page))
		if read, err := parseListing(again); err != nil || read != l {
			t.Fatalf("%s became %+v, and %s is %+v, %v", query, l, l.at(l.Page), read, err)
		}
		if header := links(l, 1000); strings.ContainsAny(header, "\r\n\x00") {
			t.Fatalf("a header is broken: %q", header)
		}
	})
}

// A form makes a dashboard that its check understands, and comes back the same.
func FuzzForm(f *testing.F) {
	f.Add("name=x&source.kind=git&source.repo=r&app.framework=voila&access=some&access.users=a%0D%0Ab")
	f.Add("name=%00&source.kind=server&source.folder=../..&app.arguments=%0A%0A--x")
	f.Add("access=everyone&access.groups=%ff%fe")
	f.Add("name=x&source.kind=server&app.framework=voila&options.size=large&options.=+x&options.size=%00")
	f.Fuzz(func(t *testing.T, body string) {
		values, _ := url.ParseQuery(body)
		sent := readForm(values)
		d := dashboard.Dashboard{Access: sent.access()}
		sent.into(&d)
		if sent.Access == onlyMe && (d.Access.Everyone || len(d.Access.Users)+len(d.Access.Groups) > 0) {
			t.Fatalf("only the owner may, and %+v may", d.Access)
		}
		if err := d.Check(); err != nil {
			if dashboard.KindOf(err) != dashboard.Invalid {
				t.Fatalf("got %v", err)
			}
			return
		}
		// What is kept is shown, and sent again without a change it stays.
		shown := formOf(d)
		again := dashboard.Dashboard{Access: shown.access()}
		shown.into(&again)
		if err := again.Check(); err != nil || !reflect.DeepEqual(again.Access, d.Access) || again.Source != d.Source || again.App.Path != d.App.Path || !reflect.DeepEqual(again.Options, d.Options) {
			t.Fatalf("%+v became %+v, %v", d, again, err)
		}
	})
}

// A link fills in texts that can be shown, and one name on each line.
func FuzzPrefill(f *testing.F) {
	f.Add("name=x&user=a&user=b&group=g&everyone=1&per_viewer=1&repo=r&source=git")
	f.Add("user=%0Aeve%0A&group=%ff")
	f.Add("option=size=2&option=project=%ff&option=x=y&option=size")
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query)
		var filled form
		filled.prefill(values)
		filled.prefillOptions(values, []dashboard.Option{{Name: "size", Choices: []dashboard.Choice{{Value: 2.0}}}, {Name: "project"}})
		if size := filled.Options["size"]; len(filled.Options) > 2 || size != "" && size != "2" {
			t.Fatalf("got %q", filled.Options)
		}
		if n := len(lines(filled.Users)); n > len(values["user"]) || n > dashboard.MaxShared {
			t.Fatalf("%d users became %d", len(values["user"]), n)
		}
		for _, text := range []string{filled.Name, filled.Description, filled.Repo, filled.Path, filled.Users, filled.Groups, filled.Options["project"]} {
			if !utf8.ValidString(text) {
				t.Fatalf("%q is no text", text)
			}
		}
	})
}

// A body is read, or refused with a reason; a patch never makes what a whole body
// could not.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{newDashboard, `{}`, `null`, `{"name":null,"access":{"users":null}}`, `{"source":{"kind":"git"},"options":{"a":{"b":null}}}`, `{"name":"a","name":"b"}`, `[[[`, `{"NAME":"x"}`, "\xff", `{"x":1}`, `{"per_viewer":true}x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var sent api.New
		if err := decode([]byte(body), &sent); err != nil && dashboard.KindOf(err) != dashboard.Invalid {
			t.Fatalf("got %v", err)
		}
		if decode([]byte(body), &api.Change{}) != nil {
			return
		}
		var patch any
		if err := json.Unmarshal([]byte(body), &patch); err != nil {
			t.Fatalf("%q was read, and is no JSON: %v", body, err)
		}
		before := api.New{Name: "n", Source: api.Source{Kind: "git", Repo: "r"}, App: api.App{Framework: "f", Arguments: []string{}}, Options: map[string]any{"a": "b"}}
		if _, err := patched(before, patch); err != nil && dashboard.KindOf(err) != dashboard.Invalid {
			t.Fatalf("got %v", err)
		}
		if before.Options["a"] != "b" {
			t.Fatal("a patch changed what it was applied to")
		}
	})
}

// Any path below the prefix has an answer, which is whole HTML or JSON.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"", "group/a%2Fb", "dashboard/demorunning2/%2e%2e", "//x", "open/demorunning2?job=%00&try=99999999999999999999", "api/v1/jobs/%ff", "static/x/y", "picture/demorunning2/..%2f", "dashboard/demorunning2?until=deleted&notice=%7b", `.?a\b`, `.\x`} {
		f.Add(seed)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, path string) {
		target, err := url.ParseRequestURI(root + path)
		if err != nil {
			return
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.URL, r.RequestURI = target, root+path
		r.Header.Set("Authorization", "Bearer ada")
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if answer.Code >= 500 || answer.Code == 0 {
			t.Fatalf("%q: got %d: %s", path, answer.Code, answer.Body)
		}
		// A backslash is a slash to a browser, but in a query.
		location := answer.Header().Get("Location")
		if way, _, _ := strings.Cut(location, "?"); strings.HasPrefix(way, "//") || strings.Contains(way, `\`) || strings.ContainsAny(location, "\r\n") {
			t.Fatalf("%q leads to %q", path, location)
		}
		if strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") && answer.Code == 200 && !strings.HasSuffix(answer.Body.String(), "</html>\n") {
			t.Fatalf("%q: half a page", path)
		}
	})
}
