package docker

import (
	"context"
	"maps"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// base is the image that a server was started from.
type base struct {
	client.ImageInspectResult
	name string
}

func (c *Cloner) baseOf(ctx context.Context, s source) (base, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	found, err := c.engine.ImageInspect(ctx, s.Image)
	if cerrdefs.IsNotFound(err) {
		return base{}, dashboard.InvalidField("source.server", "The image that your server was started from is not there any more. Restart the server and try again.")
	}
	if err == nil && found.Config == nil {
		found.Config = &dockerspec.DockerOCIImageConfig{}
	}
	return base{found, s.Config.Image}, err
}

// config is how the new image is to be run: as the server's own image, and with
// nothing of what the server's container was given. The places of volumes whose
// content is in the new image are volumes no longer.
func (b base) config(labels map[string]string, filled []string) dockerspec.DockerOCIImageConfig {
	made := *b.Config
	made.OnBuild = nil
	made.Labels = maps.Clone(made.Labels)
	if made.Labels == nil {
		made.Labels = map[string]string{}
	}
	maps.Copy(made.Labels, labels)
	made.Volumes = maps.Clone(made.Volumes)
	for volume := range made.Volumes {
		for _, folder := range filled {
			if below(volume, folder) || below(folder, volume) {
				delete(made.Volumes, volume)
			}
		}
	}
	return made
}

// forCommit is the same for a commit, which adds to it whatever the container has
// and this has not (moby daemon/commit.go: merge). So what the container was given
// of environment is emptied by name.
func forCommit(config dockerspec.DockerOCIImageConfig, env []string) *container.Config {
	made := &container.Config{
		User: config.User, WorkingDir: config.WorkingDir, Entrypoint: config.Entrypoint, Cmd: config.Cmd,
		Healthcheck: config.Healthcheck, StopSignal: config.StopSignal, Shell: config.Shell, Labels: config.Labels,
		Env: append([]string{}, config.Env...),
	}
	for _, each := range env {
		name, _, _ := strings.Cut(each, "=")
		if _, has := lookup(made.Env, name); !has {
			made.Env = append(made.Env, name+"=")
		}
	}
	return made
}

// unfinished is a commit that was not waited for. Docker does not stop what it
// was asked for.
type unfinished struct {
	cause error
	done  <-chan committed
}

func (u *unfinished) Error() string { return "the commit was not waited for: " + u.cause.Error() }
func (u *unfinished) Unwrap() error { return u.cause }

type committed struct {
	id  string
	err error
}

// commit makes an image of a container, without a name. When ctx ends before
// Docker has finished, the error is an *unfinished.
func (c *Cloner) commit(ctx context.Context, id string, config *container.Config) (string, error) {
	done := make(chan committed, 1)
	long, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.MaxPause+grace)
	go func() {
		defer cancel()
		made, err := c.engine.ContainerCommit(long, id, client.ContainerCommitOptions{NoPause: true, Config: config})
		done <- committed{made.ID, err}
	}()
	select {
	case result := <-done:
		return result.id, result.err
	case <-ctx.Done():
		return "", &unfinished{context.Cause(ctx), done}
	}
}
