package bed

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
)

func TestFreePortsAreGivenOnce(t *testing.T) {
	var mutex sync.Mutex
	var takers sync.WaitGroup
	given := map[int]int{}
	for range 8 {
		takers.Go(func() {
			for range 20 {
				ports, err := FreePorts(2)
				if err != nil {
					t.Error(err)
				}
				mutex.Lock()
				for _, port := range ports {
					given[port]++
				}
				mutex.Unlock()
			}
		})
	}
	takers.Wait()
	if len(given) != 320 {
		t.Errorf("320 ports were asked for, and %d different ones given: %v", len(given), given)
	}
}

// Somebody can be at one address of the machine only, as a server that a test
// started is on the loopback address; it is not free then for who listens on all.
func TestFreePortsAreFreeOnAllAddresses(t *testing.T) {
	var next int
	for {
		ports, err := FreePorts(1)
		if err != nil {
			t.Fatal(err)
		}
		next = ports[0] + 1
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.9:%d", next))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue // by a test that runs beside this one
		}
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		break
	}
	if ports, err := FreePorts(1); err != nil || ports[0] == next {
		t.Errorf("got %v, %v, where somebody listens on %d", ports, err, next)
	}
}
