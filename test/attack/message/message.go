// Package message reads HTTP/1 messages as strictly as RFC 9112 allows. It is
// the judge of what our program sends to an app and to visitors, so it shares no
// code with it, nor with net/http.
package message

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// ErrIncomplete says that what has come so far is the beginning of a request.
var ErrIncomplete = errors.New("the request is not complete")

// Field is one line of a header, as spelled on the wire.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Request is one request as it was on the wire.
type Request struct {
	Method, Target, Version string
	Fields                  []Field
	Body                    []byte
	Trailer                 []Field
}

// Values are all values of a field, whatever its spelling.
func (r *Request) Values(name string) []string { return valuesOf(r.Fields, name) }

func valuesOf(fields []Field, name string) []string {
	var values []string
	for _, field := range fields {
		if strings.EqualFold(field.Name, name) {
			values = append(values, field.Value)
		}
	}
	return values
}

// IsUpgrade says whether the request asks to leave HTTP.
func (r *Request) IsUpgrade() bool { return len(r.Values("Upgrade")) > 0 }

// Next reads the first request of a stream and says how many bytes it takes.
// The error is ErrIncomplete where more of a good request may come.
func Next(stream []byte) (*Request, int, error) {
	head, rest, whole := bytes.Cut(stream, []byte("\r\n\r\n"))
	if err := checkBytes(head, whole); err != nil {
		return nil, 0, err
	}
	if !whole {
		return nil, 0, ErrIncomplete
	}
	lines := strings.Split(string(head), "\r\n")
	request, err := parseLine(lines[0])
	if err != nil {
		return nil, 0, err
	}
	if request.Fields, err = parseFields(lines[1:]); err != nil {
		return nil, 0, err
	}
	if hosts := request.Values("Host"); len(hosts) != 1 {
		return nil, 0, fmt.Errorf("%d Host fields", len(hosts))
	}
	var length int
	request.Body, request.Trailer, length, err = readBody(request.Fields, rest, request.Version)
	return request, len(head) + 4 + length, err
}

// checkBytes finds what no head may hold anywhere.
func checkBytes(head []byte, whole bool) error {
	for i, c := range head {
		last := i+1 == len(head)
		switch {
		case c == '\r' && last && !whole: // its line feed may come yet
		case c == '\r' && (last || head[i+1] != '\n'):
			return errors.New("a bare CR in the head")
		case c == '\n' && (i == 0 || head[i-1] != '\r'):
			return errors.New("a bare LF in the head")
		case (c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f:
			return fmt.Errorf("the byte %#x in the head", c)
		}
	}
	return nil
}

func parseLine(line string) (*Request, error) {
	parts := strings.Split(line, " ")
	if len(parts) != 3 || !isToken(parts[0]) || parts[1] == "" {
		return nil, fmt.Errorf("the request line %q", line)
	}
	if parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0" {
		return nil, fmt.Errorf("the version %q", parts[2])
	}
	return &Request{Method: parts[0], Target: parts[1], Version: parts[2]}, nil
}

func parseFields(lines []string) ([]Field, error) {
	var fields []Field
	for _, line := range lines {
		name, value, found := strings.Cut(line, ":")
		if !found || !isToken(name) {
			return nil, fmt.Errorf("the field %.60q", line)
		}
		fields = append(fields, Field{name, strings.Trim(value, " \t")})
	}
	return fields, nil
}

// readBody finds the body by the one framing that a message may have (RFC 9112
// section 6) and says how many bytes it takes.
func readBody(fields []Field, rest []byte, version string) (body []byte, trailer []Field, taken int, err error) {
	lengths, codings := valuesOf(fields, "Content-Length"), valuesOf(fields, "Transfer-Encoding")
	switch {
	case len(lengths)+len(codings) == 0:
		return nil, nil, 0, nil
	case len(lengths)+len(codings) > 1:
		return nil, nil, 0, fmt.Errorf("ambiguous framing: Content-Length %q and Transfer-Encoding %q", lengths, codings)
	case len(codings) == 1 && (codings[0] != "chunked" || version != "HTTP/1.1"):
		return nil, nil, 0, fmt.Errorf("the Transfer-Encoding %q in %s", codings[0], version)
	case len(codings) == 1:
		return readChunks(rest)
	}
	length, err := parseNumber(lengths[0], 10)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("the Content-Length %q", lengths[0])
	}
	if len(rest) < length {
		return nil, nil, 0, ErrIncomplete
	}
	return rest[:length], nil, length, nil
}

// readChunks reads a chunked body (RFC 9112 section 7.1). Extensions are legal
// there, but nobody needs them and our program writes none.
func readChunks(rest []byte) (body []byte, trailer []Field, taken int, err error) {
	at := 0
	for {
		line, _, found := bytes.Cut(rest[at:], []byte("\r\n"))
		if !found {
			return nil, nil, 0, incompleteLine(rest[at:])
		}
		size, err := parseNumber(string(line), 16)
		if err != nil {
			return nil, nil, 0, fmt.Errorf("the chunk size %.60q", line)
		}
		at += len(line) + 2
		if size == 0 {
			break
		}
		if len(rest) < at+size+2 {
			return nil, nil, 0, ErrIncomplete
		}
		if string(rest[at+size:at+size+2]) != "\r\n" {
			return nil, nil, 0, errors.New("a chunk longer than its size")
		}
		body = append(body, rest[at:at+size]...)
		at += size + 2
	}
	var lines []string
	for {
		line, _, found := bytes.Cut(rest[at:], []byte("\r\n"))
		if !found {
			return nil, nil, 0, incompleteLine(rest[at:])
		}
		at += len(line) + 2
		if len(line) == 0 {
			break
		}
		if err := checkBytes(line, true); err != nil {
			return nil, nil, 0, err
		}
		lines = append(lines, string(line))
	}
	trailer, err = parseFields(lines)
	return body, trailer, at, err
}

// incompleteLine says whether a line without an end can become a good one.
func incompleteLine(line []byte) error {
	if err := checkBytes(line, false); err != nil {
		return err
	}
	return ErrIncomplete
}

// maxNumber keeps sums of lengths from running over.
const maxNumber = 1 << 40

// parseNumber takes digits and nothing else: no sign, no blank, no prefix.
func parseNumber(text string, base int) (int, error) {
	if text == "" {
		return 0, errors.New("no digits")
	}
	number := 0
	for _, c := range strings.ToLower(text) {
		digit := strings.IndexRune("0123456789abcdef"[:base], c)
		if digit < 0 || number > maxNumber {
			return 0, errors.New("no number")
		}
		number = number*base + digit
	}
	return number, nil
}

// isToken is RFC 9110 section 5.6.2.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && (c > 0x7e || !strings.ContainsRune("!#$%&'*+-.^_`|~", c))
	})
}
