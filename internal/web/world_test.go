package web

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
)

const root = "/services/dashboards/"

// world is the page over a service in memory.
type world struct {
	*testing.T
	site    *site
	handler http.Handler
	service *webtest.Service
	log     *bytes.Buffer
}

func newWorld(t testing.TB, change ...func(*Config)) *world {
	t.Helper()
	w := &world{service: webtest.New(), log: &bytes.Buffer{}}
	w.T, _ = t.(*testing.T)
	w.service.Now = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	webtest.Sample(w.service)
	config := Config{
		Prefix: root, Service: w.service, Gate: webtest.Gate{}, Visitor: webtest.Visitor, ByHeader: webtest.ByHeader,
		HubURL: webtest.HubURL, Key: []byte("0123456789abcdef"), Version: "1.2.3",
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, c := range change {
		c(&config)
	}
	var err error
	if w.site, err = newSite(config); err != nil {
		t.Fatal(err)
	}
	w.site.now = w.service.Now
	w.handler = w.site.handler()
	return w
}

// request is one of a browser's by default: a navigation with a cookie.
type request struct {
	method, path, body, content string
	// as is the visitor, "ada" if it is empty; token says that they come by one.
	as      string
	token   bool
	headers map[string]string
}

func (w *world) do(q request) *httptest.ResponseRecorder {
	if q.as == "" {
		q.as = "ada"
	}
	if q.method == "" {
		q.method = "GET"
	}
	if !strings.HasPrefix(q.path, "/") {
		q.path = root + q.path
	}
	r := httptest.NewRequest(q.method, q.path, strings.NewReader(q.body))
	if q.token {
		r.Header.Set("Authorization", "Bearer "+q.as)
	} else {
		r.AddCookie(webtest.Cookie(q.as))
	}
	if q.content != "" {
		r.Header.Set("Content-Type", q.content)
	}
	for name, value := range q.headers {
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// get shows a page to Ada.
func (w *world) get(path string) *httptest.ResponseRecorder {
	return w.do(request{path: path, headers: navigation})
}

// page is the text of a page that has to be there.
func (w *world) page(path, as string) string {
	w.Helper()
	answer := w.do(request{path: path, as: as, headers: navigation})
	if answer.Code != 200 {
		w.Fatalf("%s: got %d: %s", path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// post sends a form of a page of ours.
func (w *world) post(path, as string, fields url.Values) *httptest.ResponseRecorder {
	if fields == nil {
		fields = url.Values{}
	}
	fields.Set(csrfField, w.csrf(as))
	return w.do(request{method: "POST", path: path, as: as, body: fields.Encode(), content: formType, headers: navigation})
}

const formType = "application/x-www-form-urlencoded"

var navigation = map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}

func (w *world) csrf(as string) string {
	if as == "" {
		as = "ada"
	}
	return w.site.proof.of(dashboard.Visitor{Name: strings.Split(as, ",")[0], Token: "token of " + strings.Split(as, ",")[0]})
}

// call asks the API by a token and reads the answer.
func (w *world) call(method, path, body string, into any) *httptest.ResponseRecorder {
	w.Helper()
	content := ""
	if body != "" {
		content = api.JSON
	}
	answer := w.do(request{method: method, path: api.Path + path, body: body, content: content, token: true})
	if into != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
			w.Fatalf("%s %s: got %d: %s", method, path, answer.Code, answer.Body)
		}
	}
	return answer
}

// wants checks that a text has all of these.
func wants(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, one := range all {
		if !strings.Contains(text, one) {
			t.Errorf("there is no %q in\n%s", one, clip(text))
		}
	}
}

// lacks checks that a text has none of these.
func lacks(t *testing.T, text string, none ...string) {
	t.Helper()
	for _, one := range none {
		if strings.Contains(text, one) {
			t.Errorf("there is %q in\n%s", one, clip(text))
		}
	}
}

// clip keeps a whole page out of a test's output.
func clip(text string) string {
	if len(text) > 3000 {
		return text[:3000] + " …"
	}
	return text
}

// server is the page on a socket, for what a recorder cannot do.
func (w *world) server() *httptest.Server {
	s := httptest.NewServer(w.handler)
	w.Cleanup(s.Close)
	return s
}
