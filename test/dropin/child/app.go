package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// report is how the child was started, and what came before it was asked.
type report struct {
	Arguments   []string `json:"arguments"`
	Environment []string `json:"environment"`
	Folder      string   `json:"folder"`
	Process     int      `json:"process"`
	// Requests are the first ones, as METHOD TARGET.
	Requests []string `json:"requests"`
}

// echo is a request as it came.
type echo struct {
	Method   string      `json:"method"`
	Target   string      `json:"target"`
	Protocol string      `json:"protocol"`
	Host     string      `json:"host"`
	Header   http.Header `json:"header"`
	Length   int64       `json:"length"` // -1 for a body in chunks
	Size     int         `json:"size"`   // of the body
	Sum      string      `json:"sum"`    // of the body, the beginning of its SHA-256
}

// remembered is how many requests are told of.
const remembered = 20

type app struct {
	mutex sync.Mutex
	start report
}

func newApp(start report) http.Handler {
	a := &app{start: start}
	// Not a ServeMux, which would clean paths that are wanted as they are.
	routes := map[string]http.HandlerFunc{
		"/report":   a.tell,
		"/ws":       a.websocket,
		"/status":   status,
		"/redirect": redirect,
		"/gzip":     packed,
		"/range":    ranged,
		"/cookies":  cookies,
		"/stream":   stream,
		"/big":      big,
		"/slow":     slow,
		"/header":   header,
		"/cut":      cut,
		"/exit":     func(http.ResponseWriter, *http.Request) { os.Exit(0) },
		"/crash":    func(http.ResponseWriter, *http.Request) { os.Exit(3) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.remember(r)
		w.Header().Set("X-Child", "1")
		if route, ok := routes["/"+path.Base(r.URL.Path)]; ok { // below the prefix, too
			route(w, r)
			return
		}
		answer, err := read(r)
		if err != nil {
			log.Print("child: a body broke off: ", err)
			return
		}
		writeJSON(w, answer)
	})
}

func (a *app) remember(r *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if len(a.start.Requests) < remembered {
		a.start.Requests = append(a.start.Requests, r.Method+" "+r.RequestURI)
	}
}

func (a *app) tell(w http.ResponseWriter, _ *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	writeJSON(w, a.start)
}

func read(r *http.Request) (echo, error) {
	body, err := io.ReadAll(r.Body)
	sum := sha256.Sum256(body)
	return echo{
		Method: r.Method, Target: r.RequestURI, Protocol: r.Proto, Host: r.Host, Header: r.Header,
		Length: r.ContentLength, Size: len(body), Sum: hex.EncodeToString(sum[:4]),
	}, err
}

var upgrader = websocket.Upgrader{
	Subprotocols: []string{"second", "third"},
	CheckOrigin:  func(*http.Request) bool { return true },
}

// websocket first sends the handshake as it came, then what it gets; "close"
// ends it with code 4001, "big N" is answered with N bytes.
func (a *app) websocket(w http.ResponseWriter, r *http.Request) {
	if code := r.URL.Query().Get("refuse"); code != "" {
		w.WriteHeader(number(code))
		return
	}
	first, err := read(r)
	if err != nil {
		return
	}
	connection, err := upgrader.Upgrade(w, r, http.Header{"Set-Cookie": {"handshake=1"}, "X-Handshake": {"1"}})
	if err != nil {
		return
	}
	defer connection.Close()
	if connection.WriteJSON(first) != nil {
		return
	}
	for {
		kind, message, err := connection.ReadMessage()
		if err != nil {
			return
		}
		switch text := string(message); {
		case text == "close":
			_ = connection.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "as you like"), time.Now().Add(time.Minute))
			continue // until the other side has answered it
		case strings.HasPrefix(text, "big "):
			message = bytes.Repeat([]byte("b"), number(text[4:]))
		}
		if connection.WriteMessage(kind, message) != nil {
			return
		}
	}
}

func status(w http.ResponseWriter, r *http.Request) {
	code := number(r.URL.Query().Get("code"))
	w.WriteHeader(code)
	if code != http.StatusNoContent && code != http.StatusNotModified {
		_, _ = io.WriteString(w, "the app's own words")
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", r.URL.Query().Get("to"))
	w.WriteHeader(http.StatusFound)
}

// packed answers in gzip to those who take it.
func packed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = io.WriteString(w, "plain")
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	zip := gzip.NewWriter(w)
	_, _ = io.WriteString(zip, "packed")
	_ = zip.Close()
}

func ranged(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "range.txt", time.Unix(1e9, 0), strings.NewReader("0123456789"))
}

func cookies(w http.ResponseWriter, _ *http.Request) {
	w.Header().Add("Set-Cookie", "one=1; Path=/")
	w.Header().Add("Set-Cookie", "two=2; Path=/deep")
}

// stream sends words with pauses between them.
func stream(w http.ResponseWriter, r *http.Request) {
	pause := time.Duration(number(r.URL.Query().Get("ms"))) * time.Millisecond
	for word := range number(r.URL.Query().Get("count")) {
		if word > 0 {
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
		}
		_, _ = io.WriteString(w, "word.")
		_ = http.NewResponseController(w).Flush()
	}
}

func big(w http.ResponseWriter, r *http.Request) {
	block := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
	size := number(r.URL.Query().Get("size"))
	w.Header().Set("Content-Length", strconv.Itoa(size))
	for size > 0 {
		count, err := w.Write(block[:min(size, len(block))])
		if err != nil {
			return
		}
		size -= count
	}
}

func slow(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(time.Duration(number(r.URL.Query().Get("ms"))) * time.Millisecond):
		_, _ = io.WriteString(w, "at last")
	case <-r.Context().Done():
	}
}

// header answers with the header of its query.
func header(w http.ResponseWriter, r *http.Request) {
	for name, values := range r.URL.Query() {
		w.Header()[name] = values
	}
	_, _ = io.WriteString(w, "with headers")
}

// cut ends an answer in its middle.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, "not all of it")
	_ = http.NewResponseController(w).Flush()
	time.Sleep(4 * time.Second) // that it is passed on before the end
	panic(http.ErrAbortHandler)
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic("the test asks for no number: " + text)
	}
	return value
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print("child: ", err)
	}
}
