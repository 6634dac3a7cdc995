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
		Actions: []Action{{Label: evil, URL: "javascript:alert(1)"}},
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
