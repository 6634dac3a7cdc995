package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// fetched is the reference that is fetched into, whatever it was on the other
// side, so that no name of theirs can be in the way of one of ours.
const fetched = "refs/jhsingle/fetched"

// target is what is wanted of the remote.
type target struct {
	// ref is its full name at the remote; empty for a commit.
	ref string
	// branch is the local branch for it; empty if it is no branch, so that HEAD
	// is detached.
	branch string
	// commit is the id of what ref is now, not of the commit if it is a tag.
	// It can be the beginning of an id.
	commit string
	// name is for people.
	name string
}

var (
	commitID      = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	shortCommitID = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
)

// listing is what git ls-remote says: the names, and what HEAD stands for.
type listing struct {
	refs map[string]string // name to id
	head string            // the branch that HEAD is, as a full name
}

// parseListing reads what git ls-remote --symref prints.
func parseListing(text string) listing {
	found := listing{refs: map[string]string{}}
	for line := range strings.SplitSeq(text, "\n") {
		left, name, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		if head, ok := strings.CutPrefix(left, "ref: "); ok {
			if name == "HEAD" {
				found.head = head
			}
			continue
		}
		if commitID.MatchString(left) && name != "" {
			found.refs[name] = left
		}
	}
	return found
}

// branches are the names of all branches and tags.
func (l listing) names() []string {
	var names []string
	for ref := range l.refs {
		name, ok := strings.CutPrefix(ref, "refs/heads/")
		if !ok {
			name, ok = strings.CutPrefix(ref, "refs/tags/")
		}
		if ok && !strings.HasSuffix(name, "^{}") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *pull) list(ctx context.Context, arguments ...string) (listing, error) {
	args := append([]string{"ls-remote", "--symref", "--", p.at.plain}, arguments...)
	out, err := p.git.run(ctx, call{args: args, remote: true})
	if err != nil {
		return listing{}, p.remoteError(err)
	}
	return parseListing(string(out)), nil
}

// remoteError says which repository it was that could not be reached.
func (p *pull) remoteError(err error) error {
	if failed := (*failure)(nil); errors.As(err, &failed) {
		return fmt.Errorf("the repository %s cannot be read: %s", p.git.redact(p.at.plain), explain(failed))
	}
	return err
}

// resolve finds what is wanted at the remote. A target without a commit is that
// of a repository which has none.
func (p *pull) resolve(ctx context.Context) (target, error) {
	p.git.meter.report("Asking the remote", -1)
	name := p.source.Branch
	if name == "" {
		return p.resolveDefault(ctx)
	}
	full := strings.HasPrefix(name, "refs/")
	patterns := []string{name}
	if !full {
		patterns = []string{"refs/heads/" + name, "refs/tags/" + name}
	}
	found, err := p.list(ctx, patterns...)
	if err != nil {
		return target{}, err
	}
	candidates := patterns
	for _, ref := range candidates {
		id, ok := found.refs[ref]
		if !ok {
			continue
		}
		branch, _ := strings.CutPrefix(ref, "refs/heads/")
		if branch == ref {
			branch = ""
		}
		return target{ref: ref, branch: branch, commit: id, name: name}, nil
	}
	if lower := strings.ToLower(name); shortCommitID.MatchString(lower) {
		return target{commit: lower, name: name}, nil
	}
	all, err := p.list(ctx)
	if err != nil {
		return target{}, err
	}
	return target{}, p.noBranch(name, all)
}

func (p *pull) noBranch(name string, all listing) error {
	const most = 8
	names := all.names()
	if len(names) == 0 {
		return fmt.Errorf("the repository %s has no branch %q: it is empty", p.git.redact(p.at.plain), name)
	}
	which := "there are " + strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		which += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("the repository %s has no branch or tag %q%s: %s", p.git.redact(p.at.plain), name, suggest.DidYouMean(name, names), which)
}

// resolveDefault asks for the branch that a clone begins with. Some servers do
// not say it, or name one that is gone.
func (p *pull) resolveDefault(ctx context.Context) (target, error) {
	found, err := p.list(ctx, "HEAD")
	if err != nil {
		return target{}, err
	}
	if branch, ok := strings.CutPrefix(found.head, "refs/heads/"); ok && found.refs["HEAD"] != "" && checkBranch(branch) == nil {
		return target{ref: found.head, branch: branch, commit: found.refs["HEAD"], name: branch}, nil
	}
	if id := found.refs["HEAD"]; id != "" {
		return target{commit: id, name: "HEAD"}, nil
	}
	if found, err = p.list(ctx); err != nil {
		return target{}, err
	}
	var branches []string
	for ref := range found.refs {
		if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok && checkBranch(branch) == nil {
			branches = append(branches, branch)
		}
	}
	slices.Sort(branches)
	choose := ""
	switch {
	case len(branches) == 1:
		choose = branches[0]
	case slices.Contains(branches, "main"):
		choose = "main"
	case slices.Contains(branches, "master"):
		choose = "master"
	case len(branches) == 0 && len(found.refs) == 0:
		return target{}, nil
	default:
		return target{}, fmt.Errorf("the repository %s does not say which branch is its default: give one with --repobranch, such as %s",
			p.git.redact(p.at.plain), strings.Join(branches[:min(8, len(branches))], ", "))
	}
	ref := "refs/heads/" + choose
	return target{ref: ref, branch: choose, commit: found.refs[ref], name: choose}, nil
}

// fetch brings what is wanted here and returns the id of its commit. With depth
// the history behind it is left out.
func (p *pull) fetch(ctx context.Context, want target, depth int) (string, error) {
	from := want.ref
	if from == "" {
		from = want.commit
	}
	if want.ref != "" || commitID.MatchString(want.commit) {
		err := p.fetchRef(ctx, from, depth)
		if err == nil {
			if id := p.git.commit(ctx, fetched); id != "" {
				return id, nil
			}
			return "", fmt.Errorf("%q of the repository %s is not a commit", want.name, p.git.redact(p.at.plain))
		}
		// Not each server gives out a commit that no name leads to.
		if want.ref != "" || !saidBy(err, "not our ref", "unadvertised object", "no such remote ref", "find remote ref") {
			return "", p.remoteError(err)
		}
	}
	if err := p.fetchRef(ctx, "", 0); err != nil {
		return "", p.remoteError(err)
	}
	id := p.git.commit(ctx, want.commit)
	if id == "" {
		all, err := p.list(ctx)
		if err != nil {
			return "", err
		}
		return "", p.noBranch(want.name, all)
	}
	return id, p.git.do(ctx, "update-ref", fetched, id)
}

// fetchRef fetches one reference or commit, or all branches and tags.
func (p *pull) fetchRef(ctx context.Context, from string, depth int) error {
	args := []string{"fetch", "--progress", "--force", "--update-shallow", "--no-auto-gc"}
	specs := []string{"+" + from + ":" + fetched}
	if from == "" {
		specs = []string{"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"}
	}
	shallow := p.isShallow(ctx)
	switch {
	case depth > 0:
		args = append(args, fmt.Sprintf("--depth=%d", depth))
	case shallow && (from == "" || p.source.Depth == 0):
		args = append(args, "--unshallow")
	}
	args = append(append(args, "--", p.at.plain), specs...)
	begin := time.Now()
	_, err := p.git.run(ctx, call{args: args, remote: true})
	if err != nil {
		p.removeHalfPacks(ctx, begin)
	}
	if depth > 0 && saidBy(err, "does not support shallow", "does not support --depth") {
		p.log.Info("the remote cannot leave out the history, so all of it is fetched")
		return p.fetchRef(ctx, from, 0)
	}
	return err
}

// removeHalfPacks removes what a fetch that broke off leaves of its files: on a
// disk that is full, nothing else would work.
func (p *pull) removeHalfPacks(ctx context.Context, since time.Time) {
	objects, err := p.git.text(context.WithoutCancel(ctx), "rev-parse", "--git-path", "objects")
	if err != nil {
		return
	}
	if !filepath.IsAbs(objects) {
		objects = filepath.Join(p.git.folder, objects)
	}
	for _, folder := range []string{"pack", "."} {
		entries, err := os.ReadDir(filepath.Join(objects, folder))
		if err != nil {
			continue
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if err == nil && info.Mode().IsRegular() && strings.HasPrefix(entry.Name(), "tmp_") && !info.ModTime().Before(since.Truncate(time.Second)) {
				_ = os.Remove(filepath.Join(objects, folder, entry.Name()))
			}
		}
	}
}

func (p *pull) isShallow(ctx context.Context) bool {
	shallow, _ := p.git.text(ctx, "rev-parse", "--is-shallow-repository")
	return shallow == "true"
}
