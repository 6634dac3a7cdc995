//go:build unix

package tree

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

const (
	// deepest is how deep Remove goes down before it brings up what is deeper: it
	// has a descriptor open for each level.
	deepest = 64
	// passes is how often a folder is emptied that fills again, or whose file
	// system passes names over while others are removed.
	passes = 8
	// batch is how many names are read at once.
	batch = 512
)

// Remove takes away what has a name in the folder, with all that is in it,
// however deep, and whatever is made there at the same time. Where there is
// nothing it is done.
func (f *Folder) Remove(ctx context.Context, name string) error {
	r := &remover{ctx: ctx}
	for pass := 0; ; pass++ {
		r.brought = false
		err := r.remove(f, name, 0)
		if r.brought {
			pass = 0
		}
		if !notEmpty(err) || pass == passes {
			return err
		}
	}
}

type remover struct {
	ctx context.Context
	// top is the folder that is removed, and where what lies too deep is brought;
	// brought says that something was.
	top     *Folder
	brought bool
}

func (r *remover) remove(in *Folder, name string, depth int) error {
	err := in.unlink(name, 0)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// A folder is EISDIR on Linux, EPERM elsewhere (POSIX unlink), and EACCES where
	// its own folder cannot be written.
	folder, opened := in.openOwn(name)
	if Swapped(opened) {
		return err
	}
	if opened != nil {
		return opened
	}
	defer folder.Close()
	if depth == 0 {
		r.top = folder
	}
	for range passes {
		if err = r.empty(folder, depth); err != nil {
			return err
		}
		if err = in.unlink(name, unix.AT_REMOVEDIR); !notEmpty(err) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// empty removes all that is in a folder.
func (r *remover) empty(folder *Folder, depth int) error {
	if _, err := folder.file.Seek(0, 0); err != nil {
		return err
	}
	for {
		names, err := folder.Names(batch)
		if err != nil || len(names) == 0 {
			return err
		}
		for _, name := range names {
			if r.ctx.Err() != nil {
				return context.Cause(r.ctx)
			}
			if depth < deepest {
				err = r.remove(folder, name, depth+1)
			} else {
				err = r.bringUp(folder, name)
			}
			if err != nil {
				return err
			}
		}
	}
}

// bringUp removes a file, or moves a folder to the top, where the next pass finds
// it.
func (r *remover) bringUp(in *Folder, name string) error {
	err := in.unlink(name, 0)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	folder, err := in.openOwn(name) // a folder that moves has to be writable
	if err != nil {
		return err
	}
	folder.Close()
	r.brought = true
	return in.Rename(name, r.top, ".removing-"+rand.Text())
}

// openOwn opens a folder, and makes it one whose content can be removed.
func (f *Folder) openOwn(name string) (*Folder, error) {
	folder, err := f.Folder(name)
	if errors.Is(err, fs.ErrPermission) {
		if info, _ := f.Stat(name); !info.Mode.IsDir() {
			return nil, err
		}
		// Only whoever owns it can, and they may do so in their own folders.
		if err := f.SetMode(name, 0o700); err != nil {
			return nil, err
		}
		folder, err = f.Folder(name)
	}
	if err != nil {
		return nil, err
	}
	if info, err := folder.Info(); err == nil && info.Mode.Perm()&0o300 != 0o300 {
		_ = folder.file.Chmod(0o700) // if that cannot be, the removal says so
	}
	return folder, nil
}

func (f *Folder) unlink(name string, flags int) error {
	return named("remove", name, func() error { return unix.Unlinkat(f.fd(), name, flags) })
}

func notEmpty(err error) bool { return errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) }
