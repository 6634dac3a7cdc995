package docker

import (
	"context"
	"path"
	"slices"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
)

// volumes are the folders of what is wanted that are in no image because they
// are mounted: the folder itself if it is in a volume, else the volumes in it. An
// archive of a folder has whatever is mounted below it.
func (c *Cloner) volumes(ctx context.Context, s source) ([]string, error) {
	var found []string
	for _, each := range s.Mounts {
		if each.Type == mount.TypeTmpfs || !path.IsAbs(each.Destination) {
			continue // is in the container's memory, and gone with it
		}
		at := path.Clean(each.Destination)
		// What is mounted at the end of a link is where the link leads.
		if resolved, _, err := c.resolve(ctx, s.ID, at); err == nil {
			at = resolved
		} else if isThere(err) != nil {
			return nil, err
		}
		switch {
		case below(s.folder, at):
			return []string{s.folder}, nil
		case below(at, s.folder):
			found = append(found, at)
		}
	}
	slices.Sort(found)
	var outer []string
	for _, each := range found { // what is below another comes after it
		if !slices.ContainsFunc(outer, func(o string) bool { return below(each, o) }) {
			outer = append(outer, each)
		}
	}
	return outer, nil
}

// mounted says whether a path is in something that is mounted.
func (s source) mounted(name string) bool {
	return slices.ContainsFunc(s.Mounts, func(m container.MountPoint) bool { return below(name, path.Clean(m.Destination)) })
}
