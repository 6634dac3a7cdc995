package proxy

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/auth"
)

// copyBody streams the answer's body. What has come is flushed as soon as the
// app pauses, and not before: a piece that follows at once goes along, and the
// last is flushed by the server anyway.
func (p *Proxy) copyBody(w http.ResponseWriter, r *http.Request, conn *upstreamConn, resp *http.Response) error {
	defer resp.Body.Close()
	held := hold{pass: auth.PassOf(r.Context()), conn: conn}
	defer held.release()
	if resp.ContentLength == 0 || r.Method == http.MethodHead {
		return nil
	}
	timeout := p.timeout
	if isEventStream(resp) {
		timeout = 0 // silence is nothing unusual there
	}
	controller := http.NewResponseController(w)
	buffer := p.buffers.get()
	defer p.buffers.put(buffer)
	left := resp.ContentLength
	if left < 0 && conn.reader.Buffered() == 0 {
		// The body may be long in coming; the head should not wait for it.
		held.begin()
		if err := controller.Flush(); err != nil {
			return err
		}
	}
	for {
		conn.progress(timeout)
		n, err := resp.Body.Read(*buffer)
		if n > 0 {
			if _, failed := w.Write((*buffer)[:n]); failed != nil { // #nosec G705 -- the app's answer: passing it on as it is is what this is for
				return failed
			}
			left -= int64(n)
			complete := left == 0 || (resp.ContentLength < 0 && atLastChunk(conn))
			held.passed(n)
			if !complete && conn.waits() {
				held.begin()
				if failed := controller.Flush(); failed != nil {
					return failed
				}
			}
		}
		if errors.Is(err, io.EOF) {
			copyTrailer(w, resp)
			return nil
		}
		switch {
		case err == nil:
		case held.over.Load() && isEventStream(resp):
			// An orderly end: the browser comes again by itself and is judged
			// anew, and the hub's proxy does not pass on any other.
			return errOver
		default:
			return err
		}
	}
}

// atLastChunk says whether all that is left of a chunked body is its end, and
// that is here already (RFC 9112 section 7.1).
func atLastChunk(conn *upstreamConn) bool {
	n := conn.reader.Buffered()
	if n != 5 && n != 7 {
		return false
	}
	rest, err := conn.reader.Peek(n)
	return err == nil && bytes.Equal(bytes.TrimPrefix(rest, []byte("\r\n")), []byte("0\r\n\r\n"))
}

// writeResponseHead copies the head of the answer. The server frames the body
// itself, by the Content-Length if there is one.
func (p *Proxy) writeResponseHead(w http.ResponseWriter, resp *http.Response, uploading bool) {
	header := w.Header()
	if p.policy != "" && resp.Header["Content-Security-Policy"] == nil {
		header["Content-Security-Policy"] = []string{p.policy}
	}
	for name, values := range p.passedFields(resp) {
		if set, ok := header[name]; ok {
			values = append(set, values...) // the gate's login cookie, for one
		}
		header[name] = values
	}
	if length := resp.Header["Content-Length"]; resp.ContentLength >= 0 && length != nil {
		header["Content-Length"] = length
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // no guessing by the server
	}
	for name := range resp.Trailer {
		if passesAsTrailer(name) {
			header.Add("Trailer", name)
		}
	}
	if uploading {
		// An answer before the end of the request: the rest of it cannot be
		// told from the next request, so there will be none.
		header.Set("Connection", "close")
	}
	w.WriteHeader(resp.StatusCode)
}

// passedFields are the fields of an answer's head that go on to the visitor:
// not those for our connection to the app, no cookie of the hub's, and nothing
// that reaches into what else is of this origin: the hub, and other servers.
func (p *Proxy) passedFields(resp *http.Response) iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		dropped := connectionOptions(resp.Header)
		for name, values := range resp.Header {
			if isHopByHop(name) || slices.Contains(dropped, name) {
				continue
			}
			switch name {
			case "Service-Worker-Allowed":
				// Whatever it asks for, the widest scope that is its own (Service
				// Workers, Update algorithm): a worker at / would answer for the hub.
				values = []string{string(p.prefix)}
			case "Clear-Site-Data":
				if p.prefix != "/" {
					continue // the hub's login, and what others store, would be gone
				}
			case "Set-Cookie":
				values = p.allowedCookies(values)
			case "Location":
				if p.locations.applies(resp.StatusCode) {
					values = p.locations.rewriteAll(values, p.hosts(resp.Request)...)
				}
			}
			if !yield(name, values) {
				return
			}
		}
	}
}

// hosts are those by which the app was told that it is reached.
func (p *Proxy) hosts(r *http.Request) []string {
	first, _, _ := strings.Cut(forwardedHost(r), ",") // where several proxies said so, the first knows
	hosts := []string{r.Host, strings.TrimSpace(first)}
	if own, err := p.overrides.at(p.status); err == nil && own != nil {
		hosts = append(hosts, own.host)
	}
	return hosts
}

// writeInterim passes on an interim response such as 103 Early Hints.
func writeInterim(w http.ResponseWriter, resp *http.Response) {
	header := w.Header()
	saved := header.Clone()
	for name, values := range resp.Header {
		if !isHopByHop(name) && name != "Set-Cookie" {
			header[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	clear(header)
	for name, values := range saved {
		header[name] = values
	}
}

// copyTrailer passes on the fields after a chunked body, announced or not.
func copyTrailer(w http.ResponseWriter, resp *http.Response) {
	for name, values := range resp.Trailer {
		if !passesAsTrailer(name) {
			continue
		}
		for _, value := range values {
			w.Header().Add(http.TrailerPrefix+name, value)
		}
	}
}

// allowedCookies are those of an app's cookies that are not of the hub's names.
func (p *Proxy) allowedCookies(values []string) []string {
	var allowed []string
	for _, value := range values {
		if !p.hidesCookie(cookieName(value)) {
			allowed = append(allowed, value)
		}
	}
	return allowed
}

// cookieName is the name under which a browser sends back what a Set-Cookie
// sets. A cookie without one is sent as its bare value, which can look like
// another's name and value (RFC 6265bis section 5.7).
func cookieName(setCookie string) string {
	pair, _, _ := strings.Cut(setCookie, ";")
	pair = strings.TrimLeft(strings.TrimSpace(pair), "= \t")
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}

// bodyEnds says whether the body's end was marked by its framing, so that the
// connection can carry another request.
func bodyEnds(resp *http.Response) bool {
	return resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 ||
		resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified ||
		resp.Request.Method == http.MethodHead
}

// isEventStream says whether the body is server-sent events (HTML standard,
// section 9.2), with or without parameters.
func isEventStream(resp *http.Response) bool {
	const kind = "text/event-stream"
	value := resp.Header.Get("Content-Type")
	return len(value) >= len(kind) && strings.EqualFold(value[:len(kind)], kind)
}
