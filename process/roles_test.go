package process

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The tests run this very binary again as the app: real processes, no mocks.
const roleVariable = "TEST_APP_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		playApp(role, os.Args[1:])
	}
	// The race detector would let every app that ends wait for a second.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(m.Run())
}

func playApp(role string, args []string) {
	port := ""
	if len(args) > 0 {
		port = args[0]
	}
	serve := func(handler http.HandlerFunc) {
		fmt.Fprintln(os.Stderr, "serving", strings.Join(args, " "))
		fmt.Println(http.ListenAndServe("127.0.0.1:"+port, handler))
		os.Exit(1)
	}
	switch role {
	case "web":
		serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	case "redirecting":
		serve(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		})
	case "breaks off at HEAD":
		serve(func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				panic(http.ErrAbortHandler)
			}
		})
	case "once":
		serve(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/exit" {
				os.Exit(5)
			}
		})
	case "stubborn":
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
		serve(func(http.ResponseWriter, *http.Request) {})
	case "parent":
		child := exec.Command("sleep", "300")
		if err := child.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("child", child.Process.Pid)
		serve(func(http.ResponseWriter, *http.Request) {})
	case "leaving":
		child := exec.Command("sleep", "300")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("child", child.Process.Pid)
		serve(func(http.ResponseWriter, *http.Request) {})
	case "leaving twice": // as a daemon does: its parent ends, init inherits it
		startRole("leaving", syscall.SysProcAttr{Setsid: true})
		serve(func(http.ResponseWriter, *http.Request) {})
	case "daemon":
		startRole("web", syscall.SysProcAttr{Setsid: true})
		os.Exit(0)
	case "helper": // leaves one when it ends, after it was ready
		startRole("silent", syscall.SysProcAttr{Setsid: true})
		serve(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/exit" {
				os.Exit(0)
			}
		})
	case "slow daemon":
		startRole("silent", syscall.SysProcAttr{Setsid: true})
		os.Exit(0)
	case "unix":
		listener, err := net.Listen("unix", port)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(http.Serve(listener, http.NotFoundHandler()))
	case "IPv6":
		listen("[::1]:" + port)
	case "every address":
		listen("0.0.0.0:" + port)
	case "another address":
		listen("127.0.0.2:" + port)
	case "another port":
		listen("127.0.0.1:0")
	case "another socket":
		listener, err := net.Listen("unix", port+".other")
		fmt.Println(listener, err)
		select {}
	case "mute":
		talk(port, func(conn net.Conn) { time.Sleep(time.Minute) })
	case "garbage":
		talk(port, func(conn net.Conn) { fmt.Fprint(conn, "what do you want?\r\n"); conn.Close() })
	case "half a head":
		talk(port, func(conn net.Conn) {
			read(conn)
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
			conn.Close()
		})
	case "half a head for ever":
		talk(port, func(conn net.Conn) { read(conn); fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Le") })
	case "endless head":
		talk(port, func(conn net.Conn) {
			read(conn)
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2*maxAnswer))
			conn.Close()
		})
	case "announcing":
		talk(port, func(conn net.Conn) {
			read(conn)
			fmt.Fprint(conn, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 204 No Content\r\n\r\n")
			conn.Close()
		})
	case "hanging up":
		talk(port, func(conn net.Conn) { read(conn); conn.Close() })
	case "TLS":
		talk(port, func(conn net.Conn) { read(conn); fmt.Fprint(conn, "\x15\x03\x01\x00\x02\x02\x46"); conn.Close() })
	case "sick":
		var sick atomic.Bool
		serve(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/fall-ill":
				sick.Store(true)
			case r.URL.Path == "/hang" && sick.Load():
				<-r.Context().Done()
			case sick.Load():
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
	case "flaky":
		var count atomic.Int32
		serve(func(w http.ResponseWriter, _ *http.Request) {
			if count.Add(1)%2 == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
	case "environment":
		dir, _ := os.Getwd()
		fmt.Printf("dir=%s PWD=%s A=%s B=%s\n", dir, os.Getenv("PWD"), os.Getenv("A"), os.Getenv("B"))
		serve(func(http.ResponseWriter, *http.Request) {})
	case "closed pipes":
		os.Stdout.Close()
		os.Stderr.Close()
		serve(func(http.ResponseWriter, *http.Request) {})
	case "binary":
		_, _ = os.Stdout.Write(binaryOutput())
		serve(func(http.ResponseWriter, *http.Request) {})
	case "burst":
		total, _ := strconv.Atoi(args[1])
		line := bytes.Repeat([]byte(strings.Repeat("x", 99)+"\n"), 640)
		for sent := 0; sent < total; sent += len(line) {
			_, _ = os.Stdout.Write(line)
		}
		serve(func(http.ResponseWriter, *http.Request) {})
	case "supervisor":
		supervise(args)
	case "silent":
		time.Sleep(time.Minute)
	case "loud":
		line := strings.Repeat("x", 1000)
		for range 20000 {
			fmt.Fprintln(os.Stdout, line)
			fmt.Fprintln(os.Stderr, line)
		}
		serve(func(http.ResponseWriter, *http.Request) {})
	}
	code, err := strconv.Atoi(role)
	if err != nil {
		fmt.Println("no such role:", role)
		code = 99
	}
	fmt.Fprintln(os.Stderr, "exiting with", code)
	os.Exit(code)
}

// binaryOutput is all bytes there are, and a line that is too long for one.
func binaryOutput() []byte {
	all := make([]byte, 256, 256+3*maxLine)
	for i := range all {
		all[i] = byte(i)
	}
	return append(all, bytes.Repeat([]byte{0xff, 0}, maxLine)...)
}

// startRole starts this binary in another role, with the same arguments.
func startRole(role string, attributes syscall.SysProcAttr) {
	child := exec.Command(os.Args[0], os.Args[1:]...)
	child.Env = append(os.Environ(), roleVariable+"="+role)
	child.Stdout, child.Stderr, child.SysProcAttr = os.Stdout, os.Stderr, &attributes
	if err := child.Start(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func listen(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("listening on", listener.Addr())
	fmt.Println(http.Serve(listener, http.NotFoundHandler()))
}

// talk does something that is not HTTP with each connection.
func talk(port string, with func(net.Conn)) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	for err == nil {
		var conn net.Conn
		if conn, err = listener.Accept(); err == nil {
			go with(conn)
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// read takes the question, so that the close that follows is not a reset.
func read(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }
