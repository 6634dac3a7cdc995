package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

func eventsOf(stream io.Reader) ([]event, error) {
	var found []event
	err := readEvents(stream, func() {}, func(e event) error {
		e.data = bytes.Clone(e.data)
		found = append(found, e)
		return nil
	})
	return found, err
}

// TestReadEvents with the examples of the standard, at once and byte by byte.
func TestReadEvents(t *testing.T) {
	for given, want := range map[string][]event{
		"data: YHOO\ndata: +2\ndata: 10\n\n": {{data: []byte("YHOO\n+2\n10")}},
		": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n": {{id: "1", data: []byte("first event")}, {data: []byte("second event")}},
		"data\n\ndata\ndata\n\ndata:":                  {{data: []byte("")}, {data: []byte("\n")}},
		"event: job\r\ndata: x\r\n\r\ndata: y\r\n\r\n": {{kind: "job", data: []byte("x")}, {data: []byte("y")}},
		"event: job\rdata: x\r\rdata: y\r\r":           {{kind: "job", data: []byte("x")}, {data: []byte("y")}},
		"\uFEFFdata: x\n\n":                            {{data: []byte("x")}},
		"event: lost\n\ndata: x\n\n":                   {{data: []byte("x")}},
		"id: 1\nid: 2\x00\ndata: x\n\ndata: y\n\n":     {{id: "1", data: []byte("x")}, {id: "1", data: []byte("y")}},
		"retry: 10\nnonsense\n:\n\n":                   nil,
		"data: never ended":                            nil,
	} {
		for _, reader := range []io.Reader{strings.NewReader(given), iotest.OneByteReader(strings.NewReader(given)), iotest.DataErrReader(strings.NewReader(given))} {
			if got, err := eventsOf(reader); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %q, %v", given, got, err)
			}
		}
	}
	for _, endless := range []string{"data: " + strings.Repeat("x", maxEvent+1), strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 2000)} {
		if got, err := eventsOf(strings.NewReader(endless)); err == nil {
			t.Errorf("got %d events", len(got))
		}
	}
}

// TestAnEventIsTakenAtOnce, and not when the byte behind it comes.
func TestAnEventIsTakenAtOnce(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\r", "\r\n\r\n", "\r\n\r"} {
		out, in := io.Pipe()
		taken := make(chan string)
		go func() {
			_ = readEvents(out, func() {}, func(e event) error {
				taken <- string(e.data)
				return nil
			})
			close(taken)
		}()
		for i := range 3 {
			_, _ = io.WriteString(in, fmt.Sprintf("data: %d%s", i, end))
			if got := <-taken; got != fmt.Sprint(i) {
				t.Errorf("%q: got %q", end, got)
			}
		}
		in.Close()
		if _, more := <-taken; more {
			t.Errorf("%q: there is another event", end)
		}
	}
}

// FuzzEvents looks for a stream that is read in another way in small pieces.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: job\r\nid: 1\r\ndata: x\r\n\r\n: y\n\ndata\rdata: z\r\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, err := eventsOf(bytes.NewReader(stream))
		pieces, pieceErr := eventsOf(iotest.OneByteReader(bytes.NewReader(stream)))
		if !reflect.DeepEqual(whole, pieces) || (err == nil) != (pieceErr == nil) {
			t.Errorf("got %q, %v, and in pieces %q, %v", whole, err, pieces, pieceErr)
		}
		for _, e := range whole {
			if len(e.data) > 2*maxEvent || strings.ContainsAny(e.kind+e.id, "\r\n") {
				t.Errorf("got %q", e)
			}
		}
	})
}

func jobJSON(t *testing.T, job Job) string {
	t.Helper()
	content, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// service is a job as some service tells it.
type followed struct {
	titles []string
	lines  []int
}

func (f *followed) follower() Follower {
	return Follower{
		Changed: func(job Job) { f.titles = append(f.titles, job.Title) },
		Logged:  func(line LogLine) { f.lines = append(f.lines, line.Number) },
	}
}

func TestFollowByStream(t *testing.T) {
	var streams atomic.Int32
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/services/dashboards/api/v1/jobs/x/events" || r.Header.Get("Accept") != Events {
			t.Errorf("asked for %s", r.URL)
		}
		w.Header().Set("Content-Type", Events)
		write := func(format string, values ...any) { fmt.Fprintf(w, format, values...) }
		switch streams.Add(1) {
		case 1: // it ends after a while, as streams do
			write("event: job\ndata: %s\n\n: alive\n\n", jobJSON(t, Job{ID: "x", Title: "one"}))
			write("id: 1\nevent: log\ndata: {\"number\":1}\n\nid: 2\nevent: log\ndata: {\"number\":2}\n\nevent: later\ndata: ?\n\n")
		case 2: // and breaks off
			if r.Header.Get("Last-Event-ID") != "2" {
				t.Errorf("got %v", r.Header)
			}
			write("event: job\ndata: %s\n\n", jobJSON(t, Job{ID: "x", Title: "two"}))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		default:
			write("id: 2\nevent: log\ndata: {\"number\":2}\n\nid: 3\nevent: log\ndata: {\"number\":3}\n\nevent: job\ndata: %s\n\n", jobJSON(t, Job{ID: "x", Title: "three", Done: true}))
		}
	})
	var got followed
	job, err := client.Follow(context.Background(), "x", 0, got.follower())
	if err != nil || !job.Done || !reflect.DeepEqual(got, followed{[]string{"one", "two", "three"}, []int{1, 2, 3}}) {
		t.Errorf("got %+v, %+v, %v", job, got, err)
	}
}

// TestFollowWithoutStream, where something between us keeps it back, or turns it
// away, and where it is none.
func TestFollowWithoutStream(t *testing.T) {
	released := make(chan struct{})
	defer close(released)
	for name, events := range map[string]http.HandlerFunc{
		"kept back": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", Events)
			w.(http.Flusher).Flush()
			<-released
		},
		"no head":     func(http.ResponseWriter, *http.Request) { <-released },
		"unavailable": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"a page":      func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "text/html", "<p>") },
		"empty":       func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", Events) },
		"nonsense":    func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, Events, "event: job\ndata: x\n\n") },
		"too long":    func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, Events, strings.Repeat("x", 2*maxEvent)) },
	} {
		var looked atomic.Int32
		client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
			switch strings.TrimPrefix(r.URL.Path, "/services/dashboards/api/v1/jobs/") {
			case "x/events":
				events(w, r)
			case "x":
				n := looked.Add(1)
				answer(w, 200, JSON, jobJSON(t, Job{ID: "x", Title: fmt.Sprint(n), Done: n == 3}))
			case "x/log":
				answer(w, 200, JSON, fmt.Sprintf(`{"items":[{"number":%d},{"number":%d}]}`, looked.Load(), looked.Load()+1))
			}
		})
		client.timing.stream = 200 * time.Millisecond
		var got followed
		job, err := client.Follow(context.Background(), "x", 1, got.follower())
		if err != nil || !job.Done || !reflect.DeepEqual(got, followed{[]string{"1", "2", "3"}, []int{2, 3, 4}}) {
			t.Errorf("%s: got %+v, %+v, %v", name, job, got, err)
		}
	}
}

func TestFollowEnds(t *testing.T) {
	problem := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { answer(w, status, ProblemDoc, body) }
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    func(error) bool
	}{
		"the job went with its dashboard": {problem(404, `{"kind":"not_found","detail":"Gone."}`), func(err error) bool {
			found, ok := errors.AsType[*Problem](err)
			return ok && found.Status == 404
		}},
		"the token has expired":  {problem(401, `{"state":"anonymous","message":"x"}`), func(err error) bool { return errors.As(err, new(*Problem)) }},
		"the service stays away": {problem(503, `{"kind":"unavailable","detail":"Away."}`), func(err error) bool { return errors.As(err, new(*Problem)) }},
		"something else is there": {func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "text/html", "") }, func(err error) bool {
			return errors.As(err, new(*Unreachable))
		}},
	} {
		client := clientOf(t, test.handler)
		client.timing.patience = 0
		if _, err := client.Follow(context.Background(), "x", 0, Follower{}); !test.want(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	released := make(chan struct{})
	defer close(released)
	begun := make(chan struct{}, 1)
	client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", Events)
		fmt.Fprintf(w, "event: job\ndata: %s\n\n", jobJSON(t, Job{ID: "x"}))
		w.(http.Flusher).Flush()
		<-released
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-begun
		cancel()
	}()
	job, err := client.Follow(ctx, "x", 0, Follower{Changed: func(Job) { begun <- struct{}{} }})
	if !errors.Is(err, context.Canceled) || job.ID != "x" {
		t.Errorf("got %+v, %v", job, err)
	}
}

// TestWhoMayNotReadTheLog hears of the job all the same.
func TestWhoMayNotReadTheLog(t *testing.T) {
	var looked atomic.Int32
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/log"):
			answer(w, 403, ProblemDoc, `{"kind":"forbidden","detail":"Not yours."}`)
		case strings.HasSuffix(r.URL.Path, "/events"):
			w.WriteHeader(http.StatusBadGateway)
		default:
			answer(w, 200, JSON, jobJSON(t, Job{ID: "x", Done: looked.Add(1) == 3}))
		}
	})
	var got followed
	if job, err := client.Follow(context.Background(), "x", 0, got.follower()); err != nil || !job.Done || len(got.titles) != 3 {
		t.Errorf("got %+v, %+v, %v", job, got, err)
	}
}
