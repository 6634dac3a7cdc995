//go:build unix

package tree

import (
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Info is what a name stands for.
type Info struct {
	// Mode has the type and the permissions, as fs.FileMode has them.
	Mode  fs.FileMode
	Bytes int64
	// Stored is what it takes on the disk, without its holes.
	Stored   int64
	Modified time.Time
	// UID is its owner's.
	UID int
	// Device and Inode are which one it is.
	Device, Inode uint64
}

// Stat says what a name stands for; a link stands for itself.
func (f *Folder) Stat(name string) (Info, error) {
	var stat unix.Stat_t
	err := named("stat", name, func() error { return unix.Fstatat(f.fd(), name, &stat, unix.AT_SYMLINK_NOFOLLOW) })
	return info(&stat), err
}

// Info is that of the folder itself.
func (f *Folder) Info() (Info, error) { return StatFile(f.file) }

// StatFile is the Info of an open file.
func StatFile(file *os.File) (Info, error) {
	var stat unix.Stat_t
	err := named("stat", file.Name(), func() error { return unix.Fstat(int(file.Fd()), &stat) })
	return info(&stat), err
}

func info(stat *unix.Stat_t) Info {
	mode := fs.FileMode(stat.Mode & 0o777)
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	case unix.S_IFSOCK:
		mode |= fs.ModeSocket
	case unix.S_IFIFO:
		mode |= fs.ModeNamedPipe
	default:
		mode |= fs.ModeDevice
	}
	// The types of the fields are not the same on all systems.
	return Info{
		Mode: mode, Bytes: stat.Size, Stored: int64(stat.Blocks) * 512, Modified: time.Unix(stat.Mtim.Unix()), UID: int(stat.Uid),
		Device: uint64(stat.Dev), Inode: uint64(stat.Ino), // #nosec G115 -- only compared
	} // st_blocks is in units of 512 bytes, whatever the file system's are (stat(2))
}
