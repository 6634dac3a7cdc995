package bed

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// FreePorts finds ports of the loopback address that nobody listens on, below
// those that the kernel gives away by itself, and those that our program gives to
// apps: a hub takes seconds until it listens, and on a busy machine somebody else
// would have got its port by then.
func FreePorts(count int) (ports []int, err error) {
	const lowest, highest = 10000, 16383
	for try := 0; len(ports) < count && try < 100*count; try++ {
		port := lowest + rand.N(highest-lowest+1)
		listener, taken := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if taken != nil {
			continue
		}
		// Held until the last is found, so that they differ.
		defer func() { err = errors.Join(err, listener.Close()) }()
		ports = append(ports, port)
	}
	if len(ports) < count {
		return nil, fmt.Errorf("found only %d of %d free ports", len(ports), count)
	}
	return ports, nil
}
