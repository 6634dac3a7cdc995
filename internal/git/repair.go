package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// staleAge is when a lock file of git's is taken for one that was left
	// behind; nbgitpuller has the same.
	staleAge = 10 * time.Minute
	// lockPatience is for how long a younger one is waited for.
	lockPatience = 10 * time.Second
)

// repair ends what was broken off in the folder: by a server that was killed,
// or by a user who left a merge half done. The state that is found is kept on a
// branch of its own before anything is changed.
func (p *pull) repair(ctx context.Context) error {
	if err := p.removeStaleLocks(ctx); err != nil {
		return err
	}
	if !p.died.IsZero() {
		p.removeHalfPacks(ctx, p.died)
	}
	local, cancel := lingering(ctx)
	defer cancel()
	if err := p.endMove(local); err != nil {
		return err
	}
	return p.endOperations(local)
}

// removeStaleLocks removes the lock files of gits that died. A git that lives
// gets time to finish.
func (p *pull) removeStaleLocks(ctx context.Context) error {
	folder, err := p.git.text(ctx, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return err
	}
	deadline := time.Now().Add(lockPatience)
	for {
		young, err := p.sweepLocks(folder)
		if err != nil || young == "" {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("another git program works in the folder: wait until it has finished, or remove %s if there is none", young)
		}
		p.git.meter.report("Waiting for another git program in the folder", -1)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}

// sweepLocks removes stale lock files and returns one that is not.
func (p *pull) sweepLocks(folder string) (young string, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone, or not ours to see
		}
		if entry.IsDir() {
			if entry.Name() == "objects" || entry.Name() == "lfs" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".lock") {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		ofTheDead := !p.died.IsZero() && !info.ModTime().Before(p.died)
		if !ofTheDead && time.Since(info.ModTime()) < staleAge {
			young = path
			return nil
		}
		p.log.Warn("removing the lock file of a git that was killed", "file", path)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // #nosec G122 -- in .git, which is its owner's alone
			return fmt.Errorf("a lock file that was left behind cannot be removed: %w", err)
		}
		return nil
	})
	return young, err
}

// endMove takes back a change of the files that was killed. All that was the
// user's had been committed before; still, what is there is kept.
func (p *pull) endMove(ctx context.Context) error {
	to := p.git.commit(ctx, moving)
	head := p.git.commit(ctx, "HEAD")
	if to == "" {
		return nil
	}
	if head != "" {
		touched, err := p.git.names(ctx, "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=MTD", head, to)
		if err != nil {
			return err
		}
		changed, err := p.git.names(ctx, "diff-files", "-z", "--name-only", "--no-renames", "--ignore-submodules=all")
		if err != nil {
			return err
		}
		slices.Sort(touched)
		changed = slices.DeleteFunc(changed, func(name string) bool {
			_, found := slices.BinarySearch(touched, name)
			return !found || p.inTheWay(name)
		})
		if len(changed) > 0 {
			p.log.Warn("the last update was killed while it changed files; it begins anew", "files", shorten(changed))
			if err := p.snapshot(ctx); err != nil {
				return err
			}
			if p.git.commit(ctx, "MERGE_HEAD") == "" {
				if err := p.checkoutPaths(ctx, head, changed); err != nil {
					return err
				}
			}
		}
	}
	return p.git.do(ctx, "update-ref", "-d", moving)
}

// operations are what can be half done, by the file that shows it.
var operations = []struct {
	sign, name    string
	abort, forget []string
}{
	{"rebase-apply/applying", "git am", []string{"am", "--abort"}, []string{"am", "--quit"}},
	{"rebase-merge", "rebase", []string{"rebase", "--abort"}, []string{"rebase", "--quit"}},
	{"rebase-apply", "rebase", []string{"rebase", "--abort"}, []string{"rebase", "--quit"}},
	{"MERGE_HEAD", "merge", []string{"merge", "--abort"}, []string{"reset", "--quiet", "--hard"}},
	{"CHERRY_PICK_HEAD", "cherry-pick", []string{"cherry-pick", "--abort"}, []string{"cherry-pick", "--quit"}},
	{"REVERT_HEAD", "revert", []string{"revert", "--abort"}, []string{"revert", "--quit"}},
	{"sequencer", "cherry-pick", []string{"cherry-pick", "--abort"}, []string{"cherry-pick", "--quit"}},
}

// endOperations takes back merges and the like that are half done.
func (p *pull) endOperations(ctx context.Context) error {
	kept := false
	keep := func() error {
		if kept {
			return nil
		}
		kept = true
		return p.snapshot(ctx)
	}
	args := []string{"rev-parse"}
	for _, operation := range operations {
		args = append(args, "--git-path", operation.sign)
	}
	out, err := p.git.text(ctx, args...)
	if err != nil {
		return err
	}
	paths := strings.Split(out, "\n")
	if len(paths) != len(operations) {
		return fmt.Errorf("the folder's .git has a path of several lines: %q", out)
	}
	for i, operation := range operations {
		path := paths[i]
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.git.folder, path)
		}
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		if err := keep(); err != nil {
			return err
		}
		p.log.Warn("taking back what was left half done in the folder", "operation", operation.name)
		if p.git.do(ctx, operation.abort...) == nil {
			continue
		}
		if err := p.git.do(ctx, operation.forget...); err != nil {
			return err
		}
	}
	// Without any of them: a git stash pop, or a git checkout --merge.
	if open, err := p.git.names(ctx, "ls-files", "-z", "--unmerged"); err != nil || len(open) == 0 {
		return err
	}
	if err := keep(); err != nil {
		return err
	}
	return p.resolveConflicts(ctx)
}

// snapshot keeps the files as they are on a branch of its own, without touching
// them or the index.
func (p *pull) snapshot(ctx context.Context) error {
	head := p.git.commit(ctx, "HEAD")
	if head == "" {
		return nil
	}
	index, err := p.git.text(ctx, "rev-parse", "--git-path", "index")
	if err != nil {
		return err
	}
	if !filepath.IsAbs(index) {
		index = filepath.Join(p.git.folder, index)
	}
	content, err := os.ReadFile(index) // #nosec G304 -- git's own file
	if err != nil {
		return fmt.Errorf("the state of the folder cannot be kept: %w", err)
	}
	copied := index + ".jhsingle"
	if err := os.WriteFile(copied, content, 0o600); err != nil { // #nosec G703 -- beside git's own file
		return fmt.Errorf("the state of the folder cannot be kept: %w", err)
	}
	defer os.Remove(copied)
	with := []string{"GIT_INDEX_FILE=" + copied}
	if _, err := p.git.run(ctx, call{args: []string{"add", "--update", "--", ":/"}, env: with}); err != nil {
		return fmt.Errorf("the state of the folder cannot be kept: %w", err)
	}
	tree, err := p.git.run(ctx, call{args: []string{"write-tree"}, env: with})
	if err != nil {
		return fmt.Errorf("the state of the folder cannot be kept: %w", err)
	}
	commit, err := p.git.text(ctx, "commit-tree", "-p", head, "-m", "The folder as it was found ("+signatureName+")", strings.TrimSpace(string(tree)))
	if err != nil {
		return fmt.Errorf("the state of the folder cannot be kept: %w", err)
	}
	return p.keepOnBranch(ctx, commit)
}

// nameLost gives a commit a branch if no name leads to it.
func (p *pull) nameLost(ctx context.Context, commit string) error {
	holders, err := p.git.text(ctx, "for-each-ref", "--count=1", "--contains", commit, "--format=%(refname)")
	if err != nil || holders != "" {
		return err
	}
	return p.keepOnBranch(ctx, commit)
}

func (p *pull) keepOnBranch(ctx context.Context, commit string) error {
	base := "saved-" + stamp()
	for n := range 1000 {
		name := base
		if n > 0 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		if p.git.commit(ctx, "refs/heads/"+name) == commit {
			return nil
		}
		if p.git.commit(ctx, "refs/heads/"+name) != "" {
			continue
		}
		p.log.Warn("what was found in the folder is kept on a branch of its own", "branch", name)
		return p.git.do(ctx, "update-ref", "refs/heads/"+name, commit)
	}
	return errors.New("there are too many saved branches already")
}
