// Package page renders what the programs themselves say to a visitor: a page
// for a person, JSON for everything else. All text from outside is escaped.
package page

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
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
	// Progress is how far that is which the page waits for; nil where nobody
	// knows.
	Progress *Progress
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

// Progress is how far something is.
type Progress struct {
	// Title is what is being done.
	Title string `json:"title"`
	// Percent is how much of it is done, 0 to 100, and negative where that is
	// unknown.
	Percent int `json:"percent"`
}

// Known says whether there is a figure.
func (p *Progress) Known() bool { return p != nil && p.Percent >= 0 }

// Text is the progress in words.
func (p *Progress) Text() string {
	switch {
	case p == nil:
		return ""
	case !p.Known():
		return p.Title
	case p.Title == "":
		return fmt.Sprintf("%d %%", p.Percent)
	}
	return fmt.Sprintf("%s: %d %%", p.Title, p.Percent)
}

// Action is a link to follow, or a button that posts to the URL, which must be
// one of ours.
type Action struct {
	Label string
	URL   string
	Post  bool
}

// Status is what a PollURL answers.
type Status struct {
	State   string `json:"state"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// Progress is nil where it is unknown; Text is the same in words.
	Progress *Progress `json:"progress,omitempty"`
	Text     string    `json:"text,omitempty"`
	Log      []string  `json:"log,omitempty"`
}

// AsStatus is what a PollURL says while the page is as it is.
func (p Page) AsStatus() Status {
	return Status{State: p.State, Title: p.Title, Message: p.Message, Hint: p.Hint, Progress: p.Progress, Text: p.Progress.Text(), Log: p.Log}
}

// posts says whether the page has a button that posts.
func (p Page) posts() bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Post })
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
	forms := "'none'"
	if p.posts() {
		// No narrower source would do: the page does not know for sure under
		// which host the browser has it, and a path alone is none.
		forms = "'self'"
	}
	h.Set("Content-Security-Policy",
		"default-src 'none'; base-uri 'none'; form-action "+forms+"; connect-src 'self'; "+
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
		Posts bool
	}{p, nonce, strings.Join(p.Log, "\n"), p.posts()})
}

// WriteJSON answers with a JSON value.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // see Write
}
