package thumbnail

import (
	"os/exec"
	"syscall"
)

// endTogether has all processes of the browser end when it is to.
func endTogether(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
