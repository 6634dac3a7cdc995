package hub

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// maxEvent bounds a line of a stream and an event of several, in bytes. A spawner's
// HTML of a Kubernetes event takes a few thousand.
const maxEvent = 256 << 10

var errLongEvent = errors.New("an event is longer than any of a hub's")

// events reads server-sent events (HTML standard, section 9.2.6), of which only
// the data matters here.
type events struct{ lines *bufio.Scanner }

func newEvents(stream io.Reader) *events {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 4096), maxEvent)
	lines.Split(splitLine)
	return &events{lines}
}

// next returns the next event's data; io.EOF is the end of the stream, with
// nothing left out but what no empty line has ended.
func (e *events) next() ([]byte, error) {
	var data []byte
	found := false
	for e.lines.Scan() {
		line := e.lines.Bytes()
		if len(line) == 0 {
			if found {
				return data, nil
			}
			continue // a keepalive
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(name) != "data" {
			continue // a comment, or a field that the hub does not use
		}
		if found {
			data = append(data, '\n')
		}
		data = append(data, bytes.TrimPrefix(value, []byte(" "))...)
		found = true
		if len(data) > maxEvent {
			return nil, errLongEvent
		}
	}
	switch err := e.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, errLongEvent
	case err != nil:
		return nil, err
	}
	return nil, io.EOF
}

// splitLine splits at each of the ends of lines that the standard knows: CR, LF,
// and both. A CR that is the last so far waits for what follows.
func splitLine(data []byte, atEnd bool) (advance int, line []byte, err error) {
	end := bytes.IndexAny(data, "\r\n")
	switch {
	case end < 0 && atEnd:
		return len(data), nil, nil // not a whole line
	case end < 0, data[end] == '\r' && end+1 == len(data) && !atEnd:
		return 0, nil, nil
	case data[end] == '\r' && end+1 < len(data) && data[end+1] == '\n':
		return end + 2, data[:end], nil
	}
	return end + 1, data[:end], nil
}

// watched is a stream that is given up when nothing comes of it for too long.
type watched struct {
	io.Reader
	span  time.Duration
	timer *time.Timer
}

func watch(stream io.Reader, span time.Duration, giveUp func()) *watched {
	return &watched{stream, span, time.AfterFunc(span, giveUp)}
}

func (w *watched) Read(into []byte) (int, error) {
	n, err := w.Reader.Read(into)
	if n > 0 {
		w.timer.Reset(w.span)
	}
	return n, err
}

func (w *watched) stop() { w.timer.Stop() }
