package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// moving is the reference to the commit that the files are being changed to. If
// it is there at the start, the last one who did that was killed at it.
const moving = "refs/jhsingle/moving"

// update brings a clone up to date. What was changed in it is committed first;
// then nothing that follows can lose it.
func (p *pull) update(ctx context.Context) error {
	p.log.Info("updating the repository", "repository", p.git.redact(p.at.plain), "folder", p.folder)
	if err := p.repair(ctx); err != nil {
		return err
	}
	want, err := p.resolve(ctx)
	if err != nil {
		return err
	}
	if want.commit == "" {
		p.log.Warn("the repository is empty: it has no commit yet", "repository", p.git.redact(p.at.plain))
		return nil
	}
	base := p.git.commit(ctx, want.slot())
	if base == "" && want.branch != "" {
		// A clone that somebody else made.
		base = p.git.commit(ctx, "refs/remotes/origin/"+want.branch)
	}
	upstream, err := p.fetch(ctx, want, p.updateDepth(ctx, want))
	if err != nil {
		return err
	}
	local, cancel := lingering(ctx)
	defer cancel()
	if err := p.settle(local, want, base, upstream); err != nil {
		return fmt.Errorf("the repository's news cannot be put into the folder (nothing is lost): %w", err)
	}
	return p.complete(ctx)
}

// updateDepth leaves out the history behind a tag or commit. Of a branch, what
// came since the last time is fetched, so that it can be merged.
func (p *pull) updateDepth(ctx context.Context, want target) int {
	if want.branch == "" && p.isShallow(ctx) {
		return p.source.Depth
	}
	return 0
}

// settle brings the folder to what is wanted, and the user's changes along.
func (p *pull) settle(ctx context.Context, want target, base, upstream string) error {
	if err := p.restoreDeleted(ctx, upstream); err != nil {
		return err
	}
	head, err := p.keepAll(ctx, 0)
	if err != nil {
		return err
	}
	if head == "" {
		return p.checkout(ctx, want, upstream)
	}
	home, err := p.atHome(ctx, want, base, head)
	if err != nil {
		return err
	}
	if !home {
		if head, base, err = p.goHome(ctx, want, base, head, upstream); err != nil {
			return err
		}
	}
	given, err := p.integrate(ctx, want, base, head, upstream)
	if err != nil {
		return err
	}
	return p.remember(ctx, want, given, upstream)
}

// atHome says whether HEAD is where what is wanted goes: on its branch, or
// detached at what was wanted the last time and the user's changes to that.
func (p *pull) atHome(ctx context.Context, want target, base, head string) (bool, error) {
	on, _ := p.git.text(ctx, "symbolic-ref", "--quiet", "HEAD")
	if want.branch != "" {
		return on == "refs/heads/"+want.branch, nil
	}
	if on != "" || base == "" {
		return false, nil
	}
	return p.contains(ctx, head, base)
}

// goHome leaves the branch that the user is on. All is committed, so it can be
// gone back to; a commit that no name leads to gets one.
func (p *pull) goHome(ctx context.Context, want target, base, head, upstream string) (string, string, error) {
	if on, _ := p.git.text(ctx, "symbolic-ref", "--quiet", "--short", "HEAD"); on != "" {
		p.log.Info("leaving the branch that the folder was on; what was changed there stays there", "branch", on, "for", want.String())
	} else if err := p.nameLost(ctx, head); err != nil {
		return "", "", err
	}
	if want.branch == "" {
		return upstream, upstream, p.checkout(ctx, want, upstream)
	}
	existing := p.git.commit(ctx, "refs/heads/"+want.branch)
	if existing == "" {
		return upstream, base, p.checkout(ctx, want, upstream)
	}
	return existing, base, p.move(ctx, existing, "", func() error {
		return p.git.do(ctx, "checkout", "--progress", "--no-guess", want.branch, "--")
	})
}

// integrate merges the remote's news into HEAD. Where both changed the same
// lines, the user's stay. It returns the commit in HEAD's history that has the
// remote's files: all since then is the user's.
func (p *pull) integrate(ctx context.Context, want target, base, head, upstream string) (string, error) {
	if head == upstream {
		return upstream, nil
	}
	rewritten, err := p.rewritten(ctx, base, head, upstream)
	switch {
	case err != nil:
		return "", err
	case rewritten && head == base:
		p.log.Info("the remote's history was rewritten; nothing was changed here, so it is taken over", "wanted", want.String())
		return upstream, p.checkout(ctx, want, upstream)
	case rewritten && p.git.commit(ctx, base+"^2") == upstream:
		return base, nil // it is a bridge to there already
	case rewritten:
		p.log.Info("the remote's history was rewritten; what was changed here is put on top of it", "wanted", want.String())
		if upstream, err = p.bridge(ctx, base, upstream); err != nil {
			return "", err
		}
	default:
		if known, err := p.contains(ctx, head, upstream); err != nil || known {
			return upstream, err
		}
	}
	return upstream, p.merge(ctx, upstream)
}

// rewritten says whether the remote took back what it gave the last time: by a
// forced push, or because another tag is wanted now.
func (p *pull) rewritten(ctx context.Context, base, head, upstream string) (bool, error) {
	if base == "" || base == upstream {
		return false, nil
	}
	if ours, err := p.contains(ctx, head, base); err != nil || !ours {
		return false, err
	}
	kept, err := p.contains(ctx, upstream, base)
	return !kept, err
}

// bridge is a commit with the files of upstream that comes after both what the
// remote had and what it has. So a merge with it finds the user's changes to be
// those since base, whatever the two histories have in common. It is the base
// of the next time: when the remote goes on from what it had taken back, its
// history alone would say that all of that is here.
func (p *pull) bridge(ctx context.Context, base, upstream string) (string, error) {
	return p.git.text(ctx, "commit-tree", "-p", base, "-p", upstream,
		"-m", "Take over the rewritten history of the remote", upstream+"^{tree}")
}

func (p *pull) contains(ctx context.Context, commit, ancestor string) (bool, error) {
	return p.git.holds(ctx, "merge-base", "--is-ancestor", ancestor, commit)
}

// remember notes what the folder was given, and lets git status compare with the
// remote. That is for the user only, so that it may fail.
func (p *pull) remember(ctx context.Context, want target, given, upstream string) error {
	if err := p.git.do(ctx, "update-ref", want.slot(), given); err != nil {
		return err
	}
	if want.branch != "" {
		_, _ = p.git.run(ctx, call{args: []string{"update-ref", "refs/remotes/origin/" + want.branch, upstream}, quiet: true})
	}
	return nil
}

// checkout puts HEAD and the files to a commit, with nothing of the user's in
// it: of a branch that is new here, or whose commits are all the remote's.
func (p *pull) checkout(ctx context.Context, want target, upstream string) error {
	if err := p.remember(ctx, want, upstream, upstream); err != nil {
		return err
	}
	return p.move(ctx, upstream, "", func() error {
		if want.branch == "" {
			return p.git.do(ctx, "checkout", "--progress", "--detach", upstream, "--")
		}
		if err := p.git.do(ctx, "checkout", "--progress", "--no-track", "-B", want.branch, upstream, "--"); err != nil {
			return err
		}
		for _, setting := range [][2]string{{"remote", "origin"}, {"merge", want.ref}} {
			if err := p.git.do(ctx, "config", "branch."+want.branch+"."+setting[0], setting[1]); err != nil {
				return err
			}
		}
		return nil
	})
}

// move changes the files to those of another commit: it takes the user's files
// out of the way first, and leaves a sign in case it is killed.
// For since see setAside.
func (p *pull) move(ctx context.Context, to, since string, change func() error) error {
	if err := p.setAside(ctx, to, since); err != nil {
		return err
	}
	if err := p.git.do(ctx, "update-ref", moving, to); err != nil {
		return err
	}
	err := change()
	if failed := (*failure)(nil); err == nil || errors.As(err, &failed) && failed.code >= 0 {
		// It came to its end, so that git has put back what it had changed.
		err = errors.Join(err, p.git.do(ctx, "update-ref", "-d", moving))
	}
	return err
}

// restoreDeleted brings files back that were deleted, as they are at the
// remote: that is how one gets a fresh copy of a file. What the remote does not
// have stays deleted.
func (p *pull) restoreDeleted(ctx context.Context, upstream string) error {
	deleted, err := p.git.names(ctx, "ls-files", "-z", "--deleted")
	if err != nil || len(deleted) == 0 {
		return err
	}
	theirs, err := p.git.names(ctx, "ls-tree", "-r", "-z", "--name-only", upstream)
	if err != nil {
		return err
	}
	slices.Sort(theirs)
	deleted = slices.DeleteFunc(deleted, func(name string) bool {
		_, found := slices.BinarySearch(theirs, name)
		return !found || p.inTheWay(name)
	})
	if len(deleted) == 0 {
		return nil
	}
	p.log.Info("bringing back files that were deleted", "files", shorten(deleted))
	return p.checkoutPaths(ctx, upstream, deleted)
}

// checkoutPaths writes files as they are in a commit.
func (p *pull) checkoutPaths(ctx context.Context, commit string, paths []string) error {
	_, err := p.git.run(ctx, call{
		args:  []string{"checkout", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul", commit, "--"},
		stdin: joinNames(paths),
		env:   []string{"GIT_LITERAL_PATHSPECS=1"},
	})
	return err
}

// commitChanges commits what was changed in files that git knows, but for some
// submodules. Other files stay what they are.
func (p *pull) commitChanges(ctx context.Context, except []string) error {
	paths := []string{":/"}
	for _, path := range except {
		paths = append(paths, ":(top,exclude,literal)"+path)
	}
	_, err := p.git.run(ctx, call{
		args:  []string{"add", "--update", "--pathspec-from-file=-", "--pathspec-file-nul"},
		stdin: joinNames(paths),
	})
	if err != nil {
		return fmt.Errorf("what was changed cannot be saved: %w", err)
	}
	if p.git.commit(ctx, "HEAD") == "" {
		if staged, err := p.git.names(ctx, "ls-files", "-z"); err != nil || len(staged) == 0 {
			return err
		}
	} else if same, err := p.git.holds(ctx, "diff-index", "--cached", "--quiet", "HEAD", "--"); err != nil || same {
		return err
	}
	p.log.Info("committing what was changed in the folder", "folder", p.git.folder)
	return p.git.do(ctx, "commit", "--quiet", "--no-verify", "-m", "Keep local changes ("+signatureName+")")
}

// merge merges a commit into HEAD. What git cannot decide by itself is decided
// for the user.
func (p *pull) merge(ctx context.Context, theirs string) error {
	bases, err := p.mergeBases(ctx, theirs)
	if err != nil {
		return err
	}
	since := ""
	if len(bases) == 1 { // of several, git makes one that we do not see
		since = bases[0]
	}
	args := []string{
		"merge", "--progress", "--no-edit", "--no-verify", "--no-stat", "--no-log",
		"--commit", "--no-squash", "--ff", "-Xours",
		"-m", "Merge news of the remote (" + signatureName + ")",
	}
	if len(bases) == 0 {
		args = append(args, "--allow-unrelated-histories")
	}
	return p.move(ctx, theirs, since, func() error {
		err := p.git.do(ctx, append(args, "--", theirs)...)
		if err == nil {
			return nil
		}
		if p.git.commit(ctx, "MERGE_HEAD") == "" {
			return err // it did not begin
		}
		if err := p.resolveConflicts(ctx); err != nil {
			return errors.Join(err, p.git.do(ctx, "reset", "--quiet", "--merge"))
		}
		return p.git.do(ctx, "commit", "--quiet", "--no-verify", "-m", "Merge news of the remote ("+signatureName+")")
	})
}

// mergeBases are the last commits that HEAD and another have in common.
func (p *pull) mergeBases(ctx context.Context, other string) ([]string, error) {
	out, err := p.git.text(ctx, "merge-base", "--all", "HEAD", other)
	if failed := (*failure)(nil); errors.As(err, &failed) && failed.code == 1 {
		return nil, nil
	}
	return strings.Fields(out), err
}

// resolveConflicts decides what git left open: a file that the user has stays
// the user's; one that only the remote has comes back; one that nobody has any
// more, under this name, is gone.
func (p *pull) resolveConflicts(ctx context.Context) error {
	entries, err := p.git.names(ctx, "ls-files", "-z", "--unmerged")
	if err != nil || len(entries) == 0 {
		return err
	}
	var index bytes.Buffer
	var restored []string
	for path, entry := range unmerged(entries) {
		fmt.Fprintf(&index, "0 %s\t%s\x00", strings.Repeat("0", len(entry.id)), path)
		if entry.stage == "1" {
			continue
		}
		fmt.Fprintf(&index, "%s %s 0\t%s\x00", entry.mode, entry.id, path)
		if entry.mode != submoduleMode {
			restored = append(restored, path)
		}
	}
	if _, err := p.git.run(ctx, call{args: []string{"update-index", "-z", "--index-info"}, stdin: index.Bytes()}); err != nil {
		return err
	}
	if len(restored) == 0 {
		return nil
	}
	p.log.Info("keeping the version of the folder where it and the remote's cannot be merged", "files", shorten(restored))
	_, err = p.git.run(ctx, call{args: []string{"checkout-index", "--force", "-z", "--stdin"}, stdin: joinNames(restored)})
	return err
}

// entry is what the index holds for a path.
type entry struct{ mode, id, stage string }

// unmerged picks for each path what stays of it: ours (stage 2) before theirs
// (3) before what both came from (1).
func unmerged(lines []string) map[string]entry {
	chosen := map[string]entry{}
	rank := map[string]int{"2": 3, "3": 2, "1": 1}
	for _, line := range lines {
		meta, path, ok := strings.Cut(line, "\t")
		fields := strings.Fields(meta)
		if !ok || len(fields) != 3 {
			continue
		}
		if rank[fields[2]] > rank[chosen[path].stage] {
			chosen[path] = entry{fields[0], fields[1], fields[2]}
		}
	}
	return chosen
}

// joinNames is what git reads with -z.
func joinNames(names []string) []byte {
	var joined []byte
	for _, name := range names {
		joined = append(append(joined, name...), 0)
	}
	return joined
}

// shorten names a few of many files, for the log.
func shorten(names []string) []string {
	const most = 10
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
}

// stamp tells apart what is kept at different times.
func stamp() string { return time.Now().Format("20060102150405") }
