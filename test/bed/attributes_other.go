//go:build !linux

package bed

import "syscall"

func hubAttributes() *syscall.SysProcAttr { return nil }
