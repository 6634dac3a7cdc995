package doctor

import "golang.org/x/sys/unix"

// roomIn tells what is left in the file system of a folder.
func roomIn(path string) (room, bool) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil || fs.Bsize <= 0 {
		return room{}, false
	}
	// Some, such as btrfs, count no inodes.
	return room{bytes: fs.Bavail * uint64(fs.Bsize), inodes: fs.Ffree, countsInodes: fs.Files > 0}, true
}
