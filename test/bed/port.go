package bed

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// FreePorts finds ports that nobody listens on, at any address, below those that
// the kernel gives away by itself, and those that our program gives to apps: a hub
// takes seconds until it listens, and on a busy machine somebody else would have
// got its port by then. So that it is not another test either, they are given out
// in turn to all tests of this user, whose processes share the number of the last.
func FreePorts(count int) (ports []int, err error) {
	const lowest, highest = 10000, 16383
	name := filepath.Join(os.TempDir(), fmt.Sprintf("bed-last-port-%d", os.Getuid()))
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }() // unlocks it, too
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	port, _ := strconv.Atoi(string(content)) // 0 if nothing was written yet
	for try := lowest; try <= highest && len(ports) < count; try++ {
		if port++; port < lowest || port > highest {
			port = lowest
		}
		listener, taken := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if taken != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	if len(ports) < count {
		return nil, fmt.Errorf("found only %d of %d free ports", len(ports), count)
	}
	if err := file.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(port)), 0); err != nil {
		return nil, err
	}
	return ports, nil
}
