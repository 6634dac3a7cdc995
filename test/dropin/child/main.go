// child is the app of the side-by-side test: it tells how it was started, and
// what reached it.
//
// What it does is said by arguments of the form name=value, wherever they
// stand; all others are only told of.
//
//	listen=PORT or PATH  where: 127.0.0.1:PORT, or a unix socket
//	delay=DURATION       before it listens
//	wait=FILE            likewise, until there is that
//	exit=CODE            end at once instead
//	raw=1                echo bytes instead of talking HTTP
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("child: ", err)
	}
}

func run(args []string) error {
	orders := map[string]string{}
	for _, arg := range args {
		if name, value, found := strings.Cut(arg, "="); found {
			orders[name] = value
		}
	}
	fmt.Println("child on stdout")
	fmt.Fprintln(os.Stderr, "child on stderr")
	if text, ok := orders["exit"]; ok {
		code, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		os.Exit(code)
	}
	if text, ok := orders["delay"]; ok {
		pause, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		time.Sleep(pause)
	}
	if file := orders["wait"]; file != "" {
		for {
			if _, err := os.Stat(file); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	listener, err := listen(orders["listen"])
	if err != nil {
		return err
	}
	if orders["raw"] != "" {
		return echoBytes(listener)
	}
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           newApp(report{Arguments: args, Environment: os.Environ(), Folder: folder, Process: os.Getpid()}),
		ReadHeaderTimeout: time.Minute,
	}
	return server.Serve(listener)
}

func listen(at string) (net.Listener, error) {
	switch {
	case at == "":
		return nil, errors.New("no argument says listen=")
	case strings.Contains(at, "/"):
		return net.Listen("unix", at)
	}
	return net.Listen("tcp", "127.0.0.1:"+at)
}

// echoBytes sends back what it gets, in capitals.
func echoBytes(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			buffer := make([]byte, 1<<16)
			for {
				count, err := connection.Read(buffer)
				if _, failed := io.WriteString(connection, strings.ToUpper(string(buffer[:count]))); err != nil || failed != nil {
					return
				}
			}
		}()
	}
}
