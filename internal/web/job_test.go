package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
)

// events reads a stream of a job's, as a client does.
type events struct {
	*testing.T
	answer *http.Response
	lines  *bufio.Scanner
}

type event struct {
	name, id string
	job      api.Job
	line     api.LogLine
}

func (w *world) stream(url, job, as, last string) *events {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), "GET", url+root+api.Path+"jobs/"+job+"/events", nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+as)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("Cache-Control") != "no-store" {
		w.Fatalf("got %d, %v", answer.StatusCode, answer.Header)
	}
	return &events{w.T, answer, bufio.NewScanner(answer.Body)}
}

// next is the next event; nothing at the end.
func (e *events) next() (found event, ok bool) {
	e.Helper()
	for e.lines.Scan() {
		name, value, _ := strings.Cut(e.lines.Text(), ": ")
		var err error
		switch name {
		case "event":
			found.name = value
		case "id":
			found.id = value
		case "data":
			if found.name == api.EventJob {
				err = json.Unmarshal([]byte(value), &found.job)
			} else {
				err = json.Unmarshal([]byte(value), &found.line)
			}
		case "":
			if found.name != "" {
				return found, true
			}
		}
		if err != nil {
			e.Fatalf("%q: %v", e.lines.Text(), err)
		}
	}
	return event{}, false
}

func (e *events) wantJob(title string, percent int, done bool) {
	e.Helper()
	found, ok := e.next()
	if !ok || found.name != api.EventJob || found.job.Title != title || found.job.Done != done || (percent < 0) != (found.job.Percent == nil) || percent >= 0 && *found.job.Percent != percent {
		e.Fatalf("got %+v, want %s at %d", found, title, percent)
	}
}

func (e *events) wantLine(id, text string) {
	e.Helper()
	if found, ok := e.next(); !ok || found.name != api.EventLog || found.id != id || found.line.Text != text {
		e.Fatalf("got %+v, want line %s: %s", found, id, text)
	}
}

func (e *events) wantEnd() {
	e.Helper()
	if found, ok := e.next(); ok {
		e.Errorf("after the end comes %+v", found)
	}
}

// A stream tells the log and the job as they go on, and ends with the job.
func TestStream(t *testing.T) {
	w := newWorld(t)
	server := w.server()
	job := w.service.Begin("demorunning2", dashboard.Build, "Copying", -1)
	w.service.Write(job, "one\nand a half")
	stream := w.stream(server.URL, job, "ada", "")
	stream.wantLine("1", "one\nand a half")
	stream.wantJob("Copying", -1, false)
	w.service.Progress(job, "Starting", 60)
	stream.wantJob("Starting", 60, false)
	w.service.Write(job, "two") // which nothing but time tells
	stream.wantLine("2", "two")
	w.service.Write(job, "three")
	w.service.Finish(job, "")
	stream.wantLine("3", "three")
	stream.wantJob("Starting", 60, true)
	stream.wantEnd()

	// Who comes back goes on where they were.
	stream = w.stream(server.URL, job, "ada", "2")
	stream.wantLine("3", "three")
	stream.wantJob("Starting", 60, true)
	stream.wantEnd()
	stream = w.stream(server.URL, job, "ada", "no number")
	stream.wantLine("1", "one\nand a half")
}

// A visitor for whom it is started sees how far it is, and nothing of the log.
func TestSecurityTheLogIsTheOwners(t *testing.T) {
	w := newWorld(t)
	server := w.server()
	job := w.service.Begin("demorunning2", dashboard.Start, "Starting", 5)
	w.service.Write(job, "what only Ada may know")
	stream := w.stream(server.URL, job, "alan", "")
	stream.wantJob("Starting", 5, false)
	w.service.Finish(job, "")
	stream.wantJob("Starting", 5, true)
	stream.wantEnd()
	for _, path := range []string{"jobs/" + job + "/log", "jobs/job1", "jobs/job1/log", "jobs/job1/events"} {
		answer := w.do(request{path: api.Path + path, as: "alan", token: true})
		if answer.Code != 403 && answer.Code != 404 {
			t.Errorf("%s: got %d: %s", path, answer.Code, answer.Body)
		}
	}
	if answer := w.do(request{path: api.Path + "jobs/" + job + "/events", as: "eve", token: true}); answer.Code != 404 {
		t.Errorf("got %d", answer.Code)
	}
}

// A visitor who goes takes the stream with them.
func TestAStreamEndsWithItsVisitor(t *testing.T) {
	ended := make(chan string, 1)
	w := newWorld(t)
	w.site.Service = watched{w.service, ended}
	server := w.server()
	job := w.service.Begin("demorunning2", dashboard.Build, "Copying", 1)
	stream := w.stream(server.URL, job, "ada", "")
	stream.wantJob("Copying", 1, false)
	stream.answer.Body.Close()
	if got := <-ended; got != job {
		t.Errorf("got %q", got)
	}
}

// watched is a service that tells when nobody watches any more.
type watched struct {
	*webtest.Service
	ended chan string
}

func (s watched) Watch(ctx context.Context, v dashboard.Visitor, job string) (<-chan dashboard.Job, error) {
	context.AfterFunc(ctx, func() { s.ended <- job })
	return s.Service.Watch(ctx, v, job)
}

func TestTheLogOfAJob(t *testing.T) {
	w := newWorld(t)
	var lines api.Items[api.LogLine]
	w.call("GET", "jobs/job2/log?after=28", "", &lines)
	if len(lines.Items) != 2 || lines.Items[0].Number != 29 {
		t.Errorf("got %+v", lines)
	}
	w.call("GET", "jobs/job2/log?after=30", "", &lines)
	if len(lines.Items) != 0 {
		t.Errorf("got %+v", lines)
	}
	for _, after := range []string{"-1", "x", "99999999999999999999"} {
		if answer := w.call("GET", "jobs/job2/log?after="+after, "", nil); answer.Code != 422 {
			t.Errorf("%s: got %d", after, answer.Code)
		}
	}
	var job api.Job
	if w.call("GET", "jobs/job2", "", &job); job.Percent == nil || *job.Percent != 42 || job.Done {
		t.Errorf("got %+v", job)
	}
}

// A stream lasts a minute, so that its visitor passes the gate again, and says
// something now and then, so that nothing on the way takes it for dead.
func TestSecurityAStreamEndsAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		job := w.service.Begin("demorunning2", dashboard.Build, "Copying", 1)
		start := time.Now()
		answer := w.call("GET", "jobs/"+job+"/events", "", nil)
		if took := time.Since(start); took != streamAge {
			t.Errorf("it took %v", took)
		}
		if got := strings.Count(answer.Body.String(), ":\n\n"); got < 5 || strings.Count(answer.Body.String(), "event: job") != 1 {
			t.Errorf("got %q", answer.Body)
		}
	})
}
