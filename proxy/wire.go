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
	path, query, ok := p.target(r)
	if !ok || !validHost(r.Host) {
		return errBadRequest
	}
	own, err := p.overrides.at(p.status)
	if err != nil {
		return err
	}

	w := conn.writer // its errors stay, and come back from Flush
	w.WriteString(r.Method)
	w.WriteByte(' ')
	w.WriteString(path)
	w.WriteString(query)
	w.WriteString(" HTTP/1.1\r\n")
	writeField(w, "Host", p.hostFor(r, own))

	dropped := connectionOptions(r.Header)
	for name, values := range r.Header {
		if isOwn(name) || slices.Contains(dropped, name) || p.overrides.have(name) {
			continue
		}
		for _, value := range values {
			writeField(w, name, value)
		}
	}

	if pass := auth.PassOf(r.Context()); pass != nil {
		for name, values := range pass.Identity {
			p.writeOurs(w, name, values[0])
		}
	}
	if client := forwardedFor(r); client != "" {
		p.writeOurs(w, "X-Forwarded-For", client)
	}
	p.writeOurs(w, "X-Forwarded-Proto", forwardedProto(r))
	p.writeOurs(w, "X-Forwarded-Host", forwardedHost(r))
	// Who hears the whole path would put the prefix in front of it once more.
	if context := p.prefix.context(); context != "" && !p.absolute {
		p.writeOurs(w, "X-Forwarded-Prefix", context)
		p.writeOurs(w, "X-Forwarded-Context", context)
		p.writeOurs(w, "X-ProxyContextPath", context)
	}
	if id := r.Header.Get(requestIDHeader); id != "" {
		p.writeOurs(w, requestIDHeader, id)
	}
	if own != nil {
		for _, f := range own.fields {
			writeField(w, f.name, f.value)
		}
	}

	switch {
	case upgrade:
		w.WriteString("Connection: Upgrade\r\nUpgrade: websocket\r\n")
	case r.ContentLength > 0:
		writeField(w, "Content-Length", strconv.FormatInt(r.ContentLength, 10))
	case r.ContentLength < 0:
		w.WriteString("Transfer-Encoding: chunked\r\n")
		for name := range r.Trailer {
			if p.takesTrailer(name) {
				writeField(w, "Trailer", name)
			}
		}
	case r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch:
		w.WriteString("Content-Length: 0\r\n")
	}
	_, err = w.WriteString("\r\n")
	return err
}

// target is the path and the query that the app is asked for.
func (p *Proxy) target(r *http.Request) (path, query string, ok bool) {
	whole, query, ok := splitTarget(r)
	if !ok {
		return "", "", false
	}
	path, ok = p.prefix.cut(whole)
	switch {
	case !ok:
		return "", "", false
	case p.mapping != nil:
		path, query = p.mapping.apply(path, query)
		if p.absolute {
			path = p.prefix.context() + path
		}
	case p.absolute:
		path = whole
	}
	return path, query, true
}

// hostFor is the host that the app is asked under.
func (p *Proxy) hostFor(r *http.Request, own *rendered) string {
	if own != nil && own.host != "" {
		return own.host
	}
	return r.Host
}

// writeOurs writes a field of ours, unless the operator has one of that name.
func (p *Proxy) writeOurs(w io.StringWriter, name, value string) {
	if !p.overrides.have(name) {
		writeField(w, name, value)
	}
}

// takesTrailer says whether a visitor's field after the body may go on to the
// app, which may take it for one of the header.
func (p *Proxy) takesTrailer(name string) bool {
	return passesAsTrailer(name) && !p.overrides.have(name)
}

// writeBody streams a request's body, each piece as it comes. It calls ended at
// the body's end, before it sends the last piece. The first error is the
// visitor's, the second the app's.
func (p *Proxy) writeBody(conn *upstreamConn, r *http.Request, buffer []byte, moved, ended func()) (read, write error) {
	var out io.Writer = conn.writer
	var chunked io.WriteCloser
	if r.ContentLength < 0 {
		chunked = httputil.NewChunkedWriter(conn.writer)
		out = chunked
	}
	for {
		n, err := r.Body.Read(buffer)
		if errors.Is(err, io.EOF) {
			ended()
		}
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
			if !p.takesTrailer(name) {
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
