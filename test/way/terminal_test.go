//go:build e2e && linux

package way

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal makes a terminal: our end of it, and the programs'.
func openTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// onTerminal starts our program on a terminal of its own.
func onTerminal(t *testing.T) (s *server, terminal *os.File) {
	t.Helper()
	terminal, theirs := openTerminal(t)
	defer theirs.Close()
	s = launchWith(t, func(s *server) {
		s.command.Stdin = theirs
		s.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}, nil, shared.echo, "--port={port}")
	s.awaitState("ready")
	return s, terminal
}

func (s *server) starts() int { return strings.Count(s.log.String(), `msg="starting the app"`) }

func TestATerminalThatGoesTakesUsAlong(t *testing.T) {
	signal.Reset(syscall.SIGHUP)
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP) // so that nohup before us is not inherited
	defer signal.Stop(hups)
	s, terminal := onTerminal(t)
	if err := s.command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.eventually(func() error {
		if s.starts() != 2 {
			return fmt.Errorf("%d starts", s.starts())
		}
		return nil
	})
	terminal.Close()
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Error("our program goes on without its terminal")
	}
}

func TestWithNohupWeOutliveTheTerminal(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	s, terminal := onTerminal(t)
	terminal.Close()
	select {
	case <-s.ended:
		t.Fatal("our program has ended with its terminal")
	case <-time.After(time.Second): // long enough for the signal, which is on its way already
	}
	if s.starts() != 1 {
		t.Errorf("%d starts", s.starts())
	}
	// An operator's is what it always is. One that came before the terminal's was
	// seen would be one with it, so there are as many as it takes.
	for deadline := time.Now().Add(patience); s.starts() < 2; time.Sleep(time.Second) {
		if err := s.command.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d starts", s.starts())
		}
	}
}
