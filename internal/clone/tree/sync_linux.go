package tree

import (
	"math"

	"golang.org/x/sys/unix"
)

// SyncAll writes all of the file system that the folder is on to the disk: that is
// one wait, and not one for each file.
func (f *Folder) SyncAll() error {
	return named("syncfs", f.file.Name(), func() error { return unix.Syncfs(f.fd()) })
}

// Free is how many bytes can still be written where the folder is, as far as that
// is told.
func (f *Folder) Free() int64 {
	var stat unix.Statfs_t
	if err := unix.Fstatfs(f.fd(), &stat); err != nil || stat.Blocks == 0 || stat.Bsize <= 0 ||
		stat.Bavail > math.MaxInt64/uint64(stat.Bsize) {
		return math.MaxInt64
	}
	return int64(stat.Bavail) * stat.Bsize // #nosec G115 -- as checked above
}
