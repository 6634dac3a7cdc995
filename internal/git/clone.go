package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// complete marks a clone that only has to be moved to its place.
const complete = "complete"

// clone makes the repository in a folder within its own and moves it to its
// place when it is whole. When it is broken off, the next one takes up the
// move, or begins anew.
func (p *pull) clone(ctx context.Context) error {
	p.log.Info("cloning the repository", "repository", p.git.redact(p.at.plain), "folder", p.folder)
	place := filepath.Join(p.folder, scratch)
	tree := filepath.Join(place, "tree")
	if _, err := os.Lstat(filepath.Join(place, complete)); err != nil {
		if err := p.cloneInto(ctx, place, tree); err != nil {
			_ = os.RemoveAll(place)
			return err
		}
	}
	if err := p.moveUp(place, tree); err != nil {
		return fmt.Errorf("the repository cannot be moved to its folder: %w", err)
	}
	p.enter(ctx, p.folder)
	return nil
}

func (p *pull) cloneInto(ctx context.Context, place, tree string) error {
	if err := os.RemoveAll(place); err != nil {
		return fmt.Errorf("the rest of a clone that broke off cannot be removed: %w", err)
	}
	if err := os.MkdirAll(tree, 0o755); err != nil { // #nosec G301 -- as git clone does
		return fmt.Errorf("the folder for the repository cannot be written: %w", err)
	}
	p.enter(ctx, tree)
	// Without a template: its hooks would be copied.
	if err := p.git.do(ctx, "init", "--quiet", "--template="); err != nil {
		return err
	}
	if err := p.git.do(ctx, "remote", "add", "--", "origin", p.at.plain); err != nil {
		return err
	}
	want, err := p.resolve(ctx)
	if err != nil {
		return err
	}
	if want.commit == "" {
		p.log.Warn("the repository is empty: it has no commit yet", "repository", p.git.redact(p.at.plain))
	} else {
		commit, err := p.fetch(ctx, want, p.source.Depth)
		if err != nil {
			return err
		}
		if err := p.checkout(ctx, want, commit); err != nil {
			return fmt.Errorf("the files of the repository cannot be written: %w", err)
		}
		if err := p.complete(ctx); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(place, complete), nil, 0o600)
}

// moveUp moves what is in the tree to the folder, its .git last: before that it
// is no repository, and afterwards it is a whole one.
func (p *pull) moveUp(place, tree string) error {
	root, err := os.OpenRoot(p.folder)
	if err != nil {
		return err
	}
	defer root.Close()
	entries, err := os.ReadDir(tree)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, last := range []bool{false, true} {
		for _, entry := range entries {
			if (entry.Name() == ".git") != last {
				continue
			}
			if err := p.makeWay(root, entry.Name()); err != nil {
				return err
			}
			if err := root.Rename(filepath.Join(scratch, "tree", entry.Name()), entry.Name()); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(place)
}

// complete brings what belongs to the files but is not in the repository.
func (p *pull) complete(ctx context.Context) error {
	if err := p.updateSubmodules(ctx, 0); err != nil {
		return err
	}
	return p.fetchLargeFiles(ctx)
}
