//go:build e2e

package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// visitor is a browser as far as HTTP goes. Other than the bed's session it
// goes from host to host, and over TLS.
type visitor struct {
	hub *hub
	// user logs in when the hub asks; nobody does if it is empty.
	user   string
	client *http.Client
	// cookies are the Set-Cookie lines of all answers.
	cookies []*http.Cookie
}

func (h *hub) visitor(user string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // as documented, there is none
	}
	return &visitor{hub: h, user: user, client: &http.Client{
		Jar: jar, Timeout: patience, Transport: shared.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// request is one as a person makes it who follows a link.
func (v *visitor) request(ctx context.Context, method, address, body string) *http.Request {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		panic(fmt.Sprintf("the test makes a request that is none: %v", err))
	}
	request.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	request.Header.Set("Sec-Fetch-Dest", "document")
	request.Header.Set("Sec-Fetch-Mode", "navigate")
	request.Header.Set("Sec-Fetch-Site", "none")
	return request
}

func (v *visitor) send(request *http.Request) (*bed.Answer, error) {
	response, err := v.client.Do(request)
	if err != nil {
		return nil, err
	}
	v.cookies = append(v.cookies, response.Cookies()...)
	return read(response)
}

// try opens a URL and goes where the answers lead.
func (v *visitor) try(ctx context.Context, address string) (*bed.Answer, error) {
	request := v.request(ctx, http.MethodGet, address, "")
	var hops []string
	for len(hops) < 30 {
		answer, err := v.send(request)
		if err != nil {
			return nil, err
		}
		hops = append(hops, request.URL.String())
		answer.Hops = hops
		next, err := v.next(ctx, answer)
		if err != nil || next == nil {
			return answer, err
		}
		request = next
	}
	return nil, fmt.Errorf("too many redirects:\n%s", strings.Join(hops, "\n"))
}

// next is where an answer leads; nil if it is the end.
func (v *visitor) next(ctx context.Context, answer *bed.Answer) (*http.Request, error) {
	if location := answer.Header.Get("Location"); location != "" && answer.Status >= 300 && answer.Status < 400 {
		to, err := answer.URL.Parse(location)
		if err != nil {
			return nil, err
		}
		return v.follow(ctx, http.MethodGet, answer.URL, to, ""), nil
	}
	if refresh := refreshed.FindSubmatch(answer.Body); answer.Status == http.StatusOK && refresh != nil {
		to, err := answer.URL.Parse(html.UnescapeString(string(refresh[1])))
		if err != nil {
			return nil, err
		}
		return v.follow(ctx, http.MethodGet, answer.URL, to, ""), nil
	}
	isForm := strings.HasSuffix(answer.URL.Path, "/hub/login") && v.user != "" ||
		strings.HasSuffix(answer.URL.Path, "/hub/api/oauth2/authorize")
	if answer.Status != http.StatusOK || !isForm {
		return nil, nil
	}
	form, err := hiddenFields(answer.Body)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(answer.URL.Path, "/hub/login") {
		form.Set("username", v.user)
		form.Set("password", v.hub.password)
	}
	return v.follow(ctx, http.MethodPost, answer.URL, answer.URL, form.Encode()), nil
}

func (v *visitor) follow(ctx context.Context, method string, from, to *url.URL, form string) *http.Request {
	request := v.request(ctx, method, to.String(), form)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if from.Host != to.Host {
		request.Header.Set("Sec-Fetch-Site", "same-site")
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", from.Scheme+"://"+from.Host)
		request.Header.Set("Referer", from.String())
	}
	return request
}

var (
	input     = regexp.MustCompile(`(?s)<input\b[^>]*>`)
	attribute = regexp.MustCompile(`(type|name|value)\s*=\s*"([^"]*)"`)
	// refreshed is a page that goes on by itself.
	refreshed = regexp.MustCompile(`<meta http-equiv="refresh" content="0;url=([^"]*)">`)
)

// hiddenFields reads the hidden inputs of the hub's forms.
func hiddenFields(page []byte) (url.Values, error) {
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
	if !fields.Has("_xsrf") {
		return nil, errors.New("the hub's form has no _xsrf field")
	}
	return fields, nil
}

func (v *visitor) get(t *testing.T, address string) *bed.Answer {
	t.Helper()
	answer, err := v.try(t.Context(), address)
	must(t, err)
	return answer
}

// once sends a request and follows nothing. Headers are name, value, name, ...;
// an empty value takes the header away.
func (v *visitor) once(t *testing.T, method, address string, headers ...string) *bed.Answer {
	t.Helper()
	request := v.request(t.Context(), method, address, "")
	setHeaders(request.Header, headers)
	answer, err := v.send(request)
	must(t, err)
	return answer
}

// fetch is once as a script in a page of the same origin does it.
func (v *visitor) fetch(t *testing.T, method, address string, headers ...string) *bed.Answer {
	t.Helper()
	return v.once(t, method, address, append([]string{
		"Accept", "application/json", "Sec-Fetch-Mode", "cors",
		"Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin",
	}, headers...)...)
}

func setHeaders(header http.Header, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			header.Del(pairs[i])
			continue
		}
		header.Set(pairs[i], pairs[i+1])
	}
}

// cookie is what the browser was last told of a cookie; nil if nothing.
func (v *visitor) cookie(name string) *http.Cookie {
	for i := len(v.cookies) - 1; i >= 0; i-- {
		if v.cookies[i].Name == name {
			return v.cookies[i]
		}
	}
	return nil
}

// sent are the cookies that the browser would send to a URL.
func (v *visitor) sent(address string) map[string]string {
	values := map[string]string{}
	for _, cookie := range v.client.Jar.Cookies(mustParse(address)) {
		values[cookie.Name] = cookie.Value
	}
	return values
}

// dial opens a websocket as a page of its own origin does. Headers are as for
// once.
func (v *visitor) dial(ctx context.Context, address string, headers ...string) (*websocket.Conn, *http.Response, error) {
	to := mustParse(address)
	header := http.Header{"Origin": {to.Scheme + "://" + to.Host}}
	setHeaders(header, headers)
	to.Scheme = strings.Replace(to.Scheme, "http", "ws", 1)
	dialer := websocket.Dialer{
		Jar: v.client.Jar, NetDialContext: dialHere, TLSClientConfig: shared.trust(),
		HandshakeTimeout: patience, WriteBufferSize: 4096,
	}
	return dialer.DialContext(ctx, to.String(), header)
}

// open opens a websocket and returns it with the app's hello.
func (v *visitor) open(t *testing.T, address string, headers ...string) (*websocket.Conn, heard) {
	t.Helper()
	conn, response, err := v.dial(t.Context(), address, headers...)
	if err != nil {
		status := "nothing"
		if response != nil {
			status = response.Status
		}
		t.Fatalf("%s: %v, answered %s", address, err, status)
	}
	t.Cleanup(func() { conn.Close() })
	deadline := time.Now().Add(2 * patience)
	must(t, errors.Join(conn.SetReadDeadline(deadline), conn.SetWriteDeadline(deadline)))
	var hello heard
	if err := conn.ReadJSON(&hello); err != nil {
		t.Fatalf("%s: no hello: %v", address, err)
	}
	return conn, hello
}

// refused tries to open a websocket and returns the status of the refusal.
func (v *visitor) refused(t *testing.T, address string, headers ...string) int {
	t.Helper()
	conn, response, err := v.dial(t.Context(), address, headers...)
	if err == nil {
		conn.Close()
		return http.StatusSwitchingProtocols
	}
	if response == nil {
		t.Fatalf("%s: no answer to the handshake: %v", address, err)
	}
	return response.StatusCode
}

// echoes sends a message over a websocket of the echo app and wants it back.
func echoes(conn *websocket.Conn, message []byte) error {
	if err := conn.WriteMessage(websocket.BinaryMessage, message); err != nil {
		return err
	}
	_, got, err := conn.ReadMessage()
	if err == nil && !bytes.Equal(got, message) {
		err = fmt.Errorf("sent %d bytes, got back %d others", len(message), len(got))
	}
	return err
}

// heard is what the echo app says that it received.
type heard struct {
	Method      string            `json:"method"`
	URI         string            `json:"uri"`
	Host        string            `json:"host"`
	Headers     [][2]string       `json:"headers"`
	Body        []byte            `json:"body"`
	Environment map[string]string `json:"environment"`
}

// values are all values of a header, whatever its spelling.
func (h heard) values(name string) []string {
	var values []string
	for _, header := range h.Headers {
		if strings.EqualFold(header[0], name) {
			values = append(values, header[1])
		}
	}
	return values
}

func hear(t *testing.T, answer *bed.Answer) heard {
	t.Helper()
	if answer.Status != http.StatusOK {
		t.Fatalf("%s answered %d: %.500s", answer.URL, answer.Status, answer.Body)
	}
	var h heard
	if err := json.Unmarshal(answer.Body, &h); err != nil {
		t.Fatalf("%s is not the echo app's answer: %v: %.500s", answer.URL, err, answer.Body)
	}
	return h
}
