package docker

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/moby/moby/client"
)

// Engine is what is used of Docker; *client.Client is one.
type Engine interface {
	Info(context.Context, client.InfoOptions) (client.SystemInfoResult, error)

	ContainerList(context.Context, client.ContainerListOptions) (client.ContainerListResult, error)
	ContainerInspect(ctx context.Context, id string, options client.ContainerInspectOptions) (client.ContainerInspectResult, error)
	ContainerPause(ctx context.Context, id string, options client.ContainerPauseOptions) (client.ContainerPauseResult, error)
	ContainerUnpause(ctx context.Context, id string, options client.ContainerUnpauseOptions) (client.ContainerUnpauseResult, error)
	ContainerCommit(ctx context.Context, id string, options client.ContainerCommitOptions) (client.ContainerCommitResult, error)
	ContainerDiff(ctx context.Context, id string, options client.ContainerDiffOptions) (client.ContainerDiffResult, error)
	ContainerCreate(context.Context, client.ContainerCreateOptions) (client.ContainerCreateResult, error)
	ContainerRemove(ctx context.Context, id string, options client.ContainerRemoveOptions) (client.ContainerRemoveResult, error)
	ContainerStatPath(ctx context.Context, id string, options client.ContainerStatPathOptions) (client.ContainerStatPathResult, error)
	CopyFromContainer(ctx context.Context, id string, options client.CopyFromContainerOptions) (client.CopyFromContainerResult, error)
	CopyToContainer(ctx context.Context, id string, options client.CopyToContainerOptions) (client.CopyToContainerResult, error)
	ExecCreate(ctx context.Context, id string, options client.ExecCreateOptions) (client.ExecCreateResult, error)
	ExecAttach(ctx context.Context, id string, options client.ExecAttachOptions) (client.ExecAttachResult, error)

	ImageInspect(ctx context.Context, id string, options ...client.ImageInspectOption) (client.ImageInspectResult, error)
	ImageList(context.Context, client.ImageListOptions) (client.ImageListResult, error)
	ImageLoad(ctx context.Context, archive io.Reader, options ...client.ImageLoadOption) (client.ImageLoadResult, error)
	ImageTag(context.Context, client.ImageTagOptions) (client.ImageTagResult, error)
	ImageRemove(ctx context.Context, id string, options client.ImageRemoveOptions) (client.ImageRemoveResult, error)

	VolumeCreate(context.Context, client.VolumeCreateOptions) (client.VolumeCreateResult, error)
	VolumeList(context.Context, client.VolumeListOptions) (client.VolumeListResult, error)
	VolumeRemove(ctx context.Context, name string, options client.VolumeRemoveOptions) (client.VolumeRemoveResult, error)
}

// maxAnswer bounds what is read of an answer that is no archive: the changes of
// a container with some hundred thousand files have less.
const maxAnswer = 64 << 20

func connect(host string) (Engine, error) {
	options := []client.Opt{client.FromEnv}
	if host != "" {
		options = []client.Opt{client.WithHost(host)}
	}
	made, err := client.New(append(options, client.WithHTTPResponseHook(bound))...)
	if err != nil {
		return nil, fmt.Errorf("cannot use the Docker host %q: %w", host, err)
	}
	return made, nil
}

// bound cuts answers that are too large: the client reads them whole.
func bound(response *http.Response) {
	if !strings.HasSuffix(response.Request.URL.Path, "/archive") && response.StatusCode != http.StatusSwitchingProtocols {
		response.Body = struct {
			io.Reader
			io.Closer
		}{&bounded{response.Body, maxAnswer}, response.Body}
	}
}

var errTooLarge = fmt.Errorf("the answer is larger than %d bytes", maxAnswer)

// bounded fails where an io.LimitedReader ends.
type bounded struct {
	io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.Reader.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
