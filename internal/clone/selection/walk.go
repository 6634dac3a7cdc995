//go:build unix

package selection

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"golang.org/x/sys/unix"
)

const (
	// maxDepth is how many folders may be within each other. One descriptor is open
	// for each, and one more where they are copied to.
	maxDepth = 200
	// batch is how many names are read at once.
	batch = 512
)

// Entry is something in a source.
type Entry struct {
	// Path is relative to the source, and Name its last part. They are whatever
	// somebody wrote: any bytes but a slash and zero.
	Path, Name string
	// In is the folder that it is in.
	In   *tree.Folder
	Info tree.Info
	// Target is where a link leads, made relative.
	Target string
	// Lifted is what would be secret, had the owner not asked for it.
	Lifted bool
}

// Visitor is shown what there is. An error of its ends the walk.
type Visitor interface {
	// Enter is called before what is in a folder, and Leave after that.
	Enter(e Entry) error
	Leave(e Entry) error
	File(e Entry) error
	Link(e Entry) error
	// LeftOut is for what does not belong into a copy; what is in it is not shown.
	LeftOut(e Entry, why Reason) error
}

// Source is a folder, and what of it belongs into a copy.
type Source struct {
	Top   *tree.Folder
	Rules Rules
	// Paths are where it is on this machine, for links that say so.
	Paths []string
	// Avoid, if it is not nil, are the snapshots, which may be in the source.
	Avoid *tree.Info
}

// Walk shows all of a source to a visitor, in no order. It ends with ctx. Errors
// that are the owner's to mend are a *dashboard.Error.
func (s Source) Walk(ctx context.Context, v Visitor) error {
	top, err := s.Top.Folder(".") // each reads its names from the beginning
	if err != nil {
		return err
	}
	defer top.Close()
	return (&walk{Source: s, ctx: ctx, v: v}).folder(top, "", nil, 0)
}

// Avoids says whether a folder is the one of the snapshots.
func (s Source) Avoids(folder tree.Info) bool {
	return s.Avoid != nil && folder.Device == s.Avoid.Device && folder.Inode == s.Avoid.Inode
}

type walk struct {
	Source
	ctx context.Context
	v   Visitor
}

// folder shows what is in a folder.
func (w *walk) folder(in *tree.Folder, at string, files []file, depth int) error {
	if depth > maxDepth {
		return dashboard.Errorf(dashboard.Limit, "The folder %s is more than %d folders deep. Move it up, or name it in a file %s.", Show(shorten(at)), maxDepth, IgnoreFile)
	}
	patterns, err := readIgnoreFile(in, at)
	if err != nil {
		return err
	}
	prefix := at
	if at != "" {
		prefix += "/"
	}
	files = append(slices.Clip(files), file{prefix, patterns})
	for {
		names, err := in.Names(batch)
		if err != nil || len(names) == 0 {
			return err
		}
		for _, name := range names {
			if w.ctx.Err() != nil {
				return context.Cause(w.ctx)
			}
			if err := w.entry(Entry{Path: prefix + name, Name: name, In: in}, files, depth); err != nil {
				return err
			}
		}
	}
}

func (w *walk) entry(e Entry, files []file, depth int) error {
	var err error
	if e.Info, err = e.In.Stat(e.Name); err != nil {
		return w.unseen(e, err)
	}
	why, out, lifted := w.Rules.leaves(files, e)
	if out {
		return w.v.LeftOut(e, why)
	}
	e.Lifted = lifted
	switch {
	case e.Info.Mode.IsDir():
		return w.enter(e, files, depth)
	case e.Info.Mode.IsRegular():
		return w.v.File(e)
	case e.Info.Mode&fs.ModeSymlink != 0:
		target, err := e.In.Link(e.Name)
		if errors.Is(err, unix.EINVAL) { // it is no link any more (readlink(2))
			return w.v.LeftOut(e, Changing)
		}
		if err != nil {
			return w.unseen(e, err)
		}
		var inside bool
		if e.Target, inside = within(e.Path, target, w.Paths); !inside {
			return w.v.LeftOut(e, Outside)
		}
		return w.v.Link(e)
	}
	return w.v.LeftOut(e, Special)
}

// unseen is for what could not be looked at. Other errors than these are the
// disk's, and end all.
func (w *walk) unseen(e Entry, err error) error {
	if why, ok := Why(err); ok {
		return w.v.LeftOut(e, why)
	}
	return err
}

// Why is for which reason something is left out that failed so, if it is no fault
// of the machine's.
func Why(err error) (Reason, bool) {
	switch {
	case tree.Gone(err), tree.Swapped(err):
		return Changing, true
	case errors.Is(err, fs.ErrPermission):
		return Unreadable, true
	}
	return 0, false
}

func (w *walk) enter(e Entry, files []file, depth int) error {
	folder, err := e.In.Folder(e.Name)
	if err != nil {
		return w.unseen(e, err)
	}
	defer folder.Close()
	if e.Info, err = folder.Info(); err != nil {
		return err
	}
	if w.Avoids(e.Info) {
		return w.v.LeftOut(e, Snapshots)
	}
	if w.Rules.isEnvironment(folder) && !ask(files, e.Path, true).Literal {
		return w.v.LeftOut(e, Environment)
	}
	if err := w.v.Enter(e); err != nil {
		return err
	}
	if err := w.folder(folder, e.Path, files, depth+1); err != nil {
		return err
	}
	return w.v.Leave(e)
}
