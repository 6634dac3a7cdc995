package proxy

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

const (
	// statusRoute is ours below the prefix, behind the gate: the start-up
	// page asks it how things stand. No app will miss the name.
	statusRoute = ".jhsingle/status"
	// pageLines is how much of the app's log a page shows.
	pageLines = 60
)

// App is what the way through needs to know of the wrapped app.
type App interface {
	Status() process.Status
	// Log returns the last lines that the app wrote.
	Log(max int) []string
	// SetOriginHost tells the app under which host its first visitor came.
	SetOriginHost(host string)
}

// doorman lets requests through to an app that is ready, and says how things
// stand otherwise.
type doorman struct {
	app     App
	prefix  prefix
	homeURL string
	log     *slog.Logger
	next    http.Handler
}

func (d doorman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, _, ok := splitTarget(r); ok && path == string(d.prefix)+statusRoute {
		d.status(w)
		return
	}
	status := d.app.Status()
	if status.State == process.Waiting {
		d.app.SetOriginHost(forwardedHost(r))
	}
	if status.State == process.Ready {
		d.next.ServeHTTP(w, r)
		return
	}
	page.Write(w, r, d.page(status))
}

// status answers the start-up page's question.
func (d doorman) status(w http.ResponseWriter) {
	status := d.app.Status()
	p := d.page(status)
	page.WriteJSON(w, http.StatusOK, page.Status{
		State: string(status.State), Title: p.Title, Message: p.Message, Hint: p.Hint, Log: p.Log,
	})
}

func (d doorman) page(status process.Status) page.Page {
	p := page.Page{
		Status: http.StatusServiceUnavailable, State: string(status.State),
		RetryAfter: 2, PollURL: string(d.prefix) + statusRoute, Log: d.tail(),
	}
	home := page.Action{Label: "JupyterHub home", URL: d.homeURL}
	switch status.State {
	case process.Waiting, process.Starting:
		p.Title = "The app is starting"
		p.Message = "This page opens it as soon as it is ready."
		p.Hint = "Starting for " + seconds(time.Since(status.Since)) + "."
		if status.State == process.Starting && status.Starts > 1 && status.LastExit != nil {
			p.Hint += fmt.Sprintf(" Start number %d: the app %s before.", status.Starts, status.LastExit)
		}
	case process.Backoff:
		p.Title = "The app is about to be started again"
		p.Message = "It " + exitText(status) + "."
		p.Hint = fmt.Sprintf("Start number %d is in %s.", status.Starts+1, seconds(max(0, time.Until(status.NextStart))))
	case process.Stopping, process.Stopped:
		p.Title = "The app is being stopped"
		p.Message = "Start the server again from JupyterHub to go on."
		p.PollURL, p.Log = "", nil
		p.Actions = []page.Action{home}
	case process.Failed:
		p.RetryAfter, p.PollURL = 0, ""
		p.Title = "The app does not run"
		p.Message = "It " + exitText(status) + ", and is not started again by itself. Stop and start the server from JupyterHub to try once more; what the app wrote below may tell why it ended."
		p.Actions = []page.Action{home}
	case process.Ready:
		p.Title = "The app is ready"
	}
	if d.homeURL == "" {
		p.Actions = nil
	}
	return p
}

func exitText(status process.Status) string {
	if status.LastExit == nil {
		return "ended"
	}
	return status.LastExit.String()
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
			page.Write(w, r, d.page(status))
			return
		}
		p.Title = "The app did not answer"
		p.Message = "It is running, but broke off or gave an answer that is no HTTP. Try again in a moment; if this stays, tell the owner."
		p.Actions = []page.Action{{Label: "Try again"}}
	}
	page.Write(w, r, p)
}
