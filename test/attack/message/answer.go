package message

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// Answer is one final answer as it was on the wire.
type Answer struct {
	Status int
	Fields []Field
	Body   []byte
	// Interim are the fields of the interim answers before it.
	Interim []Field
	Trailer []Field
	// UntilEnd says that only the connection's end marks that of the body.
	UntilEnd bool
}

// Values are all values of a field, whatever its spelling.
func (a *Answer) Values(name string) []string { return valuesOf(a.Fields, name) }

var statusLine = regexp.MustCompile(`\AHTTP/1\.1 ([1-9][0-9][0-9]) [\x21-\x7e\x80-\xff \t]*\z`)

// NextAnswer reads the first final answer of a stream, to a request of that
// method, and says how many bytes it takes with the interim ones before it. The
// answer to a websocket handshake, 101, is final.
func NextAnswer(stream []byte, method string) (*Answer, int, error) {
	answer := &Answer{}
	taken := 0
	for {
		head, rest, whole := bytes.Cut(stream[taken:], []byte("\r\n\r\n"))
		if err := checkBytes(head, whole); err != nil {
			return nil, 0, err
		}
		if !whole {
			return nil, 0, ErrIncomplete
		}
		lines := strings.Split(string(head), "\r\n")
		found := statusLine.FindStringSubmatch(lines[0])
		if found == nil {
			return nil, 0, fmt.Errorf("the status line %.60q", lines[0])
		}
		answer.Status, _ = parseNumber(found[1], 10) // three digits
		fields, err := parseFields(lines[1:])
		if err != nil {
			return nil, 0, err
		}
		taken += len(head) + 4
		if answer.Status < 200 && answer.Status != 101 {
			answer.Interim = append(answer.Interim, fields...)
			continue
		}
		answer.Fields = fields
		if method == "HEAD" || answer.Status == 101 || answer.Status == 204 || answer.Status == 304 {
			return answer, taken, nil
		}
		if len(answer.Values("Content-Length"))+len(answer.Values("Transfer-Encoding")) == 0 {
			answer.UntilEnd, answer.Body = true, rest
			return answer, len(stream), nil
		}
		var length int
		answer.Body, answer.Trailer, length, err = readBody(fields, rest, "HTTP/1.1")
		return answer, taken + length, err
	}
}
