package bed

import "syscall"

// hubAttributes make the hub stop, as if asked to, when the test that started
// it dies without stopping it.
func hubAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
