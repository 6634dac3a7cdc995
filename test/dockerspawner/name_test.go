//go:build e2e

package dockerspawner

import (
	"context"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Containers are found by the names that DockerSpawner gives them, of people and
// servers whose names it cannot use as they are.
func TestSourcesByTheNamesOfContainers(t *testing.T) {
	s := open(t)
	const user, escaped, server = "jo.o-neil@example.org", "jupyter-jo-2eo-2dneil-40example-2eorg", "gpu-2"
	jo := s.person(user)
	for _, name := range []string{"", server} {
		s.must(s.StartServer(t.Context(), user, name, bed.Server{}))
		t.Cleanup(func() {
			if err := s.StopServer(context.Background(), user, name); err != nil {
				t.Error(err)
			}
		})
	}
	containers := map[string]string{"": escaped, server: escaped + "--gpu-2d2"}
	t.Cleanup(func() {
		for _, container := range containers {
			s.run("rm", "--force", "--volumes", container)
		}
		s.run("volume", "rm", strings.Replace(escaped, "jupyter-", "jupyterhub-user-", 1))
	})
	for name, container := range containers {
		// The volume is the same for both, and her home is not.
		s.exec(container, "mkdir -p work/site && echo 'whose server?' > work/site/index.html && echo '"+name+"' > whose")
	}
	for name := range containers {
		wanted := static("Site "+name, "site")
		wanted.Source.Server = name
		made, _ := s.create(jo, wanted)
		if shown := s.shows(jo, made); shown != "whose server?\n" {
			t.Errorf("%q: it shows %q", name, shown)
		}
		if whose := s.exec(containerOf(made), "cat whose"); whose != name {
			t.Errorf("the dashboard of the server %q is one of %q", name, whose)
		}
		s.delete(jo, made)
	}
}
