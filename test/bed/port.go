package bed

import (
	"errors"
	"net"
)

// FreePorts finds ports of the loopback address that nobody listens on. They
// are held until the last is found, so that they differ.
func FreePorts(count int) (ports []int, err error) {
	for range count {
		listener, listenErr := net.Listen("tcp", "127.0.0.1:0")
		if listenErr != nil {
			return nil, errors.Join(err, listenErr)
		}
		defer func() { err = errors.Join(err, listener.Close()) }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
