//go:build e2e

package dropin

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"time"
)

// upload tells what of a body arrived.
func upload(head, body string, size int) func(*running) string {
	whole := asSeen(head, body, func(s seen) string {
		if s.Size == size {
			return "whole"
		}
		return fmt.Sprintf("%d of %d bytes", s.Size, size)
	})
	return func(at *running) string {
		if told := whole(at); strings.HasSuffix(told, "bytes") || told == "whole" {
			return told
		}
		// Whether an answer is seen before the connection is cut is luck.
		return "not taken"
	}
}

// download tells what of an answer's body arrived.
func download(size int) func(*running) string {
	return func(at *running) string {
		r := at.get(fmt.Sprintf("big?size=%d", size))
		if r.status != 200 || r.broken != nil {
			return r.String()
		}
		if len(r.body) == size {
			return "whole"
		}
		return fmt.Sprintf("%d of %d bytes", len(r.body), size)
	}
}

// field shows a header of the answer.
func field(head, name string) func(*running) string {
	return func(at *running) string {
		r := at.ask(head)
		values := r.header.Values(name)
		if len(values) == 0 {
			return fmt.Sprintf("%d, none", r.status)
		}
		return at.tell(fmt.Sprintf("%d, %s", r.status, code(strings.Join(values, " | "))))
	}
}

// method tells what the app sees of a request's method and body.
func method(head, body string) func(*running) string {
	return asSeen(head, body, func(s seen) string {
		text := s.Method
		if s.Length != 0 {
			text += fmt.Sprintf(" with a body of %d", s.Size)
		}
		return text
	})
}

const (
	mebibyte = 1 << 20
	tail     = " HTTP/1.1\n"
)

// answersOfTheApp is about requests and what comes of them.
func answersOfTheApp() section {
	return section{title: "Requests and answers", explains: "What stands in code is what the app saw, or what the visitor got.", lines: []line{{
		name:       "answers",
		old:        open(),
		standalone: openAlone(),
		rows: []row{
			{what: "the prefix without its last slash, `?a=1`", see: func(at *running) string {
				return at.ask("GET " + strings.TrimSuffix(at.prefix, "/") + "?a=1").String()
			}, why: "308 keeps the method, so a form's POST is not made a GET"},
			{what: "outside the prefix", see: answers("GET /elsewhere")},
			{what: "`a%2Fb%20c`", see: target("GET @a%2Fb%20c"), why: "the path is passed on as it came, `%2F` is not a slash"},
			{what: "`%E2%82%AC`", see: target("GET @%E2%82%AC")},
			{what: "`a//b`", see: target("GET @a//b")},
			{what: "`a+b;p=1`", see: target("GET @a+b;p=1")},
			{what: "`a{b}\\|c`", see: target("GET @a%7Bb%7D%7Cc")},
			{what: "`%25`", see: target("GET @%25")},
			{what: "`?a=1&a=2&b=`", see: target("GET @q?a=1&a=2&b=")},
			{what: "`?b=2&a=1`", see: target("GET @q?b=2&a=1")},
			{what: "`?flag`", see: target("GET @q?flag"), why: "the query is passed on as it came"},
			{what: "`?x=%2F+%20`", see: target("GET @q?x=%2F+%20"), why: "as above"},
			{what: "`?x=/:,`", see: target("GET @q?x=/:,"), why: "as above"},
			{what: "GET", see: method("GET @m", "")},
			{what: "HEAD", see: func(at *running) string {
				r := at.ask("HEAD @m")
				if r.header.Get("Content-Length") == "0" {
					return r.String() + ", with a length of 0"
				}
				return r.String() + ", with the length of GET's answer"
			}, why: "the header is that of the app"},
			{what: "POST", see: method("POST @m\nContent-Type: text/plain", "body")},
			{what: "POST without a body", see: method("POST @m\nContent-Length: 0", "")},
			{what: "PUT", see: method("PUT @m", "body")},
			{what: "PUT without a body", see: method("PUT @m\nContent-Length: 0", ""), why: "a request like any other"},
			{what: "PATCH", see: method("PATCH @m", "body")},
			{what: "DELETE", see: method("DELETE @m", "")},
			{what: "DELETE with a body", see: method("DELETE @m", "body"), why: "as above"},
			{what: "GET with a body", see: method("GET @m", "body"), why: "as above"},
			{what: "OPTIONS", see: method("OPTIONS @m", "")},
			{what: "OPTIONS of another origin", see: method("OPTIONS @m\nOrigin: https://elsewhere.example\nAccess-Control-Request-Method: POST", "")},
			{what: "POST from a page of another origin", see: method("POST @m\nOrigin: https://elsewhere.example", "body")},
			{what: "PROPFIND", see: method("PROPFIND @m", ""), why: "WebDAV and others have methods of their own"},
			{what: "upload of 8 MiB", see: upload("POST @m", strings.Repeat("u", 8*mebibyte), 8*mebibyte)},
			{what: "upload of 101 MiB", see: upload("POST @m", strings.Repeat("u", 101*mebibyte), 101*mebibyte), why: "bodies stream and have no limit"},
			{what: "upload in chunks", see: within(5*time.Second, upload("POST @m\nTransfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n", 4)), why: "as above"},
			{what: "`Expect: 100-continue`", see: upload("POST @m\nExpect: 100-continue", "body", 4)},
			{what: "download of 8 MiB", see: download(8 * mebibyte)},
			{what: "download of 101 MiB", see: download(101 * mebibyte), why: "as above"},
			{what: "Range", see: func(at *running) string {
				r := at.ask("GET @range\nRange: bytes=2-4")
				return fmt.Sprintf("%s, `%s` of %s", r, r.body, code(r.header.Get("Content-Range")))
			}},
			{what: "`If-Modified-Since` that the app answers with 304", see: answers("GET @range\nIf-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT")},
			{what: "`Accept-Encoding: gzip`, an app that packs", see: func(at *running) string {
				r := at.ask("GET @gzip\nAccept-Encoding: gzip")
				if r.header.Get("Content-Encoding") != "gzip" {
					return code(string(r.body))
				}
				reader, err := gzip.NewReader(bytes.NewReader(r.body))
				if err != nil {
					return err.Error()
				}
				text, err := io.ReadAll(reader)
				if err != nil {
					return err.Error()
				}
				return code(string(text)) + " in gzip"
			}, why: "passed on as the app made it: less on the wire, nothing to unpack"},
			{what: "no `Accept-Encoding`", see: func(at *running) string { return code(string(at.get("gzip").body)) },
				why: "the visitor did not ask for gzip, so the app is not asked for it"},
			{what: "two cookies of the app", see: field("GET @cookies", "Set-Cookie")},
			{what: "two cookies of the visitor", see: headers("GET @h\nCookie: a=1; b=2", "Cookie")},
			{what: "204", see: answers("GET @status?code=204")},
			{what: "404 of the app", see: answers("GET @status?code=404")},
			{what: "418 of the app", see: answers("GET @status?code=418")},
			{what: "500 of the app", see: answers("GET @status?code=500")},
			{what: "503 of the app", see: answers("GET @status?code=503")},
			{what: "HTTP/1.0", see: answers("GET @m HTTP/1.0")},
			{what: "two requests on one connection", see: func(at *running) string {
				connection, err := at.dial()
				if err != nil {
					return err.Error()
				}
				defer connection.Close()
				first := at.over(connection, "GET @m", "")
				return first.String() + ", " + at.over(connection, "GET @m", "").String()
			}},
			{what: "redirect to `/user/alice/lab/x`", see: field("GET @redirect?to=/user/alice/lab/x", "Location")},
			{what: "redirect to `/x`", see: field("GET @redirect?to=/x", "Location"), why: "the app means its own `/x`; `--keep-location` leaves it as it is"},
			{what: "redirect to `x`", see: field("GET @redirect?to=x", "Location")},
			{what: "redirect to `../x`", see: field("GET @redirect?to=../x", "Location")},
			{what: "redirect to `?x=1`", see: field("GET @redirect?to=?x=1", "Location")},
			{what: "redirect to `https://elsewhere.example/x`", see: field("GET @redirect?to=https://elsewhere.example/x", "Location")},
			{what: "headers of an answer that the app did not set", see: func(at *running) string { return headerNames(at.get("m")) },
				why: "an answer is the app's own"},
			{what: "headers of an answer with `Server`, `ETag`, `Vary`, `Content-Security-Policy`", see: func(at *running) string {
				return headerNames(at.get("header?Server=app&Etag=%22a%22&Vary=Accept&Content-Security-Policy=sandbox"))
			}},
			{what: "an answer that breaks off", see: answers("GET @cut"), why: "the visitor sees that it is not whole"},
			{what: "`Host`", see: headers("GET @h\nHost: hub.example", "Host")},
			{what: "`X-Forwarded-Context`, `X-ProxyContextPath`, `X-Forwarded-Prefix`", see: headers("GET @h", "X-Forwarded-Context", "X-Proxycontextpath", "X-Forwarded-Prefix"),
				why: "there is no `mainprocess` in any URL"},
			{what: "`X-Forwarded-For`, `-Proto`, `-Host` of a direct visitor", see: headers("GET @h", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"),
				why: "the app may want to know"},
			{what: "the same behind the hub's proxy", see: headers("GET @h\nHost: hub.example\nX-Forwarded-For: 192.0.2.7\nX-Forwarded-Proto: https\nX-Forwarded-Host: hub.example", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"),
				why: "the visitor's own address and scheme are there; ours is added as the last one that passed it on"},
			{what: "a header of the visitor's own, twice", see: headers("GET @h\nX-Own: one\nX-Own: two", "X-Own")},
			{what: "`User-Agent`, `Accept`, when the visitor sent none", see: headers("GET @h", "User-Agent", "Accept"), why: "we make up none"},
			{what: "`Connection: X-Hop`, `X-Hop: 1`, `TE: trailers`", see: headers("GET @h\nConnection: X-Hop, TE\nX-Hop: 1\nTE: trailers", "Connection", "X-Hop", "TE"),
				why: "RFC 9110, 7.6.1: they are for us alone"},
			{what: "`X-CDSDASHBOARDS-JH-USER` made up by a visitor", see: headers("GET @h\nX-Cdsdashboards-Jh-User: eve", "X-Cdsdashboards-Jh-User")},
			{what: "`?CDSDASHBOARDS_JH_USER=eve&a=1` made up by a visitor", see: target("GET @h?CDSDASHBOARDS_JH_USER=eve&a=1")},
			{what: "a stream of events (`Accept: text/event-stream`)", see: func(at *running) string {
				r := at.ask("GET @stream?count=2&ms=10000\nAccept: text/event-stream")
				if r.first < 8*time.Second && string(r.body) == "word.word." {
					return "shown at once"
				}
				return "held back"
			}, why: "answers always stream"},
			{what: "`api` below the prefix", see: answers("GET @api")},
			{what: "`logout` below the prefix", see: answers("GET @logout")},
		},
	}}}
}
