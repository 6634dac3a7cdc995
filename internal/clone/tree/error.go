//go:build unix

package tree

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Gone says that a name was there, and is no more.
func Gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESTALE) }

// Swapped says that a name stands for something else than before.
func Swapped(err error) bool {
	return errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ENXIO) ||
		errors.Is(err, unix.EMLINK) // FreeBSD's ELOOP
}

// Full says that there is no space left, or no more allowed.
func Full(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
