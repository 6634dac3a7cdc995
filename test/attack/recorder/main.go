// recorder is the app behind the attack suite. It listens with nothing but a
// socket, remembers every byte of every connection, and answers what it is told
// to, good HTTP or not.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
)

func main() {
	address := flag.String("listen", "", "host:port to record at")
	control := flag.String("control", "", "host:port where the test reads the record")
	flag.Parse()

	kept := &record{}
	// First, so that it can be read when the rest is there.
	controlled, err := net.Listen("tcp", *control)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(controlled, controls(kept))) }()
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn, kept.open())
	}
}
