package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/auth"
)

// errBadRequest is a request that cannot be written to an app without
// changing its meaning.
var errBadRequest = errors.New("the request cannot be passed on")

// writeHead writes a request's line and header to the app (RFC 9112), as the
// visitor sent them but for what a proxy has to change. The request itself is
// not changed, so that it can be written again to another connection.
func (p *Proxy) writeHead(conn *upstreamConn, r *http.Request, upgrade bool) error {
	path, query, ok := splitTarget(r)
	if ok {
		path, ok = p.prefix.cut(path)
	}
	if !ok || !validHost(r.Host) {
		return errBadRequest
	}

	w := conn.writer // its errors stay, and come back from Flush
	w.WriteString(r.Method)
	w.WriteByte(' ')
	w.WriteString(path)
	w.WriteString(query)
	w.WriteString(" HTTP/1.1\r\n")
	writeField(w, "Host", r.Host)

	dropped := connectionOptions(r.Header)
	for name, values := range r.Header {
		if isOwn(name) || slices.Contains(dropped, name) {
			continue
		}
		for _, value := range values {
			writeField(w, name, value)
		}
	}

	if pass := auth.PassOf(r.Context()); pass != nil {
		for name, values := range pass.Identity {
			writeField(w, name, values[0])
		}
	}
	if client := forwardedFor(r); client != "" {
		writeField(w, "X-Forwarded-For", client)
	}
	writeField(w, "X-Forwarded-Proto", forwardedProto(r))
	writeField(w, "X-Forwarded-Host", forwardedHost(r))
	if context := p.prefix.context(); context != "" {
		writeField(w, "X-Forwarded-Prefix", context)
		writeField(w, "X-Forwarded-Context", context)
		writeField(w, "X-ProxyContextPath", context)
	}
	if id := r.Header.Get(requestIDHeader); id != "" {
		writeField(w, requestIDHeader, id)
	}

	switch {
	case upgrade:
		w.WriteString("Connection: Upgrade\r\nUpgrade: websocket\r\n")
	case r.ContentLength > 0:
		writeField(w, "Content-Length", strconv.FormatInt(r.ContentLength, 10))
	case r.ContentLength < 0:
		w.WriteString("Transfer-Encoding: chunked\r\n")
		for name := range r.Trailer {
			if passesAsTrailer(name) {
				writeField(w, "Trailer", name)
			}
		}
	case r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch:
		w.WriteString("Content-Length: 0\r\n")
	}
	_, err := w.WriteString("\r\n")
	return err
}

// writeBody streams a request's body, each piece as it comes. The first error
// is the visitor's, the second the app's.
func writeBody(conn *upstreamConn, r *http.Request, buffer []byte, moved func()) (read, write error) {
	var out io.Writer = conn.writer
	var chunked io.WriteCloser
	if r.ContentLength < 0 {
		chunked = httputil.NewChunkedWriter(conn.writer)
		out = chunked
	}
	for {
		n, err := r.Body.Read(buffer)
		if n > 0 {
			moved()
			if _, failed := out.Write(buffer[:n]); failed != nil {
				return nil, failed
			}
			if failed := conn.writer.Flush(); failed != nil {
				return nil, failed
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err, nil
		}
	}
	if chunked != nil {
		if err := chunked.Close(); err != nil {
			return nil, err
		}
		for name, values := range r.Trailer {
			if !passesAsTrailer(name) {
				continue
			}
			for _, value := range values {
				if validValue(value) {
					writeField(conn.writer, name, value)
				}
			}
		}
		conn.writer.WriteString("\r\n")
	}
	return nil, conn.writer.Flush()
}

// readHead reads a response's head. Interim responses (RFC 9110 section 15.2)
// are handed to interim; 101 is final.
func readHead(conn *upstreamConn, r *http.Request, interim func(*http.Response)) (*http.Response, error) {
	for range 8 {
		conn.limit.left = maxResponseHead
		resp, err := http.ReadResponse(conn.reader, r)
		conn.limit.left = -1
		if err != nil {
			return nil, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
		if resp.StatusCode < 100 {
			return nil, fmt.Errorf("the app's status is %d", resp.StatusCode)
		}
		interim(resp)
	}
	return nil, errors.New("the app sent interim responses without end")
}

func writeField(w io.StringWriter, name, value string) {
	w.WriteString(name)
	w.WriteString(": ")
	w.WriteString(value)
	w.WriteString("\r\n")
}

// validHost says whether a host can stand in a header. The server has checked
// a Host header, but not the host of a target in absolute form.
func validHost(host string) bool {
	return !strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '/' || c == '\\' })
}

// validValue says whether a value can stand in a header line (RFC 9110
// section 5.5).
func validValue(value string) bool {
	return !strings.ContainsAny(value, "\r\n\x00")
}
