package bed

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// answerPatience is how long one answer may take, with all of its body.
const answerPatience = time.Minute

// Session is a browser as far as HTTP goes: it keeps cookies, follows
// redirects, fills in the login form, and agrees when the hub asks whether a
// server may know who its visitor is.
type Session struct {
	// User is who logs in when the hub asks; empty for somebody who never does.
	User string

	hub    *Hub
	client *http.Client
}

// NewSession opens a browser with no cookies. A user's name is given to the
// login form when the hub shows it; with an empty name the form is an answer
// like any other.
func (h *Hub) NewSession(user string) *Session {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // as documented, there is none
	}
	return &Session{User: user, hub: h, client: &http.Client{
		Jar:       jar,
		Timeout:   answerPatience,
		Transport: h.client.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // followed one by one, to be listed
		},
	}}
}

// Login opens a browser and logs a user in through the hub's form.
func (h *Hub) Login(ctx context.Context, user string) (*Session, error) {
	session := h.NewSession(user)
	answer, err := session.Get(ctx, "/hub/token")
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK || answer.URL.Path != "/hub/token" {
		return nil, fmt.Errorf("%s could not log in: %s answered %d", user, answer.URL, answer.Status)
	}
	return session, nil
}

// Jar holds the session's cookies.
func (s *Session) Jar() http.CookieJar { return s.client.Jar }

// Cookies are those the browser would send to a path of the hub's origin.
func (s *Session) Cookies(path string) []*http.Cookie {
	return s.client.Jar.Cookies(s.address(path))
}

// SetCookie adds a cookie for everything on the hub's origin.
func (s *Session) SetCookie(name, value string) {
	s.client.Jar.SetCookies(s.address("/"), []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func (s *Session) address(path string) *url.URL {
	if strings.HasPrefix(path, "/") {
		path = s.hub.URL + path
	}
	address, err := url.Parse(path)
	if err != nil {
		panic(fmt.Sprintf("the test asks for a path that is none: %v", err))
	}
	return address
}

// NewRequest makes a request to a path of the hub's origin, or to a whole address,
// as a person does who follows a link.
func (s *Session) NewRequest(ctx context.Context, method, path, body string) *http.Request {
	request, err := http.NewRequestWithContext(ctx, method, s.address(path).String(), strings.NewReader(body))
	if err != nil {
		panic(fmt.Sprintf("the test makes a request that is none: %v", err))
	}
	request.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	request.Header.Set("Sec-Fetch-Dest", "document")
	request.Header.Set("Sec-Fetch-Mode", "navigate")
	request.Header.Set("Sec-Fetch-Site", "none")
	return request
}

// Once sends a request with the session's cookies and follows nothing.
func (s *Session) Once(request *http.Request) (*Answer, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := readAnswer(response)
	if err != nil {
		return nil, err
	}
	answer.Hops = []string{request.URL.String()}
	return answer, nil
}

// Open sends a request and does not read the answer's body, which the caller
// closes.
func (s *Session) Open(request *http.Request) (*http.Response, error) { return s.client.Do(request) }

// Get opens a path of the hub's origin, or a whole address, and goes where the answers lead.
func (s *Session) Get(ctx context.Context, path string) (*Answer, error) {
	request := s.NewRequest(ctx, http.MethodGet, path, "")
	var hops []string
	for len(hops) < 30 {
		answer, err := s.Once(request)
		if err != nil {
			return nil, err
		}
		hops = append(hops, request.URL.String())
		answer.Hops = hops
		request, err = s.next(ctx, answer)
		if err != nil {
			return nil, err
		}
		if request == nil {
			return answer, nil
		}
	}
	return nil, fmt.Errorf("too many redirects: %s", strings.Join(hops, "\n"))
}

// next is where an answer leads; nil if it is the end.
func (s *Session) next(ctx context.Context, answer *Answer) (*http.Request, error) {
	if location := answer.Header.Get("Location"); location != "" && answer.Status >= 300 && answer.Status < 400 {
		to, err := answer.URL.Parse(location)
		if err != nil {
			return nil, err
		}
		if to.Host != s.hub.Host && (s.hub.options.Domain == "" || !strings.HasSuffix(to.Host, "."+s.hub.Host)) {
			return nil, fmt.Errorf("%s leads away from the hub, to %s", answer.URL, to)
		}
		return s.navigate(ctx, http.MethodGet, to, ""), nil
	}
	if answer.Status != http.StatusOK {
		return nil, nil
	}
	switch {
	case answer.URL.Path == "/hub/login" && s.User != "":
		form, err := s.hiddenFields(answer.Body)
		if err != nil {
			return nil, err
		}
		form.Set("username", s.User)
		form.Set("password", s.hub.Password)
		// The form's own action; it carries the page to return to.
		return s.navigate(ctx, http.MethodPost, answer.URL, form.Encode()), nil
	case answer.URL.Path == "/hub/api/oauth2/authorize":
		form, err := s.hiddenFields(answer.Body)
		if err != nil {
			return nil, err
		}
		return s.navigate(ctx, http.MethodPost, answer.URL, form.Encode()), nil
	}
	return nil, nil
}

func (s *Session) navigate(ctx context.Context, method string, to *url.URL, form string) *http.Request {
	request := s.NewRequest(ctx, method, "/", form)
	request.URL, request.Host = to, to.Host
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", to.Scheme+"://"+to.Host)
		request.Header.Set("Referer", to.String())
	}
	return request
}

var (
	input     = regexp.MustCompile(`(?s)<input\b[^>]*>`)
	attribute = regexp.MustCompile(`(type|name|value)\s*=\s*"([^"]*)"`)
)

// hiddenFields reads the hidden inputs of the hub's forms.
func (s *Session) hiddenFields(page []byte) (url.Values, error) {
	fields := url.Values{}
	for _, tag := range input.FindAll(page, -1) {
		attributes := map[string]string{}
		for _, found := range attribute.FindAllSubmatch(tag, -1) {
			attributes[string(found[1])] = html.UnescapeString(string(found[2]))
		}
		if attributes["type"] == "hidden" {
			fields.Add(attributes["name"], attributes["value"])
		}
	}
	if !fields.Has("_xsrf") && !s.hub.options.PlainForms {
		return nil, errors.New("the hub's form has no _xsrf field")
	}
	return fields, nil
}
