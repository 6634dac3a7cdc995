package process

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// maxSocketPath is how long a unix socket's path can be, in bytes: one less
// than sun_path, for its final NUL (unix(7)).
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

func socketTooLong(path string) error {
	return fmt.Errorf("the unix socket's path %q has %d bytes, and at most %d are possible: take a shorter one, such as below /tmp", path, len(path), maxSocketPath)
}

// clearSocket makes way for an app that is to listen at path: what an app that
// is gone left there is removed, and nothing else.
func (a *App) clearSocket(path string) error {
	parent := filepath.Dir(path)
	switch info, err := os.Stat(parent); {
	case err != nil:
		return fmt.Errorf("cannot use the unix socket %s: its folder: %w", path, err)
	case !info.IsDir():
		return fmt.Errorf("cannot use the unix socket %s: %s is not a folder", path, parent)
	case info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0:
		a.config.Log.Warn("other users of this machine can put a socket of their own in the place of the app's: take away their right to write (chmod go-w)",
			"folder", parent, "mode", info.Mode().Perm().String())
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot use the unix socket %s: %w", path, err)
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("cannot use the unix socket %s: something else is there (%s); move it away, or take another path", path, kind(info))
	}
	conn, err := net.DialTimeout("unix", path, dialTimeout)
	if err == nil {
		conn.Close()
		return takenError{place{socket: path}, holderOf(place{socket: path})}
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("cannot use the unix socket %s: another program's seems to be there: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("cannot remove the unix socket %s that nobody listens on any more: %w", path, plain(err))
	}
	a.config.Log.Info("removed a unix socket that nobody listens on any more", "socket", path)
	return nil
}

// removeSocket removes what an app that has ended left at its path.
func removeSocket(path string) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		_ = os.Remove(path) // the next start says what is wrong with it
	}
}

func kind(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "neither a file nor a folder"
}

// folderPrefix begins the names of our folders for sockets.
const folderPrefix = "jhsingle-socket-"

// folder is a directory for one app's socket that only this user can enter. We
// hold a lock on it while we live, so that a later one of us can tell and
// remove what a killed one left.
type folder struct {
	path string
	lock *os.File
}

func newFolder() (*folder, error) {
	parent := os.TempDir()
	if len(parent)+len("/"+folderPrefix+"0000000000/app.sock") > maxSocketPath {
		parent = "/tmp"
	}
	eachStale(parent, folderPrefix, func(path string) { _ = os.RemoveAll(path) })
	path, err := os.MkdirTemp(parent, folderPrefix) // its rights are 0700
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the app's unix socket in %s: %w", parent, plain(err))
	}
	f := &folder{path: path}
	if f.lock, err = lockFolder(path); err != nil {
		f.remove()
		return nil, fmt.Errorf("cannot lock the folder for the app's unix socket, %s: %w", path, plain(err))
	}
	return f, nil
}

func (f *folder) remove() {
	_ = os.RemoveAll(f.path) // one that stays is stale for the next start
	if f.lock != nil {
		f.lock.Close()
	}
}

func lockFolder(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_DIRECTORY, 0) // #nosec G304 -- a folder that we made
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// staleAfter is how old a folder has to be: one that is just being made is not
// locked yet.
const staleAfter = 5 * time.Second

// eachStale calls for each of this user's folders with the prefix that nobody
// holds, though it was made to be held by one of us.
func eachStale(parent, prefix string, remove func(path string)) {
	paths, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
	if err != nil {
		return
	}
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || !ours(info) || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		if lock, err := lockFolder(path); err == nil {
			remove(path)
			lock.Close()
		}
	}
}

func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
