//go:build unix && !linux

package process

import "syscall"

// attributes puts the child into a group of its own, so that all of it can be
// signalled.
func attributes(*cgroup) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
