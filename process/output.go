package process

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// readSize is how much is read of the app's output at once: what a pipe holds
// (pipe(7)).
const readSize = 64 << 10

// Piece is a part of what the app wrote.
type Piece struct {
	// Time is when it was read.
	Time time.Time
	// Stream is stdout or stderr, or Dropped for a word of our own.
	Stream string
	// Data is only valid during the call that hands it over.
	Data []byte
	// More says that the line was too long for one piece, and that the next
	// piece of this stream goes on with it.
	More bool
}

// Sink takes the app's output, one piece after the other.
type Sink func(Piece)

// streams are the names of an app's two outputs.
var streams = [2]string{"stdout", "stderr"}

// output drains an app's stdout and stderr from its first byte to the end,
// so that the app never waits for us to read.
type output struct {
	read, write [len(streams)]*os.File
	done        sync.WaitGroup
}

func newOutput() (*output, error) {
	o := &output{}
	for i := range streams {
		var err error
		if o.read[i], o.write[i], err = os.Pipe(); err != nil {
			o.closeWrite()
			o.closeRead()
			return nil, err
		}
	}
	return o, nil
}

// drain starts reading. The ring gets lines, the queue all that comes.
func (o *output) drain(ring *Ring, queue *queue) {
	for i := range streams {
		o.done.Go(func() {
			lines := splitter{emit: func(line []byte, _ bool) { ring.Add(line) }}
			buffer := make([]byte, readSize)
			for {
				n, err := o.read[i].Read(buffer)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					n = readRest(o.read[i], buffer)
				}
				lines.write(buffer[:n])
				if n > 0 {
					queue.put(i, buffer[:n], false)
				}
				if err != nil {
					break
				}
			}
			lines.flush()
			queue.put(i, nil, true)
		})
	}
}

// finish waits until all is read that was written up to now. A process that is
// none of the app's can hold the pipes open for ever, so their end is not awaited.
func (o *output) finish() {
	for _, pipe := range o.read {
		if err := pipe.SetReadDeadline(time.Now()); err != nil {
			pipe.Close()
		}
	}
	o.done.Wait()
	o.closeRead()
}

// readRest reads what a pipe holds now.
func readRest(pipe *os.File, buffer []byte) int {
	_ = pipe.SetReadDeadline(time.Time{}) // or nothing could be read any more
	conn, err := pipe.SyscallConn()
	if err != nil {
		return 0
	}
	var n int
	_ = conn.Read(func(fd uintptr) bool {
		n, _ = syscall.Read(int(fd), buffer) // does not wait, or there were no deadline
		return true
	})
	return max(n, 0)
}

func (o *output) closeWrite() { closeAll(o.write[:]) }
func (o *output) closeRead()  { closeAll(o.read[:]) }

func closeAll(files []*os.File) {
	for _, file := range files {
		if file != nil {
			file.Close()
		}
	}
}
