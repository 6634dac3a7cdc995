// Witness is an app that believes nothing: it verifies who its visitor is by the
// signed header alone, and sends what it is sent back in pieces.
//
//	/ws        sends a report, then every message back in many frames
//	/flood     sends one large message after the other over a websocket
//	/download  sends bytes for ever
//	/events    sends server-sent events for ever: ?ms=100
//	/page      an HTML page
//	/policy    an HTML page with a Content-Security-Policy of its own
//
// Every other path is answered with a report as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// report is what the app received.
type report struct {
	URI    string      `json:"uri"`
	Header http.Header `json:"header"`
	// Claims are those of the signed header; Doubt is why there are none.
	Claims map[string]any `json:"claims"`
	Doubt  string         `json:"doubt"`
	// Service is where our program was told to listen.
	Service string `json:"service"`
}

func main() {
	port := flag.Int("port", 0, "port to listen on")
	flag.Parse()
	log.SetFlags(0)
	key := []byte(os.Getenv("JHSINGLE_IDENTITY_KEY"))
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) { repeat(w, r, key) })
	mux.HandleFunc("/flood", flood)
	mux.HandleFunc("/events", events)
	mux.HandleFunc("/download", download)
	mux.HandleFunc("/page", page(""))
	mux.HandleFunc("/policy", page("default-src 'self' 'unsafe-inline'; frame-ancestors 'self'"))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(about(r, key)) // the visitor may be gone
	})
	server := &http.Server{
		Addr: fmt.Sprintf("127.0.0.1:%d", *port), Handler: mux, ReadHeaderTimeout: 10 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

func about(r *http.Request, key []byte) report {
	said := report{URI: r.RequestURI, Header: r.Header, Service: os.Getenv("JUPYTERHUB_SERVICE_URL")}
	claims, err := verify(r.Header["X-Forwarded-Identity"], key, time.Now())
	if err != nil {
		said.Doubt = err.Error()
	}
	said.Claims = claims
	return said
}

func page(policy string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		fmt.Fprint(w, "<!doctype html><title>witness</title><p>witness")
	}
}

func events(w http.ResponseWriter, r *http.Request) {
	pause, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil {
		pause = 100
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := http.NewResponseController(w)
	for event := 0; ; event++ {
		if _, err := fmt.Fprintf(w, "data: %d\n\n", event); err != nil {
			return
		}
		if err := flusher.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(time.Duration(pause) * time.Millisecond):
		}
	}
}

func download(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	piece := make([]byte, 64<<10)
	for {
		if _, err := w.Write(piece); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// upgrader's small buffer makes many frames of one message.
var upgrader = websocket.Upgrader{
	CheckOrigin: func(*http.Request) bool { return true }, WriteBufferSize: 1024,
}

func repeat(w http.ResponseWriter, r *http.Request, key []byte) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered already
	}
	defer conn.Close()
	if err := conn.WriteJSON(about(r, key)); err != nil {
		return
	}
	for {
		kind, message, err := conn.NextReader()
		if err != nil {
			return
		}
		back, err := conn.NextWriter(kind)
		if err != nil {
			return
		}
		// A buffer that is not the writer's makes it send frame by frame.
		if _, err := io.CopyBuffer(struct{ io.Writer }{back}, struct{ io.Reader }{message}, make([]byte, 3000)); err != nil {
			return
		}
		if err := back.Close(); err != nil {
			return
		}
	}
}

// flood sends messages of half a MiB, each of one letter.
func flood(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	for letter := byte('a'); ; letter = 'a' + (letter-'a'+1)%26 {
		message := make([]byte, 1<<19)
		for i := range message {
			message[i] = letter
		}
		writer, err := conn.NextWriter(websocket.TextMessage)
		if err != nil {
			return
		}
		if _, err := writer.Write(message); err != nil {
			return
		}
		if err := writer.Close(); err != nil {
			return
		}
	}
}
