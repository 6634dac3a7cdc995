package proxy

import (
	"bufio"
	"io"
)

// flow hands on what comes from one side of a tunnel, until that ends or the
// other side takes no more: one of the errors is set.
//
// It waits in the reader's own small buffer, which most messages fit in, and
// borrows a large one only while much comes at once: most websockets are idle
// most of the time, and should cost little.
func (p *Proxy) flow(from *bufio.Reader, write func([]byte) error) (ended, failed error) {
	for {
		_, ended = from.Peek(1)
		n := from.Buffered()
		if n > 0 {
			p.activity.Touch()
			piece, _ := from.Peek(n) // all there, so no error
			if failed = write(piece); failed != nil {
				return nil, failed
			}
			_, _ = from.Discard(n) // as above
		}
		if ended != nil {
			return ended, nil
		}
		if n == from.Size() {
			if failed = p.burst(from, write); failed != nil {
				return nil, failed
			}
		}
	}
}

// burst copies for as long as as much comes as a large buffer takes.
func (p *Proxy) burst(from io.Reader, write func([]byte) error) error {
	buffer := p.buffers.get()
	defer p.buffers.put(buffer)
	for {
		n, err := from.Read(*buffer)
		if n > 0 {
			p.activity.Touch()
			if failed := write((*buffer)[:n]); failed != nil {
				return failed
			}
		}
		if err != nil || n < len(*buffer) {
			return nil // the next Peek meets the error again
		}
	}
}
