package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
)

func with(more map[string]string) map[string]string {
	headers := maps.Clone(navigation)
	maps.Copy(headers, more)
	return headers
}

// Whoever the gate does not let in sees nothing, at no address but the health's.
func TestSecurityNothingWithoutTheGate(t *testing.T) {
	w := newWorld(t)
	for _, r := range append(w.site.routes(), route{method: "GET", path: "nope"}) {
		path := root + strings.NewReplacer("{$}", "", "{id}", "demorunning2", "{group}", "g", "{version}", w.site.assets.version, "{name}", "style.css").Replace(r.path)
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, httptest.NewRequest(r.method, path, nil))
		if answer.Code != http.StatusUnauthorized || strings.Contains(answer.Body.String(), "Quarterly") {
			t.Errorf("%s %s: got %d: %s", r.method, path, answer.Code, answer.Body)
		}
	}
}

// Who is no user has no dashboards; one without a name is a fault of the gate's,
// and not an open door.
func TestSecurityNobodyInParticularIsNotLetIn(t *testing.T) {
	for status, visitor := range map[int]func(context.Context) (dashboard.Visitor, bool){
		403: func(context.Context) (dashboard.Visitor, bool) {
			return dashboard.Visitor{Name: "ada", Admin: true}, false
		},
		500: func(context.Context) (dashboard.Visitor, bool) { return dashboard.Visitor{Admin: true}, true },
	} {
		w := newWorld(t, func(c *Config) { c.Visitor = visitor })
		for _, path := range []string{"", "api/v1/dashboards", "dashboard/demorunning2", "open/demostopped2"} {
			if answer := w.do(request{path: path, token: true}); answer.Code != status || strings.Contains(answer.Body.String(), "Quarterly") {
				t.Errorf("%s: got %d: %s", path, answer.Code, clip(answer.Body.String()))
			}
		}
	}
}

// forms are all addresses that change something by a form.
var forms = []string{
	"new", "dashboard/demorunning2/edit", "dashboard/demorunning2/access", "dashboard/demorunning2/rebuild", "dashboard/demorunning2/start",
	"dashboard/demorunning2/stop", "dashboard/demorunning2/delete", "dashboard/demorunning2/picture",
}

// A form without its proof, with another login's, or of another site's does
// nothing.
func TestSecurityFormsAreOurOwn(t *testing.T) {
	w := newWorld(t)
	known := 0
	for _, r := range w.site.routes() {
		if r.kind == forPeople && r.method != "GET" {
			known++
		}
	}
	if known != len(forms) {
		t.Fatalf("there are %d routes with forms, and %d are tried", known, len(forms))
	}
	before := w.service.Get("demorunning2")
	for _, path := range forms {
		for name, test := range map[string]struct {
			proof   string
			headers map[string]string
		}{
			"none":             {"", nil},
			"another's":        {w.csrf("eve"), nil},
			"cut":              {w.csrf("ada")[:20], nil},
			"cross-site":       {w.csrf("ada"), map[string]string{"Sec-Fetch-Site": "cross-site"}},
			"same-site":        {w.csrf("ada"), map[string]string{"Sec-Fetch-Site": "same-site"}},
			"foreign origin":   {w.csrf("ada"), map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}},
			"null origin":      {w.csrf("ada"), map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}},
			"by fetch":         {w.csrf("ada"), map[string]string{"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}},
			"in a frame":       {w.csrf("ada"), map[string]string{"Sec-Fetch-Dest": "iframe"}},
			"in the query":     {"", map[string]string{"X-Query": w.csrf("ada")}},
			"a made-up token":  {"", map[string]string{"Authorization": "Basic YTpi"}},
			"the API's header": {"", map[string]string{api.CSRFHeader: w.csrf("ada")}},
		} {
			target := path
			if query := test.headers["X-Query"]; query != "" {
				target += "?" + csrfField + "=" + query
			}
			body := url.Values{"name": {"Stolen"}, "access": {"everyone"}, "remove": {"1"}, csrfField: {test.proof}}.Encode()
			answer := w.do(request{method: "POST", path: target, body: body, content: formType, headers: with(test.headers)})
			if answer.Code != http.StatusForbidden {
				t.Errorf("%s, %s: got %d", path, name, answer.Code)
			}
		}
	}
	if after := w.service.Get("demorunning2"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("it changed: %+v", after)
	}
	if jobs, _ := w.service.Jobs(t.Context(), dashboard.Visitor{Name: "ada"}, "demorunning2"); len(jobs) > 0 {
		t.Errorf("something was begun: %+v", jobs)
	}
	if answer := w.post("dashboard/demorunning2/stop", "ada", nil); answer.Code != http.StatusSeeOther {
		t.Errorf("a form of ours: got %d: %s", answer.Code, answer.Body)
	}
}

// A proof is of one login: with the next one, what leaked is worth nothing.
func TestSecurityProofsAreOfOneLogin(t *testing.T) {
	p := newProof([]byte("0123456789abcdef"))
	ada := dashboard.Visitor{Name: "ada", Token: "t1"}
	for _, other := range []dashboard.Visitor{{Name: "ada", Token: "t2"}, {Name: "eve", Token: "t1"}, {Name: "at1", Token: "d"}} {
		if p.of(other) == p.of(ada) || p.holds(other, p.of(ada)) {
			t.Errorf("%+v has the same proof", other)
		}
	}
	if !p.holds(ada, p.of(ada)) || newProof([]byte("another key here")).holds(ada, p.of(ada)) || strings.Contains(p.of(ada), "t1") {
		t.Error("a proof does not hold, or under any key")
	}
}

// The API takes requests with a token of their own, and those of our own pages.
func TestSecurityAPINeedsAProofWithACookie(t *testing.T) {
	w := newWorld(t)
	proof := map[string]string{api.CSRFHeader: w.csrf("ada")}
	script := map[string]string{"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
	merged := func(all ...map[string]string) map[string]string {
		headers := map[string]string{}
		for _, one := range all {
			maps.Copy(headers, one)
		}
		return headers
	}
	for _, test := range []struct {
		name    string
		method  string
		headers map[string]string
		token   bool
		want    int
	}{
		{"cookie alone", "POST", nil, false, 403},
		{"cookie alone, reading", "GET", nil, false, 403},
		{"a script of the same origin", "GET", script, false, 403},
		{"a script of the same origin, changing", "POST", script, false, 403},
		{"our script", "GET", merged(script, proof), false, 200},
		{"our script, changing", "POST", merged(script, proof), false, 202},
		{"another's proof", "POST", merged(script, map[string]string{api.CSRFHeader: w.csrf("eve")}), false, 403},
		{"our proof from another site", "POST", merged(script, proof, map[string]string{"Sec-Fetch-Site": "cross-site"}), false, 403},
		{"a person who looks", "GET", navigation, false, 200},
		{"a form of another's", "POST", navigation, false, 403},
		{"in a frame", "GET", merged(navigation, map[string]string{"Sec-Fetch-Dest": "iframe"}), false, 403},
		{"a token", "POST", nil, true, 202},
		{"a token, reading", "GET", nil, true, 200},
		{"a token that was not used", "POST", map[string]string{"Authorization": "token made-up"}, false, 403},
	} {
		path := "api/v1/dashboards/demorunning2"
		if test.method == "POST" {
			path += "/stop"
		}
		answer := w.do(request{method: test.method, path: path, headers: test.headers, token: test.token})
		if answer.Code != test.want {
			t.Errorf("%s: got %d, want %d: %s", test.name, answer.Code, test.want, answer.Body)
		}
	}
}

// Whoever does not say by what a visitor was let in gets the careful answer.
func TestSecurityWithoutByHeaderEverybodyProves(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.ByHeader = nil })
	if answer := w.do(request{method: "POST", path: "api/v1/dashboards/demorunning2/stop", token: true}); answer.Code != 403 {
		t.Errorf("got %d", answer.Code)
	}
}

// Another user's server has the same origin, unless there are subdomains: its
// scripts must not read a page by fetch, in a frame, as a picture or in a worker.
func TestSecurityPagesAreForNavigationsOnly(t *testing.T) {
	w := newWorld(t)
	pages := []string{"", "new", "group/finance", "dashboard/demorunning2", "dashboard/demorunning2/edit", "dashboard/demorunning2/delete", "open/demorunning2", "nope"}
	for _, path := range pages {
		for name, headers := range map[string]map[string]string{
			"fetch":     {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"},
			"fetch 2":   {"Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"},
			"no-cors":   {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "same-origin"},
			"frame":     {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"},
			"object":    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object", "Sec-Fetch-Site": "same-origin"},
			"embed":     {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed", "Sec-Fetch-Site": "same-origin"},
			"websocket": {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-Fetch-Mode": "websocket"},
			"mode only": {"Sec-Fetch-Mode": "cors"},
			"dest only": {"Sec-Fetch-Dest": "empty"},
		} {
			answer := w.do(request{path: path, headers: headers})
			body := answer.Body.String()
			if answer.Code != http.StatusForbidden || strings.Contains(body, "Quarterly") {
				t.Errorf("%q by %s: got %d: %s", path, name, answer.Code, clip(body))
			}
			if strings.Contains(body, w.csrf("ada")) {
				t.Errorf("%q by %s tells the proof of forms", path, name)
			}
		}
	}
	if job, err := w.service.Jobs(t.Context(), dashboard.Visitor{Name: "ada"}, "demorunning2"); err != nil || len(job) > 0 {
		t.Errorf("something was begun: %v, %v", job, err)
	}
}

func TestSecurityHeaders(t *testing.T) {
	w := newWorld(t)
	want := map[string]string{
		"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "no-referrer",
		"Cross-Origin-Opener-Policy": "noopener-allow-popups",
		"Permissions-Policy":         "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		"Cache-Control":              "no-store",
	}
	for _, q := range []request{
		{path: "", headers: navigation}, {path: "new", headers: navigation}, {path: "dashboard/demorunning2", headers: navigation},
		{path: "open/demostopped2", headers: navigation}, {path: "open/demorunning2", headers: navigation}, {path: "nope", headers: navigation},
		{path: "api/v1/dashboards", token: true}, {path: "api/v1/nope", token: true}, {method: "POST", path: "new"}, {path: "health"},
	} {
		answer := w.do(q)
		for name, value := range want {
			if got := answer.Header().Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%s: %s is %q", q.path, name, got)
			}
		}
	}
}

// With users' domains the logo is elsewhere; nothing else is.
func TestSecurityPolicyKnowsTheHubsLogo(t *testing.T) {
	for logo, want := range map[string]string{
		"/hub/logo":                             "img-src 'self' data:;",
		"https://hub.example.org/hub/logo":      "img-src 'self' data: https://hub.example.org;",
		"https://hub.example.org:8443/hub/logo": "img-src 'self' data: https://hub.example.org:8443;",
	} {
		if got := contentPolicy(logo); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("%s: got %s", logo, got)
		}
	}
}

// everyPage is every kind of page, with hostile names in each.
func everyPage(w *world) map[string]string {
	evil := webtest.Hostile[0]
	w.service.Put(dashboard.Dashboard{
		ID: "evilevilevil", Owner: "ada", Name: evil, Description: evil, Server: evil, Failure: evil, Revision: 1, State: dashboard.Stopped, Thumbnail: `"><script>`,
		Source: dashboard.Source{Kind: dashboard.FromGit, Repo: "javascript:" + evil, Ref: evil, Folder: evil},
		App:    dashboard.App{Framework: evil, Path: evil, Environment: evil, Arguments: []string{evil}},
		Access: dashboard.Access{Users: []string{evil}, Groups: []string{evil}},
	}, dashboard.Revision{Number: 1, By: evil, Snapshot: dashboard.Snapshot{Commit: evil}})
	job := w.service.Begin("evilevilevil", dashboard.Build, evil, 10)
	w.service.Write(job, evil)
	pages := map[string]string{}
	show := func(name, path, as string) {
		answer := w.do(request{path: path, as: as, headers: navigation})
		pages[name] = answer.Body.String()
	}
	show("building", "dashboard/evilevilevil", "")
	show("opening", "open/evilevilevil", "")
	w.service.Finish(job, evil)
	show("list", "?q="+url.QueryEscape(evil), "")
	show("list of a group", "group/"+url.PathEscape(evil), evil+",group="+evil)
	show("owner", "?owner="+url.QueryEscape(evil), "")
	show("nothing found", "?q="+url.QueryEscape(evil)+"zzz", "")
	show("failed", "dashboard/evilevilevil", "")
	show("edit", "dashboard/evilevilevil/edit", "")
	show("delete", "dashboard/evilevilevil/delete", "")
	show("filled", "new?"+url.Values{
		"name": {evil}, "description": {evil}, "source": {"git"}, "repo": {evil}, "ref": {evil}, "folder": {evil}, "path": {evil}, "framework": {evil},
		"environment": {evil}, "user": {evil}, "group": {evil},
	}.Encode(), "")
	show("not opened", "open/evilevilevil?job="+job, "")
	show("nothing", "nope/"+url.PathEscape(evil), "")
	show("first", "?whose=mine", "nobody")
	pages["wrong"] = w.post("new", "", url.Values{"name": {evil}, "source.kind": {evil}, "app.framework": {evil}, "access": {"some"}, "access.users": {evil}}).Body.String()
	w.service.Fail(dashboard.Errorf(dashboard.Unavailable, "%s", evil))
	show("away", "", "")
	w.service.Fail(nil)
	return pages
}

// All that people write is text, and nothing of ours is inline.
func TestSecurityPagesAreEscaped(t *testing.T) {
	for name, source := range everyPage(newWorld(t)) {
		if len(source) < 1000 {
			t.Errorf("%s: got only %s", name, source)
		}
		reader := html.NewTokenizer(strings.NewReader(source))
		for {
			kind := reader.Next()
			if kind == html.ErrorToken {
				break
			}
			found := reader.Token()
			if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
				continue
			}
			attributes := map[string]string{}
			for _, a := range found.Attr {
				attributes[a.Key] = a.Val
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
					t.Errorf("%s: <%s %s=%q>", name, found.Data, a.Key, a.Val)
				}
				if address := strings.ToLower(strings.TrimSpace(a.Val)); (a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction") && !strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "#") && address != "" {
					t.Errorf("%s: <%s %s=%q> leads elsewhere", name, found.Data, a.Key, a.Val)
				}
			}
			if found.Data == "style" || found.Data == "iframe" || found.Data == "base" || found.Data == "script" && !strings.HasPrefix(attributes["src"], root+"static/") ||
				found.Data == "img" && !strings.HasPrefix(attributes["src"], root+"picture/") && attributes["src"] != "/hub/logo" {
				t.Errorf("%s: there is %s", name, found)
			}
		}
	}
}

// A link only fills the form in: nothing happens by it.
func TestSecurityALinkOnlyFillsTheForm(t *testing.T) {
	w := newWorld(t)
	page := w.page("new?name=Trap&source=git&repo=https://evil.example/x.git&everyone=1&csrf_token="+w.csrf("ada"), "")
	wants(t, page, `value="Trap"`, "Read it through", `value="everyone" checked`)
	if _, total, _ := w.service.List(t.Context(), dashboard.Visitor{Name: "ada"}, dashboard.Query{Owner: "ada", Text: "Trap", Limit: 1}); total != 0 {
		t.Error("a link made a dashboard")
	}
	for _, method := range []string{"GET", "HEAD"} {
		for _, path := range forms[3:] {
			if answer := w.do(request{method: method, path: path + "?csrf_token=" + w.csrf("ada"), headers: navigation}); answer.Code == http.StatusSeeOther {
				t.Errorf("%s %s did something", method, path)
			}
		}
	}
}

func TestSecurityNoticesAreOurOwnWords(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("?notice=deleted", ""), "The dashboard was deleted.")
	for _, notice := range []string{"Call+0800", "x", "", "../error.csrf", "deleted%00"} {
		lacks(t, w.page("?notice="+notice, ""), `class="notice"`)
	}
}

// Addresses of ours in a header are ours, whatever is in them.
func TestSecurityRedirectsStayHere(t *testing.T) {
	w := newWorld(t)
	webtest.Many(w.service, "ada", 60)
	for _, path := range []string{root + "?page=99&whose=mine", root + "group/%2F%2Fevil.example?page=9", "//evil.example" + root + "?page=99", root + "/evil.example", root + "dashboard/demorunning2/../../..//evil.example"} {
		answer := w.do(request{path: path, headers: navigation})
		if location := answer.Header().Get("Location"); location != "" && (location[0] != '/' || len(location) > 1 && strings.ContainsRune("/\\", rune(location[1]))) {
			t.Errorf("%s leads to %s", path, location)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"prefix":  func(c *Config) { c.Prefix = "services/dashboards" },
		"pattern": func(c *Config) { c.Prefix = "/{x}/" },
		"key":     func(c *Config) { c.Key = []byte("short") },
		"service": func(c *Config) { c.Service = nil },
		"origin":  func(c *Config) { c.Origins = []string{"hub.example.org"} },
	} {
		config := Config{Prefix: root, Service: webtest.New(), Gate: webtest.Gate{}, Visitor: webtest.Visitor, HubURL: webtest.HubURL, Key: make([]byte, 16), Log: newWorld(t).site.Log}
		if _, err := New(config); err != nil {
			t.Fatal(err)
		}
		change(&config)
		if _, err := New(config); err == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
}

// Where a proxy before us changes the host, the operator says what it was.
func TestOriginsOfTheOperators(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Origins = []string{"https://hub.example.org"} })
	body := url.Values{csrfField: {w.csrf("ada")}}.Encode()
	for origin, want := range map[string]int{"https://hub.example.org": 303, "https://evil.example": 403} {
		answer := w.do(request{method: "POST", path: "dashboard/demorunning2/stop", body: body, content: formType, headers: map[string]string{"Origin": origin}})
		if answer.Code != want {
			t.Errorf("%s: got %d", origin, answer.Code)
		}
	}
}
