package hub

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"
	"unicode/utf8"
)

// streaming is a hub whose progress is this text.
func streaming(t *testing.T, text string) *Client {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "/hub/api/users/ada/servers/x/progress" || r.Header.Get("Accept") != "text/event-stream" {
			t.Errorf("asked %s for %s", r.RequestURI, r.Header.Get("Accept"))
		}
		w.Header().Set("Content-Type", "text/event-stream; charset=UTF-8")
		io.WriteString(w, text)
	})
}

func progress(t *testing.T, text string) ([]ProgressEvent, error) {
	t.Helper()
	var events []ProgressEvent
	err := streaming(t, text).Progress(t.Context(), "ada", "x", func(e ProgressEvent) { events = append(events, e) })
	return events, err
}

func TestProgress(t *testing.T) {
	got, err := progress(t, "\n\ndata: {\"progress\": 0, \"message\": \"Server requested\"}\n\n"+
		"\n\n: comment\nevent: x\nid: 7\nretry: 5\ndata:{\"progress\": 50.9,\ndata: \"message\": \"Spawning\", \"html_message\": \"<b>x</b>\", \"new\": [1]}\r\n\r\n"+
		"data: {\"progress\": 1e9, \"message\": 7}\n\ndata: {\"progress\": \"half\", \"url\": \"/no\"}\n\ndata\n\ndata: [1]\n\ndata: nonsense\n\n"+
		"data: {\"progress\": 100, \"ready\": true, \"message\": \"Server ready at /user/ada/x/\", \"url\": \"/user/ada/x/\"}\n\ndata: {\"message\": \"after the end\"}\n\n")
	want := []ProgressEvent{
		{Percent: 0, Message: "Server requested"},
		{Percent: 50, Message: "Spawning"},
		{Percent: 100},
		{Percent: -1},
		{Percent: 100, Message: "Server ready at /user/ada/x/", Ready: true, URL: "/user/ada/x/"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestProgressThatFails(t *testing.T) {
	got, err := progress(t, "data: {\"progress\": 100, \"failed\": true, \"message\": \"Spawn failed: no\\u001b such image\", \"html_message\": \"<script>\"}\n\n")
	failed, ok := errors.AsType[*SpawnError](err)
	if !ok || failed.Message != "Spawn failed: no  such image" || len(got) != 1 || !got[0].Failed || errors.Is(err, ErrStream) || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// All of these leave it open what became of the start.
func TestProgressThatBreaksOff(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":              "",
		"keepalives only":      strings.Repeat("\n", 1000),
		"no end":               "data: {\"progress\": 10}\n\n",
		"end that is not said": "data: {\"ready\": true}\n",
		"ready in words":       "data: {\"ready\": \"true\"}\n\ndata: {\"ready\": 1}\n\n",
		"endless line":         "data: " + strings.Repeat("a", maxEvent) + "\n\ndata: {\"ready\": true}\n\n",
		"endless event":        strings.Repeat("data: "+strings.Repeat("a", 1000)+"\n", 1+maxEvent/1000) + "\ndata: {\"ready\": true}\n\n",
	} {
		if _, err := progress(t, text); !errors.Is(err, ErrStream) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestProgressOfOtherAnswers(t *testing.T) {
	client, _ := answering(t, 400, `{"message":"ada:x is not starting..."}`)
	if err := client.Progress(t.Context(), "ada", "x", nil); !IsRefused(err) {
		t.Errorf("got %v", err)
	}
	client, _ = answering(t, 502, "<html>")
	if err := client.Progress(t.Context(), "ada", "x", nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	client, _ = answering(t, 200, "data: {\"ready\": true}\n\n")
	if err := client.Progress(t.Context(), "ada", "x", nil); !errors.Is(err, ErrStream) {
		t.Errorf("a text that is no stream: got %v", err)
	}
}

func TestProgressEndsWithItsContext(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: {\"progress\": 10}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	err := client.Progress(ctx, "ada", "x", func(ProgressEvent) { cancel() })
	if !errors.Is(err, ErrStream) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A hub that was cut off says nothing any more, not even that it is there.
func TestWatchedStreamIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	defer writer.Close()
	w := watch(reader, time.Millisecond, cancel)
	defer w.stop()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Error("it is not given up")
	}
	calm := watch(strings.NewReader("a"), time.Hour, func() { t.Error("it is given up") })
	defer calm.stop()
	if n, err := calm.Read(make([]byte, 5)); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// FuzzProgress looks for a stream that is read otherwise when it comes in other
// pieces, or from which something comes that nobody may show.
func FuzzProgress(f *testing.F) {
	f.Add("data: {\"progress\": 5, \"message\": \"a\", \"html_message\": \"<b>\"}\r\n\r\n\r\rdata: {\"ready\": true, \"url\": \"/x\"}\n\n")
	f.Add("data: {\"failed\": true, \"message\": \"\\u202e\\u0000\"}\n\n")
	f.Add("data\ndata:\n\n:\nx: y\n\xef\xbb\xbfdata: {}\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		read := func(stream io.Reader) (events []ProgressEvent, err error) {
			err = follow(stream, func(e ProgressEvent) { events = append(events, e) })
			return events, err
		}
		whole, err := read(strings.NewReader(text))
		pieces, again := read(iotest.OneByteReader(strings.NewReader(text)))
		if !reflect.DeepEqual(whole, pieces) || (err == nil) != (again == nil) {
			t.Errorf("%q: %+v (%v), in pieces %+v (%v)", text, whole, err, pieces, again)
		}
		for _, e := range whole {
			if e.Percent < -1 || e.Percent > 100 || utf8.RuneCountInString(e.Message) > maxMessage+1 ||
				strings.ContainsFunc(e.Message+e.URL, unicode.IsControl) || !utf8.ValidString(e.Message+e.URL) || (e.URL != "" && !e.Ready) {
				t.Errorf("%q gave %+v", text, e)
			}
		}
		if err == nil && (len(whole) == 0 || !whole[len(whole)-1].Ready) {
			t.Errorf("%q ended well without being ready", text)
		}
	})
}
