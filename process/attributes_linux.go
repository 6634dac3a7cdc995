package process

import "syscall"

// attributes puts the child into a group of its own, so that all of it can be
// signalled, and into the cgroup if there is one; and asks the kernel to end
// it if we are killed. The kernel means the death of the thread that started
// it: see App.Run.
func attributes(c *cgroup) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if c != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(c.folder.Fd())
	}
	return attr
}
