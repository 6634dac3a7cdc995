package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	// loopback is where an app is asked first, and loopback6 where it is if
	// nothing is there: "localhost" can mean either to an app.
	loopback  = "127.0.0.1"
	loopback6 = "::1"
)

// place is where an app listens: on a unix socket if one is set, and on a port
// of this machine otherwise.
type place struct {
	socket string
	port   int
	host   string // the loopback address that the app answered on, once it has
}

func (p place) nowhere() bool { return p.port == 0 && p.socket == "" }

func (p place) String() string {
	if p.socket != "" {
		return "the unix socket " + p.socket
	}
	return "port " + strconv.Itoa(p.port)
}

func (p place) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	if p.socket != "" {
		return dialer.DialContext(ctx, "unix", p.socket)
	}
	port := strconv.Itoa(p.port)
	if p.host != "" {
		return dialer.DialContext(ctx, "tcp", net.JoinHostPort(p.host, port))
	}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(loopback, port))
	if errors.Is(err, syscall.ECONNREFUSED) {
		if conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(loopback6, port)); err == nil {
			return conn, nil
		}
	}
	return conn, err
}

// reached is the place with the address that a connection to it found.
func (p place) reached(conn net.Conn) place {
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		p.host = addr.IP.String()
	}
	return p
}

// choose says where the next process is to listen, and what to do when it has
// ended. A place where somebody listens already is an error.
func (a *App) choose() (place, func(), error) {
	at := place{port: a.config.Port}
	if at.port == 0 {
		port, err := freePort()
		if err != nil {
			return place{}, nil, err
		}
		at.port = port
	}
	switch {
	case a.freshSocket():
		folder, err := newFolder()
		if err != nil {
			return place{}, nil, err
		}
		at.socket = filepath.Join(folder.path, "app.sock")
		return at, folder.remove, nil
	case a.config.Socket != "":
		at.socket = a.config.Socket
		if err := a.clearSocket(at.socket); err != nil {
			return place{}, nil, err
		}
		return at, func() { removeSocket(at.socket) }, nil
	case a.config.Port != 0:
		if err := checkPort(at.port); err != nil {
			return place{}, nil, err
		}
	}
	return at, func() {}, nil
}

// freshSocket says whether the app gets a unix socket of its own.
func (a *App) freshSocket() bool {
	return a.config.Socket == Fresh || (a.config.Socket == "" && a.uses("unix_socket"))
}

// checkPort says who listens on a port already, if anybody does where we would
// look for the app.
func checkPort(port int) error {
	for _, host := range []string{loopback, loopback6} {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			listener.Close()
			continue
		}
		// Anything else, such as a port that only root may have or a
		// machine without IPv6, is for the app to say.
		if errors.Is(err, syscall.EADDRINUSE) {
			at := place{port: port, host: host}
			return takenError{at, holderOf(at)}
		}
	}
	return nil
}

// takenError says that a place is in use by somebody else.
type takenError struct {
	place  place
	holder string // "process 12 (python3)", or empty where that is not known
}

func (e takenError) Error() string {
	by := e.holder
	if by == "" {
		by = "another program"
	}
	return fmt.Sprintf("%s is taken by %s: end it, or give the app another place", e.place, by)
}

// plain names the errors that say nothing by themselves to those who have to
// mend them.
func plain(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("no file descriptor is left for this process%s; raise it (ulimit -n)", descriptorLimit())
	case errors.Is(err, syscall.ENFILE):
		return errors.New("no file descriptor is left on this machine (fs.file-max)")
	case errors.Is(err, syscall.ENOSPC):
		return errors.New("no space, or no inode, is left on the disk")
	case errors.Is(err, syscall.EDQUOT):
		return errors.New("the disk quota is used up")
	case errors.Is(err, syscall.EROFS):
		return errors.New("the file system is read-only")
	}
	return err
}

func descriptorLimit() string {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return ""
	}
	return fmt.Sprintf(" (the limit is %d)", limit.Cur)
}

// exists says whether a path is there, whatever it is.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
