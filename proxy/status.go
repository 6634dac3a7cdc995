package proxy

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

const (
	// statusRoute and retryRoute are ours below the prefix, behind the gate: the
	// start-up page asks the one how things stand, and its buttons lead to the
	// other. No app will miss the names.
	statusRoute = ".jhsingle/status"
	retryRoute  = ".jhsingle/retry"
	// pageLines is how much of the app's log a page shows.
	pageLines = 60
)

// App is what the way through needs to know of the wrapped app.
type App interface {
	Status() process.Status
	// Log returns the last lines that the app wrote.
	Log(max int) []string
	// Wake tells the app that a visitor came, and under which host.
	Wake(host string)
	// Retry starts an app that has failed, or waits for its next start, now.
	Retry()
}

// doorman lets requests through to an app that is ready, and says how things
// stand otherwise.
type doorman struct {
	app     App
	use     *use
	prefix  prefix
	homeURL string
	log     *slog.Logger
	next    http.Handler
}

func (d doorman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, _, ok := splitTarget(r); ok {
		switch path {
		case string(d.prefix) + statusRoute:
			d.status(w)
			return
		case string(d.prefix) + retryRoute:
			d.retry(w, r)
			return
		}
	}
	if !d.pass(w, r) {
		status := d.app.Status()
		if status.State == process.Waiting {
			d.app.Wake(forwardedHost(r))
		}
		page.Write(w, r, d.pageFor(r, status))
	}
}

// pass lets a request through if the app is ready. The request counts as one
// before the app's state is looked at: see Server.Use.
func (d doorman) pass(w http.ResponseWriter, r *http.Request) bool {
	d.use.open.Add(1)
	defer d.use.open.Add(-1)
	if d.app.Status().State != process.Ready {
		return false
	}
	d.next.ServeHTTP(w, r)
	return true
}

// status answers the start-up page's question.
func (d doorman) status(w http.ResponseWriter) {
	status := d.app.Status()
	page.WriteJSON(w, http.StatusOK, d.page(status).AsStatus())
}

// pageFor is the page for a request, whose address its buttons lead back to.
func (d doorman) pageFor(r *http.Request, status process.Status) page.Page {
	p := d.page(status)
	for i := range p.Actions {
		if p.Actions[i].Post {
			p.Actions[i].URL += backTo(r)
		}
	}
	return p
}

func (d doorman) page(status process.Status) page.Page {
	p := page.Page{
		Status: http.StatusServiceUnavailable, State: string(status.State),
		RetryAfter: 2, PollURL: string(d.prefix) + statusRoute, Log: d.tail(),
		Message: "This page opens it as soon as it is ready.",
	}
	home := page.Action{Label: "JupyterHub home", URL: d.homeURL}
	again := page.Action{Label: "Try again", URL: string(d.prefix) + retryRoute, Post: true}
	switch status.State {
	case process.Waiting:
		p.Title = "The app is starting"
		if status.Asleep {
			p.Title = "The app is waking up"
			p.Message = "It was stopped while nobody used it. " + p.Message
		}
	case process.Preparing:
		p.Title = "The app is being prepared"
		p.Hint = "Preparing for " + seconds(time.Since(status.Since)) + "."
		if status.Progress != nil {
			p.Progress = &page.Progress{Title: status.Progress.Title, Percent: min(status.Progress.Percent, 100)}
		}
	case process.Starting:
		p.Title = "The app is starting"
		p.Hint = "Starting for " + seconds(time.Since(status.Since)) + "."
		if status.Starts > 1 && status.LastExit != nil {
			p.Hint += fmt.Sprintf(" Start number %d: the app %s before.", status.Starts, status.LastExit)
		}
		if status.Hint != "" {
			p.Message += " It takes long, and this may be why: " + status.Hint + "."
		}
	case process.Backoff:
		p.Title = "The app is about to be started again"
		p.Message = "It " + exitText(status) + "."
		p.Hint = fmt.Sprintf("Start number %d is in %s.", status.Starts+1, seconds(max(0, time.Until(status.NextStart))))
		if status.NextStart.IsZero() { // it does not answer, but is still there
			p.Hint = fmt.Sprintf("Start number %d follows once this one has ended.", status.Starts+1)
		}
		again.Label = "Start now"
		if status.Starts == 0 { // it could not be started, or is none of ours to start
			p.Title = "The app is not there yet"
			p.Hint = "The next try is in " + seconds(max(0, time.Until(status.NextStart))) + "."
			again.Label = "Try now"
		}
		p.Actions = []page.Action{again}
	case process.Stopping, process.Stopped:
		p.Title = "The app is being stopped"
		p.Message = "Start the server again from JupyterHub to go on."
		p.PollURL, p.Log = "", nil
		p.Actions = []page.Action{home}
	case process.Failed:
		p.RetryAfter, p.PollURL = 0, ""
		p.Title = "The app does not run"
		p.Message = "It " + exitText(status) + ". It is not started again by itself."
		if len(p.Log) > 0 {
			p.Message += " What it wrote last, below, may tell why."
		}
		p.Actions = []page.Action{again, home}
	case process.Ready:
		p.Title = "The app is ready"
		p.Message = ""
	}
	if d.homeURL == "" {
		p.Actions = slices.DeleteFunc(p.Actions, func(a page.Action) bool { return a == home })
	}
	return p
}

func exitText(status process.Status) string {
	if status.LastExit == nil {
		return "ended"
	}
	return strings.TrimRight(status.LastExit.String(), ". \n")
}

func seconds(d time.Duration) string {
	return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
}

// escapes are a terminal's colours and cursor movements (ECMA-48), which say
// nothing in a page.
var escapes = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\-_])")

func (d doorman) tail() []string {
	lines := d.app.Log(pageLines)
	for i, line := range lines {
		lines[i] = escapes.ReplaceAllString(line, "")
	}
	return lines
}

// problem answers a request to which the app gave no usable answer.
func (d doorman) problem(w http.ResponseWriter, r *http.Request, code int, err error) {
	id := r.Header.Get(requestIDHeader)
	d.log.Warn("cannot pass a request to the app", "id", id, "path", r.URL.Path, "status", code, "error", err)
	p := page.Page{Status: code, State: "app_unreachable", Hint: "Request " + id}
	switch code {
	case http.StatusBadRequest:
		p.State = "bad_request"
		p.Title = "This request cannot be passed on"
		p.Message = "It is not the HTTP that it claims to be."
	case http.StatusGatewayTimeout:
		p.Title = "The app did not answer in time"
		p.Message = "It may be busy. Try again in a moment; if this stays, tell the owner."
		p.Actions = []page.Action{{Label: "Try again"}}
	default:
		// The app may have ended a moment ago; then the page of that state
		// says more.
		if status := d.app.Status(); status.State != process.Ready {
			page.Write(w, r, d.pageFor(r, status))
			return
		}
		p.Title = "The app did not answer"
		p.Message = "It is running, but broke off or gave an answer that is no HTTP. Try again in a moment; if this stays, tell the owner."
		p.Actions = []page.Action{{Label: "Try again"}}
	}
	page.Write(w, r, p)
}
