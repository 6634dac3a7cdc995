//go:build e2e

package dockerspawner

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
)

// relay is where containers reach the hub, which itself listens on the loopback
// address only, as everything else of the tests.
type relay struct {
	// url is the hub's for containers.
	url string

	listener net.Listener
	target   atomic.Pointer[string]
}

// startRelay opens it, before it is known where the hub is going to listen.
func startRelay(address string) (*relay, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	r := &relay{url: "http://" + listener.Addr().String(), listener: listener}
	go func() {
		for {
			from, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go r.pass(from)
			}
		}
	}()
	return r, nil
}

// to says where the hub is.
func (r *relay) to(address string) {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err) // the hub answers there
	}
	r.target.Store(&parsed.Host)
}

func (r *relay) pass(from net.Conn) {
	defer from.Close()
	target := r.target.Load()
	if target == nil {
		return
	}
	into, err := net.Dial("tcp", *target)
	if err != nil {
		return
	}
	defer into.Close()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{into, from}, {from, into}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}

func (r *relay) close() { _ = r.listener.Close() }
