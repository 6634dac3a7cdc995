//go:build unix

package folder

import (
	"context"
	"fmt"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// copier copies what it is shown (selection.Visitor). It is used by one goroutine.
type copier struct {
	ctx      context.Context
	top      *tree.Folder
	survey   *selection.Survey
	limits   Limits
	report   selection.Report
	progress progress
	// levels are the folders that are being copied, each in the one before it.
	levels []level

	bytes int64
	files int
	// kept is how many files were there from before.
	kept int
	// roomy says that it was looked whether there is enough space.
	roomy bool
}

// level is a folder of the copy.
type level struct {
	folder *tree.Folder
	// before are names in it from a copy that broke off, as long as nothing of the
	// source has turned up for them.
	before map[string]bool
}

func newCopier(ctx context.Context, top *tree.Folder, survey *selection.Survey, limits Limits, reporter dashboard.Reporter) *copier {
	return &copier{ctx: ctx, top: top, survey: survey, limits: limits, progress: newProgress(survey, reporter)}
}

// run copies a source. With resumed there is something in the copy already.
func (c *copier) run(source selection.Source, resumed bool) error {
	defer func() {
		for _, open := range c.levels {
			open.folder.Close()
		}
	}()
	top, err := c.top.Folder(".")
	if err != nil {
		return err
	}
	if err := c.descend(top, resumed); err != nil {
		return err
	}
	if err := source.Walk(c.ctx, c); err != nil {
		return err
	}
	return c.ascend()
}

// descend makes a folder of the copy the one that is copied to.
func (c *copier) descend(folder *tree.Folder, resumed bool) error {
	into := level{folder: folder}
	c.levels = append(c.levels, into)
	if !resumed {
		return nil
	}
	into.before = map[string]bool{}
	c.levels[len(c.levels)-1] = into
	for {
		names, err := folder.Names(1000)
		if err != nil || len(names) == 0 {
			return err
		}
		for _, name := range names {
			into.before[name] = true
		}
	}
}

// ascend ends a folder, and takes away what is in it of what the source has no
// more.
func (c *copier) ascend() error {
	into := c.into()
	for name := range into.before {
		if err := into.folder.Remove(c.ctx, name); err != nil {
			return err
		}
	}
	c.levels = c.levels[:len(c.levels)-1]
	return into.folder.Close()
}

func (c *copier) into() level { return c.levels[len(c.levels)-1] }

// found is what a copy that broke off has of a name, if it has anything.
func (c *copier) found(name string) (tree.Info, bool) {
	into := c.into()
	if !into.before[name] {
		return tree.Info{}, false
	}
	delete(into.before, name)
	info, err := into.folder.Stat(name)
	return info, err == nil
}

// Enter is part of selection.Visitor.
func (c *copier) Enter(e selection.Entry) error {
	if err := c.count(e, 0); err != nil {
		return err
	}
	into := c.into().folder
	before, there := c.found(e.Name)
	resumed := there && before.Mode.IsDir()
	if there && !resumed {
		if err := into.Remove(c.ctx, e.Name); err != nil {
			return err
		}
	}
	if !resumed {
		if err := into.Make(e.Name); err != nil {
			return err
		}
	} else if err := into.SetMode(e.Name, 0o700); err != nil {
		return err
	}
	folder, err := into.Folder(e.Name)
	if err != nil {
		return err
	}
	return c.descend(folder, resumed)
}

// Leave is part of selection.Visitor.
func (c *copier) Leave(e selection.Entry) error {
	if err := c.ascend(); err != nil {
		return err
	}
	return c.into().folder.Finish(e.Name, e.Info.Modified, e.Info.Mode)
}

// Link is part of selection.Visitor.
func (c *copier) Link(e selection.Entry) error {
	if err := c.count(e, 0); err != nil {
		return err
	}
	into := c.into().folder
	if _, there := c.found(e.Name); there {
		if err := into.Remove(c.ctx, e.Name); err != nil {
			return err
		}
	}
	if err := into.Symlink(e.Target, e.Name); err != nil {
		return err
	}
	return into.SetTime(e.Name, e.Info.Modified)
}

// LeftOut is part of selection.Visitor.
func (c *copier) LeftOut(e selection.Entry, why selection.Reason) error {
	c.report.LeftOut(e.Path, why)
	return nil
}

// count notes one more that is copied, unless that is more than may be.
func (c *copier) count(e selection.Entry, bytes int64) error {
	c.files++
	c.bytes += bytes
	switch {
	case c.limits.Files > 0 && c.files > c.limits.Files:
		return c.survey.TooMany()
	case c.limits.Bytes > 0 && c.bytes > c.limits.Bytes:
		return c.survey.TooLarge()
	}
	if e.Lifted {
		c.report.Lifted(e.Path)
	}
	c.progress.add(0, 1)
	return nil
}

// tell says what was copied, and what was not.
func (c *copier) tell(reporter dashboard.Reporter) {
	line := fmt.Sprintf("Copied %s files and folders with %s.", selection.Count(c.files), selection.Size(c.bytes))
	if c.kept > 0 {
		line += fmt.Sprintf(" Of these, %s were there from a copy that broke off.", selection.Count(c.kept))
	}
	reporter.Log(line)
	for _, line := range c.report.Lines() {
		reporter.Log(line)
	}
}
