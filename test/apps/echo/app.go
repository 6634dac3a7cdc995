package main

import (
	"fmt"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// app answers requests and remembers them.
type app struct {
	environment []string
	process     int
	exit        func(code int)

	mutex sync.Mutex
	seen  []string
}

// newApp makes the app; exit ends its process.
func newApp(environment []string, process int, exit func(int)) http.Handler {
	a := &app{environment: environment, process: process, exit: exit}
	routes := map[string]http.HandlerFunc{
		"/ws":     a.websocket,
		"/stream": a.stream,
		"/slow":   a.slow,
		"/answer": a.answer,
		"/exit":   a.end,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/seen" {
			a.list(w)
			return
		}
		a.remember("%s %s", r.Method, r.RequestURI)
		// Not a ServeMux, which would clean paths that tests want as they are.
		if route, ok := routes[r.URL.Path]; ok {
			route(w, r)
			return
		}
		a.report(w, r)
	})
}

func (a *app) remember(format string, values ...any) {
	line := fmt.Sprintf(format, values...)
	log.Print("echo: ", line)
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.seen = append(a.seen, line)
}

func (a *app) list(w http.ResponseWriter) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	writeJSON(w, a.seen)
}

func (a *app) stream(w http.ResponseWriter, r *http.Request) {
	count := number(r, "count", 5)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	flusher := http.NewResponseController(w)
	for event := range count {
		if event > 0 && !wait(r, strconv.Itoa(event), 200) {
			return
		}
		if _, err := fmt.Fprintf(w, "id: %d\ndata: %d\n\n", event, event); err != nil {
			return
		}
		if err := flusher.Flush(); err != nil {
			return
		}
	}
}

func (a *app) slow(w http.ResponseWriter, r *http.Request) {
	if wait(r, "", 1000) {
		a.report(w, r)
	}
}

func (a *app) answer(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for _, header := range query["header"] {
		name, value, _ := strings.Cut(header, ":")
		w.Header().Add(name, strings.TrimSpace(value))
	}
	w.WriteHeader(number(r, "status", http.StatusOK))
	fmt.Fprint(w, query.Get("body"))
}

func (a *app) end(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "going")
	_ = http.NewResponseController(w).Flush()
	a.exit(number(r, "code", 0))
}

// wait waits for as long as the request says, or for the file that it names, with
// an ending. It says whether the visitor is still there afterwards.
func wait(r *http.Request, ending string, otherwise int) bool {
	pause := time.Duration(number(r, "ms", otherwise)) * time.Millisecond
	file := r.URL.Query().Get("until")
	if file != "" {
		pause = 20 * time.Millisecond
	}
	for {
		select {
		case <-r.Context().Done():
			return false
		case <-time.After(pause):
		}
		if file == "" || exists(file+ending) {
			return true
		}
	}
}

func number(r *http.Request, name string, otherwise int) int {
	value, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return otherwise
	}
	return value
}
