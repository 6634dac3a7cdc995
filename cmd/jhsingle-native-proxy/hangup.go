package main

import (
	"os"
	"syscall"
)

// hasTerminal says whether this program can be reached from a terminal. When
// one goes away, everything on it gets SIGHUP and loses it; SIGHUP from
// elsewhere is an operator's.
func hasTerminal() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	return terminal.Close() == nil
}
