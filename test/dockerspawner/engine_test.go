//go:build e2e

package dockerspawner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

const (
	// notebookImage is what notebook servers run in, and home where the volume of a
	// user is in it.
	notebookImage = "dockerspawner-test/notebook"
	home          = "/home/jovyan/work"
	// network is the one that the hub's containers share. The engine has none by
	// itself.
	network = "dockerspawner-test"
)

// prepare makes the image and the network, and returns where containers reach this
// machine.
func prepare(ctx context.Context) (gateway string, err error) {
	if err := shared.docker.MakeDebian(); err != nil {
		return "", err
	}
	args, err := engine.NetworkArguments()
	if err != nil {
		return "", err
	}
	began := time.Now()
	args = append(append([]string{"build", "--tag", notebookImage}, args...),
		"--file", filepath.Join(shared.bed.Root, "test", "dockerspawner", "image", "Dockerfile"), filepath.Join(shared.bed.Root, "test", "bed"))
	// The older builder, whose layers stay for as long as the image does.
	if _, err := shared.docker.Try(8*time.Minute, engine.Command{Env: []string{"DOCKER_BUILDKIT=0"}, Args: args}); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "the image of the notebook servers was there after %v\n", time.Since(began).Round(100*time.Millisecond))
	if _, err := shared.docker.Docker("image", "prune", "--force"); err != nil {
		return "", err
	}
	if _, err := shared.docker.Docker("network", "create", network); err != nil {
		return "", err
	}
	return shared.docker.Docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", network)
}

// sweep removes what tests left, or runs that were killed.
func sweep(e *engine.Engine) error {
	for _, kind := range []struct{ list, remove []string }{
		{[]string{"ps", "--all", "--quiet"}, []string{"rm", "--force", "--volumes"}},
		{[]string{"volume", "ls", "--quiet"}, []string{"volume", "rm"}},
		{[]string{"image", "ls", "--quiet", "--no-trunc", "--filter", "label=org.jhsingle.dashboard"}, []string{"rmi", "--force"}},
		{[]string{"network", "ls", "--quiet", "--filter", "name=" + network}, []string{"network", "rm"}},
	} {
		found, err := e.Docker(kind.list...)
		if err != nil {
			return err
		}
		if ids := strings.Fields(found); len(ids) > 0 {
			if _, err := e.Docker(append(kind.remove, ids...)...); err != nil {
				return err
			}
		}
	}
	return nil
}
