//go:build e2e || attacktable

package attack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// payload fills in a template of bytes:
//
//	{P} the server's prefix   {H} the hub's host   {M} a marker of this attack
//	{C} header lines with credentials, or nothing  {S} a request to be smuggled
//	{N} the length of {S}     {X} the same in hexadecimal
//	{K} the login cookie's name
//	{D} {U} {E} {T} the prefix without its last slash; in upper case; with its
//	slashes encoded; without /user/
func payload(template string, at *server, marker, credentials string) string {
	smuggled := "GET " + at.prefix + "smuggled-" + marker + " HTTP/1.1\r\nHost: " + shared.hub.Host + "\r\n\r\n"
	folder := strings.TrimSuffix(at.prefix, "/")
	return strings.NewReplacer(
		"{P}", at.prefix, "{H}", shared.hub.Host, "{M}", marker, "{C}", credentials, "{S}", smuggled,
		"{K}", at.client(), "{D}", folder, "{U}", strings.ToUpper(folder),
		"{E}", strings.ReplaceAll(folder, "/", "%2f"), "{T}", strings.TrimPrefix(folder, "/user/"),
		"{N}", fmt.Sprint(len(smuggled)), "{X}", fmt.Sprintf("%x", len(smuggled)),
	).Replace(template)
}

// reply is what came back over a connection.
type reply struct {
	bytes []byte
	// end is "closed", or "open" if the other side was still there when the
	// wait was over.
	end string
}

// How long our side of a connection stays open without an answer. With the
// first answer it ends in any case, except where it stays.
const (
	// stays leaves the end to the other side.
	stays time.Duration = 0
	// shortPause is for an attack that leaves the other side waiting for more,
	// where the app must not get anything in any case.
	shortPause = 200 * time.Millisecond
	// longPause is for such an attack where the app may have to be asked first,
	// as a visitor who goes is one who need not be served.
	longPause = 10 * time.Second
	// heldLimit is when a connection on which nothing comes is held.
	heldLimit = 2 * longPause
	// onceAnswered is for what has to be answered, on a machine as slow as may
	// be, and is not the connection's last by itself, as a websocket.
	onceAnswered = patience
)

// send opens a connection, writes the bytes and reads until the other side
// closes, or the limit is over. Our side ends after the pause.
func send(t *testing.T, address, bytes string, pause, limit time.Duration) reply {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	answered, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		// A side that has heard enough closes, and what is left cannot be
		// written: that is an answer, too.
		if _, err := io.WriteString(conn, bytes); err != nil || pause == stays {
			return
		}
		select {
		case <-answered:
		case <-time.After(pause):
		}
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	reader := bufio.NewReader(conn)
	_, _ = reader.Peek(1) // ReadAll meets the error again
	close(answered)
	got, err := io.ReadAll(reader)
	r := reply{bytes: got, end: "closed"}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		r.end = "open"
	} else if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("reading from %s: %v", address, err)
	}
	conn.Close() // ends a write that nobody reads
	<-written
	return r
}

var statusLine = regexp.MustCompile(`\AHTTP/1\.[01] ([0-9]{3})[ \r]`)

// status is that of the first answer that is final; 0 if there is none.
func (r reply) status() int {
	rest := r.bytes
	for {
		found := statusLine.FindSubmatch(rest)
		if found == nil {
			return 0
		}
		status := int(found[1][0]-'0')*100 + int(found[1][1]-'0')*10 + int(found[1][2]-'0')
		if status >= 200 || status == http.StatusSwitchingProtocols {
			return status
		}
		_, after, whole := bytes.Cut(rest, []byte("\r\n\r\n"))
		if !whole {
			return 0
		}
		rest = after
	}
}

// header is a field of the first answer.
func (r reply) header(name string) string {
	head, _, _ := strings.Cut(string(r.bytes), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		field, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(field, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// isFromApp says whether the app had any part in what came back.
func (r reply) isFromApp() bool {
	return bytes.Contains(bytes.ToLower(r.bytes), []byte("x-recorder")) || bytes.Contains(r.bytes, []byte("recorded "))
}

func (r reply) String() string {
	return fmt.Sprintf("%.300q (%d bytes, then %s)", r.bytes, len(r.bytes), r.end)
}
