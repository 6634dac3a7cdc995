package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxEvent bounds one event of a stream, in bytes.
const maxEvent = 1 << 20

// event is one server-sent event.
type event struct {
	kind, id string
	data     []byte
}

// readEvents reads server-sent events (WHATWG HTML, section 9.2.6) until the
// stream ends, which is no error, or each returns one. alive is called for all
// that comes, comments included.
func readEvents(stream io.Reader, alive func(), each func(event) error) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 4<<10), maxEvent)
	lines.Split(lineSplitter())
	var next event
	var data bytes.Buffer
	first := true
	for lines.Scan() {
		alive()
		line := lines.Bytes()
		if first {
			line, first = bytes.TrimPrefix(line, []byte("\uFEFF")), false
		}
		if len(line) == 0 {
			if data.Len() > 0 {
				next.data = bytes.TrimSuffix(data.Bytes(), []byte("\n"))
				if err := each(next); err != nil {
					return err
				}
			}
			next.kind, next.data = "", nil
			data.Reset()
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			next.kind = string(value)
		case "id":
			if !bytes.ContainsRune(value, 0) {
				next.id = string(value)
			}
		case "data":
			if data.Len()+len(value) > maxEvent {
				return bufio.ErrTooLong
			}
			data.Write(value)
			data.WriteByte('\n')
		}
	}
	return lines.Err() // an event without its end is none
}

// lineSplitter ends lines at LF, CR LF or CR. A CR ends its line at once: to wait
// for the LF that may follow would keep back an event that is whole.
func lineSplitter() bufio.SplitFunc {
	skip := 0 // an LF that belongs to the CR before it
	return func(content []byte, last bool) (int, []byte, error) {
		start := 0
		if len(content) > 0 {
			if content[0] == '\n' {
				start = skip
			}
			skip = 0
		}
		line := content[start:]
		at := bytes.IndexAny(line, "\r\n")
		switch {
		case at < 0 && last && len(line) > 0:
			return len(content), line, nil
		case at < 0 && last:
			return len(content), nil, nil
		case at < 0:
			skip = start // it is still the first when more has come
			return 0, nil, nil
		case line[at] == '\r' && at+1 == len(line):
			skip = 1
		case line[at] == '\r' && line[at+1] == '\n':
			return start + at + 2, line[:at], nil
		}
		return start + at + 1, line[:at], nil
	}
}

// errSilent says that a stream is open, but nothing comes.
var errSilent = errors.New("nothing came on the stream")

// stream follows a job by its events, from the line of its log after a number. It
// returns nil when the stream ends.
func (c *Client) stream(ctx context.Context, job string, after int, changed func(Job), logged func(LogLine)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.timing.stream, func() { cancel(errSilent) })
	defer watchdog.Stop()

	r := request{method: http.MethodGet, path: "jobs/" + url.PathEscape(job) + "/events", accept: Events}
	if after > 0 {
		r.lastEvent = strconv.Itoa(after)
	}
	resp, err := c.send(ctx, r)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()
	if !matches(resp.Header.Get("Content-Type"), Events) {
		return notService(nil)
	}
	silent := c.timing.silent
	err = readEvents(resp.Body, func() { watchdog.Reset(silent) }, func(e event) error {
		switch e.kind {
		case EventJob:
			now, err := decode[Job](e.data, nil)
			if err != nil {
				return err
			}
			changed(now)
			if now.Done {
				silent = c.timing.stream // only the end of the log can follow
			}
		case EventLog:
			line, err := decode[LogLine](e.data, nil)
			if err != nil {
				return err
			}
			logged(line)
		}
		return nil // others are of a newer service
	})
	if err != nil && !errors.As(err, new(*Unreachable)) {
		err = &Unreachable{Message: "the service's news of the job broke off", Cause: err}
	}
	return cause(ctx, err)
}

// cause is why a stream ended that we ended ourselves.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
