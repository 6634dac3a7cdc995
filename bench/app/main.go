// Command app is the web app behind every proxy of the benchmark: as fast as an
// app can be, so that what is measured is the proxy.
package main

import (
	"bytes"
	"flag"
	"log"
	"net/http"
	"strconv"

	"github.com/gorilla/websocket"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*address, routes()))
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", fixed(1<<10))
	mux.HandleFunc("/64k", fixed(64<<10))
	mux.HandleFunc("/chunked", chunked)
	mux.HandleFunc("/ws", echo)
	return mux
}

// fixed answers so many bytes and says so in advance.
func fixed(size int) http.HandlerFunc {
	body := bytes.Repeat([]byte("x"), size)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(body)
	}
}

// chunked answers eight pieces of 1 KiB, each sent on its own, like an app that
// renders while it writes.
func chunked(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	piece := bytes.Repeat([]byte("x"), 1<<10)
	control := http.NewResponseController(w)
	for range 8 {
		_, _ = w.Write(piece)
		_ = control.Flush()
	}
}

// echo sends every message back.
func echo(w http.ResponseWriter, r *http.Request) {
	// A proxy may hand on an Origin that is not the address it dials.
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if err := conn.WriteMessage(kind, message); err != nil {
			return
		}
	}
}
