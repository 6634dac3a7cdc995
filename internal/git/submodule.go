package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

const (
	// submoduleMode is the mode of a submodule's entry.
	submoduleMode = "160000"
	// maxNesting is how deep submodules within submodules are looked at.
	maxNesting = 8
)

// updateSubmodules fetches what .gitmodules names, one after the other: git
// gives up all when it cannot have one. One that cannot be had is no reason not
// to start: the program before this one never fetched any, and its users' apps
// do without.
func (p *pull) updateSubmodules(ctx context.Context, depth int) error {
	if _, err := os.Lstat(filepath.Join(p.git.folder, ".gitmodules")); err != nil || depth == maxNesting {
		return nil
	}
	if err := p.git.do(ctx, "submodule", "--quiet", "sync"); err != nil {
		p.log.Warn("the submodules cannot be prepared", "error", err)
	}
	submodules, err := p.submodules(ctx)
	if err != nil {
		return err
	}
	for _, sub := range submodules {
		p.git.meter.report("Fetching submodules", -1)
		err := p.updateSubmodule(ctx, sub)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if failed := (*failure)(nil); errors.As(err, &failed) && !noSpace(failed) {
			p.log.Warn("a submodule cannot be fetched; the app starts without it, or with what was there", "submodule", sub.path, "reason", explain(failed))
			continue
		}
		if err != nil {
			return err
		}
		if inner := p.within(sub); inner.checkedOut(ctx) {
			if err := inner.updateSubmodules(ctx, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// submodule is an entry of the index.
type submodule struct{ path, commit string }

// submodules are those of the index whose places are folders of ours.
func (p *pull) submodules(ctx context.Context) ([]submodule, error) {
	entries, err := p.git.names(ctx, "ls-files", "-z", "--stage")
	if err != nil {
		return nil, err
	}
	var found []submodule
	for _, line := range entries {
		meta, path, _ := strings.Cut(line, "\t")
		fields := strings.Fields(meta)
		if len(fields) == 3 && fields[0] == submoduleMode && safePath(path) && !p.inTheWay(path+"/within") {
			found = append(found, submodule{path, fields[1]})
		}
	}
	return found, nil
}

// checkedOut says whether this is a submodule with files. Git makes its index
// last; before that it looks as if all files had been deleted.
func (p *pull) checkedOut(ctx context.Context) bool {
	if _, err := os.Lstat(filepath.Join(p.git.folder, ".git")); err != nil {
		return false
	}
	index, err := p.git.text(ctx, "rev-parse", "--git-path", "index")
	if err != nil {
		return false
	}
	if !filepath.IsAbs(index) {
		index = filepath.Join(p.git.folder, index)
	}
	_, err = os.Stat(index)
	return err == nil
}

// updateSubmodule fetches one submodule and puts it to its commit.
func (p *pull) updateSubmodule(ctx context.Context, sub submodule) error {
	args := []string{"submodule", "update", "--init", "--progress"}
	if !p.within(sub).checkedOut(ctx) {
		args = append(args, "--force") // else one that was cloned and no more stays so
	}
	shallow := slices.Clip(args)
	if p.source.Depth > 0 {
		shallow = append(shallow, fmt.Sprintf("--depth=%d", p.source.Depth))
	}
	// As git has it, a submodule is never a path of this machine, which its
	// repository could choose.
	allowed := slices.DeleteFunc(strings.Split(environment.Get(p.git.env, "GIT_ALLOW_PROTOCOL"), ":"), func(name string) bool { return name == "file" })
	narrow := []string{"GIT_ALLOW_PROTOCOL=" + strings.Join(allowed, ":"), "GIT_LITERAL_PATHSPECS=1"}
	_, err := p.git.run(ctx, call{args: append(shallow, "--", sub.path), remote: true, env: narrow})
	if saidBy(err, "did not contain", "not our ref", "unadvertised object", "does not support shallow") {
		_, err = p.git.run(ctx, call{args: append(slices.Clip(args), "--", sub.path), remote: true, env: narrow})
	}
	return err
}

func noSpace(f *failure) bool {
	return faults[0].sign.MatchString(strings.Join(f.said, "\n"))
}

// keepSubmoduleChanges commits what was changed in submodules, the innermost
// first, so that the commit of the outer one names it. It returns those of which
// the outer one shall not note where they are: they do not build on what it has,
// as after an update that could not fetch them, or a git checkout in them.
func (p *pull) keepSubmoduleChanges(ctx context.Context, depth int) (astray []string, err error) {
	if depth == maxNesting {
		return nil, nil
	}
	submodules, err := p.submodules(ctx)
	if err != nil {
		return nil, err
	}
	for _, sub := range submodules {
		inner := p.within(sub)
		if !inner.checkedOut(ctx) {
			continue
		}
		head, err := inner.keepAll(ctx, depth+1)
		if err != nil {
			return nil, fmt.Errorf("in the submodule %s: %w", sub.path, err)
		}
		if head == "" || head == sub.commit {
			continue
		}
		if builds, err := inner.contains(ctx, head, sub.commit); err == nil && builds {
			continue
		}
		if err := inner.nameLost(ctx, head); err != nil {
			return nil, err
		}
		astray = append(astray, sub.path)
	}
	return astray, nil
}

// keepAll commits what was changed here and in the submodules, and returns HEAD.
func (p *pull) keepAll(ctx context.Context, depth int) (head string, err error) {
	astray, err := p.keepSubmoduleChanges(ctx, depth)
	if err != nil {
		return "", err
	}
	if err := p.commitChanges(ctx, astray); err != nil {
		return "", err
	}
	return p.git.commit(ctx, "HEAD"), nil
}

// within is the pull for a submodule.
func (p *pull) within(sub submodule) *pull {
	inner, git := *p, *p.git
	folder := filepath.Join(p.git.folder, sub.path)
	git.folder = folder
	git.env = append(slices.Clip(git.env), "GIT_CEILING_DIRECTORIES="+filepath.Dir(folder))
	inner.git = &git
	return &inner
}
