// Echo is the app that tests wrap: it answers with what it received.
//
//	/ws       echoes messages of a websocket, after a hello with its headers
//	/stream   sends server-sent events: ?count=5&ms=200, or &until=FILE instead of a
//	          pause, with the event's number behind the file's name
//	/slow     answers after a while: ?ms=1000, or ?until=FILE, once there is that
//	/answer   answers as told: ?status=302&header=Location:%20/there&body=text
//	/exit     ends the app: ?code=3
//	/seen     lists what was received since the start
//
// Every other path is answered with a report of the request as JSON.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

func main() {
	address := flag.String("address", "127.0.0.1", "address to listen on")
	port := flag.Int("port", 0, "port to listen on")
	delay := flag.Duration("delay", 0, "how long to wait before listening")
	waitFor := flag.String("wait-for", "", "file to wait for before listening")
	child := flag.Bool("child", false, "start a shell and two sleeps, one in a session of its own, all deaf to polite signals")
	flag.Parse()
	log.SetFlags(0)

	if *child {
		// What stays behind if only the app itself is stopped.
		command := exec.Command("sh", "-c", `trap "" INT TERM HUP; sleep 600 & setsid sleep 601 & wait; wait`)
		if err := command.Start(); err != nil {
			log.Fatal(err)
		}
	}
	if *delay > 0 {
		log.Printf("echo: will listen in %s", *delay)
		time.Sleep(*delay)
	}
	if *waitFor != "" {
		log.Printf("echo: will listen once there is %s", *waitFor)
		for !exists(*waitFor) {
			time.Sleep(50 * time.Millisecond)
		}
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", *address, *port))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("echo: listening on %s", listener.Addr())
	server := &http.Server{
		Handler:           newApp(os.Environ(), os.Getpid(), os.Exit),
		ReadHeaderTimeout: 10 * time.Second,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, recorderKey{}, conn)
		},
	}
	log.Fatal(server.Serve(recordingListener{listener}))
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
