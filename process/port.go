package process

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
)

// freePort returns a port on which nobody listens. Between our look and the
// app's start another process can take it; then the app fails, and its restart
// gets another.
func freePort() (int, error) {
	const tries = 20
	var err error
	lowest, highest := portRange(os.ReadFile)
	for range tries {
		port := 0
		if highest > 0 {
			port = lowest + rand.N(highest-lowest+1) // #nosec G404 -- no secret
		}
		var listener net.Listener
		listener, err = net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			break
		}
		port = listener.Addr().(*net.TCPAddr).Port
		listener.Close()
		// It can be free on one address and taken on the other.
		if err = checkPort(port); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("cannot find a free port: %w", plain(err))
}

// portRange is where an app's port is to be: below those that the kernel gives
// away by itself (ip(7), ip_local_port_range). It gives them to connections, which
// may take a port in the seconds until the app listens there. And JupyterHub's
// spawners have it find their servers' ports: an app on the one of a server that
// starts just now would be taken for that server. Where there is no room below,
// both are 0, and the kernel chooses.
func portRange(read func(name string) ([]byte, error)) (lowest, highest int) {
	const usual, least = 32768, 16384
	first := usual
	if content, err := read("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if fields := bytes.Fields(content); len(fields) == 2 {
			if number, err := strconv.Atoi(string(fields[0])); err == nil {
				first = number
			}
		}
	}
	if first < least || first > 1<<16 {
		return 0, 0
	}
	return first / 2, first - 1
}
