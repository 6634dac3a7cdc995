package singleuser

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// listening is where visitors, by way of the hub's proxy, reach us.
type listening struct {
	port    int
	ip      string
	baseURL string
}

func (o *listening) register(flags *pflag.FlagSet) {
	flags.Var(setting.Number(&o.port, 0, 65535, "port"), "port", "`port` to listen on (default: as JUPYTERHUB_SERVICE_URL says, else 8888)")
	flags.StringVar(&o.ip, "ip", "", "`address` to listen on (default: as JUPYTERHUB_SERVICE_URL says, else 127.0.0.1 under a hub and all without); also --address")
	flags.StringVar(&o.baseURL, "base-url", "", "escaped URL `path` below which everything is (default: JUPYTERHUB_SERVICE_PREFIX, else /)")
}

// address is where to listen: the flags win over the hub's wish, host and port
// each for itself. A hub that says nothing is one before 2.0, whose own server
// listens on loopback then (1.5, singleuser/mixins.py).
func (o *listening) address(bind string, underHub bool) string {
	host, port := "", "8888"
	if underHub {
		host = "127.0.0.1"
	}
	if bind != "" {
		if h, p, err := net.SplitHostPort(bind); err == nil {
			host, port = h, p
		}
	}
	switch o.ip {
	case "":
	case "*":
		host = ""
	default:
		host = o.ip
	}
	if o.port != 0 {
		port = strconv.Itoa(o.port)
	}
	return net.JoinHostPort(host, port)
}

// listen opens an address; by names what to change if it cannot be had.
func listen(address, by string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("cannot listen on %s: another program does already (%s says where)", address, by)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("cannot listen on %s: this user may not; ports below 1024 are often reserved (%s says where)", address, by)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("cannot listen on %s: no network interface of this machine has that address (%s says where)", address, by)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w (%s says where)", address, err, by)
	}
	return listener, nil
}
