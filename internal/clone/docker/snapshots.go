package docker

import (
	"context"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// The forms of a Snapshot.Ref besides an image's name. They are of what is left
// of snapshots that came to nothing.
const (
	imageRef     = "sha256:"
	containerRef = "container:"
	volumeRef    = "volume:"
)

// Snapshots are the images that are ours, and what there is of those that are not
// whole: images without a name, the containers in which they are made, and marks
// of containers that are paused. Each has a snapshot of its own.
func (c *Cloner) Snapshots(ctx context.Context) ([]dashboard.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	found, err := c.snapshots(ctx)
	return found, explain(err)
}

func (c *Cloner) snapshots(ctx context.Context) ([]dashboard.Snapshot, error) {
	ours := client.Filters{}.Add("label", labelRepository+"="+c.config.Repository)
	images, err := c.engine.ImageList(ctx, client.ImageListOptions{Filters: ours})
	if err != nil {
		return nil, err
	}
	boxes, err := c.engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours.Clone().Add("status", "created")})
	if err != nil {
		return nil, err
	}
	marks, err := c.engine.VolumeList(ctx, client.VolumeListOptions{Filters: ours})
	if err != nil {
		return nil, err
	}
	var found []dashboard.Snapshot
	add := func(k key, ref string) {
		found = append(found, dashboard.Snapshot{Kind: dashboard.Image, Ref: ref, Dashboard: k.dashboard, Revision: k.revision})
	}
	for _, each := range images.Items {
		if snapshot, ok := c.snapshotOf(each); ok {
			found = append(found, snapshot)
		}
	}
	for _, each := range boxes.Items {
		k, ok := c.read(each.Labels)
		if !ok || len(each.Names) != 1 {
			continue
		}
		if name := strings.TrimPrefix(each.Names[0], "/"); name == c.boxName(k) || name == c.readerName(k) {
			add(k, containerRef+name)
		}
	}
	for _, each := range marks.Items {
		if k, ok := c.read(each.Labels); ok && each.Name == markPrefix+each.Labels[labelContainer] {
			add(k, volumeRef+each.Name)
		}
	}
	return found, nil
}

// snapshotOf reads an image. One that has other names only is what somebody made
// of ours.
func (c *Cloner) snapshotOf(summary image.Summary) (dashboard.Snapshot, bool) {
	k, ok := c.read(summary.Labels)
	if !ok {
		return dashboard.Snapshot{}, false
	}
	bytes, _ := strconv.ParseInt(summary.Labels[labelBytes], 10, 64)
	snapshot := dashboard.Snapshot{
		Kind: dashboard.Image, Dashboard: k.dashboard, Revision: k.revision,
		Folder: summary.Labels[labelFolder], Bytes: max(bytes, 0),
	}
	named := false
	for _, tag := range summary.RepoTags {
		switch tag {
		case c.tag(k):
			snapshot.Ref, snapshot.Complete = tag, true
			return snapshot, true
		case c.removedTag(k):
			snapshot.Ref = tag
		case "<none>:<none>":
		default:
			named = true
		}
	}
	if snapshot.Ref == "" {
		snapshot.Ref = summary.ID
	}
	return snapshot, !named || snapshot.Ref != summary.ID
}
