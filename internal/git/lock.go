package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockPause is between two looks at a lock that is taken.
const lockPause = 100 * time.Millisecond

// lock keeps two servers out of one folder. The kernel gives it back when its
// owner dies, over NFS as well; the file stays then, and tells the next one
// that work was broken off, and since when.
type lock struct {
	file *os.File // nil where the file system has no locks
	path string
	// died is when the last owner began, if it died at work.
	died time.Time
}

// acquire makes the folder and waits for its lock.
func acquire(ctx context.Context, folder string, log *slog.Logger, waiting func()) (*lock, error) {
	path := filepath.Join(folder, lockName)
	told := false
	for {
		err := os.MkdirAll(folder, 0o755) // #nosec G301 -- as mkdir does
		switch {
		case wasThere(err):
			continue // see below
		case err != nil:
			return nil, fmt.Errorf("the folder for the repository cannot be made: %w", err)
		}
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600) // #nosec G304 -- in our folder
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // another server gave up, and took the folder away
		case err != nil:
			return nil, fmt.Errorf("the folder for the repository cannot be written: %w", err)
		}
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // #nosec G115 -- a descriptor
		switch {
		case err == nil && current(file, path):
			return own(file, path)
		case err == nil:
			// Its owner removed the file while we waited.
		case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
			if !told {
				told = true
				waiting()
			}
		default:
			log.Warn("the file system cannot lock: two servers that use this folder at once could disturb each other", "folder", folder, "error", err)
			file.Close()
			return &lock{path: path}, nil
		}
		file.Close()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}

// wasThere says that a folder could not be made as there was one, which then was
// taken away before anybody could look at it.
func wasThere(err error) bool {
	failed, ok := errors.AsType[*fs.PathError](err)
	if !ok || !errors.Is(err, fs.ErrExist) {
		return false
	}
	info, err := os.Lstat(failed.Path)
	return err != nil || info.IsDir()
}

// current says whether the file is the one that has the name now.
func current(file *os.File, path string) bool {
	ours, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(ours, named)
}

func own(file *os.File, path string) (*lock, error) {
	l := &lock{file: file, path: path}
	content := make([]byte, 32)
	n, _ := file.ReadAt(content, 0)
	if began, err := strconv.ParseInt(strings.TrimSpace(string(content[:n])), 10, 64); err == nil {
		l.died = time.Unix(began, 0)
	}
	// If this cannot be written there is no space, which git will say.
	_ = file.Truncate(0)
	_, _ = file.WriteAt([]byte(strconv.FormatInt(time.Now().Unix(), 10)+"\n"), 0)
	return l, nil
}

// release removes the file before it gives the lock back, so that whoever waits
// for it notices.
func (l *lock) release() {
	_ = os.Remove(l.path)
	if l.file != nil {
		l.file.Close()
	}
}
