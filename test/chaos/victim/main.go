// Victim is the app that the chaos tests kill: it makes every kind of process
// that an app can leave behind, and ends in as many ways.
//
//	/        answers at once
//	/pid     tells its process
//	/slow    answers after a while, half of it at once: ?ms=300, or ?until=FILE, once
//	         there is that
//	/ws      echoes messages of a websocket
//
// SIGUSR1 has it end by itself with exit code 0, SIGUSR2 with 3. Its children
// carry VICTIM=its process in their environment.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

func main() {
	port := flag.Int("port", 0, "port to listen on, at 127.0.0.1")
	socket := flag.String("unix-socket", "", "unix socket to listen on instead")
	family := flag.Bool("family", false, "start children: in the group, in a session of their own, and double-forked")
	deaf := flag.String("deaf", "", "a file; while it is there, the children are deaf to polite signals")
	chatter := flag.Int("chatter", 0, "bytes to write to the log for each request")
	flag.Parse()
	log.SetFlags(0)

	ends := make(chan os.Signal, 2)
	signal.Notify(ends, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		if <-ends == syscall.SIGUSR1 {
			os.Exit(0)
		}
		os.Exit(3)
	}()
	if *family {
		if err := multiply(*deaf); err != nil {
			log.Fatal(err)
		}
	}
	network, address := "tcp", fmt.Sprintf("127.0.0.1:%d", *port)
	if *socket != "" {
		network, address = "unix", *socket
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if *chatter > 0 {
			log.Print(strings.Repeat("x", *chatter))
		}
		_, _ = io.WriteString(w, "here\n")
	})
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/ws", echo)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

// multiply starts one process of each kind.
func multiply(deaf string) error {
	script := "exec sleep 3600"
	if _, err := os.Stat(deaf); err == nil && deaf != "" {
		script = `trap "" TERM INT HUP; sleep 3600; sleep 3600`
	}
	for _, argv := range [][]string{
		{"sh", "-c", script},
		{"setsid", "sh", "-c", script},
		{"sh", "-c", `setsid sh -c '` + script + `' >/dev/null 2>&1 </dev/null & :`}, // its parent has left
	} {
		command := exec.Command(argv[0], argv[1:]...)
		command.Env = append(os.Environ(), "VICTIM="+strconv.Itoa(os.Getpid()))
		if err := command.Start(); err != nil {
			return err
		}
		go func() { _ = command.Wait() }() // how it ends is of no interest
	}
	return nil
}

func slow(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil {
		ms = 300
	}
	_, _ = io.WriteString(w, "half, ")
	_ = http.NewResponseController(w).Flush()
	pause, file := time.Duration(ms)*time.Millisecond, r.URL.Query().Get("until")
	if file != "" {
		pause = 20 * time.Millisecond
	}
	for there := false; !there; {
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
			return
		}
		_, err := os.Stat(file)
		there = file == "" || err == nil
	}
	_, _ = io.WriteString(w, "and half")
}

func echo(w http.ResponseWriter, r *http.Request) {
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
		if conn.WriteMessage(kind, message) != nil {
			return
		}
	}
}
