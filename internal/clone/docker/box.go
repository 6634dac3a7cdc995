package docker

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// makeBox makes a container of an image to add to its files. It is never started.
func (c *Cloner) makeBox(ctx context.Context, k key, image string) (string, error) {
	return c.create(ctx, c.boxName(k), image, nil)
}

// makeReader makes a container that has volumes of a server, to read them. Docker
// locks a container while it reads its files, and a server's own could not even be
// looked at by the hub meanwhile. It is never started either.
func (c *Cloner) makeReader(ctx context.Context, k key, image string, s source, folders []string) (string, error) {
	return c.create(ctx, c.readerName(k), image, s.mountsOf(folders))
}

// create makes a container instead of one that is left of the same name.
//
// Where the image has volumes, the container would get empty ones, and what is
// copied to their places would be in those. A tmpfs there keeps Docker from making
// one, and as it exists only while a container runs, copies go below it, to the
// container's own files.
func (c *Cloner) create(ctx context.Context, name, image string, mounts []mount.Mount) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	if err := c.removeContainer(ctx, name); err != nil {
		return "", err
	}
	found, err := c.engine.ImageInspect(ctx, image)
	if err != nil {
		return "", err
	}
	config := &container.Config{Image: image}
	if found.Config == nil || len(found.Config.Cmd)+len(found.Config.Entrypoint) == 0 {
		config.Cmd = []string{"none"} // there has to be one
	}
	if found.Config != nil {
		for volume := range found.Config.Volumes {
			at := path.Clean(volume)
			if !slices.ContainsFunc(mounts, func(m mount.Mount) bool { return m.Target == at }) {
				mounts = append(mounts, mount.Mount{Type: mount.TypeTmpfs, Target: at})
			}
		}
	}
	made, err := c.engine.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: name, Config: config, HostConfig: &container.HostConfig{NetworkMode: "none", Mounts: mounts},
	})
	return made.ID, err
}

// removeContainer leaves volumes alone: none were made for it.
func (c *Cloner) removeContainer(ctx context.Context, name string) error {
	_, err := c.engine.ContainerRemove(ctx, name, client.ContainerRemoveOptions{})
	return isThere(err)
}

// filling is what is put into a box.
type filling struct {
	// volumes are folders whose content is copied from the reader, and emptied are
	// files and folders in whose places something empty is put.
	reader  string
	volumes []string
	emptied []string
	rules   selected
}

// fill copies a filling into a box, as a stream that is never whole anywhere.
func (c *Cloner) fill(ctx context.Context, box string, what filling, report dashboard.Reporter) (*filter, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.MaxCopy)
	defer cancel()
	ways, err := c.ways(ctx, box, what)
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	f := &filter{
		out: tar.NewWriter(w), leaveOut: what.rules.leavesOut, links: map[string]bool{},
		maxBytes: c.config.MaxBytes, maxFiles: c.config.MaxFiles, told: progress(report),
	}
	done := make(chan error, 1)
	go func() {
		err := c.archive(ctx, f, what, ways)
		if err == nil {
			err = f.out.Close()
		}
		w.CloseWithError(err)
		done <- err
	}()
	_, err = c.engine.CopyToContainer(ctx, box, client.CopyToContainerOptions{
		DestinationPath: "/", Content: r, AllowOverwriteDirWithFile: true,
	})
	r.CloseWithError(errReaderGone)
	// Why the archive broke off says more than that it did.
	if failed := <-done; failed != nil && !errors.Is(failed, errReaderGone) {
		err = failed
	}
	return f, err
}

var errReaderGone = errors.New("docker has stopped reading")

func (c *Cloner) archive(ctx context.Context, f *filter, what filling, ways []way) error {
	for _, each := range ways {
		if err := f.folder(each.at, each.like); err != nil {
			return err
		}
	}
	for _, folder := range what.volumes {
		// What the image has there was hidden by the volume.
		if err := f.empty(folder, &tar.Header{Mode: 0o755}); err != nil {
			return err
		}
		if err := c.copyFrom(ctx, what.reader, folder, func(r io.Reader) error { return f.copy(r, folder) }); err != nil {
			return err
		}
	}
	for _, name := range what.emptied {
		var like *tar.Header
		if rest, isFolder := strings.CutSuffix(name, "/"); isFolder {
			name, like = rest, &tar.Header{Mode: 0o755}
		}
		if err := f.empty(name, like); err != nil {
			return err
		}
	}
	return nil
}

// way is a folder that has to be made before another one in it.
type way struct {
	at   string
	like *tar.Header
}

// ways are the folders that lead to volumes and that a box has not, as they are in
// the reader. They are looked for first: Docker locks the box while it is filled.
func (c *Cloner) ways(ctx context.Context, box string, what filling) ([]way, error) {
	var found []way
	for _, folder := range what.volumes {
		var missing []way
		for at := path.Dir(folder); at != "/"; at = path.Dir(at) {
			there, err := c.stat(ctx, box, at)
			if err == nil && there.Mode.IsDir() {
				break
			}
			if isThere(err) != nil {
				return nil, err
			}
			made := way{at: at}
			err = c.copyFrom(ctx, what.reader, at, func(r io.Reader) (err error) {
				made.like, err = tar.NewReader(r).Next() // a folder itself is first
				return err
			})
			if err != nil {
				return nil, err
			}
			missing = append(missing, made)
		}
		slices.Reverse(missing)
		found = append(found, missing...)
	}
	return found, nil
}

// copyFrom has an archive of a folder of a container read.
func (c *Cloner) copyFrom(ctx context.Context, id, folder string, read func(io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what is not read
	archive, err := c.engine.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: folder})
	if err != nil {
		return err
	}
	defer archive.Content.Close()
	return read(archive.Content)
}

// readFile is the content of a file in a container, without what is beyond a
// limit; nil if there is none.
func (c *Cloner) readFile(ctx context.Context, id, name string, limit int64) (content []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	err = c.copyFrom(ctx, id, name, func(r io.Reader) error {
		in := tar.NewReader(r)
		header, err := in.Next()
		if err != nil || header.Typeflag != tar.TypeReg {
			return err
		}
		content, err = io.ReadAll(io.LimitReader(in, limit))
		return err
	})
	if cerrdefs.IsNotFound(err) {
		return nil, nil
	}
	return content, err
}

// progress tells how much was copied, not more often than somebody can look.
func progress(report dashboard.Reporter) func(int64) {
	var last time.Time
	return func(bytes int64) {
		if now := time.Now(); now.Sub(last) > time.Second/2 {
			last = now
			report.Progress("Copying your files ("+selection.Size(bytes)+")", -1)
		}
	}
}
