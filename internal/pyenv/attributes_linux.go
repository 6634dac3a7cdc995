package pyenv

import "syscall"

// attributes puts a tool into a group of its own, so that all of it can be
// ended, and asks the kernel to end it if we are killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
