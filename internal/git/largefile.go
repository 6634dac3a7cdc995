package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// largeFiles says whether a .gitattributes wants git-lfs.
func (p *pull) largeFiles(ctx context.Context) (bool, error) {
	names, err := p.git.run(ctx, call{
		args: []string{"ls-files", "-z", "--", ".gitattributes", ":(glob)**/.gitattributes"}, quiet: true,
	})
	if err != nil {
		return false, err
	}
	root, err := os.OpenRoot(p.git.folder)
	if err != nil {
		return false, err
	}
	defer root.Close()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if name != "" && wantsLFS(root, name) {
			return true, nil
		}
	}
	return false, nil
}

func wantsLFS(root *os.Root, name string) bool {
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return false
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if !strings.HasPrefix(line, "#") && strings.Contains(line, "filter=lfs") {
			return true
		}
	}
	return false
}

func (c *client) hasLFS(ctx context.Context) bool {
	_, err := c.run(ctx, call{args: []string{"lfs", "version"}, quiet: true})
	return err == nil
}

// fetchLargeFiles replaces the pointers of git-lfs by what they point to. An
// app that reads a pointer for its data fails in ways that nobody understands,
// so that this may not fail.
func (p *pull) fetchLargeFiles(ctx context.Context) error {
	wanted, err := p.largeFiles(ctx)
	if err != nil || !wanted {
		return err
	}
	if !p.lfs {
		p.log.Warn("the repository keeps large files with git-lfs, which is not installed: they are only pointers of a few lines")
		return nil
	}
	p.git.meter.report("Downloading large files", -1)
	if filter, _ := p.git.text(ctx, "config", "--get", "filter.lfs.clean"); filter == "" {
		// Without it git takes each large file for one that was changed.
		if err := p.git.do(ctx, "lfs", "install", "--local", "--skip-repo"); err != nil {
			return err
		}
	}
	_, err = p.git.run(ctx, call{args: []string{"lfs", "pull"}, remote: true, talks: true, env: []string{"GIT_LFS_FORCE_PROGRESS=1"}})
	if failed := (*failure)(nil); errors.As(err, &failed) {
		return fmt.Errorf("the large files of %s cannot be fetched (git-lfs): %s", p.git.redact(p.at.plain), explain(failed))
	}
	return err
}
