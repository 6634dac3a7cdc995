//go:build unix

package shelf

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"golang.org/x/sys/unix"
)

// lockPause is between two looks at a lock that another process has.
const lockPause = 50 * time.Millisecond

// home is the folder of one dashboard, and its lock: the kernel gives it back
// when its holder dies.
type home struct {
	*tree.Folder
	path string
}

// enter opens a dashboard's folder as the only one.
func (s *Shelf) enter(ctx context.Context, id string, create bool) (*home, error) {
	path := filepath.Join(s.root, id)
	for {
		if create {
			if err := makeFolder(path); err != nil {
				return nil, err
			}
		}
		folder, err := tree.Open(path)
		if create && tree.Gone(err) {
			continue // removed by whoever had the lock
		}
		if err != nil {
			return nil, err
		}
		held, err := lock(folder)
		if err == nil && held && sameFolder(folder, path) {
			return &home{folder, path}, nil
		}
		folder.Close()
		if err != nil {
			return nil, err
		}
		if held {
			continue // it is not what the path leads to any more
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}

// makeFolder makes a folder through which owners can pass, whatever the umask.
func makeFolder(path string) error {
	if err := os.Mkdir(path, 0o711); err != nil { // #nosec G301 -- see New
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return os.Chmod(path, 0o711) // #nosec G302 -- see New
}

// lock takes the lock, if nobody has it. File systems without locks give it to
// everybody: there, only one process should work.
func lock(folder *tree.Folder) (bool, error) {
	err := folder.Lock()
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, nil
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EBADF):
		return true, nil // EBADF: NFS wants a file that can be written
	}
	return err == nil, err
}

func sameFolder(folder *tree.Folder, path string) bool {
	named, err := tree.Open(path)
	if err != nil {
		return false
	}
	defer named.Close()
	a, err := folder.Info()
	b, wrong := named.Info()
	return err == nil && wrong == nil && a.Device == b.Device && a.Inode == b.Inode
}

// clear takes away what there is of a whole revision.
func (h *home) clear(ctx context.Context, revision int) error {
	name := strconv.Itoa(revision)
	if err := h.Remove(ctx, removing+name); err != nil {
		return err
	}
	if err := h.Rename(name, h.Folder, removing+name); err != nil {
		if tree.Gone(err) {
			return nil
		}
		return err
	}
	return h.Remove(ctx, removing+name)
}

// leave gives the lock back. The folder goes if nothing is in it.
func (h *home) leave() {
	_ = os.Remove(h.path)
	h.Close()
}
