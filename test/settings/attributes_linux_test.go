//go:build e2e

package settings

import "syscall"

// dieWithUs makes a program stop, as if asked to, when the test that started it
// dies without stopping it.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
