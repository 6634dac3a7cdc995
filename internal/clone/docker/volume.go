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
// archive of a folder has whatever is mounted below it. The places of the mounts
// are resolved on the way.
func (c *Cloner) volumes(ctx context.Context, s *source) ([]string, error) {
	var found []string
	for i, each := range s.Mounts {
		if each.Type != mount.TypeVolume && each.Type != mount.TypeBind || !path.IsAbs(each.Destination) {
			continue // such as a tmpfs, which is gone with the container
		}
		at, _, err := c.resolve(ctx, s.ID, each.Destination)
		if isThere(err) != nil {
			return nil, err
		}
		if err != nil {
			continue // is in what another one hides
		}
		s.Mounts[i].Destination = at
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
	return slices.ContainsFunc(s.Mounts, func(m container.MountPoint) bool { return below(name, m.Destination) })
}

// mountsOf are the mounts of a server that folders are in, or that are in folders,
// for another container to read.
func (s source) mountsOf(folders []string) []mount.Mount {
	var found []mount.Mount
	for _, each := range s.Mounts {
		at := each.Destination
		touches := func(folder string) bool { return below(folder, at) || below(at, folder) }
		if !slices.ContainsFunc(folders, touches) {
			continue
		}
		made := mount.Mount{Type: each.Type, Source: each.Source, Target: at, ReadOnly: true}
		switch each.Type {
		case mount.TypeBind:
		case mount.TypeVolume:
			// One that is empty would be filled from the image.
			made.Source, made.VolumeOptions = each.Name, &mount.VolumeOptions{NoCopy: true}
		default:
			continue
		}
		found = append(found, made)
	}
	return found
}
