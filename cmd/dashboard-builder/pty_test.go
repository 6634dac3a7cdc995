//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pty is a terminal of a certain width, and all that was written to it.
type pty struct {
	*os.File // what the program has
	control  *os.File
	mu       sync.Mutex
	shown    bytes.Buffer
	changed  chan struct{}
	done     chan struct{}
}

// newPTY opens a terminal (pty(7)).
func newPTY(t *testing.T, columns int) *pty {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(control.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	p := &pty{File: terminal, control: control, changed: make(chan struct{}), done: make(chan struct{})}
	go p.read()
	t.Cleanup(func() {
		p.File.Close()
		p.control.Close()
	})
	return p
}

// read gathers what is shown until the program's side is closed (EIO).
func (p *pty) read() {
	defer close(p.done)
	buffer := make([]byte, 4096)
	for {
		n, err := p.control.Read(buffer)
		p.mu.Lock()
		p.shown.Write(buffer[:n])
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// await waits until a text has been shown.
func (p *pty) await(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		p.mu.Lock()
		shown, changed := plainLines(p.shown.String()), p.changed
		p.mu.Unlock()
		if strings.Contains(shown, text) {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%q is not shown, but %q", text, shown)
		}
	}
}

// end closes the program's side and returns all that was shown.
func (p *pty) end() string {
	p.File.Close()
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	return plainLines(p.shown.String())
}

// plainLines takes off what the terminal's driver adds (termios(3): ONLCR).
func plainLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// type writes what a person types.
func (p *pty) typed(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(p.control, text); err != nil && !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
}

// on runs the program on a terminal of a certain width.
func (b *bed) on(t *testing.T, columns int, args ...string) (code int, shown string) {
	t.Helper()
	terminal := newPTY(t, columns)
	program := b.program(terminal.File, terminal.File)
	program.stdin = terminal.File
	code = program.run(args)
	return code, terminal.end()
}
