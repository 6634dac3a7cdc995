package web

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
)

func TestTheList(t *testing.T) {
	w := newWorld(t)
	answer := w.get("")
	page := answer.Body.String()
	if answer.Code != 200 || answer.Header().Get("Content-Length") != strconv.Itoa(len(page)) || answer.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %d, %v", answer.Code, answer.Header())
	}
	wants(t, page, `lang="en"`, "<h1>Your dashboards</h1>", "5 dashboards", "Quarterly sales", ">Running<", ">Failed<", "Not built yet", `<time datetime="2026-03-01T11:55:00Z"`, "5 minutes ago",
		root+"picture/demorunning2/v1", root+"open/demorunning2", `formaction="`+root+`dashboard/demorunning2/stop"`, `formaction="`+root+`dashboard/demostopped2/start"`,
		`aria-current="page">Your dashboards <span class="count">5</span>`, `From others <span class="count">7</span>`)
	lacks(t, page, "Weather stations", root+"open/demofailed22", `formaction="`+root+`dashboard/demofailed22/start"`)

	page = w.page("?whose=others", "")
	wants(t, page, "<h1>From others</h1>", "Weather stations", "grace", "&lt;script&gt;alert(1)&lt;/script&gt;")
	lacks(t, page, "Quarterly sales", "formaction")
}

// Who makes none sees first what others made; who has nothing at all, how to begin.
func TestTheListBeginsWithWhatThereIs(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("", "nobody"), "<h1>From others</h1>", "Weather stations")
	wants(t, w.page("?whose=mine", "nobody"), "You have no dashboards yet", "Make your first dashboard")

	w.service.RulesFor = func(dashboard.Visitor) dashboard.Rules { return dashboard.Rules{WhyNot: "Only researchers may."} }
	page := w.page("?whose=mine", "nobody")
	wants(t, page, "You have no dashboards yet", "Only researchers may.")
	lacks(t, page, "Make your first dashboard", root+"new")
	if answer := w.get("new"); answer.Code != 403 || !strings.Contains(answer.Body.String(), "Only researchers may.") {
		t.Errorf("got %d", answer.Code)
	}

	w = newWorld(t)
	wants(t, w.page("?q=zebra+fish", ""), "No dashboard matches “zebra fish”", "Show all", `value="zebra fish"`)
	wants(t, w.page("?q=sales+revenue", ""), "1 dashboard matches “sales revenue”.")
	wants(t, w.page("?owner=nobody", ""), "Dashboards of nobody", "shares no dashboards")
	empty := newWorld(t, func(c *Config) { c.Service = webtest.New() })
	wants(t, empty.page("", ""), "You have no dashboards yet")
	wants(t, empty.page("?whose=others", ""), "Nothing has been shared with you yet")
	wants(t, empty.page("group/finance", ""), "There is nothing here for you")
}

func TestGroupPages(t *testing.T) {
	w := newWorld(t)
	page := w.page("group/research", "bob,group=research,group=../..,group=..,group=a b/ü?")
	wants(t, page, "Dashboards of the group research", "Lab tests", `aria-current="page"`, root+`group/..%2F..`, root+`?group=..`, root+`group/a%20b%2F%C3%BC%3F`)
	lacks(t, page, "Weather stations")
	for _, group := range []string{"../..", "..", "a b/ü?"} {
		wants(t, w.page(w.site.groupPage(group), "bob,group="+group), "Dashboards of the group "+group)
	}
	many := "bob"
	for n := range fewGroups + 1 {
		many += fmt.Sprintf(",group=g%d", n)
	}
	wants(t, w.page("", many), `<details class="menu">`, "Groups", root+"group/g5")
}

// Where the operator wants no pages of groups, there are none.
func TestNoGroupPages(t *testing.T) {
	w := newWorld(t)
	all := w.service.RulesFor
	w.service.RulesFor = func(v dashboard.Visitor) dashboard.Rules {
		rules := all(v)
		rules.GroupPages = false
		return rules
	}
	if answer := w.do(request{path: "group/research", as: "bob,group=research"}); answer.Code != 404 {
		t.Errorf("got %d", answer.Code)
	}
	lacks(t, w.page("", "bob,group=research"), root+"group/")
	page := w.page("dashboard/demorunning2", "")
	wants(t, page, "<bdi>finance</bdi>")
	lacks(t, page, root+"group/")
}

// A prefix is compared segment by segment, however it is spelled.
func TestPrefixesOfAllSorts(t *testing.T) {
	for _, prefix := range []string{"/b%40se/services/d~x/", "/", "/a/b/c/d/", "/hub%20one/services/dashboards/"} {
		w := newWorld(t, func(c *Config) { c.Prefix = prefix })
		answer := w.do(request{path: prefix + "dashboard/demorunning2", headers: navigation})
		if answer.Code != 200 {
			t.Errorf("%s: got %d", prefix, answer.Code)
			continue
		}
		wants(t, answer.Body.String(), `href="`+prefix+`open/demorunning2"`, `data-api="`+prefix+`api/v1"`, `src="`+prefix+`static/`)
		if answer := w.do(request{path: prefix + "api/v1/user", token: true}); answer.Code != 200 {
			t.Errorf("%s: got %d", prefix, answer.Code)
		}
	}
	w := newWorld(t, func(c *Config) { c.Prefix = "/b%40se/services/d/" })
	if answer := w.do(request{path: "/b@se/services/d/new", headers: navigation}); answer.Code != 200 {
		t.Errorf("another spelling: got %d", answer.Code)
	}
}

func TestManyDashboards(t *testing.T) {
	w := newWorld(t)
	webtest.Many(w.service, "edsger", 1000)
	page := w.page("?owner=edsger&page=2", "")
	wants(t, page, "1000 dashboards", "Page 2 of 20", "Dashboard 0051", `rel="prev" href="`+root+`?owner=edsger"`, `rel="next" href="`+root+`?owner=edsger&amp;page=3"`)
	lacks(t, page, "Dashboard 0050", "Dashboard 0101")
	if got := strings.Count(w.page("?owner=edsger&per_page=1000", ""), `<li class="card">`); got != 1000 {
		t.Errorf("%d are shown", got)
	}
	answer := w.get("?owner=edsger&page=21&sort=used")
	if answer.Code != 303 || answer.Header().Get("Location") != root+"?owner=edsger&page=20&sort=used" {
		t.Errorf("got %d, %v", answer.Code, answer.Header())
	}
	// What is wrong in an address has its default.
	wants(t, w.page("?owner=edsger&page=x&per_page=9999&sort=%00&order=up&whose=x", ""), "Page 1 of 20")
}

// An administrator may change what others made, and is told that it is theirs.
func TestAdministrators(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("?owner=ada", "boss,admin"), "Field trial", "dashboard/demobuilding/delete")
	wants(t, w.page("dashboard/demorunning2", "boss,admin"), "This dashboard belongs to ada.", "Rebuild")
	if answer := w.post("dashboard/demorunning2/stop", "boss,admin", nil); answer.Code != 303 {
		t.Errorf("got %d", answer.Code)
	}
}

func filled() url.Values {
	return url.Values{
		"name": {" Rain "}, "description": {"Where it rains."}, "source.kind": {"git"}, "source.server": {"geo"}, "source.repo": {"https://example.org/rain.git "},
		"source.ref": {"main"}, "source.folder": {"/maps/"}, "app.framework": {"voila"}, "app.path": {"Rain.ipynb"}, "app.environment": {"geo"},
		"app.arguments": {"--a\r\n\r\n  --b=c d\r\n"}, "per_viewer": {"1"}, "access": {"some"}, "access.users": {"grace\r\nalan\n\ngrace"}, "access.groups": {"finance"},
	}
}

func TestNew(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("new", ""), "Default server", `value="old" disabled`, "This server does not run.", `selected>Voilà`, `value="me" checked`, `value="server" checked`, `value="" checked`)
	answer := w.post("new", "", filled())
	id, ok := strings.CutPrefix(answer.Header().Get("Location"), root+"dashboard/")
	if answer.Code != 303 || !ok {
		t.Fatalf("got %d, %v: %s", answer.Code, answer.Header(), clip(answer.Body.String()))
	}
	d := w.service.Get(id)
	if d.Name != "Rain" || d.Source != (dashboard.Source{Kind: "git", Repo: "https://example.org/rain.git", Ref: "main", Folder: "maps"}) || !d.PerViewer ||
		d.App.Path != "Rain.ipynb" || d.App.Environment != "geo" || !slices.Equal(d.App.Arguments, []string{"--a", "--b=c d"}) ||
		d.Access.Everyone || !slices.Equal(d.Access.Users, []string{"alan", "grace"}) || !slices.Equal(d.Access.Groups, []string{"finance"}) {
		t.Errorf("got %+v", d)
	}
	wants(t, w.page("dashboard/"+id, ""), `data-watch="`+root+`api/v1/jobs/`, "<progress", `http-equiv="refresh" content="3;url=`+root+`dashboard/`+id)
}

// What is wrong is said beside its field, and all that was written is kept.
func TestAWrongFormIsShownAgain(t *testing.T) {
	w := newWorld(t)
	for field, change := range map[string]func(url.Values){
		"name":            func(f url.Values) { f.Set("name", "") },
		"description":     func(f url.Values) { f.Set("description", strings.Repeat("x", 2001)) },
		"source.kind":     func(f url.Values) { f.Set("source.kind", "") },
		"source.repo":     func(f url.Values) { f.Set("source.repo", "") },
		"source.folder":   func(f url.Values) { f.Set("source.folder", "../x") },
		"app.framework":   func(f url.Values) { f.Set("app.framework", "") },
		"app.path":        func(f url.Values) { f.Set("app.path", "a/../../x") },
		"app.environment": func(f url.Values) { f.Set("app.environment", "--x") },
		"app.arguments":   func(f url.Values) { f.Set("app.arguments", strings.Repeat("x\n", 51)) },
		"access.users":    func(f url.Values) { f.Set("access.users", "a\x01b") },
		"access.groups":   func(f url.Values) { f.Set("access.groups", strings.Repeat("g", 256)) },
	} {
		sent := filled()
		change(sent)
		answer := w.post("new", "", sent)
		page := answer.Body.String()
		if answer.Code != 422 {
			t.Errorf("%s: got %d", field, answer.Code)
		}
		wants(t, page, `id="`+field+`-wrong"`, `<a href="#`+field+`">`, `id="`+field+`"`, "Not saved: New dashboard", "Not saved")
		if field != "source.kind" {
			wants(t, page, field+`-wrong"`, `aria-invalid="true"`)
		}
		if field != "name" {
			wants(t, page, `value=" Rain "`)
		}
		kept := map[string]string{"description": "Where it rains.", "source.ref": `value="main"`, "app.arguments": "--b=c d", "access": `value="some" checked`}
		delete(kept, field)
		for _, text := range kept {
			wants(t, page, text)
		}
		if got := strings.Count(page, `aria-invalid="true"`); got > 1 {
			t.Errorf("%s: %d fields are wrong", field, got)
		}
	}
	taken := filled()
	taken.Set("name", "quarterly SALES")
	answer := w.post("new", "", taken)
	if answer.Code != 409 {
		t.Errorf("got %d", answer.Code)
	}
	wants(t, answer.Body.String(), "You have a dashboard called “Quarterly sales” already.", `id="name-wrong"`)
	if answer := w.post("new", "", url.Values{"description": {strings.Repeat("x", maxBody)}}); answer.Code != 413 {
		t.Errorf("got %d", answer.Code)
	}
	if answer := w.do(request{method: "POST", path: "new", body: "{}", content: "application/json"}); answer.Code != 415 {
		t.Errorf("got %d", answer.Code)
	}
}

func TestALinkFillsTheForm(t *testing.T) {
	w := newWorld(t)
	page := w.page("new?name=Rain&framework=streamlit&repo=https://example.org/r.git&ref=v1&folder=maps&path=a.py&environment=geo&user=grace&user=al%0Aan&group=finance&per_viewer=1&description=Wet", "")
	wants(t, page, `value="Rain"`, `value="streamlit" data-files=".py " data-default="app.py" selected`, `value="https://example.org/r.git"`, `value="v1"`, `value="maps"`, `value="a.py"`,
		`value="geo"`, ">grace\nal an<", ">finance<", `value="git" checked`, `value="some" checked`, `name="per_viewer" value="1" checked`, ">Wet<", "A link has filled in")
	lacks(t, w.page("new", ""), "A link has filled in")
	page = w.page("new?name="+strings.Repeat("x", 101)+"&path=%ff&server=geo&source=server", "")
	wants(t, page, `value="geo" checked`, `name="name" value=""`, `name="app.path" value=""`)
}

func TestEditByForm(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("dashboard/demostopped2/edit", ""), `value="Energy use of the data centre"`, `value="https://github.com/example/energy.git"`, "--theme.base\ndark", `value="git" checked`)
	sent := formOf(w.service.Get("demostopped2"))
	fields := url.Values{
		"name": {"Power"}, "description": {sent.Description}, "source.kind": {sent.Kind}, "source.repo": {sent.Repo}, "source.ref": {sent.Ref},
		"app.framework": {sent.Framework}, "app.path": {sent.Path}, "app.environment": {sent.Environment}, "app.arguments": {sent.Arguments}, "per_viewer": {"1"},
	}
	answer := w.post("dashboard/demostopped2/edit", "", fields)
	if d := w.service.Get("demostopped2"); answer.Code != 303 || answer.Header().Get("Location") != root+"dashboard/demostopped2?notice=saved" || d.Name != "Power" || !d.PerViewer {
		t.Errorf("got %d, %v, %+v", answer.Code, answer.Header(), d)
	}
	fields.Set("app.path", "other.py")
	if answer := w.post("dashboard/demostopped2/edit", "", fields); answer.Header().Get("Location") != root+"dashboard/demostopped2?notice=rebuild" {
		t.Errorf("got %v", answer.Header())
	}
	wants(t, w.page("dashboard/demostopped2?notice=rebuild", ""), "What you changed shows after the next rebuild.")
	fields.Set("name", "Churn model")
	answer = w.post("dashboard/demostopped2/edit", "", fields)
	if answer.Code != 409 {
		t.Errorf("got %d", answer.Code)
	}
	wants(t, answer.Body.String(), "Not saved: Edit dashboard", `value="Churn model"`, `id="name-wrong"`)
	// Who may open it is none of this form's.
	if d := w.service.Get("demorunning2"); len(d.Access.Users) != 2 {
		t.Errorf("got %+v", d.Access)
	}
}

func TestAccessByForm(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("dashboard/demorunning2?change=access", ""), `<details class="more" open>`, ">alan\ngrace<", `value="some" checked`)
	post := func(access, users string) *httptest.ResponseRecorder {
		return w.post("dashboard/demorunning2/access", "", url.Values{"access": {access}, "access.users": {users}})
	}
	if answer := post("everyone", "grace"); answer.Code != 303 || answer.Header().Get("Location") != root+"dashboard/demorunning2?notice=shared" {
		t.Errorf("got %d, %v", answer.Code, answer.Header())
	}
	if a := w.service.Get("demorunning2").Access; !a.Everyone || !slices.Equal(a.Users, []string{"grace"}) || len(a.Groups) != 0 {
		t.Errorf("got %+v", a)
	}
	if post("me", "grace"); w.service.Get("demorunning2").Access.Everyone || len(w.service.Get("demorunning2").Access.Users) != 0 {
		t.Errorf("got %+v", w.service.Get("demorunning2").Access)
	}
	answer := post("some", "x\x02")
	if answer.Code != 422 {
		t.Errorf("got %d", answer.Code)
	}
	wants(t, answer.Body.String(), `<details class="more" open>`, `id="access.users-wrong"`, "Not saved: Quarterly sales", `value="some" checked`)
}

func TestPictureByForm(t *testing.T) {
	w := newWorld(t)
	send := func(name string, content []byte) *httptest.ResponseRecorder {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField(csrfField, w.csrf("ada"))
		if name != "" {
			part, _ := form.CreateFormFile(name, "x.png")
			_, _ = part.Write(content)
		}
		_ = form.Close()
		return w.do(request{method: "POST", path: "dashboard/demostopped2/picture", body: body.String(), content: form.FormDataContentType(), headers: navigation})
	}
	for _, test := range []struct {
		name    string
		content []byte
		status  int
		want    string
	}{
		{"", nil, 422, "Choose a picture first."},
		{"picture", nil, 422, "Choose a picture first."},
		{"picture", []byte("GIF89a"), 422, "This is not a picture."},
		{"picture", append([]byte("\x89PNG"), make([]byte, maxPicture)...), 413, "at most 1.0 MiB"},
		{"picture", make([]byte, maxUpload+1), 413, "too large"},
		{"picture", []byte("\x89PNG"), 303, ""},
	} {
		answer := send(test.name, test.content)
		if answer.Code != test.status {
			t.Errorf("%d bytes: got %d", len(test.content), answer.Code)
		}
		wants(t, answer.Body.String(), test.want)
	}
	wants(t, w.page("dashboard/demostopped2?notice=picture", ""), root+"picture/demostopped2/", "The picture was changed.", "Remove it")
	if answer := w.post("dashboard/demostopped2/picture", "", url.Values{"remove": {"1"}}); answer.Code != 303 || w.service.Get("demostopped2").Thumbnail != "" {
		t.Errorf("got %d, %+v", answer.Code, w.service.Get("demostopped2"))
	}
}

func TestTheDashboardOfAnOwner(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("dashboard/demofailed22", ""), "The last build failed", "The notebook Churn.ipynb is not in the folder", "There is no Churn.ipynb in models", "Build again", "Nothing has been built yet.")
	wants(t, w.page("dashboard/demobuilding", ""), "Copying your files", `value="42"`, "42 %", "part-030.parquet", `data-last="30"`, "disabled", `<details class="log" open>`)
	page := w.page("dashboard/demorunning2", "")
	wants(t, page, root+"open/demorunning2", "In use", "8.8 MiB", "Sales.ipynb", "Default server", "dashboard-quarterly-sal-demoru", root+"group/finance", "grace")
	lacks(t, page, "<progress", `http-equiv="refresh"`)
}

func TestDelete(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("dashboard/demorunning2/delete", ""), "Delete “Quarterly sales”?", "cannot be undone", `action="`+root+`dashboard/demorunning2/delete"`)
	answer := w.post("dashboard/demorunning2/delete", "", nil)
	location := answer.Header().Get("Location")
	if answer.Code != 303 || location != root+"dashboard/demorunning2?until=deleted" {
		t.Fatalf("got %d, %v", answer.Code, answer.Header())
	}
	wants(t, w.page(location, ""), "Being deleted", `data-next="`+location+`"`)
	jobs, _ := w.service.Jobs(t.Context(), dashboard.Visitor{Name: "ada"}, "demorunning2")
	w.service.Finish(jobs[0].ID, "")
	if answer := w.get(location); answer.Code != 303 || answer.Header().Get("Location") != root+"?notice=deleted" {
		t.Errorf("got %d, %v", answer.Code, answer.Header())
	}
	if answer := w.get("dashboard/demorunning2"); answer.Code != 404 {
		t.Errorf("got %d", answer.Code)
	}
}

func TestOpen(t *testing.T) {
	w := newWorld(t)
	if answer := w.do(request{path: "open/demorunning2", as: "alan", headers: with(map[string]string{"Sec-Fetch-Site": "cross-site"})}); answer.Code != 303 || answer.Header().Get("Location") != "/user/ada/dashboard-quarterly-sal-demoru/" {
		t.Errorf("a link in a mail: got %d, %v", answer.Code, answer.Header())
	}
	if answer := w.do(request{path: "open/demorunning2", as: "eve"}); answer.Code != 404 || !strings.Contains(answer.Body.String(), "may have been deleted, or not be shared with you") {
		t.Errorf("got %d", answer.Code)
	}
	// One that is stopped is started, once; the page goes on by itself.
	first := w.page("open/alnlabtests2", "bob,group=research")
	wants(t, first, "Lab tests", "It is being started for you.", "<progress", `data-watch="`+root+`api/v1/jobs/job3"`, `data-next="`+root+`open/alnlabtests2?job=job3&amp;try=0"`, `content="3;url=`+root+`open/alnlabtests2?job=job3&amp;try=0"`)
	lacks(t, first, "<pre")
	wants(t, w.page("open/alnlabtests2", "bob,group=research"), "job=job3")
	w.service.Progress("job3", "Waiting for the app", 70)
	wants(t, w.page("open/alnlabtests2?job=job3&try=0", "bob,group=research"), "Waiting for the app", `value="70"`)
	w.service.Finish("job3", "")
	if answer := w.do(request{path: "open/alnlabtests2?job=job3&try=0", as: "bob,group=research"}); answer.Code != 303 || !strings.HasPrefix(answer.Header().Get("Location"), "/user/alan/") {
		t.Errorf("got %d, %v", answer.Code, answer.Header())
	}
}

// A dashboard that does not start is not started again and again by a page that
// somebody left open.
func TestOpenEnds(t *testing.T) {
	w := newWorld(t)
	const bob = "bob,group=research"
	w.page("open/alnlabtests2", bob)
	w.service.Finish("job3", "The app ended with exit code 1.")
	page := w.page("open/alnlabtests2?job=job3&try=0", bob)
	wants(t, page, "It could not be opened", "The app ended with exit code 1.", "ask alan", `href="`+root+`open/alnlabtests2"`)
	lacks(t, page, "data-watch", `http-equiv="refresh"`)
	if jobs, _ := w.service.Jobs(t.Context(), dashboard.Visitor{Name: "alan"}, "alnlabtests2"); len(jobs) != 1 {
		t.Errorf("there are %d jobs", len(jobs))
	}
	// Started, gone, started, gone: that is enough.
	stop := func() {
		d := w.service.Get("alnlabtests2")
		d.State = dashboard.Stopped
		w.service.Put(d)
	}
	path := "open/alnlabtests2"
	for try := range maxTries + 1 {
		page := w.page(path, bob)
		job := fmt.Sprintf("job%d", try+4)
		wants(t, page, job)
		w.service.Finish(job, "")
		stop()
		path = fmt.Sprintf("open/alnlabtests2?job=%s&try=%d", job, try)
	}
	wants(t, w.page(path, bob), "It was started several times, and did not stay.")
	// Its owner is told where to look, and another dashboard's job is none of this one's.
	w.service.Fail(nil)
	wants(t, w.page("open/alnlabtests2?job=job3&try=0", "alan"), "Its page says more", root+"dashboard/alnlabtests2")
	wants(t, w.page("open/demostopped2?job=job3&try=0", ""), "It is being started for you.")
	wants(t, w.page("open/demostopped2?job=nope&try=-5", ""), "It is being started for you.")
}

func TestOpenWhenItCannotBe(t *testing.T) {
	w := newWorld(t)
	w.site.Service = refusing{w.service, dashboard.Errorf(dashboard.Limit, "All 20 servers of this hub are in use.")}
	answer := w.get("open/demostopped2")
	if answer.Code != 429 {
		t.Errorf("got %d", answer.Code)
	}
	wants(t, answer.Body.String(), "It could not be opened", "All 20 servers of this hub are in use.", "Try again")
}

// A page that a browser fetches ahead starts nothing.
func TestPrefetchStartsNothing(t *testing.T) {
	w := newWorld(t)
	for name, value := range map[string]string{"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"} {
		if answer := w.do(request{path: "open/demostopped2", headers: with(map[string]string{name: value})}); answer.Code != 503 {
			t.Errorf("%s: got %d", name, answer.Code)
		}
	}
	if jobs, _ := w.service.Jobs(t.Context(), dashboard.Visitor{Name: "ada"}, "demostopped2"); len(jobs) != 0 {
		t.Errorf("something was begun: %+v", jobs)
	}
}

// Only what can be got again is tried again.
func TestWhatMayGoAnotherTimeIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.service.Fail(dashboard.Errorf(dashboard.Unavailable, "JupyterHub does not answer."))
	answer := w.get("new?name=x")
	if answer.Code != 503 || answer.Header().Get("Retry-After") == "" {
		t.Errorf("got %d, %v", answer.Code, answer.Header())
	}
	wants(t, answer.Body.String(), "JupyterHub does not answer.", "data-retry", `content="3;url=`+root+`new?name=x"`)
	answer = w.post("dashboard/demorunning2/stop", "", nil)
	lacks(t, answer.Body.String(), "data-retry", `http-equiv="refresh"`)
	wants(t, answer.Body.String(), root+"dashboard/demorunning2")
}

// Every status that can come has words of its own.
func TestEveryProblemHasWords(t *testing.T) {
	w := newWorld(t)
	for _, status := range []int{400, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503} {
		for _, section := range []string{"problem", "hint"} {
			if got := w.site.words.of(section, status); got == strconv.Itoa(status) {
				t.Errorf("there is no %s for %d", section, status)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	w := newWorld(t)
	for ago, want := range map[time.Duration]string{
		-time.Hour: "just now", 0: "just now", 59 * time.Second: "just now", time.Minute: "a minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "an hour ago", 23 * time.Hour: "23 hours ago", 24 * time.Hour: "yesterday", 29 * 24 * time.Hour: "29 days ago", 30 * 24 * time.Hour: "30 Jan 2026",
	} {
		if got := w.site.ago(w.site.now().Add(-ago)); got != want {
			t.Errorf("%v: got %q", ago, got)
		}
	}
	for bytes, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 1<<63 - 1: "8.0 EiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d: got %q", bytes, got)
		}
	}
}

// refusing is a service that opens nothing.
type refusing struct {
	*webtest.Service
	err error
}

func (r refusing) Open(context.Context, dashboard.Visitor, string) (dashboard.Opening, error) {
	return dashboard.Opening{}, r.err
}

func TestAssets(t *testing.T) {
	w := newWorld(t)
	base := root + "static/" + w.site.assets.version + "/"
	for name, content := range map[string]string{"style.css": "text/css; charset=utf-8", "main.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		plain := w.do(request{path: base + name})
		zipped := w.do(request{path: base + name, headers: map[string]string{"Accept-Encoding": "br, gzip;q=0.5"}})
		if plain.Code != 200 || plain.Header().Get("Content-Type") != content || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: got %d, %v", name, plain.Code, plain.Header())
		}
		if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() >= plain.Body.Len() || zipped.Header().Get("Content-Length") != strconv.Itoa(zipped.Body.Len()) {
			t.Errorf("%s: got %v", name, zipped.Header())
		}
	}
	for _, path := range []string{"static/0000000000000000/style.css", base + "nope.js", base + "..%2fstyle.css"} {
		if answer := w.do(request{path: path}); answer.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, answer.Code)
		}
	}
	for header, want := range map[string]bool{"": false, "gzip": true, "GZIP": true, "deflate,gzip;q=1": true, "gzip;q=0": false, "gzip; q=0": false, "xgzip": false} {
		if got := takesGzip(http.Header{"Accept-Encoding": {header}}); got != want {
			t.Errorf("%q: got %v", header, got)
		}
	}
	// All that pages ask for is there.
	for name, page := range everyPage(newWorld(t)) {
		for _, part := range strings.Split(page, base)[1:] {
			if file, _, _ := strings.Cut(part, `"`); w.site.assets.files[file].plain == nil {
				t.Errorf("%s asks for %s", name, file)
			}
		}
	}
}

// A request that meets a fault of ours is answered, and the next one, too.
func TestPanicsEndOneRequest(t *testing.T) {
	var seen []int
	w := newWorld(t, func(c *Config) {
		c.Observe = func(route string, status int, _ time.Duration) { seen = append(seen, status) }
	})
	w.site.Service = refusing{}
	if answer := w.get(""); answer.Code != 500 || !strings.Contains(w.log.String(), "nil pointer") {
		t.Errorf("got %d, %s", answer.Code, w.log)
	}
	w.site.Service = w.service
	if answer := w.get(""); answer.Code != 200 || !slices.Equal(seen, []int{500, 200}) {
		t.Errorf("got %d, %v", answer.Code, seen)
	}
}

// Metrics have as many routes as there are, whatever is asked for.
func TestRoutesAreObserved(t *testing.T) {
	seen := map[string]int{}
	w := newWorld(t, func(c *Config) { c.Observe = func(route string, status int, _ time.Duration) { seen[route] = status } })
	w.get("dashboard/demorunning2")
	w.get("dashboard/zzzzzzzzzzzz")
	w.get("nope/123")
	w.call("GET", "dashboards/zzzzzzzzzzzz", "", nil)
	if len(seen) != 3 || seen["dashboard/{id}"] != 404 || seen[""] != 404 || seen["api/v1/dashboards/{id}"] != 404 {
		t.Errorf("got %v", seen)
	}
	// What is asked for is not in the log, where it could be a token.
	w.get("?token=secret&q=private")
	lacks(t, w.log.String(), "secret", "private")
}

func BenchmarkList(b *testing.B) {
	for _, count := range []int{50, 1000} {
		b.Run(strconv.Itoa(count), func(b *testing.B) {
			w := newWorld(b)
			webtest.Many(w.service, "edsger", 1000)
			path := fmt.Sprintf("?owner=edsger&per_page=%d", count)
			w.get(path)
			b.ReportAllocs()
			for b.Loop() {
				w.get(path)
			}
		})
	}
}

// vanishing is a service whose dashboards are gone once they were looked at.
type vanishing struct{ dashboard.Service }

func (vanishing) Jobs(context.Context, dashboard.Visitor, string) ([]dashboard.Job, error) {
	return nil, dashboard.Errorf(dashboard.NotFound, "There is no such dashboard.")
}

// A dashboard that was deleted while its page was made was deleted, and is not
// missing.
func TestPageOfADashboardThatGoesMeanwhile(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Service = vanishing{c.Service} })
	if answer := w.get("dashboard/demorunning2?until=deleted"); answer.Code != 303 || answer.Header().Get("Location") != root+"?notice=deleted" {
		t.Errorf("got %d, %s", answer.Code, answer.Header().Get("Location"))
	}
	if answer := w.get("dashboard/demorunning2"); answer.Code != 404 {
		t.Errorf("got %d", answer.Code)
	}
}
