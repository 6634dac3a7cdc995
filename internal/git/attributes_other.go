//go:build unix && !linux

package git

import "syscall"

// attributes puts git into a group of its own, so that all of it can be ended.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
