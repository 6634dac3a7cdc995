//go:build e2e

package dockerspawner

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// serviceImage is that of deploy/Dockerfile.
const serviceImage = "dockerspawner-test/dashboard-builder"

// buildService builds it, with the older builder, whose layers stay for as long as
// what was made of them has a name.
func (s *stage) buildService() {
	s.Helper()
	s.must(s.docker.MakeGo())
	args, err := engine.NetworkArguments()
	s.must(err)
	args = append(args, "--file", filepath.Join(shared.bed.Root, "deploy", "Dockerfile"))
	for _, stage := range []struct{ target, name string }{{"build", serviceImage + "-stage"}, {"", serviceImage}} {
		all := append([]string{"build", "--target", stage.target, "--tag", stage.name}, append(args, shared.bed.Root)...)
		_, err := s.docker.Try(8*time.Minute, engine.Command{Env: []string{"DOCKER_BUILDKIT=0"}, Args: all})
		s.must(err)
	}
	s.run("image", "prune", "--force")
}

// The service runs from its image, as the head of deploy/Dockerfile says: by its own
// user, with Docker's socket, to which the socket's group has access.
func TestTheServiceFromItsImage(t *testing.T) {
	s := open(t)
	s.buildService()
	ida := s.startServer("ida")
	ida.exec(ida.container, "mkdir work/site && echo shown > work/site/index.html")
	socket, err := os.Stat(s.docker.Socket)
	s.must(err)
	token := filepath.Join(t.TempDir(), "token")
	content, err := os.ReadFile(filepath.Join(s.Folder, "token"))
	s.must(err)
	s.must(os.WriteFile(token, content, 0o400))
	s.must(os.Chown(token, 65532, 65532))
	address, err := url.Parse(s.Service.Direct(""))
	s.must(err)

	// It takes the place of the one that the other tests have.
	s.must(s.Service.Stop())
	t.Cleanup(func() {
		if err := s.Service.Start(context.Background()); err != nil {
			t.Error(err)
		}
	})
	service := s.run("run", "--detach", "--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
		"--group-add", fmt.Sprint(socket.Sys().(*syscall.Stat_t).Gid), "--volume", s.docker.Socket+":/var/run/docker.sock",
		"--volume", "dashboards-state:/var/lib/dashboard-builder", "--volume", token+":/run/secrets/token:ro",
		"--env", "JUPYTERHUB_API_URL="+s.Layer.URL,
		serviceImage, "serve", "--address", address.Host, "--cloner", "docker", "--images", "boxed", "--service-token-file", "/run/secrets/token")
	s.Cleanup(func() {
		s.run("rm", "--force", service)
		s.run("volume", "rm", "dashboards-state")
	})
	s.eventually("the service answers", func() error {
		answer, err := http.Get(s.Service.Direct("health"))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %d", answer.StatusCode)
		}
		return nil
	})

	made, job := s.create(ida.owner, static("Site", "site"))
	if shown := s.shows(ida.owner, made); shown != "shown\n" {
		t.Errorf("it shows %q", shown)
	}
	if log := s.log(ida.owner, job); !strings.Contains(log, "The server stood still for ") {
		t.Errorf("the log is\n%s", log)
	}
	if images := s.images(made.ID); len(images) != 1 || images[0] != "boxed/"+made.ID+":1" {
		t.Errorf("there are the images %q", images)
	}
	s.delete(ida.owner, made)
	_, err = s.docker.Try(patience, engine.Command{Args: []string{"stop", "-t", "60", service}})
	s.must(err)
	if status := s.run("inspect", "--format", "{{.State.ExitCode}}", service); status != "0" {
		t.Errorf("it ended with %s", status)
	}
}
