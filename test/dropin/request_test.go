//go:build e2e

package dropin

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// reply is what came back; status 0 if that was no answer.
type reply struct {
	status int
	header http.Header
	body   []byte
	// broken is why an answer did not come, or not to its end.
	broken error
	// first is when the first byte of the body came, after the request was sent.
	first time.Duration
}

// get asks for a path below the prefix.
func (at *running) get(path string) reply { return at.ask("GET @" + path) }

// ask sends a request that is given by its method, its target, in which @ is
// the prefix, and lines of headers, without the end of the head.
func (at *running) ask(head string) reply { return at.send(head, "") }

// send is ask with a body, which is sent as it is.
func (at *running) send(head, body string) reply {
	connection, err := at.dial()
	if err != nil {
		return reply{broken: err}
	}
	defer connection.Close()
	return at.over(connection, head, body)
}

// over sends a request over a connection.
func (at *running) over(connection net.Conn, head, body string) reply {
	if err := connection.SetDeadline(time.Now().Add(cmp.Or(at.limit, patience))); err != nil {
		return reply{broken: err}
	}
	first, rest, _ := strings.Cut(head, "\n")
	method, target, _ := strings.Cut(first, " ")
	version := "HTTP/1.1"
	if fields := strings.Fields(target); len(fields) == 2 {
		target, version = fields[0], fields[1]
	}
	if below, found := strings.CutPrefix(target, "@"); found {
		target = at.prefix + below
	}
	text := method + " " + target + " " + version + "\r\n"
	if !strings.Contains(rest, "Host:") {
		text += fmt.Sprintf("Host: 127.0.0.1:%d\r\n", at.port)
	}
	for line := range strings.SplitSeq(at.header+rest, "\n") {
		if line != "" {
			text += line + "\r\n"
		}
	}
	if body != "" && !strings.Contains(rest, "Transfer-Encoding:") {
		text += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		// One that has heard enough may close, and that is an answer, too.
		_, _ = io.WriteString(connection, text+"\r\n"+body)
	}()
	sent := time.Now()
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, &http.Request{Method: method})
	for err == nil && response.StatusCode == http.StatusContinue {
		response, err = http.ReadResponse(reader, &http.Request{Method: method})
	}
	if err != nil {
		connection.Close() // ends a write that nobody reads
		<-written
		return reply{broken: err}
	}
	defer response.Body.Close()
	r := reply{status: response.StatusCode, header: response.Header}
	buffer := make([]byte, 1<<16)
	for err == nil {
		var count int
		count, err = response.Body.Read(buffer)
		if count > 0 && r.first == 0 {
			r.first = time.Since(sent)
		}
		r.body = append(r.body, buffer[:count]...)
	}
	if err != io.EOF {
		r.broken = err
	}
	return r
}

// fromApp says whether the app answered.
func (r reply) fromApp() bool { return r.header.Get("X-Child") != "" }

// String tells an answer in a few words.
func (r reply) String() string {
	text := fmt.Sprint(r.status)
	switch {
	case r.status == 0:
		return "no answer"
	case r.header.Get("Location") != "":
		text += " to `" + r.header.Get("Location") + "`"
	case r.fromApp():
	case strings.Contains(string(r.body), "Traceback"):
		text += " with a traceback"
	case r.status < 500:
		text += ", not from the app"
	}
	if r.broken != nil && r.status < 400 { // who refuses a body may close before it is sent
		text += ", broken off"
	}
	return text
}

// seen is a request as the app saw it.
type seen struct {
	Method, Target, Protocol, Host string
	Header                         http.Header
	Length                         int64
	Size                           int
	Sum                            string
}

// report is how the app was started.
type report struct {
	Arguments   []string
	Environment []string
	Folder      string
	Process     int
	Requests    []string
}

// reported is the app's own report.
func (at *running) reported() (report, error) {
	var told report
	r := at.get("report")
	if !r.fromApp() {
		return told, fmt.Errorf("%s", r)
	}
	return told, json.Unmarshal(r.body, &told)
}

// asSeen gives what the app saw of a request to a function, and tells the
// answer where the app did not see it.
func asSeen(head, body string, show func(seen) string) func(*running) string {
	return func(at *running) string {
		r := at.send(head, body)
		var s seen
		if !r.fromApp() || json.Unmarshal(r.body, &s) != nil {
			return r.String()
		}
		return at.tell(show(s))
	}
}

// target shows the target that the app sees.
func target(head string) func(*running) string {
	return asSeen(head, "", func(s seen) string { return code(s.Target) })
}

// headers shows some headers that the app sees.
func headers(head string, names ...string) func(*running) string {
	return asSeen(head, "", func(s seen) string {
		var shown []string
		for _, name := range names {
			switch values := s.Header[http.CanonicalHeaderKey(name)]; {
			case name == "Host":
				shown = append(shown, code(s.Host))
			case len(values) > 0:
				shown = append(shown, code(strings.Join(values, " | ")))
			default:
				shown = append(shown, "none")
			}
		}
		return strings.Join(shown, ", ")
	})
}

// within bounds how long an answer is waited for.
func within(limit time.Duration, see func(*running) string) func(*running) string {
	return func(at *running) string {
		other := *at
		other.limit = limit
		return see(&other)
	}
}

// answers tells the answer alone.
func answers(head string) func(*running) string {
	return func(at *running) string { return at.tell(at.ask(head).String()) }
}

// headerNames are those of an answer, without those that every server sets.
func headerNames(r reply) string {
	var names []string
	for name := range r.header {
		if !slices.Contains([]string{"Date", "Content-Length", "Content-Type", "X-Child"}, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// code shows a text as it is.
func code(text string) string {
	if text == "" {
		return "empty"
	}
	text = strings.NewReplacer("|", "\\|", "\n", "⏎").Replace(text)
	if strings.Contains(text, "`") {
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}
