package proxy

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

func TestPagesThatSayMore(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	for name, test := range map[string]struct {
		status     process.Status
		want, none string
	}{
		"preparing":        {process.Status{State: process.Preparing, Progress: &process.Progress{Title: "Receiving objects", Percent: 42}}, `aria-valuenow="42"`, ""},
		"its figure":       {process.Status{State: process.Preparing, Progress: &process.Progress{Title: "Receiving objects", Percent: 42}}, "Receiving objects: 42 %", ""},
		"too much":         {process.Status{State: process.Preparing, Progress: &process.Progress{Percent: 142}}, `aria-valuenow="100"`, ""},
		"no figure":        {process.Status{State: process.Preparing, Progress: &process.Progress{Title: "Resolving", Percent: -1}}, ">Resolving<", "aria-valuenow"},
		"no progress":      {process.Status{State: process.Preparing}, "being prepared", "aria-valuenow"},
		"asleep":           {process.Status{State: process.Waiting, Asleep: true}, "waking up", ""},
		"lazy":             {process.Status{State: process.Waiting}, "The app is starting", "waking"},
		"hint":             {process.Status{State: process.Starting, Starts: 1, Hint: "it listens on port 5000, but not on port 8123"}, "this may be why: it listens on port 5000, but not on port 8123.", ""},
		"not prepared":     {process.Status{State: process.Failed, LastExit: &process.Exit{Code: 1, Reason: "could not be prepared: no such branch."}}, "It could not be prepared: no such branch. It is not", ".."},
		"being ended":      {process.Status{State: process.Backoff, Starts: 1, LastExit: &process.Exit{Reason: "does not answer"}}, "Start number 2 follows once this one has ended.", "0 s"},
		"nothing to start": {process.Status{State: process.Backoff, LastExit: &process.Exit{Reason: "does not answer on port 1"}}, "The next try is in 0 s.", "Start number"},
	} {
		w.app.set(test.status)
		_, body := w.get(testPrefix, "Accept: text/html")
		_, body, _ = strings.Cut(body, "<main") // and not the styles
		body, _, _ = strings.Cut(body, "<script")
		if !strings.Contains(body, test.want) || (test.none != "" && strings.Contains(body, test.none)) {
			t.Errorf("%s: no %q, or %q, in\n%s", name, test.want, test.none, body)
		}
	}
}

func TestPageTellsTheTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		time.Sleep(3 * time.Second)
		for want, status := range map[string]process.Status{
			"Preparing for 3 s.":        {State: process.Preparing, Since: now},
			"Starting for 3 s.":         {State: process.Starting, Since: now},
			"Start number 2 is in 4 s.": {State: process.Backoff, Starts: 1, NextStart: now.Add(7 * time.Second)},
			"The next try is in 2 s.":   {State: process.Backoff, NextStart: now.Add(5 * time.Second)},
			"The next try is in 0 s.":   {State: process.Backoff, NextStart: now},
		} {
			if got := (doorman{app: &stubApp{}}).page(status).Hint; got != want {
				t.Errorf("%s: got %q, want %q", status.State, got, want)
			}
		}
	})
}

func TestStatusRouteTellsTheProgress(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	w.app.set(process.Status{State: process.Preparing, Progress: &process.Progress{Title: "Receiving objects", Percent: 7}})
	_, body := w.get(testPrefix + statusRoute)
	var status page.Status
	if err := json.Unmarshal([]byte(body), &status); err != nil || status.Progress == nil || status.Progress.Percent != 7 || status.Text != "Receiving objects: 7 %" {
		t.Errorf("got %s, %v", body, err)
	}
}

func TestVisitorsWakeTheAppAndOthersDoNot(t *testing.T) {
	w := newWorld(t, withApp(nil), nil)
	w.app.set(process.Status{State: process.Waiting, Asleep: true})
	w.get(testPrefix + "api")       // the hub
	w.get(testPrefix + statusRoute) // our own page
	w.post(testPrefix + retryRoute) // there is nothing to be tried again
	w.get("/elsewhere/")            // nobody of ours
	if w.app.origin != "" {
		t.Errorf("the app was woken for %q", w.app.origin)
	}
	w.get(testPrefix+"x", "X-Forwarded-Host: hub.example")
	if w.app.origin != "hub.example" {
		t.Errorf("the app was woken for %q", w.app.origin)
	}
}
