package docker

import (
	"context"
	"io/fs"
	"path"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// stat says what a path of a container is; its last part is not followed if it
// is a link.
func (c *Cloner) stat(ctx context.Context, id, name string) (container.PathStat, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	result, err := c.engine.ContainerStatPath(ctx, id, client.ContainerStatPathOptions{Path: name})
	return result.Stat, err
}

// resolve follows the links in a path of a container. Docker follows those of
// all parts but the last as the container would, without leaving it, and says
// where a last one leads in the end.
func (c *Cloner) resolve(ctx context.Context, id, name string) (string, container.PathStat, error) {
	resolved := "/"
	at := container.PathStat{Mode: fs.ModeDir}
	for part := range strings.SplitSeq(strings.Trim(path.Clean(name), "/"), "/") {
		if part == "" {
			continue
		}
		next := path.Join(resolved, part)
		found, err := c.stat(ctx, id, next)
		if err == nil && found.Mode&fs.ModeSymlink != 0 {
			next = path.Join("/", found.LinkTarget)
			found, err = c.stat(ctx, id, next)
		}
		if err != nil {
			return "", found, err
		}
		resolved, at = next, found
	}
	return resolved, at, nil
}

// exists says whether a path leads to a file or a folder in a container.
func (c *Cloner) exists(ctx context.Context, id, name string) (bool, error) {
	_, at, err := c.resolve(ctx, id, name)
	if cerrdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil && (at.Mode.IsDir() || at.Mode.IsRegular()), err
}

// below says whether a clean path is a folder or in it.
func below(name, folder string) bool {
	return name == folder || folder == "/" || strings.HasPrefix(name, folder+"/")
}
