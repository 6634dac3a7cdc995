package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// setAside renames files that git does not know and that are in the way of what
// another commit brings, also those that git is told to ignore: those it would
// overwrite. With since, the commit is merged, and brings only what has changed
// in it since then: what is deleted here and as it was there stays deleted.
func (p *pull) setAside(ctx context.Context, commit, since string) error {
	var added []string
	var err error
	if p.git.commit(ctx, "HEAD") == "" {
		added, err = p.git.names(ctx, "ls-tree", "-r", "-z", "--name-only", commit)
	} else {
		added, err = p.git.names(ctx, "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=A", "HEAD", commit)
	}
	if err != nil {
		return err
	}
	if since != "" {
		changed, err := p.git.names(ctx, "diff-tree", "-r", "-z", "--no-renames", "--name-only", since, commit)
		if err != nil {
			return err
		}
		slices.Sort(changed)
		added = slices.DeleteFunc(added, func(name string) bool {
			_, found := slices.BinarySearch(changed, name)
			return !found
		})
	}
	if len(added) == 0 {
		return nil
	}
	root, err := os.OpenRoot(p.git.folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range added {
		if !safePath(name) {
			return fmt.Errorf("the repository has a file whose name is not allowed: %q", name)
		}
		if err := p.clearPath(ctx, root, name, commit); err != nil {
			return fmt.Errorf("%q cannot be renamed, and is in the way of the remote's: %w", name, err)
		}
	}
	return nil
}

// safePath says whether a path of a commit stays in the folder and out of
// .git. The names in a commit are whatever its maker wrote.
func safePath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") || strings.EqualFold(part, "git~1") {
			return false
		}
	}
	return filepath.IsLocal(path)
}

// clearPath makes way for one file: no parent may be a file or a link, and
// nothing may have its name.
func (p *pull) clearPath(ctx context.Context, root *os.Root, name, commit string) error {
	parts := strings.Split(name, "/")
	for i := range parts {
		path := strings.Join(parts[:i+1], "/")
		info, err := root.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		if err != nil {
			return err
		}
		last := i == len(parts)-1
		switch {
		case info.IsDir() && !last:
		case info.IsDir():
			return p.clearFolder(ctx, root, path)
		case p.tracked(ctx, path):
			// The commit changes it as well, which git can do.
			return nil
		case last && info.Mode().IsRegular() && p.sameContent(ctx, path, commit):
			return root.Remove(path)
		default:
			return p.makeWay(root, path)
		}
	}
	return nil
}

// clearFolder makes way for a file where there is a folder. What git knows of
// it, git removes.
func (p *pull) clearFolder(ctx context.Context, root *os.Root, path string) error {
	known, err := p.git.run(ctx, call{args: []string{"ls-files", "-z", "--", path}, env: []string{"GIT_LITERAL_PATHSPECS=1"}, quiet: true})
	if err != nil {
		return err
	}
	if len(known) == 0 {
		return p.makeWay(root, path)
	}
	others, err := p.git.run(ctx, call{args: []string{"ls-files", "-z", "--others", "--", path}, env: []string{"GIT_LITERAL_PATHSPECS=1"}, quiet: true})
	if err != nil || len(others) == 0 {
		return err
	}
	instead, err := freeName(root, path)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(others), "\x00"), "\x00") {
		rest, ok := strings.CutPrefix(strings.TrimSuffix(name, "/"), path+"/")
		if !ok {
			continue
		}
		to := instead + "/" + rest
		if err := root.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := root.Rename(path+"/"+rest, to); err != nil {
			return err
		}
	}
	p.log.Info("renamed files that are in the way of the remote's", "folder", path, "to", instead)
	return nil
}

func (p *pull) tracked(ctx context.Context, path string) bool {
	known, err := p.git.run(ctx, call{args: []string{"ls-files", "-z", "--", path}, env: []string{"GIT_LITERAL_PATHSPECS=1"}, quiet: true})
	return err == nil && slices.Contains(strings.Split(string(known), "\x00"), path)
}

// sameContent says whether a file is what the commit has anyway.
func (p *pull) sameContent(ctx context.Context, path, commit string) bool {
	theirs, err := p.git.text(ctx, "rev-parse", "--quiet", "--verify", "--end-of-options", commit+":"+path)
	if err != nil || theirs == "" {
		return false
	}
	ours, err := p.git.text(ctx, "hash-object", "--no-filters", "--", path)
	return err == nil && ours == theirs
}

// makeWay renames what has a name, if anything has.
func (p *pull) makeWay(root *os.Root, path string) error {
	if _, err := root.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	instead, err := freeName(root, path)
	if err != nil {
		return err
	}
	if err := root.Rename(path, instead); err != nil {
		return err
	}
	p.log.Info("renamed a file that is in the way of the remote's", "file", path, "to", instead)
	return nil
}

// freeName puts the time before the extension, as nbgitpuller does.
func freeName(root *os.Root, path string) (string, error) {
	folder, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		folder, name = path[:i+1], path[i+1:]
	}
	extension := filepath.Ext(strings.TrimLeft(name, "."))
	stem := strings.TrimSuffix(name, extension) + "__" + stamp()
	for n := range 1000 {
		instead := folder + stem + extension
		if n > 0 {
			instead = folder + stem + "-" + strconv.Itoa(n) + extension
		}
		if _, err := root.Lstat(instead); errors.Is(err, fs.ErrNotExist) {
			return instead, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", errors.New("there are too many copies of it already")
}

// inTheWay says whether a parent of a path is something else than a folder: to
// write the path, git would remove that.
func (p *pull) inTheWay(name string) bool {
	if !safePath(name) {
		return true
	}
	root, err := os.OpenRoot(p.git.folder)
	if err != nil {
		return true
	}
	defer root.Close()
	for i, b := range []byte(name) {
		if b != '/' {
			continue
		}
		if info, err := root.Lstat(name[:i]); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}
