package thumbnail

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// devtools speaks to a browser by the two pipes of --remote-debugging-pipe: the
// Chrome DevTools Protocol, each message followed by a zero byte. Nobody else can,
// as they could by a port.
type devtools struct {
	to   *os.File
	from *bufio.Reader
	last int
}

// maxMessage is more than a picture of a window takes, in bytes.
const maxMessage = 64 << 20

// start starts a browser with the pipes as its descriptors 3 and 4. done ends the
// pipes.
func start(browser *exec.Cmd) (d *devtools, done func(), err error) {
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, theirIn.Close(), ourOut.Close())
	}
	browser.ExtraFiles = []*os.File{theirIn, theirOut}
	err = browser.Start()
	theirIn.Close()
	theirOut.Close()
	done = func() { ourOut.Close(); ourIn.Close() }
	if err != nil {
		done()
		return nil, nil, err
	}
	return &devtools{to: ourOut, from: bufio.NewReader(ourIn)}, done, nil
}

// call calls a method of a session, or of the browser itself if that is empty, and
// decodes its result. Events that come meanwhile are passed over.
func (d *devtools) call(session, method string, parameters map[string]any, result any) error {
	d.last++
	message := map[string]any{"id": d.last, "method": method, "params": parameters}
	if session != "" {
		message["sessionId"] = session
	}
	content, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if _, err := d.to.Write(append(content, 0)); err != nil {
		return fmt.Errorf("the browser does not listen: %w", err)
	}
	for {
		content, err := d.read()
		if err != nil {
			return fmt.Errorf("the browser does not answer %s: %w", method, err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		switch err := json.Unmarshal(content, &answer); {
		case err != nil:
			return fmt.Errorf("the browser's answer to %s cannot be read: %w", method, err)
		case answer.ID != d.last:
		case answer.Error != nil:
			return fmt.Errorf("the browser would not do %s: %.200s", method, answer.Error.Message)
		default:
			return json.Unmarshal(answer.Result, result)
		}
	}
}

// read reads one message.
func (d *devtools) read() ([]byte, error) {
	var message bytes.Buffer
	for {
		part, err := d.from.ReadSlice(0)
		message.Write(part)
		switch {
		case message.Len() > maxMessage:
			return nil, fmt.Errorf("a message is larger than %d bytes", maxMessage)
		case err == nil:
			return bytes.TrimSuffix(message.Bytes(), []byte{0}), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}
