//go:build e2e

package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// serviceBinary is where the binary is in serviceImage.
const serviceBinary = "/usr/local/bin/dashboard-builder"

// checkService builds the image of dashboard-builder and looks at it. One builder
// has to do, as it compiles for minutes the first time: the older one, which knows
// nothing that the other does not.
func checkService(t *testing.T, e *daemon) {
	builders()[1].build(t, e, "deploy/Dockerfile", serviceImage)

	t.Run("says what it is", func(t *testing.T) { checkServiceConfig(t, e) })
	t.Run("the binary is static", func(t *testing.T) { checkStatic(t, copyBinary(t, e, serviceImage, serviceBinary)) })
	t.Run("has what repositories are fetched by", func(t *testing.T) {
		for _, c := range []struct{ want, program, argument string }{
			{version, "dashboard-builder", "--version"},
			{"git version 2.", "git", "--version"},
			{"git-lfs/", "git", "lfs"},
			{"OpenSSH", "ssh", "-V"},
		} {
			out := e.locked(t, serviceImage, c.program, c.argument)
			if !strings.Contains(out, c.want) {
				t.Errorf("%s %s prints %q, without %q", c.program, c.argument, out, c.want)
			}
		}
	})
	t.Run("its user owns the state, and nothing else", func(t *testing.T) {
		out := e.docker(t, 30*time.Second, "run", "--rm", "--network", "none", "--entrypoint", "sh", serviceImage, "-c",
			"id -u; id -g; find / -xdev -user 65532 -o -xdev -group 65532 2>/dev/null; : > /var/lib/dashboard-builder/probe && find /var/lib/dashboard-builder")
		want := []string{"65532", "65532", "/var/lib/dashboard-builder", "/var/lib/dashboard-builder/probe"}
		if got := slices.Compact(strings.Fields(out)); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("it is and owns %q, want %q", got, want)
		}
	})
	t.Run("without a hub it says what is missing", func(t *testing.T) {
		out, err := e.Try(30*time.Second, engine.Command{Both: true, Args: []string{"run", "--rm", "--network", "none", serviceImage}})
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != 64 || !strings.HasPrefix(out, "dashboard-builder: the service has no token: ") || strings.Contains(out, "\n") {
			t.Errorf("%v: %q", err, out)
		}
	})
	t.Run("serves, read-only and without capabilities", func(t *testing.T) { checkServes(t, e) })
}

// locked runs a program of an image where next to nothing is allowed.
func (e *daemon) locked(t *testing.T, image, program string, args ...string) string {
	t.Helper()
	all := []string{"run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL",
		"--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "128m", "--entrypoint", program, image}
	out, err := e.Try(30*time.Second, engine.Command{Both: true, Args: append(all, args...)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkServiceConfig(t *testing.T, e *daemon) {
	var images []struct {
		Size   int64
		Config struct {
			User       string
			Entrypoint []string
			Cmd        []string
			Volumes    map[string]struct{}
			Labels     map[string]string
		}
	}
	if err := json.Unmarshal([]byte(e.docker(t, 10*time.Second, "image", "inspect", serviceImage)), &images); err != nil {
		t.Fatal(err)
	}
	image := images[0]
	t.Logf("the image has %s, on a Debian with Python", megabytes(image.Size))
	got := fmt.Sprint(image.Config.User, " ", image.Config.Entrypoint, image.Config.Cmd, image.Config.Volumes)
	if want := "65532:65532 [dashboard-builder] [serve --address 0.0.0.0:10101] map[/var/lib/dashboard-builder:{}]"; got != want {
		t.Errorf("it runs %s, want %s", got, want)
	}
	for name, want := range map[string]string{
		"title": "dashboard-builder", "licenses": "BSD-3-Clause", "version": version,
		"source": "https://github.com/ideonate/jhsingle-native-proxy",
	} {
		if got := image.Config.Labels["org.opencontainers.image."+name]; got != want {
			t.Errorf("the label %s is %q, want %q", name, got, want)
		}
	}
}

// checkServes starts the service as locked up as it goes, for a hub that does not
// answer yet, and stops it.
func checkServes(t *testing.T, e *daemon) {
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	d := &dashboard{daemon: e, url: "http://" + address + "/services/dashboards/"}
	d.name = e.docker(t, 30*time.Second, "run", "--detach", "--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
		"--security-opt", "no-new-privileges", "--pids-limit", "128",
		"--env", "JUPYTERHUB_API_TOKEN=0123456789abcdef0123456789abcdef", "--env", "JUPYTERHUB_API_URL=http://127.0.0.1:1/hub/api",
		serviceImage, "serve", "--address", address)
	t.Cleanup(func() { e.docker(t, 30*time.Second, "rm", "--force", "--volumes", d.name) })
	d.await(t, "health")
	var health struct{ Status, Version string }
	if err := json.Unmarshal([]byte(d.get(t, "health")), &health); err != nil || health.Status != "ok" || health.Version != version {
		t.Errorf("its health is %+v, %v", health, err)
	}
	if status := d.stop(t); status != 0 {
		t.Errorf("it stopped with status %d:\n%s", status, d.logs(t))
	}
}
