//go:build e2e

package test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Events arrive one by one, not together at the end.
func TestStream(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "stream")
	session := visit(t, "alice", at)
	const count = 5
	file := filepath.Join(t.TempDir(), "event")
	path := fmt.Sprintf("%sstream?count=%d&until=%s", at.prefix, count, url.QueryEscape(file))
	response, err := session.Open(session.NewRequest(t.Context(), http.MethodGet, path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for event := range count {
		// The app sends an event when the one before has arrived.
		if event > 0 {
			if err := os.WriteFile(file+strconv.Itoa(event), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		data, ok := "", false
		for !ok && lines.Scan() {
			data, ok = strings.CutPrefix(lines.Text(), "data: ")
		}
		if data != strconv.Itoa(event) {
			t.Fatalf("event %d says %q, %v", event, data, lines.Err())
		}
	}
	for lines.Scan() {
		if lines.Text() != "" {
			t.Errorf("after the last event came %q", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}

// What the visitor sends arrives, whatever its size or framing.
func TestUpload(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "upload")
	session := visit(t, "alice", at)
	body := strings.Repeat("0123456789abcdef", 1<<15)
	for name, length := range map[string]int64{"length": int64(len(body)), "chunked": -1} {
		t.Run(name, func(t *testing.T) {
			request := session.NewRequest(t.Context(), http.MethodPut, at.prefix+"upload", "")
			request.Header.Set("Sec-Fetch-Site", "same-origin")
			request.Body, request.ContentLength = io.NopCloser(strings.NewReader(body)), length
			answer, err := session.Once(request)
			if err != nil {
				t.Fatal(err)
			}
			if got := hear(t, answer); string(got.Body) != body {
				t.Errorf("%d of %d bytes arrived", len(got.Body), len(body))
			}
		})
	}
}

// What the app answers arrives as it is: status, repeated headers, body.
func TestAnswer(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "alice", "answer")
	session := visit(t, "alice", at)
	// Directly: the hub's proxy joins repeated headers, which changes nothing
	// but would hide what we do.
	request := session.NewRequest(t.Context(), http.MethodGet, at.prefix+"answer?status=418&header=X-A:%201&header=X-A:%202"+
		"&header=Set-Cookie:%20flavour=oat&header=Set-Cookie:%20size=big&body=short%20and%20stout", "")
	request.URL.Host = serviceHost(t, session, at)
	answer, err := session.Once(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusTeapot || string(answer.Body) != "short and stout" {
		t.Errorf("arrived as %d %q", answer.Status, answer.Body)
	}
	for name, want := range map[string]int{"X-A": 2, "Set-Cookie": 2} {
		if got := answer.Header.Values(name); len(got) != want {
			t.Errorf("%s arrived as %q", name, got)
		}
	}

	// An app that was told its prefix redirects below it; to add the prefix once
	// more would lead nowhere.
	moved := fetch(t, session, at.prefix+"answer?status=302&header=Location:%20"+at.prefix+"there?a=b")
	if got := moved.Header.Get("Location"); got != at.prefix+"there?a=b" {
		t.Errorf("the app's redirect to %sthere?a=b arrived as %q", at.prefix, got)
	}
}
