//go:build e2e || attacktable

package attack

import (
	"strings"
	"time"
)

// vector is one attack on the gate; see payload for what is filled in.
type vector struct {
	name     string
	template string
	// half says that the attack leaves the other side waiting for more.
	half bool
}

// pause is how long our side of the connection stays open for the attack.
func (v vector) pause() time.Duration {
	if v.half {
		return shortPause
	}
	return stays
}

// tail ends the head of most vectors.
const tail = "Host: {H}\r\n{C}Connection: close\r\n\r\n"

// handshake is the rest of a good websocket handshake's head.
const handshake = "Host: {H}\r\n{C}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// Pieces of the requests in which others are hidden, and of the answers.
const (
	post = "POST {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}"
	get  = "GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}"
	// hidden is a body that ends at once if it is chunked, and holds a second
	// request.
	hidden   = "0\r\n\r\n{S}"
	chunked  = "Transfer-Encoding: chunked\r\n"
	oneChunk = "4\r\nbody\r\n0\r\n\r\n"
	// second is a whole answer that nobody asked for.
	second = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nX-Poison: yes\r\n\r\npoison"
	ok     = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
)

// gateVectors are all the ways in that the gate has to stand before.
func gateVectors() []vector {
	vectors := []vector{{"a plain GET", "GET {P}{M} HTTP/1.1\r\n" + tail, false}}
	for _, method := range []string{
		"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "MKCOL", "REPORT",
		"PURGE", "QUERY", "PRI", "get", "FOO", "!#$%&'*+-.^_`|~", strings.Repeat("A", 3000),
	} {
		body := ""
		if method == "POST" || method == "PUT" || method == "FOO" {
			body = "Content-Length: 4\r\n"
		}
		template := method + " {P}{M} HTTP/1.1\r\n" + body + tail
		if body != "" {
			template += "body"
		}
		vectors = append(vectors, vector{"method " + method[:min(len(method), 20)], template, false})
	}
	for _, path := range []string{
		"{P}", "{P}?{M}", "{P}#{M}", "{P}{M}?a=b#c",
		"{P}/{M}", "/{P}{M}", "//evil.example{P}{M}", "{P}a/../{M}", "{P}./{M}", "{P}../{M}", "{P}../../../{M}",
		"/./{M}/..{P}{M}", "/x/..{P}{M}", "{P}%2e%2e/{M}", "{P}.%2e/{M}", "{P}%2E%2E%2F{M}", "{P}a%2f{M}", "{P}%2f%2f{M}",
		"{P}%252e%252e%252f{M}", "{P}%25%32%65%25%32%65/{M}", "{P}%c0%ae%c0%ae/{M}", "{P}..;/{M}", "{P};{M}", "{P}a;b=c/{M}",
		"{P}\\{M}", "{P}..\\{M}", "\\{D}\\{M}", "{P}%5c{M}", "{P}%00{M}", "{P}{M}%00.css", "{P}{M}%0d%0aX-Forwarded-User:%20alice",
		"{P}{M}.css", "{P}static/{M}.js", "{P}favicon.ico?{M}", "{P}robots.txt?{M}", "{P}.well-known/{M}",
		"{U}/{M}", "/%75ser/{T}/{M}", "{D}%2f{M}", "{E}%2f{M}",
		"{D}", "{D}?{M}", "{D};x/{M}", "/user/alice/{M}", "/{M}", "*", "{M}",
		"http://{H}{P}{M}", "http://evil.example{P}{M}", "http://user:word@{H}{P}{M}", "HTTP://{H}{P}{M}", "http:{P}{M}", "http:/{P}{M}",
		"ftp://{H}{P}{M}", "http://{H}?{M}", "http://{H}", "http://", "javascript://{H}{P}{M}", "{P}\u00e9{M}", "{P}\u2025/{M}", "{P}{M}\tx", "{P}{M}\x01",
		"{P}" + strings.Repeat("a/", 20000) + "{M}", "{P}?" + strings.Repeat("a&", 20000) + "{M}",
		// Our own routes, and what could be taken for them.
		"{P}api?{M}", "{P}api/{M}", "{P}api/", "{P}api%2f{M}", "{P}api;{M}", "{P}/api", "{P}api/../{M}", "{P}API?{M}", "{P}%61pi?{M}", "{P}api%00{M}",
		"{P}oauth_callback?{M}", "{P}oauth_callback/{M}", "{P}oauth_callback/../{M}", "{P}oauth_callback%2f{M}", "{P}oauth_callback;{M}", "{P}oauth%5fcallback?{M}",
		"{P}logout?{M}", "{P}logout/{M}", "{P}logout/../{M}", "{P}logout%3f{M}",
		"{P}.jhsingle/status", "{P}.jhsingle/{M}", "{P}.jhsingle/status/{M}", "{P}.jhsingle/../{M}", "{P}.jhsingle/status;{M}",
	} {
		name := "path " + path[:min(len(path), 60)]
		vectors = append(vectors, vector{name, "GET " + path + " HTTP/1.1\r\n" + tail, false})
	}
	for _, target := range []string{"OPTIONS *", "CONNECT {H}", "CONNECT {P}{M}", "POST {P}api?{M}", "DELETE {P}logout?{M}", "POST {P}oauth_callback?{M}", "FOO {P}api?{M}", "POST {P}.jhsingle/status"} {
		vectors = append(vectors, vector{target, target + " HTTP/1.1\r\n" + tail, false})
	}
	vectors = append(vectors, protocolVectors()...)
	vectors = append(vectors, headerVectors()...)
	return append(vectors, upgradeVectors()...)
}

func protocolVectors() []vector {
	return []vector{
		{"HTTP/1.0", "GET {P}{M} HTTP/1.0\r\n{C}\r\n", false},
		{"HTTP/1.0 kept alive", "GET {P}{M} HTTP/1.0\r\n{C}Connection: keep-alive\r\n\r\nGET {P}{M} HTTP/1.0\r\n\r\n", false},
		{"HTTP/1.0 with chunks", "POST {P}{M} HTTP/1.0\r\n{C}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
		{"HTTP/0.9", "GET {P}{M}\r\n", true},
		{"HTTP/0.9 by name", "GET {P}{M} HTTP/0.9\r\n{C}\r\n", true},
		{"HTTP/1.2", "GET {P}{M} HTTP/1.2\r\n" + tail, true},
		{"HTTP/2.0 by name", "GET {P}{M} HTTP/2.0\r\n" + tail, true},
		{"HTTP/3 by name", "GET {P}{M} HTTP/3\r\n" + tail, true},
		{"http in lower case", "GET {P}{M} http/1.1\r\n" + tail, true},
		{"HTTP/1.1 with a blank", "GET {P}{M} HTTP/1.1 \r\n" + tail, true},
		{"HTTP/1.1x", "GET {P}{M} HTTP/1.1x\r\n" + tail, true},
		{"a line before", "\r\nGET {P}{M} HTTP/1.1\r\n" + tail, true},
		{"two lines before", "\r\n\r\nGET {P}{M} HTTP/1.1\r\n" + tail, true},
		{"LF only", "GET {P}{M} HTTP/1.1\nHost: {H}\nConnection: close\n\n", true},
		{"CR only", "GET {P}{M} HTTP/1.1\rHost: {H}\rConnection: close\r\r", true},
		{"tabs in the line", "GET\t{P}{M}\tHTTP/1.1\r\n" + tail, true},
		{"no method", " {P}{M} HTTP/1.1\r\n" + tail, true},
		{"h2c preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", true},
		{"h2c preface with a request", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" +
			"\x00\x00\x04\x01\x05\x00\x00\x00\x01\x82\x84\x86\x87", true},
		{"Upgrade h2c", "GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", true},
		{"Upgrade TLS", "GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n", true},
		{"TLS", "\x16\x03\x01\x00\x2a\x01\x00\x00\x26\x03\x03" + strings.Repeat("\x00", 36), true},
		{"the PROXY protocol", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET {P}{M} HTTP/1.1\r\n" + tail, true},
		{"nothing", "", true},
		{"half a head", "GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n", true},
		{"a NUL byte", "\x00", true},
	}
}

func headerVectors() []vector {
	with := func(lines string) string { return "GET {P}{M} HTTP/1.1\r\n" + lines + tail }
	return []vector{
		{"no Host", "GET {P}{M} HTTP/1.1\r\n{C}Connection: close\r\n\r\n", false},
		{"two Host", with("Host: evil.example\r\n"), false},
		{"an empty Host", "GET {P}{M} HTTP/1.1\r\nHost:\r\n{C}Connection: close\r\n\r\n", false},
		{"another Host", "GET {P}{M} HTTP/1.1\r\nHost: evil.example\r\n{C}Connection: close\r\n\r\n", false},
		{"a Host that is none", "GET {P}{M} HTTP/1.1\r\nHost: a b/\\@\r\n{C}Connection: close\r\n\r\n", false},
		{"two Authorization", with("Authorization: Bearer x\r\nAuthorization: token y\r\n"), false},
		{"Authorization Basic", with("Authorization: Basic YWxpY2U6YWxpY2U=\r\n"), false},
		{"Authorization without a token", with("Authorization: token\r\nAuthorization: Bearer \r\n"), false},
		{"Authorization with a tab", with("Authorization: token\tx\r\n"), false},
		{"Authorization with several words", with("Authorization: Bearer x y z\r\n"), false},
		{"Authorization in UTF-8", with("Authorization: Bearer \u00e9\u4e16\r\n"), false},
		{"Authorization of 100 KiB", with("Authorization: Bearer " + strings.Repeat("x", 100<<10) + "\r\n"), false},
		{"Proxy-Authorization", with("Proxy-Authorization: token x\r\n"), false},
		{"a token in the URL", "GET {P}{M}?token=x HTTP/1.1\r\n" + tail, false},
		{"a token in the URL, as a websocket", "GET {P}{M}?token=x HTTP/1.1\r\nSec-Fetch-Mode: websocket\r\n" + tail, false},
		{"a cookie of 200 KiB", with("Cookie: big=" + strings.Repeat("x", 200<<10) + "\r\n"), false},
		{"thousands of cookies", with("Cookie: " + strings.Repeat("{K}=x; ", 3000) + "\r\n"), false},
		{"thousands of Cookie lines", with(strings.Repeat("Cookie: {K}=x\r\n", 2000)), false},
		{"thousands of headers", with(strings.Repeat("X-Many: x\r\n", 5000)), false},
		{"a header of 2 MiB", with("X-Big: " + strings.Repeat("x", 2<<20) + "\r\n"), true},
		{"cookies that are none", with("Cookie: =; ;;; =x; x\r\nCookie:\r\n"), false},
		{"a cookie in quotes", with("Cookie: {K}=\"x\"\r\n"), false},
		{"identity headers", with("X-Forwarded-User: alice\r\nX-Remote-User: alice\r\nRemote-User: alice\r\nX-CDSDASHBOARDS-JH-USER: {\"name\":\"alice\",\"admin\":true}\r\n"), false},
		{"another URL in a header", with("X-Original-URL: {P}{M}\r\nX-Rewrite-URL: {P}{M}\r\nX-Forwarded-Uri: {P}api\r\nX-Forwarded-Path: {P}api\r\n"), false},
		{"another method in a header", with("X-HTTP-Method-Override: OPTIONS\r\nX-Method-Override: OPTIONS\r\n"), false},
		{"from this machine", with("X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1;by=127.0.0.1\r\nVia: 1.1 localhost\r\n"), false},
		{"as the hub's probe", with("User-Agent: JupyterHub\r\nX-JupyterHub-Version: 6.1.1\r\n"), false},
		{"as a preflight", "OPTIONS {P}{M} HTTP/1.1\r\nOrigin: http://{H}\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n" + tail, false},
		{"as a page's own request", with("Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nOrigin: http://{H}\r\nX-Requested-With: XMLHttpRequest\r\n"), false},
		{"as a navigation", with("Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n"), false},
		{"credentials named in Connection", "GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Connection: close, Cookie, Authorization, Host\r\n\r\n", false},
		{"a range", with("Range: bytes=0-0\r\nIf-None-Match: *\r\n"), false},
		{"Expect", "POST {P}{M} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n" + tail + "body", false},
		{"an odd Expect", "POST {P}{M} HTTP/1.1\r\nExpect: the-spanish-inquisition\r\nContent-Length: 4\r\n" + tail + "body", false},
		{"chunks", "POST {P}{M} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + tail + "4\r\nbody\r\n0\r\n\r\n", false},
		{"half a body", "POST {P}{M} HTTP/1.1\r\nContent-Length: 400\r\n" + tail + "body", true},
		{"obs-fold", "GET {P}{M} HTTP/1.1\r\nX: a\r\n b\r\n" + tail, false},
		{"a blank before the colon", "GET {P}{M} HTTP/1.1\r\nX : a\r\n" + tail, false},
		{"a NUL in a header", "GET {P}{M} HTTP/1.1\r\nX: a\x00b\r\n" + tail, false},
		{"a second request behind it", "GET {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}\r\nGET {P}{M}-second HTTP/1.1\r\nHost: {H}\r\nConnection: close\r\n\r\n", false},
		{"a second request in the body", "POST {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}Content-Length: {N}\r\n\r\n{S}GET {P}{M} HTTP/1.1\r\n" + tail, false},
	}
}

func upgradeVectors() []vector {
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	const get = "GET {P}{M} HTTP/1.1\r\n"
	const good = get + handshake + "Sec-WebSocket-Version: 13\r\n"
	return []vector{
		{"a websocket", good + "\r\n", true},
		{"a websocket with data behind it", good + "\r\n\x81\x85\x00\x00\x00\x00hello", true},
		{"a websocket with a request behind it", good + "\r\n{S}", true},
		{"a websocket of our own origin", good + "Origin: http://{H}\r\n\r\n", true},
		{"a websocket of another origin", good + "Origin: http://evil.example\r\n\r\n", true},
		{"a websocket of a null origin", good + "Origin: null\r\n\r\n", true},
		{"a websocket with a token in the URL", "GET {P}{M}?token=x HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\nSec-Fetch-Mode: websocket\r\n\r\n", true},
		{"a websocket with a token as its protocol", good + "Sec-WebSocket-Protocol: token, x\r\n\r\n", true},
		{"Sec-WebSocket-Version 12", get + handshake + "Sec-WebSocket-Version: 12\r\n\r\n{S}", true},
		{"Sec-WebSocket-Version 13 and 12", good + "Sec-WebSocket-Version: 12\r\n\r\n{S}", true},
		{"no Sec-WebSocket-Version", get + handshake + "\r\n{S}", true},
		{"no Sec-WebSocket-Key", get + "Host: {H}\r\n{C}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n{S}", true},
		{"two Upgrade", good + "Upgrade: h2c\r\n\r\n", true},
		{"two Upgrade, the same", good + "Upgrade: websocket\r\n\r\n", true},
		{"an upgrade list", get + "Host: {H}\r\n{C}Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n" + key + "\r\n", true},
		{"Upgrade in upper case", get + "Host: {H}\r\n{C}CONNECTION: UPGRADE\r\nUPGRADE: WEBSOCKET\r\n" + key + "\r\n", true},
		{"Upgrade with a Kelvin sign", get + "Host: {H}\r\n{C}Connection: Upgrade\r\nUpgrade: websoc\u212aet\r\n" + key + "\r\n", true},
		{"Upgrade with a version", get + "Host: {H}\r\n{C}Connection: Upgrade\r\nUpgrade: websocket/13\r\n" + key + "\r\n", true},
		{"Upgrade without Connection", get + "Host: {H}\r\n{C}Upgrade: websocket\r\n" + key + "\r\n", true},
		{"Connection keep-alive, Upgrade", get + "Host: {H}\r\n{C}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n", true},
		{"Connection close, Upgrade", get + "Host: {H}\r\n{C}Connection: close, Upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n", true},
		{"two Connection", get + "Host: {H}\r\n{C}Connection: close\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n", true},
		{"an upgrade with a body", good + "Content-Length: {N}\r\n\r\n{S}", true},
		{"an upgrade with chunks", good + "Transfer-Encoding: chunked\r\n\r\n{X}\r\n{S}\r\n0\r\n\r\n", true},
		{"a POST upgrade", "POST {P}{M} HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n{S}", true},
		{"an OPTIONS upgrade", "OPTIONS {P}{M} HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n", true},
		{"an HTTP/1.0 upgrade", "GET {P}{M} HTTP/1.0\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n{S}", true},
		{"an RFC 8441 CONNECT", "CONNECT {P}{M} HTTP/1.1\r\nHost: {H}\r\n{C}:protocol: websocket\r\n\r\n", true},
		{"a websocket to api", "GET {P}api?{M} HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n", true},
		{"a websocket to oauth_callback", "GET {P}oauth_callback?{M} HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n{S}", true},
		{"a websocket to logout", "GET {P}logout?{M} HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n{S}", true},
		{"a websocket to .jhsingle/status", "GET {P}.jhsingle/status HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n", true},
		{"a websocket to another spelling of the prefix", "GET /%75ser/{T}/{M} HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n", true},
		{"a websocket in absolute form", "GET ws://{H}{P}{M} HTTP/1.1\r\n" + handshake + "Sec-WebSocket-Version: 13\r\n\r\n", true},
	}
}
