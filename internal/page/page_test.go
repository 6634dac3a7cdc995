package page

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestIsNavigation(t *testing.T) {
	for _, test := range []struct {
		method  string
		headers map[string]string
		want    bool
	}{
		{"GET", map[string]string{"Sec-Fetch-Mode": "navigate"}, true},
		{"POST", map[string]string{"Sec-Fetch-Mode": "navigate"}, true},
		{"GET", map[string]string{"Sec-Fetch-Mode": "cors", "Accept": "text/html"}, false},
		{"GET", map[string]string{"Accept": "text/html,*/*"}, true},
		{"POST", map[string]string{"Accept": "text/html"}, false},
		{"GET", map[string]string{"Accept": "*/*"}, false},
		{"GET", map[string]string{"Accept": "text/html", "Upgrade": "websocket"}, false},
		{"GET", map[string]string{"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}, false},
	} {
		r := httptest.NewRequest(test.method, "/", nil)
		for name, value := range test.headers {
			r.Header.Set(name, value)
		}
		if got := IsNavigation(r); got != test.want {
			t.Errorf("%s %v: got %v", test.method, test.headers, got)
		}
	}
}

func TestSecurityPageEscapesEverything(t *testing.T) {
	evil := `</script><script>alert(1)</script>"'><img src=x>`
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	Write(w, r, Page{
		Status: 503, State: evil, Title: evil, Message: evil, Hint: evil, Log: []string{evil}, PollURL: "/user/" + evil,
		Actions:  []Action{{Label: evil, URL: "javascript:alert(1)"}, {Label: evil, URL: "javascript:alert(1)", Post: true}, {Label: evil, URL: `/x"><img>`, Post: true}},
		Progress: &Progress{Title: evil, Percent: 5},
	})
	body := w.Body.String()
	for _, bad := range []string{"<script>alert", "<img", "javascript:"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s is in the page:\n%s", bad, body)
		}
	}
}

func TestPageAsJSON(t *testing.T) {
	w := httptest.NewRecorder()
	Write(w, httptest.NewRequest("POST", "/", nil), Page{Status: 503, State: "starting", Message: "wait", Log: []string{"secret"}, RetryAfter: 2})
	if w.Code != 503 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Retry-After") != "2" ||
		!strings.Contains(w.Body.String(), `"state":"starting"`) || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("got %d, %v, %s", w.Code, w.Header(), w.Body)
	}
}

func TestEachPageHasItsOwnNonce(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "text/html")
	policies := map[string]bool{}
	for range 3 {
		w := httptest.NewRecorder()
		Write(w, r, Page{Status: 200})
		policies[w.Header().Get("Content-Security-Policy")] = true
	}
	if len(policies) != 3 {
		t.Errorf("%d policies for 3 pages", len(policies))
	}
}

func TestProgressInWords(t *testing.T) {
	for _, test := range []struct {
		progress *Progress
		known    bool
		want     string
	}{
		{nil, false, ""},
		{&Progress{"Receiving", 0}, true, "Receiving: 0 %"},
		{&Progress{"", 100}, true, "100 %"},
		{&Progress{"Resolving", -1}, false, "Resolving"},
	} {
		if test.progress.Known() != test.known || test.progress.Text() != test.want {
			t.Errorf("%+v: got %v, %q", test.progress, test.progress.Known(), test.progress.Text())
		}
	}
}

func TestProgressOnThePage(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "text/html")
	show := func(p Page) string {
		w := httptest.NewRecorder()
		Write(w, r, p)
		return w.Body.String()
	}
	known := show(Page{Status: 503, Title: "Wait", PollURL: "/s", Progress: &Progress{"Receiving", 42}})
	for _, want := range []string{`role="progressbar"`, `aria-valuemin="0"`, `aria-valuemax="100"`, `aria-valuenow="42"`, `aria-valuetext="Receiving: 42 %"`, ".bar.known i { width: 42%; }", `class="bar known"`} {
		if !strings.Contains(known, want) {
			t.Errorf("no %s", want)
		}
	}
	if unknown := show(Page{Status: 503, Title: "Wait", PollURL: "/s"}); strings.Contains(unknown, ` aria-valuenow="`) || !strings.Contains(unknown, `role="progressbar"`) || !strings.Contains(unknown, `aria-valuetext="Wait"`) {
		t.Error("a bar without a figure has one")
	}
	if plain := show(Page{Status: 404, Title: "No"}); strings.Contains(plain, "progressbar") || strings.Contains(plain, "<script") {
		t.Error("a page that waits for nothing has a bar or a script")
	}
}

// Only a page with a form may send one.
func TestSecurityFormsAreAllowedWhereThereIsOne(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "text/html")
	for want, actions := range map[string][]Action{
		"form-action 'none';": {{Label: "Home", URL: "/hub"}},
		"form-action 'self';": {{Label: "Home", URL: "/hub"}, {Label: "Try again", URL: "/r?next=%2Fx", Post: true}},
	} {
		w := httptest.NewRecorder()
		Write(w, r, Page{Status: 503, Actions: actions})
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
			t.Errorf("got %s", policy)
		}
		if form := strings.Contains(w.Body.String(), `<form method="post" action="/r?next=%2Fx"><button>Try again</button></form>`); form != (len(actions) == 2) {
			t.Errorf("%s: the form is there: %v\n%s", want, form, w.Body)
		}
	}
}
