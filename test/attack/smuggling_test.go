//go:build e2e

package attack

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/attack/message"
)

// outcome is how a vector of request smuggling has to end at our own port.
type outcome int

const (
	// refused: 400 or another refusal, or closed without a word, and nothing
	// of it at the app.
	refused outcome = iota + 1
	// reframed: at the app as exactly one request with the body given.
	reframed
	// cutOff: begun at the app, as the fault is in the body, and never ended.
	cutOff
	// either: at the app or not, but as it was judged.
	either
)

// smuggling is one vector. The first request has a login, what is hidden in it
// has none. Of {S} and the like see payload.
type smuggling struct {
	name     string
	template string
	want     outcome
	body     string
}

func smugglingVectors() []smuggling {
	vectors := []smuggling{
		// A sender and a receiver that each trust another length. RFC 9112
		// section 6.3 lets a server take the chunks; then the length is gone.
		{"CL.TE", post + "Content-Length: {L}\r\n" + chunked + "\r\n" + hidden, reframed, ""},
		{"CL.TE, short", post + "Content-Length: 4\r\n" + chunked + "\r\n" + hidden, reframed, ""},
		{"TE.CL", post + chunked + "Content-Length: 4\r\n\r\n{X}\r\n{S}\r\n0\r\n\r\n", reframed, "{S}"},
		{"TE.CL on a GET", get + chunked + "Content-Length: 4\r\n\r\n{X}\r\n{S}\r\n0\r\n\r\n", reframed, "{S}"},
		{"CL on a GET", get + "Content-Length: {N}\r\n\r\n{S}", reframed, "{S}"},
		{"CL on a HEAD", "HEAD {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Content-Length: {N}\r\n\r\n{S}", reframed, "{S}"},
		{"CL on a DELETE", "DELETE {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Content-Length: {N}\r\n\r\n{S}", reframed, "{S}"},
		{"CL 0 and a body", post + "Content-Length: 0\r\n\r\n{S}", reframed, ""},
		{"no CL and a body", post + "\r\n{S}", reframed, ""},
		{"Expect and a body", post + "Expect: 100-continue\r\nContent-Length: {N}\r\n\r\n{S}", reframed, "{S}"},
		{"CL with zeros before it", post + "Content-Length: 0004\r\n\r\nbody", reframed, "body"},
		{"CL with blanks around it", post + "Content-Length:  4 \t\r\n\r\nbody", reframed, "body"},
		{"two CL, the same", post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody", reframed, "body"},
	}
	for _, length := range []string{
		"Content-Length: 4\r\nContent-Length: {L}", "Content-Length: {L}\r\nContent-Length: 4", "Content-Length: 0\r\ncontent-length: {L}",
		"Content-Length: 4, {L}", "Content-Length: 4, 4", "Content-Length: +4", "Content-Length: -4", "Content-Length: -0", "Content-Length: 0x4",
		"Content-Length: 4.0", "Content-Length: 4e0", "Content-Length: 1 4", "Content-Length: 4;", "Content-Length: \"4\"", "Content-Length: 1_0",
		"Content-Length: 18446744073709551620", "Content-Length: 9223372036854775808", "Content-Length: " + strings.Repeat("9", 400),
		"Content-Length: \uff14", "Content-Length: 4\x00", "Content-Length: 4\x0b", "Content-Length : 4",
		"X: y\rContent-Length: {L}", "Content-Length\x00: 4", "\"Content-Length\": 4", "Content-Length\t: 4", ": 4", "Content-Length 4",
	} {
		vectors = append(vectors, smuggling{"length " + name(length), post + length + "\r\n\r\n" + hidden, refused, ""})
	}
	for _, coding := range []string{
		"xchunked", "chunked, identity", "identity", "identity, chunked", "gzip, chunked", "chunked, chunked", "chunked;q=1", "\"chunked\"", "x", "",
		"chunked\x0c", "\x0bchunked", "chun\u212aed", "chunked\x00", "chunked,", ",chunked", "chunked x", "chunked\r\nTransfer-Encoding: x",
		"x\r\nTransfer-Encoding: chunked", "chunked\r\nTransfer-Encoding: chunked", "identity\r\nTransfer-Encoding: chunked", "chun\r\n ked",
		"chunked\rX: y", "chunked\n X: y",
	} {
		vectors = append(vectors, smuggling{"coding " + name(coding),
			post + "Content-Length: {L}\r\nTransfer-Encoding: " + coding + "\r\n\r\n" + hidden, refused, ""})
	}
	for _, line := range []string{
		"Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
		"X: y\rTransfer-Encoding: chunked", "Transfer-Encoding\n: chunked", "Transfer-Encoding\x00: chunked", "Transfer-Encoding\r\n: chunked", "Transfer Encoding: chunked",
	} {
		vectors = append(vectors, smuggling{"coding line " + name(line), post + "Content-Length: {L}\r\n" + line + "\r\n\r\n" + hidden, refused, ""})
	}
	for _, coding := range []string{"chunked", "CHUNKED", "\tchunked ", "cHuNkEd"} {
		vectors = append(vectors, smuggling{"coding " + name(coding) + ", good", post + "Transfer-Encoding: " + coding + "\r\n\r\n" + oneChunk, reframed, "body"})
	}
	// A name that is another, but not to a server that takes "_" for "-".
	vectors = append(vectors,
		smuggling{"Transfer_Encoding", post + "Content-Length: 4\r\nTransfer_Encoding: chunked\r\n\r\nbody", reframed, "body"},
		smuggling{"Content_Length", post + "Content-Length: 4\r\nContent_Length: 400\r\n\r\nbody", reframed, "body"},
		// There are no chunks in HTTP/1.0, so the length is what counts.
		smuggling{"coding in HTTP/1.0", "POST {P}{M} HTTP/1.0\r\nHost: {H}\r\n{C}Content-Length: {L}\r\n" + chunked + "\r\n" + hidden, reframed, hidden},
		// A line that goes on in the next one is the same with a blank between
		// (RFC 9112 section 5.2), and a single LF may end a line (section 2.2).
		smuggling{"length, folded", post + "Content-Length:\r\n 4\r\n\r\n" + hidden, reframed, "0\r\n\r"},
		smuggling{"length, folded into another line", post + "X: a\r\n Content-Length: {L}\r\n\r\n" + hidden, reframed, ""},
		smuggling{"length in a line that ends with LF", post + "X: y\nContent-Length: {L}\r\n\r\n" + hidden, reframed, hidden},
		smuggling{"coding, folded", post + "Content-Length: {L}\r\nTransfer-Encoding: \r\n chunked\r\n\r\n" + hidden, reframed, ""},
		smuggling{"coding, folded into another line", post + "Content-Length: {L}\r\nX: a\r\n Transfer-Encoding: chunked\r\n\r\n" + hidden, reframed, hidden},
		smuggling{"coding in a line that ends with LF", post + "Content-Length: {L}\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n" + hidden, reframed, ""},
		smuggling{"folded lines", get + "X: a\r\n b\r\n\tc\r\n\r\n", reframed, ""},
		smuggling{"a folded cookie", get + " X: a\r\n\r\n", either, ""},
		smuggling{"a fold of nothing", "GET {P}{M} HTTP/1.1\r\n X: a\r\nHost: {H}\r\n{C}\r\n", refused, ""},
	)
	vectors = append(vectors, headSmuggling()...)
	vectors = append(vectors, chunkSmuggling()...)
	return append(vectors, pipelineSmuggling()...)
}

// headSmuggling are heads that two readers may read as two things.
func headSmuggling() []smuggling {
	var vectors []smuggling
	for _, line := range []string{
		"X: a\rb", "X: a\r{S}", "X: a\x00b", "X\x00: a", "X : a", "X\t: a", ": a", "X", "X a",
		"X\r: a", "X: a\r\r", "X[]: a", "X(): a", "X\u00e9: a", "X: a\x01b", "X: a\x7fb", "X\x0b: a",
	} {
		vectors = append(vectors, smuggling{"line " + name(line), get + line + "\r\n\r\n", refused, ""})
	}
	for _, line := range []string{
		"GET  {P}{M} HTTP/1.1", "GET {P}{M}  HTTP/1.1", "GET {P}{M} x HTTP/1.1", "GET {P}{M} HTTP/1.1 x", "GET {P}{M}\rHTTP/1.1", "GET\x00 {P}{M} HTTP/1.1",
		"GET {P}{M}\x00 HTTP/1.1", "GET {P}{M} HTTP/1.1\r", "G(T {P}{M} HTTP/1.1", "GET {P}{M} HTTP/01.1", "GET {P}{M} HTTP/1.10", "GET {P}{M} HTTP/1,1", "GET {P}{M} HTTP\\1.1",
		"GET {P}{M} HTTP/1.1\r\n ", "\x0bGET {P}{M} HTTP/1.1", "GET:{P}{M} HTTP/1.1",
	} {
		vectors = append(vectors, smuggling{"request line " + name(line), line + "\r\nHost: {H}\r\n{C}\r\n", refused, ""})
	}
	return append(vectors,
		// A single LF ends a line for many readers; then all of it must.
		smuggling{"LF for each end of line", "POST {P}{M} HTTP/1.1\nHost: {H}\n{C}Content-Length: 4\n\nbody", reframed, "body"},
		smuggling{"LF for one end of line", post + "X: a\nContent-Length: 4\r\n\r\nbody", reframed, "body"},
		smuggling{"LF for the last end of line", post + "Content-Length: 4\r\n\nbody", reframed, "body"},
		smuggling{"thousands of lines", get + strings.Repeat("X: y\r\n", 60000) + "\r\n", refused, ""},
		smuggling{"a line without end", get + "X: " + strings.Repeat("y", 1<<20) + "\r\n\r\n", refused, ""},
		smuggling{"a target without end", "GET {P}{M}?" + strings.Repeat("y", 1<<20) + " HTTP/1.1\r\nHost: {H}\r\n{C}\r\n", refused, ""},
		smuggling{"a Host with a path", "GET {P}{M} HTTP/1.1\r\nHost: {H}/x\r\n{C}\r\n", refused, ""},
		smuggling{"a Host with a line", "GET {P}{M} HTTP/1.1\r\nHost: {H}\rX: y\r\n{C}\r\n", refused, ""},
		smuggling{"two Host", "GET {P}{M} HTTP/1.1\r\nHost: {H}\r\nHost: {H}\r\n{C}\r\n", refused, ""},
		smuggling{"a target in absolute form, of another host", "GET http://evil.example{P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}\r\n", reframed, ""},
		smuggling{"an encoded line in the target", "GET {P}{M}%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a{E} HTTP/1.1\r\nHost: {H}\r\n{C}\r\n", reframed, ""},
	)
}

// chunkSmuggling are chunked bodies that two readers may end in two places.
func chunkSmuggling() []smuggling {
	const begin = post + chunked + "\r\n"
	const announced = post + chunked + "Trailer: X-Good\r\n\r\n"
	var vectors []smuggling
	for _, body := range []string{
		"0x4\r\nbody\r\n0\r\n\r\n{S}", "+4\r\nbody\r\n0\r\n\r\n{S}", "-4\r\nbody\r\n0\r\n\r\n{S}", " 4\r\nbody\r\n0\r\n\r\n{S}", "0_4\r\nbody\r\n0\r\n\r\n{S}", "g\r\nbody\r\n0\r\n\r\n{S}",
		"\r\nbody\r\n0\r\n\r\n{S}", "11111111111111111111\r\nbody\r\n0\r\n\r\n{S}", "fffffffffffffffff4\r\nbody\r\n0\r\n\r\n{S}", "4,\r\nbody\r\n0\r\n\r\n{S}", "4\x00\r\nbody\r\n0\r\n\r\n{S}",
		"3\r\nbody\r\n0\r\n\r\n{S}", "4\r\nbody0\r\n\r\n{S}", "4\r\nbody\n0\r\n\r\n{S}", "4\nbody\r\n0\r\n\r\n{S}", "4\rbody\r\n0\r\n\r\n{S}", "4\r\r\nbody\r\n0\r\n\r\n{S}",
		"4;a\nb\r\nbody\r\n0\r\n\r\n{S}", "4;a\rb\r\nbody\r\n0\r\n\r\n{S}", "4;\nxx{X}\r\n{S}\r\n0\r\n\r\n",
		"4;" + strings.Repeat("a", 1<<20) + "\r\nbody\r\n0\r\n\r\n{S}",
		"4\r\nbody\r\n0\r\nX: a\rb\r\n\r\n{S}", "4\r\nbody\r\n0\r\nX\r\n\r\n{S}", "4\r\nbody\r\n0\r\nX: " + strings.Repeat("y", 2<<20) + "\r\n\r\n{S}", "4\r\nbody\r\n0\n\n{S}",
	} {
		vectors = append(vectors, smuggling{"chunk " + name(body), begin + body, cutOff, ""})
	}
	return append(vectors,
		smuggling{"chunk size with zeros before it", begin + "0004\r\nbody\r\n000\r\n\r\n", reframed, "body"},
		smuggling{"chunk extension", begin + "4;a=b;c=\"d\"\r\nbody\r\n0;e\r\n\r\n", reframed, "body"},
		smuggling{"chunk extension with a quoted end", begin + "4;a=\"\r\n0\r\n\r\n\"\r\n", cutOff, ""},
		smuggling{"chunk size with a blank behind it", begin + "4 \r\nbody\r\n0\r\n\r\n", reframed, "body"},
		smuggling{"bytes behind the last chunk", begin + oneChunk + "{S}", reframed, "body"},
		smuggling{"a trailer", announced + "4\r\nbody\r\n0\r\nX-Good: yes\r\n\r\n", reframed, "body"},
		smuggling{"forbidden trailers", announced + "4\r\nbody\r\n0\r\n" + strings.Join(forbiddenTrailers, ": mallory\r\n") + ": mallory\r\n\r\n", reframed, "body"},
		smuggling{"forbidden trailers, by one's name", post + chunked + "Trailer: X-Forwarded-User, Authorization, Cookie, X-Forwarded-For\r\n\r\n4\r\nbody\r\n0\r\n" +
			"X-Forwarded-User: mallory\r\nAuthorization: mallory\r\nCookie: mallory\r\nX-Forwarded-For: mallory\r\n\r\n", reframed, "body"},
		smuggling{"a trailer with a blank before the colon", announced + "4\r\nbody\r\n0\r\nX-Forwarded-User : mallory\r\n\r\n{S}", either, "body"},
		smuggling{"a trailer with a blank in its name", announced + "4\r\nbody\r\n0\r\nX-Forwarded User: mallory\r\n\r\n{S}", either, "body"},
		smuggling{"a folded trailer", announced + "4\r\nbody\r\n0\r\nX: y\r\n z\r\n\r\n{S}", either, "body"},
		smuggling{"Content-Length in Trailer", post + chunked + "Trailer: Content-Length\r\n\r\n" + oneChunk, refused, ""},
		smuggling{"Transfer-Encoding in Trailer", post + chunked + "Trailer: Transfer-Encoding\r\n\r\n" + oneChunk, refused, ""},
	)
}

// forbiddenTrailers are fields that change what a request means (RFC 9110
// section 6.5.1) or who sent it, if a server merges trailers into the header.
var forbiddenTrailers = []string{
	"Content-Length", "Transfer-Encoding", "Host", "Connection", "Upgrade", "Trailer", "Te", "Authorization", "Cookie", "X-Forwarded-User", "X_Forwarded_User",
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Remote-User", "Remote-User", "X-Request-Id", "X-CDSDASHBOARDS-JH-USER", "Content-Encoding",
	"Content-Type", "Content-Range", "Expect", "Cache-Control", "Range", "Proxy-Authorization",
}

// pipelineSmuggling are requests behind a request.
func pipelineSmuggling() []smuggling {
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n" + key
	return []smuggling{
		{"a request behind it", get + "\r\n{S}", reframed, ""},
		{"fifty behind it", get + "\r\n" + strings.Repeat("{S}", 50), reframed, ""},
		{"a request behind a body", post + "Content-Length: 4\r\n\r\nbody{S}", reframed, "body"},
		{"a request behind a HEAD", "HEAD {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}\r\n{S}", reframed, ""},
		{"a request behind an HTTP/1.0 one", "GET {P}{M} HTTP/1.0\r\nHost: {H}\r\n{C}Connection: keep-alive\r\n\r\n{S}", reframed, ""},
		{"Sec-WebSocket-Version 99", get + upgrade + "Sec-WebSocket-Version: 99\r\n\r\n{S}", reframed, ""},
		{"no Sec-WebSocket-Version", get + upgrade + "\r\n{S}", reframed, ""},
		{"a websocket that the app refuses", "GET {P}refuse-websocket-{M} HTTP/1.1\r\nHost: {H}\r\n{C}" + upgrade + "Sec-WebSocket-Version: 13\r\n\r\n{S}", reframed, ""},
		{"an upgrade with a body", get + upgrade + "Sec-WebSocket-Version: 13\r\nContent-Length: {N}\r\n\r\n{S}", refused, ""},
		{"an upgrade with chunks", get + upgrade + "Sec-WebSocket-Version: 13\r\n" + chunked + "\r\n{X}\r\n{S}\r\n0\r\n\r\n", refused, ""},
		{"a POST upgrade", post + upgrade + "Sec-WebSocket-Version: 13\r\nContent-Length: {N}\r\n\r\n{S}", reframed, "{S}"},
		{"an HTTP/1.0 upgrade", "GET {P}{M} HTTP/1.0\r\nHost: {H}\r\n{C}" + upgrade + "Sec-WebSocket-Version: 13\r\n\r\n{S}", reframed, ""},
		{"two upgrades", get + upgrade + "Upgrade: h2c\r\nSec-WebSocket-Version: 13\r\n\r\n{S}", reframed, ""},
		{"an upgrade list", get + "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + key + "Sec-WebSocket-Version: 13\r\n\r\n{S}", reframed, ""},
		{"an upgrade to h2c", get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", reframed, ""},
		{"an upgrade to something", get + "Connection: Upgrade\r\nUpgrade: raw\r\n\r\n{S}", reframed, ""},
		{"a CONNECT", "CONNECT {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}\r\n{S}", reframed, ""},
		{"a TRACE with a body", "TRACE {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Content-Length: {N}\r\n\r\n{S}", reframed, "{S}"},
		{"framing named in Connection", "POST {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Connection: keep-alive, Content-Length, Transfer-Encoding, Host\r\nContent-Length: {N}\r\n\r\n{S}", reframed, "{S}"},
		{"Keep-Alive and others", get + "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: trailers\r\n\r\n{S}", reframed, ""},
	}
}

// name makes a subtest's name of a piece of a vector.
func name(piece string) string { return fmt.Sprintf("%.40q", piece) }

// Whatever is put behind or into a request with a login, the app gets exactly
// the requests that our program judged, and none that came without credentials.
// Directly, where it is our own parser's doing; through the hub's proxy, which
// keeps connections to us that several visitors share.
func TestSecurityRequestSmuggling(t *testing.T) {
	t.Parallel()
	at := startOurs(t, "smuggling")
	session := visit(t, owner, at)
	login := cookieLine(session, at)
	vectors := smugglingVectors()
	for i, v := range vectors {
		for way, address := range map[string]string{"direct": at.direct, "proxied": shared.hub.Host} {
			marker := fmt.Sprintf("marker-%s-%d.", way, i)
			template := strings.ReplaceAll(v.template, "{L}", fmt.Sprint(len(payload(hidden, at, marker, ""))))
			fence := "GET {P}fence-{M} HTTP/1.1\r\nHost: {H}\r\n{C}Connection: close\r\n\r\n"
			sent := payload(template+fence, at, marker, login)
			if strings.HasPrefix(v.name, "LF for each") {
				sent = strings.Replace(sent, login, strings.TrimSuffix(login, "\r\n")+"\n", 1)
			}
			r := send(t, address, sent, longPause, heldLimit)
			if r.end != "closed" {
				t.Errorf("%s, %s: the connection is held: %s", v.name, way, r)
			}
			if s := r.status(); s >= 500 && s != 501 && s != 505 && way == "direct" {
				t.Errorf("%s, %s: answered %s", v.name, way, r)
			}
		}
	}

	arrived := map[string]*message.Request{}
	for _, connection := range at.connections(t) {
		p, err := connection.parse()
		if err != nil {
			t.Errorf("the app got what is no HTTP: %v", err)
		}
		if strings.Contains(string(p.rest), "smuggled") && !strings.Contains(string(p.rest), "chunked") {
			t.Errorf("the app got a rest: %.600q", p.rest)
		}
		if len(p.tunnel) > 0 {
			t.Errorf("the app got bytes behind a handshake: %.600q", p.tunnel)
		}
		for _, request := range p.requests {
			if marker := markerOf(request.Target); marker != "" && !strings.Contains(request.Target, "fence") {
				if arrived[marker] != nil {
					t.Errorf("the app got two requests of %s", marker)
				}
				arrived[marker] = request
			}
			if len(request.Values("Authorization"))+len(request.Values("Upgrade")) > 0 && !strings.Contains(request.Target, "websocket") && !isHandshake(request) {
				t.Errorf("the app got %+v", request.Fields)
			}
			for _, field := range request.Trailer {
				if slices.ContainsFunc(forbiddenTrailers, func(name string) bool { return strings.EqualFold(name, field.Name) }) {
					t.Errorf("the app got the trailer %s: %s", field.Name, field.Value)
				}
			}
		}
	}
	for i, v := range vectors {
		marker := fmt.Sprintf("marker-direct-%d.", i)
		got := arrived[marker]
		switch {
		case v.want == reframed && got == nil:
			t.Errorf("%s did not reach the app", v.name)
		case v.want == reframed && string(got.Body) != payload(v.body, at, marker, ""):
			t.Errorf("%s: the app got the body %.200q", v.name, got.Body)
		case v.want == either && got != nil && string(got.Body) != payload(v.body, at, marker, ""):
			t.Errorf("%s: the app got the body %.200q", v.name, got.Body)
		case (v.want == refused || v.want == cutOff) && got != nil:
			t.Errorf("%s: the app got %s %s with the body %.200q", v.name, got.Method, got.Target, got.Body)
		}
	}
	at.checkJudged(t)
}

func isHandshake(request *message.Request) bool {
	return len(request.Values("Sec-WebSocket-Key")) > 0
}

// markerOf cuts a marker out of a target.
func markerOf(target string) string {
	at := strings.Index(target, "marker-")
	if at < 0 {
		return ""
	}
	marker, _, _ := strings.Cut(target[at:], ".")
	return marker + "."
}
