// Package page renders what the programs themselves say to a visitor: a page
// for a person, JSON for everything else. All text from outside is escaped.
package page

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page.html
var source string

// pages is parsed once, and is read-only from then on.
var pages = template.Must(template.New("page").Parse(source))

// Page is one thing to say.
type Page struct {
	// Status is the HTTP status. State names the situation for scripts and
	// tests, in one word: "starting", "forbidden".
	Status int
	State  string
	// Title is a short sentence without a full stop; Message says what
	// happened and what to do.
	Title   string
	Message string
	// Hint is one more line in small print: an exit code, a request id.
	Hint string
	// Actions are the ways on from here.
	Actions []Action
	// Log is the tail of a log, oldest line first.
	Log []string
	// RetryAfter, in seconds, is sent as the Retry-After header if not 0.
	RetryAfter int
	// PollURL, if set, is asked every second by the page; the page reloads
	// itself when the answer's state is "ready". Without scripts, the page
	// reloads itself every three seconds.
	PollURL string
	// Reload has the page load itself again after RetryAfter. Only a page that
	// was asked for by GET does, as what was sent with others would be lost.
	Reload bool
	// NextURL, if set, is where the page goes on to by itself at once.
	NextURL string
}

// Action is a link to follow.
type Action struct {
	Label string
	URL   string
}

// Status is what a PollURL answers.
type Status struct {
	State   string   `json:"state"`
	Title   string   `json:"title,omitempty"`
	Message string   `json:"message"`
	Hint    string   `json:"hint,omitempty"`
	Log     []string `json:"log,omitempty"`
}

// IsNavigation says whether the request was made by a person's browser to
// show a page, so that a redirect or an HTML page is of use to it.
//
// Browsers of today say so (Fetch Metadata, W3C: Sec-Fetch-Mode). For the
// others a GET that accepts HTML, and is not a script's, is taken for one.
func IsNavigation(r *http.Request) bool {
	if IsUpgrade(r) {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return r.Header.Get("X-Requested-With") == "" &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// IsUpgrade says whether the request asks to leave HTTP on this connection
// (RFC 9110 section 7.8), as a websocket handshake does. Any Upgrade header
// counts, also one that is not listed in Connection: what could be taken for
// an upgrade by somebody must be judged as one.
func IsUpgrade(r *http.Request) bool {
	return len(r.Header["Upgrade"]) > 0
}

// Write answers the request with the page, as HTML for a navigation and as
// JSON otherwise. Nothing of it may be stored by a cache.
func Write(w http.ResponseWriter, r *http.Request, p Page) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if !IsNavigation(r) {
		WriteJSON(w, p.Status, Status{State: p.State, Title: p.Title, Message: p.Message, Hint: p.Hint})
		return
	}

	p.Reload = p.Reload && p.RetryAfter > 0 && r.Method == http.MethodGet
	nonce := rand.Text()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy",
		"default-src 'none'; base-uri 'none'; form-action 'none'; connect-src 'self'; "+
			"style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+"'")
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	// An error here is a visitor who has gone; there is nobody to tell.
	_ = pages.Execute(w, struct {
		Page
		Nonce string
		Text  string
	}{p, nonce, strings.Join(p.Log, "\n")})
}

// WriteJSON answers with a JSON value.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // see Write
}
