//go:build e2e && !linux

package settings

import "syscall"

func dieWithUs() *syscall.SysProcAttr { return nil }
