//go:build e2e || attacktable

package attack

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// signedIn is a browser that is logged in to the hub and not yet to the server.
func signedIn(t *testing.T, user string) *bed.Session {
	t.Helper()
	session, err := shared.hub.Login(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// beginLogin sends a browser to the server and then to the hub, and returns the
// address of the way back with its code and state, which was not yet gone.
func beginLogin(t *testing.T, session *bed.Session, at *server) string {
	t.Helper()
	answer := once(t, session, http.MethodGet, at.prefix+"deep?a=b")
	if answer.Status != http.StatusFound {
		t.Fatalf("%s was answered %d, not sent to the hub", session.User, answer.Status)
	}
	answer = once(t, session, http.MethodGet, answer.Header.Get("Location"))
	if answer.Status == http.StatusOK { // the hub asks whether the server may know
		answer = confirm(t, session, answer)
	}
	way := answer.Header.Get("Location")
	query := mustParse(t, way).Query()
	if !strings.HasPrefix(way, at.prefix+"oauth_callback?") || query.Get("code") == "" || query.Get("state") == "" {
		t.Fatalf("the hub answered %s with %d, to %q", session.User, answer.Status, way)
	}
	return way
}

// confirm presses the button of the hub's page.
func confirm(t *testing.T, session *bed.Session, page *bed.Answer) *bed.Answer {
	t.Helper()
	form := url.Values{}
	for input := range strings.SplitSeq(string(page.Body), "<input") {
		if tag, _, _ := strings.Cut(input, ">"); strings.Contains(tag, `"hidden"`) {
			form.Add(attributeOf(tag, "name"), attributeOf(tag, "value"))
		}
	}
	request := session.NewRequest(t.Context(), http.MethodPost, page.URL.RequestURI(), form.Encode())
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", shared.hub.URL)
	request.Header.Set("Referer", page.URL.String())
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := session.Once(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func attributeOf(tag, name string) string {
	_, after, _ := strings.Cut(tag, name+`="`)
	value, _, _ := strings.Cut(after, `"`)
	return value
}

// once sends a navigation and follows nothing.
func once(t *testing.T, session *bed.Session, method, path string, headers ...string) *bed.Answer {
	t.Helper()
	request := session.NewRequest(t.Context(), method, path, "")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := session.Once(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// stateCookies are the cookies of logins under way that a browser has.
func stateCookies(session *bed.Session, at *server) (found []*http.Cookie) {
	for _, cookie := range session.Cookies(at.prefix) {
		if strings.HasPrefix(cookie.Name, at.client()+"-oauth-state") {
			found = append(found, cookie)
		}
	}
	return found
}

// setCookies puts cookies into a browser as the server sets them.
func setCookies(session *bed.Session, at *server, cookies []*http.Cookie) {
	address := &url.URL{Scheme: "http", Host: shared.hub.Host, Path: at.prefix}
	for _, cookie := range cookies {
		session.Jar().SetCookies(address, []*http.Cookie{{Name: cookie.Name, Value: cookie.Value, Path: at.prefix}})
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
