package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
)

const newDashboard = `{"name":"Rain","source":{"kind":"git","repo":"https://example.org/rain.git"},"app":{"framework":"voila","path":"Rain.ipynb"}}`

func TestCreate(t *testing.T) {
	w := newWorld(t)
	w.service.RulesFor = func(dashboard.Visitor) dashboard.Rules {
		return dashboard.Rules{DefaultAccess: dashboard.Access{Groups: []string{"staff"}}}
	}
	var made api.Created
	answer := w.call("POST", "dashboards", newDashboard, &made)
	if answer.Code != 201 || answer.Header().Get("Location") != root+"api/v1/dashboards/"+made.Dashboard.ID {
		t.Fatalf("got %d, %v: %s", answer.Code, answer.Header(), answer.Body)
	}
	d := made.Dashboard
	if d.Name != "Rain" || d.Owner != "ada" || d.Page != root+"dashboard/"+d.ID || d.Open != root+"open/"+d.ID || d.Thumbnail != "" ||
		!slices.Equal(d.Detail.Access.Groups, []string{"staff"}) || d.Detail.Source.Repo != "https://example.org/rain.git" || made.Job.Kind != dashboard.Build {
		t.Errorf("got %+v, %+v", d, made.Job)
	}
	// Nobody's access is one, too.
	w.call("POST", "dashboards", strings.Replace(newDashboard, `"Rain"`, `"Snow","access":{}`, 1), &made)
	if made.Dashboard.Detail.Access.Groups == nil || len(made.Dashboard.Detail.Access.Groups) != 0 {
		t.Errorf("got %+v", made.Dashboard.Detail.Access)
	}
}

func TestBodiesAreReadStrictly(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		body   string
		status int
		field  string
		want   string
	}{
		{`{"nmae":"x"}`, 400, "nmae", "did you mean name?"},
		{`{"source":{"repository":"x"}}`, 400, "repository", `no field "repository"`},
		{`{"name":1}`, 400, "name", `The field "name" is a number, and should be a string.`},
		{`{"source":{"kind":true}}`, 400, "source.kind", "should be a string"},
		{`{"access":{"users":"x"}}`, 400, "access.users", "should be a list"},
		{`{"app":"x"}`, 400, "app", "should be a object"},
		{`[]`, 400, "", "should be a object"},
		{`{"name":"x"} {}`, 400, "", "something else"},
		{`{"name":`, 400, "", "not JSON"},
		{`{"name":"` + strings.Repeat("x", maxBody) + `"}`, 413, "", "64.0 KiB"},
		{`{"name":"\u0000"}`, 422, "name", "U+0000"},
		{`{}`, 422, "name", "needs a name"},
		{strings.Replace(newDashboard, "git\",", "svn\",", 1), 422, "source.kind", "svn"},
	} {
		var problem api.Problem
		answer := w.call("POST", "dashboards", test.body, &problem)
		if answer.Code != test.status || problem.Status != test.status || problem.Field != test.field || !strings.Contains(problem.Detail, test.want) ||
			problem.Kind != dashboard.Invalid || problem.Type != "about:blank" || answer.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.60s: got %d: %s", test.body, answer.Code, answer.Body)
		}
	}
	for _, content := range []string{"", "text/plain", formType, "application/merge-patch+json"} {
		answer := w.do(request{method: "POST", path: "api/v1/dashboards", body: newDashboard, content: content, token: true})
		if answer.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%q: got %d", content, answer.Code)
		}
	}
	if answer := w.do(request{method: "POST", path: "api/v1/dashboards", body: newDashboard, content: "application/json; charset=utf-8", token: true}); answer.Code != 201 {
		t.Errorf("got %d: %s", answer.Code, answer.Body)
	}
	if answer := w.call("POST", "dashboards", "", nil); answer.Code != http.StatusUnsupportedMediaType {
		t.Errorf("nothing: got %d", answer.Code)
	}
}

func TestEdit(t *testing.T) {
	w := newWorld(t)
	var d api.Dashboard
	answer := w.do(request{method: "PATCH", path: "api/v1/dashboards/demostopped2", content: api.MergePatch, token: true,
		body: `{"name":"Power","app":{"environment":null,"arguments":["--x"]},"access":{"users":["grace"]},"options":{"cpu":2}}`})
	if err := json.Unmarshal(answer.Body.Bytes(), &d); err != nil || answer.Code != 200 {
		t.Fatalf("got %d: %s", answer.Code, answer.Body)
	}
	kept := w.service.Get("demostopped2")
	if kept.Name != "Power" || kept.Description != "Live readings of the last 24 hours." || kept.App.Framework != "streamlit" || kept.App.Path != "app.py" ||
		kept.App.Environment != "" || !slices.Equal(kept.App.Arguments, []string{"--x"}) || !slices.Equal(kept.Access.Users, []string{"grace"}) ||
		!kept.PerViewer || fmt.Sprint(kept.Options) != "map[cpu:2]" {
		t.Errorf("got %+v", kept)
	}
	if d.Name != "Power" || d.Detail == nil || d.Detail.Access.Users[0] != "grace" {
		t.Errorf("got %+v", d)
	}
	// What is null is taken away; a name cannot be.
	w.call("PATCH", "dashboards/demostopped2", `{"options":{"cpu":null},"access":null}`, nil)
	if kept := w.service.Get("demostopped2"); len(kept.Options) != 0 || len(kept.Access.Users) != 0 {
		t.Errorf("got %+v", kept)
	}
	for body, want := range map[string]int{`{"name":null}`: 422, `{"id":"x"}`: 400, `{"owner":"eve"}`: 400, `{"app":{"x":1}}`: 400, `"x"`: 400, `{"name":{}}`: 400} {
		if answer := w.call("PATCH", "dashboards/demostopped2", body, nil); answer.Code != want {
			t.Errorf("%s: got %d: %s", body, answer.Code, answer.Body)
		}
	}
	if kept := w.service.Get("demostopped2"); kept.Name != "Power" || kept.Owner != "ada" {
		t.Errorf("got %+v", kept)
	}
}

func TestShareAndUnshare(t *testing.T) {
	w := newWorld(t)
	var d api.Dashboard
	w.call("POST", "dashboards/demorunning2/share", `{"users":["barbara","alan"],"everyone":true}`, &d)
	if got := d.Detail.Access; !got.Everyone || !slices.Equal(got.Users, []string{"alan", "barbara", "grace"}) || !slices.Equal(got.Groups, []string{"finance"}) {
		t.Errorf("got %+v", got)
	}
	w.call("POST", "dashboards/demorunning2/unshare", `{"users":["alan","nobody"],"groups":["finance"]}`, &d)
	if got := d.Detail.Access; !got.Everyone || !slices.Equal(got.Users, []string{"barbara", "grace"}) || len(got.Groups) != 0 {
		t.Errorf("got %+v", got)
	}
	w.call("POST", "dashboards/demorunning2/unshare", `{"everyone":true}`, &d)
	if got := d.Detail.Access; got.Everyone || len(got.Users) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestPagesOfTheAPI(t *testing.T) {
	w := newWorld(t)
	webtest.Many(w.service, "edsger", 120)
	var p api.Page
	answer := w.call("GET", "dashboards?whose=others&owner=edsger&per_page=50&page=2&sort=name", "", &p)
	if p.Total != 120 || len(p.Items) != 50 || p.Page != 2 || p.PerPage != 50 || p.Items[0].Name != "Dashboard 0051" {
		t.Fatalf("got %d of %d, %q", len(p.Items), p.Total, p.Items[0].Name)
	}
	const rest = "owner=edsger&whose=others>"
	if got, want := answer.Header().Get("Link"), `<?`+rest+`; rel="first", <?`+rest+`; rel="prev", <?owner=edsger&page=3&whose=others>; rel="next", <?owner=edsger&page=3&whose=others>; rel="last"`; got != want {
		t.Errorf("got %s", got)
	}
	if p.Items[0].Detail != nil || p.Items[0].MayChange {
		t.Errorf("somebody else's has details: %+v", p.Items[0])
	}
	answer = w.call("GET", "dashboards?q=nothing+of+that+name", "", &p)
	if p.Total != 0 || p.Items == nil || answer.Header().Get("Link") != `<?q=nothing+of+that+name>; rel="first", <?q=nothing+of+that+name>; rel="last"` {
		t.Errorf("got %+v, %s", p, answer.Header().Get("Link"))
	}
	for query, field := range map[string]string{
		"page=0": "page", "page=x": "page", "page=99999999999999999999": "page", "per_page=1001": "per_page", "per_page=-1": "per_page",
		"sort=size": "sort", "order=up": "order", "whose=x": "whose", "q=" + strings.Repeat("x", 201): "q", "owner=%ff": "owner",
	} {
		var problem api.Problem
		if answer := w.call("GET", "dashboards?"+query, "", &problem); answer.Code != 422 || problem.Field != field {
			t.Errorf("%s: got %d: %s", query, answer.Code, answer.Body)
		}
	}
}

// The latest come first where times are looked for, and names from their beginning.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"": "Churn model", "order=desc": "Quarterly sales", "sort=used": "Quarterly sales", "sort=used&order=desc": "Quarterly sales",
		"sort=name&order=asc": "Churn model",
	} {
		var p api.Page
		w.call("GET", "dashboards?whose=mine&"+query, "", &p)
		if p.Items[0].Name != want {
			t.Errorf("%s: the first is %s", query, p.Items[0].Name)
		}
	}
}

func TestActions(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		method, path string
		kind         dashboard.JobKind
	}{
		{"POST", "dashboards/demostopped2/start", dashboard.Start}, {"POST", "dashboards/demorunning2/stop", dashboard.Stop},
		{"POST", "dashboards/demofailed22/rebuild", dashboard.Build}, {"DELETE", "dashboards/demostarting", dashboard.Delete},
	} {
		var job api.Job
		answer := w.call(test.method, test.path, "", &job)
		if answer.Code != 202 || job.Kind != test.kind || answer.Header().Get("Location") != root+"api/v1/jobs/"+job.ID || job.Percent != nil {
			t.Errorf("%s: got %d: %s", test.path, answer.Code, answer.Body)
		}
	}
	var problem api.Problem
	if answer := w.call("POST", "dashboards/demobuilding/stop", "", &problem); answer.Code != 409 || problem.Kind != dashboard.Conflict {
		t.Errorf("got %d: %s", answer.Code, answer.Body)
	}
	var opening api.Opening
	if w.call("POST", "dashboards/demorunning2/open", "", &opening); !opening.Ready && opening.Job == nil {
		t.Errorf("got %+v", opening)
	}
}

func TestStatusOfEachKind(t *testing.T) {
	w := newWorld(t)
	for kind, want := range map[dashboard.ErrorKind]int{
		dashboard.Invalid: 422, dashboard.Forbidden: 403, dashboard.NotFound: 404, dashboard.Conflict: 409, dashboard.Limit: 429, dashboard.Unavailable: 503,
	} {
		w.service.Fail(dashboard.Errorf(kind, "This is a sentence."))
		var problem api.Problem
		answer := w.call("GET", "rules", "", &problem)
		if answer.Code != want || problem.Detail != "This is a sentence." || problem.Kind != kind || problem.Title != http.StatusText(want) {
			t.Errorf("%s: got %d: %s", kind, answer.Code, answer.Body)
		}
		if retry := answer.Header().Get("Retry-After"); (retry != "") != (kind == dashboard.Unavailable) {
			t.Errorf("%s: Retry-After is %q", kind, retry)
		}
		if answer := w.get("new"); answer.Code != want || !strings.Contains(answer.Body.String(), "This is a sentence.") {
			t.Errorf("%s: the page has %d: %s", kind, answer.Code, answer.Body)
		}
	}
}

// What is none of the visitor's business is in the log, and found by its number.
func TestSecurityFaultsTellNothing(t *testing.T) {
	w := newWorld(t)
	const secret = "dial tcp 10.0.0.7: password=hunter2"
	w.service.Fail(errors.New(secret))
	var problem api.Problem
	answer := w.call("GET", "dashboards", "", &problem)
	if answer.Code != 500 || problem.Kind != api.KindInternal || len(problem.Incident) != 10 || !strings.Contains(problem.Detail, problem.Incident) {
		t.Errorf("got %d: %s", answer.Code, answer.Body)
	}
	lacks(t, answer.Body.String(), "hunter2", "10.0.0.7")
	wants(t, w.log.String(), "incident="+problem.Incident, "hunter2")

	page := w.get("")
	if page.Code != 500 {
		t.Errorf("got %d", page.Code)
	}
	lacks(t, page.Body.String(), "hunter2")

	w.log.Reset()
	w.service.Fail(&dashboard.Error{Kind: dashboard.Unavailable, Message: "The hub is away.", Cause: errors.New(secret)})
	answer = w.call("GET", "dashboards", "", &problem)
	lacks(t, answer.Body.String(), "hunter2")
	wants(t, w.log.String(), "hunter2", "The hub is away.")
}

func TestMethodsThatAPathDoesNotTake(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{
		"api/v1/dashboards": "GET, HEAD, POST", "api/v1/dashboards/demorunning2": "DELETE, GET, HEAD, PATCH", "new": "GET, HEAD, POST",
		"dashboard/demorunning2/stop": "POST",
	} {
		for _, method := range []string{"PUT", "OPTIONS", "TRACE", "BREW"} {
			answer := w.do(request{method: method, path: path, token: true, content: formType})
			if answer.Code != 405 || answer.Header().Get("Allow") != want {
				t.Errorf("%s %s: got %d, %q", method, path, answer.Code, answer.Header().Get("Allow"))
			}
		}
	}
	if answer := w.do(request{method: "HEAD", path: "api/v1/user", token: true}); answer.Code != 200 {
		t.Errorf("HEAD: got %d", answer.Code)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"nope", "dashboard/x", "dashboard/zzzzzzzzzzzz", "dashboard/zzzzzzzzzzzz/edit", "open/zzzzzzzzzzzz", "group/", "dashboard/"} {
		if answer := w.get(path); answer.Code != 404 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: got %d, %v", path, answer.Code, answer.Header())
		}
	}
	for _, path := range []string{"nope", "dashboards/x", "dashboards/zzzzzzzzzzzz", "dashboards/zzzzzzzzzzzz/thumbnail", "jobs/x", "jobs/" + strings.Repeat("x", 65), "dashboards/demostopped2/thumbnail"} {
		var problem api.Problem
		if answer := w.call("GET", path, "", &problem); answer.Code != 404 || problem.Kind != dashboard.NotFound {
			t.Errorf("%s: got %d: %s", path, answer.Code, answer.Body)
		}
	}
	// Outside of the prefix, nobody is asked for.
	if answer := w.get("/other"); answer.Code != 404 {
		t.Errorf("got %d", answer.Code)
	}
}

func TestPictures(t *testing.T) {
	w := newWorld(t)
	put := func(content, body string) int {
		return w.do(request{method: "PUT", path: "api/v1/dashboards/demostopped2/thumbnail", body: body, content: content, token: true}).Code
	}
	for _, test := range []struct {
		content, body string
		want          int
	}{
		{"image/svg+xml", "<svg/>", 415}, {"text/html", "x", 415}, {"", "x", 415}, {"image/png", "", 422}, {"image/png", "GIF89a", 422},
		{"image/png", "\x89PNG" + strings.Repeat("x", maxPicture), 413}, {"image/png", "\x89PNG" + strings.Repeat("x", maxPicture-4), 204},
	} {
		if got := put(test.content, test.body); got != test.want {
			t.Errorf("%s: got %d, want %d", test.content, got, test.want)
		}
	}
	var d api.Dashboard
	w.call("GET", "dashboards/demostopped2", "", &d)
	picture := w.do(request{path: d.Thumbnail, headers: map[string]string{"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}})
	if picture.Code != 200 || picture.Body.Len() != maxPicture || picture.Header().Get("Content-Type") != "image/png" ||
		picture.Header().Get("Cache-Control") != "private, max-age=31536000, immutable" {
		t.Errorf("got %d, %v", picture.Code, picture.Header())
	}
	if answer := w.call("DELETE", "dashboards/demostopped2/thumbnail", "", nil); answer.Code != 204 {
		t.Errorf("got %d", answer.Code)
	}
	if answer := w.call("GET", "dashboards/demostopped2/thumbnail", "", nil); answer.Code != 404 {
		t.Errorf("got %d", answer.Code)
	}
}

// A picture is never anything else, whatever the store has.
func TestSecurityPicturesAreNothingElse(t *testing.T) {
	w := newWorld(t)
	w.service.Paint("demorunning2", dashboard.Picture{Type: "text/html", Content: []byte("<script>")})
	if answer := w.get("picture/demorunning2/v1"); answer.Code != 404 {
		t.Errorf("got %d: %s", answer.Code, answer.Body)
	}
	w.service.Paint("demorunning2", dashboard.Picture{Type: "image/png", Content: []byte("<script>")})
	answer := w.get("picture/demorunning2/v1")
	if answer.Header().Get("Content-Security-Policy") != "default-src 'none'; sandbox" || answer.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %v", answer.Header())
	}
	for _, dest := range []string{"script", "style", "iframe", "empty"} {
		if answer := w.do(request{path: "picture/demorunning2/v1", headers: map[string]string{"Sec-Fetch-Dest": dest}}); answer.Code != 403 {
			t.Errorf("%s: got %d", dest, answer.Code)
		}
	}
}

// Others see of a dashboard what they need to open it, and no more.
func TestSecurityDetailsAreTheOwners(t *testing.T) {
	w := newWorld(t)
	answer := w.do(request{path: "api/v1/dashboards/demorunning2", as: "alan", token: true})
	var d map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"detail", "failure", "access", "source", "app", "server", "options"} {
		if _, ok := d[name]; ok {
			t.Errorf("others see %s: %s", name, answer.Body)
		}
	}
	for _, path := range []string{"jobs", "revisions"} {
		if answer := w.do(request{path: "api/v1/dashboards/demorunning2/" + path, as: "alan", token: true}); answer.Code != 403 {
			t.Errorf("%s: got %d", path, answer.Code)
		}
	}
	page := w.page("dashboard/demorunning2", "alan")
	lacks(t, page, "grace", "finance", "Rebuild", "Sales.ipynb", "demorunning2/delete")
	if answer := w.do(request{path: "dashboard/demorunning2/edit", as: "alan"}); answer.Code != 403 {
		t.Errorf("got %d", answer.Code)
	}
	if answer := w.do(request{path: "dashboard/demorunning2", as: "eve"}); answer.Code != 404 {
		t.Errorf("got %d", answer.Code)
	}
}

func TestChoices(t *testing.T) {
	w := newWorld(t)
	var entries api.Items[api.Entry]
	w.call("GET", "browse?kind=server&folder=/sales/", "", &entries)
	if len(entries.Items) != 3 || entries.Items[0] != (api.Entry{Name: "2025", Folder: true}) {
		t.Errorf("got %+v", entries)
	}
	for _, query := range []string{"", "kind=svn", "kind=server&folder=../x", "kind=server&folder=%00", "kind=git&repo=" + strings.Repeat("x", 1001)} {
		if answer := w.call("GET", "browse?"+query, "", nil); answer.Code != 422 {
			t.Errorf("%.30s: got %d", query, answer.Code)
		}
	}
	var people api.People
	w.call("GET", "people?q=gr", "", &people)
	if !slices.Equal(people.Users, []string{"grace", "grace.hopper@example.org"}) || people.Groups == nil {
		t.Errorf("got %+v", people)
	}
	if answer := w.call("GET", "people?q="+strings.Repeat("x", 201), "", nil); answer.Code != 422 {
		t.Errorf("got %d", answer.Code)
	}
	var user api.User
	if answer := w.do(request{path: "api/v1/user", as: "boss,admin,group=staff", token: true}); json.Unmarshal(answer.Body.Bytes(), &user) != nil || !user.Admin || user.Groups[0] != "staff" {
		t.Errorf("got %+v", user)
	}
	var servers api.Items[api.Server]
	w.call("GET", "servers", "", &servers)
	if len(servers.Items) != 3 || servers.Items[2].Why == "" {
		t.Errorf("got %+v", servers)
	}
	var revisions api.Items[api.Revision]
	w.call("GET", "dashboards/demorunning2/revisions", "", &revisions)
	if len(revisions.Items) != 2 || !revisions.Items[0].Current || revisions.Items[1].Current {
		t.Errorf("got %+v", revisions)
	}
}

func TestHealth(t *testing.T) {
	var fault error
	w := newWorld(t, func(c *Config) { c.Health = func(context.Context) error { return fault } })
	ask := func() (int, string) {
		r, _ := http.NewRequest("GET", root+"health", nil) // nobody in particular
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		return answer.Code, answer.Body.String()
	}
	if code, body := ask(); code != 200 || body != "{\"status\":\"ok\",\"version\":\"1.2.3\"}\n" {
		t.Errorf("got %d: %s", code, body)
	}
	fault = errors.New("the disk is full")
	if code, body := ask(); code != 503 || strings.Contains(body, "disk") || !strings.Contains(w.log.String(), "the disk is full") {
		t.Errorf("got %d: %s", code, body)
	}
}
