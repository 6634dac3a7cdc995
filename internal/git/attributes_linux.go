package git

import "syscall"

// attributes puts git into a group of its own, so that all of it can be ended,
// and asks the kernel to end it if we are killed. The kernel means the death of
// the thread that started it: see client.start.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
