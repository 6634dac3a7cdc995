package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

const (
	// silence is for how long a stream may give no byte before it is taken for
	// dead: the hub sends an empty line every 8 seconds (apihandlers/users.py,
	// keepalive_interval).
	silence = 45 * time.Second
	// maxStream bounds all of a stream, in bytes.
	maxStream = 64 << 20
)

// ErrStream says that the hub's progress broke off, or is none: what became of
// the start, the server's model tells.
var ErrStream = errors.New("the hub's progress broke off")

// SpawnError says that the hub could not start a server, and why, as far as it
// told.
type SpawnError struct{ Message string }

func (e *SpawnError) Error() string {
	if e.Message == "" {
		return "the hub could not start the server, and did not say why"
	}
	return "the hub could not start the server: " + e.Message
}

// ProgressEvent is a step of a server's start.
type ProgressEvent struct {
	// Percent is how far it is, 0 to 100; negative if it did not say.
	Percent int
	// Message is what is being done. A spawner can quote anything in it.
	Message string
	// Ready says that the server is, at URL: a path, or all of it where users have
	// subdomains. Failed says that it will not be.
	Ready, Failed bool
	URL           string
}

// Progress calls each with the steps of a server's start as they come, and returns
// when it has ended: nil if the server is ready, *SpawnError if it failed,
// ErrStream if that cannot be told from here, or the hub's answer, which is
// IsRefused or IsNotFound of a server that is not starting. Scope: read:servers.
func (c *Client) Progress(ctx context.Context, user, server string, each func(ProgressEvent)) error {
	where, err := serverPath(user, server)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answer, err := c.send(ctx, request{address: c.URL(where + "/progress"), token: c.token, accept: "text/event-stream"})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, err := read(answer, maxAnswer)
		if err != nil {
			return err
		}
		return refusal(answer, body)
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "text/event-stream" {
		return fmt.Errorf("%w: its answer is %q", ErrStream, kind)
	}
	watched := watch(answer.Body, silence, func() { cancel(fmt.Errorf("nothing came for %s", silence)) })
	defer watched.stop()
	if err := follow(io.LimitReader(watched, maxStream), each); !errors.Is(err, ErrStream) || ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrStream, context.Cause(ctx))
}

// follow reads a stream to the event that ends it.
func follow(stream io.Reader, each func(ProgressEvent)) error {
	events := newEvents(stream)
	for {
		data, err := events.next()
		switch {
		case err == io.EOF:
			return fmt.Errorf("%w: it ended before the start did", ErrStream)
		case err != nil:
			return fmt.Errorf("%w: %w", ErrStream, err)
		}
		event, ok := parseProgress(data)
		if !ok {
			continue // not of a hub that we know
		}
		each(event)
		switch {
		case event.Failed:
			return &SpawnError{Message: event.Message}
		case event.Ready:
			return nil
		}
	}
}

// parseProgress reads an event. Its html_message is left out: it is HTML of
// whoever wrote the spawner, and the message says the same.
func parseProgress(data []byte) (ProgressEvent, bool) {
	var sent struct {
		Progress any `json:"progress"`
		Message  any `json:"message"`
		Ready    any `json:"ready"`
		Failed   any `json:"failed"`
		URL      any `json:"url"`
	}
	if len(data) == 0 || data[0] != '{' || json.Unmarshal(data, &sent) != nil {
		return ProgressEvent{}, false
	}
	event := ProgressEvent{Percent: -1, Ready: sent.Ready == true, Failed: sent.Failed == true}
	if percent, ok := sent.Progress.(float64); ok && percent >= 0 {
		event.Percent = int(min(percent, 100))
	}
	if text, ok := sent.Message.(string); ok {
		event.Message = plain(text, maxMessage)
	}
	if text, ok := sent.URL.(string); ok && event.Ready {
		event.URL = plain(text, maxMessage)
	}
	return event, true
}
