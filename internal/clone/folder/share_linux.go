package folder

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reflink makes a file share the blocks of another one, where the file system can:
// btrfs, XFS, bcachefs and others (ioctl_ficlone(2)).
func reflink(to, from *os.File) error {
	return unix.IoctlFileClone(int(to.Fd()), int(from.Fd())) // #nosec G115 -- descriptors
}

// nextData finds the next part of a file that is no hole. Behind the last there is
// one without length at the end.
func nextData(file *os.File, at, end int64) (begin, stop int64, err error) {
	begin, err = file.Seek(at, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return end, end, nil
	case err != nil:
		return at, end, nil // the file system does not tell (lseek(2)), or has trouble that reading shows
	case begin >= end:
		return end, end, nil
	}
	stop, err = file.Seek(begin, unix.SEEK_HOLE)
	if err != nil || stop <= begin || stop > end {
		stop = end
	}
	return begin, stop, nil
}
