package docker

import (
	"context"
	"errors"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Remove takes a snapshot away. One without a Ref is all that there is of the
// revision.
func (c *Cloner) Remove(ctx context.Context, snapshot dashboard.Snapshot) error {
	ctx, cancel := context.WithTimeout(ctx, 2*grace)
	defer cancel()
	k := key{snapshot.Dashboard, snapshot.Revision}
	// One of another kind is none of ours, but there may be what is left of a try to
	// make one of this revision before.
	if snapshot.Ref == "" || snapshot.Ref == c.tag(k) || snapshot.Kind != dashboard.Image {
		return explain(c.clear(ctx, k, true))
	}
	return explain(c.remove(ctx, k, snapshot.Ref))
}

// Recover takes away what processes that were killed have left, and lets the
// servers go on that they had paused. Those that busy says are being made, by a
// process that is alive, are left alone; nil is none. It is for a start;
// Snapshots and Remove do the same bit by bit.
func (c *Cloner) Recover(ctx context.Context, busy func(dashboard string, revision int) bool) error {
	found, err := c.snapshots(ctx)
	if err != nil {
		return explain(err)
	}
	var failed error
	done := map[key]bool{}
	for _, each := range found {
		k := key{each.Dashboard, each.Revision}
		if each.Complete || done[k] || c.isBusy(k) || busy != nil && busy(k.dashboard, k.revision) {
			continue
		}
		done[k] = true
		c.log.Info("removing what is left of a snapshot that came to nothing", "dashboard", k.dashboard, "revision", k.revision, "what", each.Ref)
		failed = errors.Join(failed, explain(c.clear(ctx, k, false)))
	}
	return failed
}

// rounds bounds how often is looked again: an image can only be removed after
// those that were made of it, and is hidden until then.
const rounds = 5

// clear takes away what there is of a revision, the whole image only if all is
// wanted.
func (c *Cloner) clear(ctx context.Context, k key, all bool) error {
	var failed error
	for range rounds {
		found, err := c.snapshots(ctx)
		if err != nil {
			return err
		}
		removed := 0
		failed = nil
		// A server is let go on first. An image goes after its container.
		for i := len(found) - 1; i >= 0; i-- {
			each := found[i]
			if (key{each.Dashboard, each.Revision}) != k || each.Complete && !all {
				continue
			}
			err := c.remove(ctx, k, each.Ref)
			if err == nil && each.Ref != c.removedTag(k) {
				removed++
			}
			failed = errors.Join(failed, err)
		}
		if removed == 0 {
			break
		}
	}
	return failed
}

// remove takes one thing of ours away.
func (c *Cloner) remove(ctx context.Context, k key, ref string) error {
	switch {
	case ref == containerRef+c.boxName(k), ref == containerRef+c.readerName(k):
		return c.removeContainer(ctx, strings.TrimPrefix(ref, containerRef))
	case strings.HasPrefix(ref, volumeRef):
		return c.removeMarkOf(ctx, k, strings.TrimPrefix(ref, volumeRef))
	case ref == c.tag(k), ref == c.removedTag(k), strings.HasPrefix(ref, imageRef):
		return c.removeImage(ctx, k, ref)
	}
	return dashboard.Errorf(dashboard.Invalid, "This is no snapshot of this dashboard's.")
}

// removeMarkOf lets the server go on that was paused for a snapshot.
func (c *Cloner) removeMarkOf(ctx context.Context, k key, name string) error {
	ours := client.Filters{}.Add("label", labelRepository+"="+c.config.Repository)
	found, err := c.engine.VolumeList(ctx, client.VolumeListOptions{Filters: ours})
	if err != nil {
		return err
	}
	for _, each := range found.Items {
		if whose, ok := c.read(each.Labels); ok && whose == k && each.Name == name && name == markPrefix+each.Labels[labelContainer] {
			return c.release(ctx, name, each.Labels[labelContainer])
		}
	}
	return nil
}

// removeImage never forces anything: an image that a container uses is renamed,
// and goes when the container is gone.
func (c *Cloner) removeImage(ctx context.Context, k key, ref string) error {
	found, err := c.engine.ImageInspect(ctx, ref)
	if err != nil {
		return isThere(err)
	}
	if found.Config == nil {
		return dashboard.Errorf(dashboard.Invalid, "This is no snapshot of this dashboard's.")
	}
	if whose, ok := c.read(found.Config.Labels); !ok || whose != k {
		return dashboard.Errorf(dashboard.Invalid, "This is no snapshot of this dashboard's.")
	}
	if strings.HasPrefix(ref, imageRef) && len(found.RepoTags) > 0 {
		return nil // somebody gave it a name, or made it of ours
	}
	// What it was made of may be somebody else's, without a name or not.
	_, err = c.engine.ImageRemove(ctx, ref, client.ImageRemoveOptions{PruneChildren: false})
	if !cerrdefs.IsConflict(err) || ref != c.tag(k) {
		if cerrdefs.IsConflict(err) { // another time
			c.log.Debug("an image is still in use", "image", ref, "error", err)
			return nil
		}
		return isThere(err)
	}
	if _, err := c.engine.ImageTag(ctx, client.ImageTagOptions{Source: ref, Target: c.removedTag(k)}); err != nil {
		return isThere(err)
	}
	_, err = c.engine.ImageRemove(ctx, ref, client.ImageRemoveOptions{PruneChildren: false})
	return isThere(err)
}
