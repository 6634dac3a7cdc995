package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const (
	// streamAge bounds one stream of events: the browser then asks again, and so
	// passes the gate again.
	streamAge = time.Minute
	// logPause is between two looks whether a job has written something.
	logPause = 500 * time.Millisecond
	// keepAlive is how often something is sent at least, so that nobody takes the
	// stream for dead. Who listens does so after three times as long (internal/api,
	// static/api.js).
	keepAlive = 5 * time.Second
	// maxJobID is longer than any job's identifier.
	maxJobID = 64
)

// jobID is the job that an address names.
func (s *site) jobID(v *visit) (string, error) {
	id := v.PathValue("id")
	if id == "" || len(id) > maxJobID {
		return "", s.notFound("error.no_job")
	}
	return id, nil
}

func (s *site) getJob(w http.ResponseWriter, v *visit) error {
	id, err := s.jobID(v)
	if err != nil {
		return err
	}
	found, err := s.Service.Job(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	writeJSON(w, api.JSON, http.StatusOK, api.JobOf(found))
	return nil
}

func (s *site) getLog(w http.ResponseWriter, v *visit) error {
	id, err := s.jobID(v)
	if err != nil {
		return err
	}
	after, err := lineNumber(v.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	found, err := s.Service.Log(v.Context(), v.who, id, after)
	if err != nil {
		return err
	}
	return writeItems(w, found, func(line dashboard.LogLine) api.LogLine { return api.LogLine(line) })
}

func lineNumber(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, dashboard.InvalidField("after", "The number of a line is 0 or more, and not %q.", text)
	}
	return n, nil
}

// getEvents streams a job and its log as server-sent events (HTML, section 9.2).
func (s *site) getEvents(w http.ResponseWriter, v *visit) error {
	id, err := s.jobID(v)
	if err != nil {
		return err
	}
	after, err := lineNumber(v.Header.Get("Last-Event-ID"))
	if err != nil {
		after = 0 // some other stream's
	}
	changes, err := s.Service.Watch(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", api.Events)
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	stream := &stream{site: s, visit: v, job: id, after: after, out: w, control: http.NewResponseController(w)}
	stream.run(changes)
	_ = stream.control.SetWriteDeadline(time.Time{}) // the connection may go on
	return nil
}

// stream is one visitor's look at a job.
type stream struct {
	site    *site
	visit   *visit
	job     string
	after   int
	noLog   bool // it is not the visitor's to read
	out     http.ResponseWriter
	control *http.ResponseController
	pending bytes.Buffer
}

func (s *stream) run(changes <-chan dashboard.Job) {
	look, alive, end := time.NewTicker(logPause), time.NewTicker(keepAlive), time.After(streamAge)
	defer look.Stop()
	defer alive.Stop()
	for {
		select {
		case now, open := <-changes:
			if !open {
				return
			}
			s.readLog() // what was written before a job ended is told before its end
			s.event(api.EventJob, "", api.JobOf(now))
			if now.Done {
				_ = s.flush()
				return
			}
		case <-look.C:
			s.readLog()
		case <-alive.C:
			s.pending.WriteString(":\n\n")
		case <-end:
			return
		case <-s.visit.Context().Done():
			return
		}
		if s.flush() != nil {
			return // the visitor has gone
		}
	}
}

// readLog adds the lines that are new. A log that cannot be read now is asked for
// again; one that is not the visitor's is not.
func (s *stream) readLog() {
	if s.noLog {
		return
	}
	lines, err := s.site.Service.Log(s.visit.Context(), s.visit.who, s.job, s.after)
	if kind := dashboard.KindOf(err); kind == dashboard.Forbidden || kind == dashboard.NotFound {
		s.noLog = true
	}
	for _, line := range lines {
		s.after = line.Number
		s.event(api.EventLog, strconv.Itoa(line.Number), api.LogLine(line))
	}
}

// event adds one event. JSON has no line breaks, which would end it.
func (s *stream) event(name, id string, data any) {
	encoded, _ := json.Marshal(data) // types of our own can be encoded
	if id != "" {
		fmt.Fprintf(&s.pending, "id: %s\n", id)
	}
	fmt.Fprintf(&s.pending, "event: %s\ndata: %s\n\n", name, encoded)
}

// flush sends what there is, and does not wait for a visitor who takes nothing.
func (s *stream) flush() error {
	if s.pending.Len() == 0 {
		return nil
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(keepAlive)) // where that cannot be, the connection's end ends it
	_, err := s.out.Write(s.pending.Bytes())
	s.pending.Reset()
	if err != nil {
		return fmt.Errorf("cannot send events: %w", err)
	}
	return s.control.Flush()
}
