//go:build unix

// Package tree works in folders that belong to somebody else, who may change
// them at the same time. A Folder is held by its descriptor, and whatever is
// called by a name in it is never a link that is followed: who swaps a folder for
// a link, or moves it, leads nobody anywhere.
package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Folder is an open folder.
type Folder struct{ file *os.File }

// Open opens a folder by its path, links included: it is for paths that nobody
// else can change.
func Open(path string) (*Folder, error) {
	return open(unix.AT_FDCWD, path, 0)
}

// Folder opens a folder in this one. A link is no folder.
func (f *Folder) Folder(name string) (*Folder, error) {
	return open(f.fd(), name, unix.O_NOFOLLOW)
}

func open(at int, name string, flags int) (*Folder, error) {
	file, err := openFile(at, name, unix.O_RDONLY|unix.O_DIRECTORY|flags, 0)
	if err != nil {
		return nil, err
	}
	return &Folder{file}, nil
}

// errNotFile is what a name turned out to be that should be a file.
var errNotFile = fmt.Errorf("it is no regular file: %w", unix.ELOOP)

// File opens a regular file in the folder for reading. What has become something
// else is Swapped; nothing that could block is waited for.
func (f *Folder) File(name string) (*os.File, Info, error) {
	file, err := openFile(f.fd(), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, Info{}, err
	}
	info, err := StatFile(file)
	if err == nil && !info.Mode.IsRegular() {
		err = errNotFile
	}
	if err != nil {
		file.Close()
		return nil, Info{}, err
	}
	return file, info, nil
}

// Create makes a file that was not there, without any permissions yet: Finish
// gives them.
func (f *Folder) Create(name string) (*os.File, error) {
	return openFile(f.fd(), name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0)
}

func openFile(at int, name string, flags int, mode uint32) (*os.File, error) {
	fd, err := again(func() (int, error) { return unix.Openat(at, name, flags|unix.O_CLOEXEC, mode) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil // #nosec G115 -- a descriptor
}

// Make makes a folder, which only its owner may enter.
func (f *Folder) Make(name string) error {
	return named("mkdir", name, func() error { return unix.Mkdirat(f.fd(), name, 0o700) })
}

// maxTarget is Linux's PATH_MAX, which no link is longer than.
const maxTarget = 4096

// Link is where a link leads.
func (f *Folder) Link(name string) (string, error) {
	target := make([]byte, maxTarget)
	var n int
	err := named("readlink", name, func() (err error) {
		n, err = unix.Readlinkat(f.fd(), name, target)
		return err
	})
	if err != nil {
		return "", err
	}
	return string(target[:n]), nil
}

// Symlink makes a link.
func (f *Folder) Symlink(target, name string) error {
	return named("symlink", name, func() error { return unix.Symlinkat(target, f.fd(), name) })
}

// Rename renames, also to another folder.
func (f *Folder) Rename(name string, to *Folder, newName string) error {
	return named("rename", name, func() error { return unix.Renameat(f.fd(), name, to.fd(), newName) })
}

// Finish gives what was made in the folder its time and then its permissions, so
// that a file without any is one that nobody finished. It is for what nobody else
// can change, as SetMode is.
func (f *Folder) Finish(name string, modified time.Time, mode fs.FileMode) error {
	if err := f.SetTime(name, modified); err != nil {
		return err
	}
	return f.SetMode(name, mode)
}

// SetTime sets when it was modified, also of a link.
func (f *Folder) SetTime(name string, modified time.Time) error {
	at := unix.NsecToTimespec(modified.UnixNano())
	return named("utimes", name, func() error {
		return unix.UtimesNanoAt(f.fd(), name, []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW)
	})
}

// SetMode sets the permissions, and nothing but them. A link would be followed:
// it is for what nobody else can change.
func (f *Folder) SetMode(name string, mode fs.FileMode) error {
	return named("chmod", name, func() error { return unix.Fchmodat(f.fd(), name, uint32(mode.Perm()), 0) })
}

// Own sets whose it is, also of a link.
func (f *Folder) Own(name string, uid, gid int) error {
	return named("chown", name, func() error { return unix.Fchownat(f.fd(), name, uid, gid, unix.AT_SYMLINK_NOFOLLOW) })
}

// Names reads the next names, at most so many; none are left when it returns
// none.
func (f *Folder) Names(most int) ([]string, error) {
	names, err := f.file.Readdirnames(most)
	if len(names) > 0 || errors.Is(err, fs.ErrNotExist) {
		return names, nil // a folder that was removed has none
	}
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return nil, err
}

// Lock takes the folder's lock, if nobody else has it, until it is closed or the
// process ends: the error is EWOULDBLOCK then (flock(2)).
func (f *Folder) Lock() error {
	return named("lock", f.file.Name(), func() error { return unix.Flock(f.fd(), unix.LOCK_EX|unix.LOCK_NB) })
}

// Sync writes the folder's names to the disk.
func (f *Folder) Sync() error { return f.file.Sync() }

// Close closes it.
func (f *Folder) Close() error { return f.file.Close() }

func (f *Folder) fd() int { return int(f.file.Fd()) } // #nosec G115 -- a descriptor

// again repeats what a signal interrupted.
func again[T any](call func() (T, error)) (T, error) {
	for {
		result, err := call()
		if err != unix.EINTR {
			return result, err
		}
	}
}

func named(what, name string, call func() error) error {
	_, err := again(func() (struct{}, error) { return struct{}{}, call() })
	if err != nil {
		return &fs.PathError{Op: what, Path: name, Err: err}
	}
	return nil
}
