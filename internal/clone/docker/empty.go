package docker

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// file is something in a container, by its absolute path.
type file struct {
	path   string
	folder bool
}

// files are those of homes that are in the container itself, to find what of them
// is left out. They come from the container's own find, which takes moments: the
// Docker of many machines compares the container with its whole image to tell what
// has changed (moby daemon/graphdriver/overlay2: Changes), which can take as long
// as the commit. Whoever has find say something else can hide or lose files of
// their own.
func (c *Cloner) files(ctx context.Context, s source) ([]file, error) {
	homes := slices.DeleteFunc(s.homes(), s.mounted)
	if len(homes) == 0 {
		return nil, nil
	}
	if s.State.Running && !s.State.Paused {
		listing, all, err := c.list(ctx, s.ID, maxAnswer, append(slices.Clone(homes), "-xdev", "-mindepth", "1", "-printf", `%y %p\0`)...)
		if err == nil && all {
			return parseFiles(listing, homes), nil
		}
		c.log.Info("the files of a server cannot be listed by itself", "container", s.ID, "error", err)
	}
	changes, err := c.engine.ContainerDiff(ctx, s.ID, client.ContainerDiffOptions{})
	return changed(changes.Changes), err
}

func parseFiles(listing []byte, homes []string) []file {
	var found []file
	for line := range bytes.SplitSeq(listing, []byte{0}) {
		kind, name, _ := strings.Cut(string(line), " ")
		if path.Clean(name) == name && slices.ContainsFunc(homes, func(home string) bool { return name != home && below(name, home) }) {
			found = append(found, file{name, kind == "d"})
		}
	}
	return found
}

// changed reads what Docker says has changed. That does not tell files from
// folders; a folder has something in it.
func changed(changes []container.FilesystemChange) []file {
	folders := map[string]bool{}
	for _, each := range changes {
		for at := parent(each.Path); at != "" && !folders[at]; at = parent(at) {
			folders[at] = true
		}
	}
	var found []file
	for _, each := range changes {
		if each.Kind != container.ChangeDelete {
			found = append(found, file{each.Path, folders[each.Path]})
		}
	}
	return found
}

// emptied are the outermost of those files that are left out, but not what is in
// volumes. A folder has a slash at its end.
func emptied(files []file, rules selected, volumes []string) []string {
	left := map[string]bool{}
	for _, each := range files {
		in := func(folder string) bool { return below(each.path, folder) }
		if !slices.ContainsFunc(volumes, in) && rules.leavesOut(each.path, each.folder) {
			left[each.path] = each.folder
		}
	}
	var found []string
	for name, folder := range left {
		outermost := true
		for at := parent(name); at != ""; at = parent(at) {
			_, inside := left[at]
			outermost = outermost && !inside
		}
		if outermost && folder {
			name += "/"
		}
		if outermost {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}
