package process

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// Sink takes the app's output line by line, without line breaks. The line is
// only valid during the call.
type Sink func(stream string, line []byte)

// streams are the names of an app's two outputs.
var streams = [2]string{"stdout", "stderr"}

// output drains an app's stdout and stderr from its first byte to the end,
// so that the app never waits for us to read.
type output struct {
	read, write [2]*os.File
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

// drain starts reading. Each line goes to all sinks.
func (o *output) drain(sinks ...Sink) {
	var mu sync.Mutex // keeps the two streams' lines whole
	for i, stream := range streams {
		o.done.Go(func() {
			eachLine(o.read[i], func(line []byte) {
				mu.Lock()
				defer mu.Unlock()
				for _, sink := range sinks {
					sink(stream, line)
				}
			})
		})
	}
}

// finish waits until all is read. A process that left the group can hold the
// pipe open for ever, so there is a limit.
func (o *output) finish(limit time.Duration) {
	finished := make(chan struct{})
	go func() {
		o.done.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-time.After(limit):
	}
	o.closeRead()
	<-finished
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

// eachLine reads to the end. A line longer than maxLine comes in pieces.
func eachLine(r io.Reader, yield func([]byte)) {
	reader := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			yield(bytes.TrimRight(line, "\r\n"))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}
