//go:build unix && !linux

package tree

import (
	"math"

	"golang.org/x/sys/unix"
)

// SyncAll writes all of the file system that the folder is on to the disk.
func (f *Folder) SyncAll() error { return unix.Sync() }

// Free is how many bytes can still be written where the folder is, as far as that
// is told.
func (f *Folder) Free() int64 { return math.MaxInt64 }
