package docker

import (
	"context"
	"io/fs"
	"path"
	"strings"

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

// below says whether a clean path is a folder or in it.
func below(name, folder string) bool {
	return name == folder || folder == "/" || strings.HasPrefix(name, folder+"/")
}

// parent is the folder that an absolute path is in; empty for the root's own.
func parent(name string) string {
	at := strings.LastIndexByte(name, '/')
	if at <= 0 {
		return ""
	}
	return name[:at]
}
