package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// Tree is what a repository has at one commit.
type Tree struct {
	// Commit is the commit's id; empty if the repository has none.
	Commit string
	// Entries are its files and folders, or the first of them.
	Entries []Entry
	// Complete says that these are all.
	Complete bool
}

// Entry is a file or folder of a Tree.
type Entry struct {
	// Path has slashes, and is whatever somebody wrote.
	Path   string
	Folder bool
	// Opaque is a link or a submodule: what is behind it is not in the Tree.
	Opaque bool
}

// linkMode is the mode of a link's entry.
const linkMode = "120000"

// maxListing bounds the names that are read, in bytes.
const maxListing = 16 << 20

// Look says which commit is wanted of the remote, and what it has, at most so many
// entries, without fetching files. It works in Folder, which should be empty or not
// there, and removes it. Errors are as those of Pull.
func (s Source) Look(ctx context.Context, most int) (Tree, error) {
	p, err := newPull(s, nil)
	if err != nil {
		return Tree{}, err
	}
	defer os.RemoveAll(p.folder)
	found, err := p.look(ctx, most)
	if err != nil {
		if ctx.Err() != nil {
			return Tree{}, context.Cause(ctx)
		}
		return Tree{}, errors.New(p.git.redact(err.Error()))
	}
	return found, nil
}

func (p *pull) look(ctx context.Context, most int) (Tree, error) {
	if err := os.MkdirAll(p.folder, 0o700); err != nil {
		return Tree{}, err
	}
	p.enter(ctx, p.folder)
	want, err := p.resolve(ctx)
	if err != nil || want.ref == "" && want.commit == "" {
		return Tree{}, err
	}
	for _, args := range [][]string{
		// Without a template: its hooks would be copied.
		{"init", "--quiet", "--template="},
		// What says that objects may be missing (git-config(1), partial clone).
		{"config", "core.repositoryFormatVersion", "1"},
		{"config", "extensions.partialClone", "origin"},
		{"config", "remote.origin.promisor", "true"},
		{"config", "remote.origin.url", p.at.plain},
	} {
		if err := p.git.do(ctx, args...); err != nil {
			return Tree{}, err
		}
	}
	from := want.ref
	if from == "" {
		from = want.commit
	}
	if from == want.ref || commitID.MatchString(from) {
		err := p.fetchNames(ctx, names, "+"+from+":"+fetched)
		if err == nil {
			return p.listed(ctx, want, most)
		}
		if from == want.ref || !saidBy(err, "not our ref", "unadvertised object") {
			return Tree{}, p.remoteError(err)
		}
	}
	return p.lookInHistory(ctx, want, most)
}

// What is fetched: the names of one commit, or all commits and nothing of them.
var (
	names   = []string{"--depth=1", "--filter=blob:none"}
	commits = []string{"--filter=tree:0"}
)

// lookInHistory is for the beginning of an id, and for one that no name leads to
// where the server does not give that out.
func (p *pull) lookInHistory(ctx context.Context, want target, most int) (Tree, error) {
	if err := p.fetchNames(ctx, commits, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"); err != nil {
		return Tree{}, p.remoteError(err)
	}
	id := p.git.commit(ctx, want.commit)
	if id == "" {
		all, err := p.list(ctx)
		if err != nil {
			return Tree{}, err
		}
		return Tree{}, p.noBranch(want.name, all)
	}
	// The commit is there, so that it would not be sent again.
	if err := p.fetchNames(ctx, append([]string{"--refetch"}, names...), "+"+id+":"+fetched); err != nil {
		return Tree{Commit: id}, ctx.Err() // what it has is not told
	}
	return p.listed(ctx, want, most)
}

func (p *pull) fetchNames(ctx context.Context, what []string, specs ...string) error {
	args := append([]string{"fetch", "--progress", "--no-tags", "--force", "--no-auto-gc"}, what...)
	_, err := p.git.run(ctx, call{args: append(append(args, "--", "origin"), specs...), remote: true})
	return err
}

// listed is what was fetched.
func (p *pull) listed(ctx context.Context, want target, most int) (Tree, error) {
	id := p.git.commit(ctx, fetched)
	if id == "" {
		return Tree{}, fmt.Errorf("%q of the repository %s is not a commit", want.name, p.git.redact(p.at.plain))
	}
	found := Tree{Commit: id, Complete: true}
	read := 0
	err := p.git.listTree(ctx, id, func(line string) bool {
		read += len(line)
		if len(found.Entries) == most || read > maxListing {
			found.Complete = false
			return false
		}
		meta, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(meta) // mode, type, id
		if ok && len(fields) == 3 {
			found.Entries = append(found.Entries, Entry{path, fields[1] == "tree", fields[0] == linkMode || fields[0] == submoduleMode})
		}
		return true
	})
	return found, err
}

// listTree tells of each name in a commit, as long as more are wanted. A commit of
// a few bytes can have more names than there is memory.
func (c *client) listTree(ctx context.Context, commit string, tell func(line string) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// #nosec G204 -- our own words, and the id of a commit
	command := exec.CommandContext(ctx, c.program, "ls-tree", "-r", "-t", "-z", "--full-tree", commit)
	command.Dir = c.folder
	command.Env = append(slices.Clip(c.env), "GIT_NO_LAZY_FETCH=1")
	command.SysProcAttr = attributes()
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = stopGrace
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // see client.start
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		return fmt.Errorf("git cannot be run: %w", err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxListing)
	lines.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := slices.Index(data, 0); i >= 0 {
			return i + 1, data[:i], nil
		}
		return 0, nil, nil
	})
	enough := false
	for lines.Scan() {
		if enough = !tell(lines.Text()); enough {
			cancel()
			break
		}
	}
	failed := command.Wait()
	if enough || failed == nil && lines.Err() == nil {
		return nil
	}
	return fmt.Errorf("the names in the repository cannot be read: %w", errors.Join(lines.Err(), failed))
}
