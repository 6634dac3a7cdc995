//go:build unix && !linux

package pyenv

import "syscall"

// attributes puts a tool into a group of its own, so that all of it can be
// ended.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
